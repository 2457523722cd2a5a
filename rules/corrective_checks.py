"""What makes the content of a gate none: a symptom as root cause, an inspection as improvement (S2-33 to S2-35)."""

import re
from collections.abc import Iterable

from models.corrective import Corrective
from models.corrective_forms import FindCauses, PlanSteps, StepDone
from models.names import Refused
from models.plans import CorrectiveRules
from rules.checks import Refusal

_NOISE = re.compile(r"[\W_]+")


def root_causes(state: Corrective, rules: CorrectiveRules, command: FindCauses) -> None:
    """Raises Refusal for too few whys, a why said twice, or a root that only repeats the symptom (S2-33)."""
    symptoms = {_bare(text) for text in _symptoms(state)}
    for place, cause in enumerate(command.causes):
        where = f"causes.{place}"
        if len(cause.whys) < rules.whys.times:
            need = rules.whys.times
            raise Refusal(Refused.BAD_INPUT, f"{where}.whys: has {len(cause.whys)} of {need} questions; ask on")
        if len({_bare(why) for why in cause.whys}) < len(cause.whys):
            raise Refusal(Refused.BAD_INPUT, f"{where}.whys: says the same twice; each answer asks the next question")
        if _bare(cause.root) in symptoms | {_bare(cause.whys[0])}:
            raise Refusal(Refused.BAD_INPUT, f"{where}.root: repeats the symptom; name what made it possible")


def _symptoms(state: Corrective) -> Iterable[str]:
    yield state.complaint.defect
    if state.d2 is not None:
        yield from (state.d2.what, state.d2.failure)


def _bare(text: str) -> str:
    return _NOISE.sub("", text.casefold())


def improvements(rules: CorrectiveRules, field: str, texts: Iterable[str]) -> None:
    """Raises Refusal for more inspection or an audit: neither is an improvement (S2-35)."""
    for place, text in enumerate(texts):
        found = next((word for word in rules.refused.words if word.casefold() in text.casefold()), None)
        if found is not None:
            why = "more inspection or an audit is no improvement; say what changes in product or process"
            raise Refusal(Refused.BAD_INPUT, f"{field}.{place}: {why}")


def every_cause_has_a_step(state: Corrective, command: PlanSteps) -> None:
    """Raises Refusal for a root cause without an action, or an action for none (S2-34)."""
    causes = len(state.d4.causes) if state.d4 else 0
    for place, step in enumerate(command.steps):
        if step.cause > causes:
            raise Refusal(Refused.BAD_INPUT, f"steps.{place}.cause: there is no such root cause; D4 has {causes}")
    if missing := sorted(set(range(1, causes + 1)) - {step.cause for step in command.steps}):
        raise Refusal(Refused.BAD_INPUT, f"steps: root cause {missing[0]} has no action; add one with a date")


def known_steps(state: Corrective, done: Iterable[StepDone]) -> None:
    """Raises Refusal for an action D5 does not have."""
    planned = len(state.d5.steps) if state.d5 else 0
    for place, each in enumerate(done):
        if each.step > planned:
            raise Refusal(Refused.BAD_INPUT, f"done.{place}.step: there is no such action; D5 has {planned}")
