"""What makes the content of a gate none: a symptom as root cause, an inspection as improvement (S2-33 to S2-35)."""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from models.base import Problem
from models.corrective import Corrective
from models.corrective_forms import Contain, FindCauses, PlanSteps, StepDone
from models.names import Refused
from models.plans import CorrectiveRules
from models.quality_complaint import QualityComplaint
from rules.checks import FARTHEST, Refusal

A_DAY = timedelta(days=1)
"""Plants and customers live in zones of their own: a day counts as wrong where it is so in all of them."""
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


def complaint_days(complaint: QualityComplaint, at: datetime, zone: str) -> list[Problem]:
    """What is wrong with the days a complaint names, as it is taken in."""
    wrong = []
    if complaint.shipped_on > complaint.reported_on:
        wrong.append(("shipped_on", "is after the day of the report; correct one of them"))
    if complaint.reported_on > _day(at, zone) + A_DAY:
        wrong.append(("reported_on", "has not come yet; correct it"))
    return [Problem(field=field, code="day", reason=reason) for field, reason in wrong]


def measured(state: Corrective, zone: str, command: Contain, at: datetime) -> None:
    """Raises Refusal for a temporary measure of a day before the goods were shipped, or of one yet to come."""
    for place, measure in enumerate(command.measures):
        if measure.on < state.complaint.shipped_on - A_DAY:
            raise Refusal(Refused.BAD_INPUT, f"measures.{place}.on: is before the goods were shipped; correct it")
        _has_come(f"measures.{place}.on", measure.on, at, zone)


def timely(state: Corrective, zone: str, command: PlanSteps, at: datetime) -> None:
    """Raises Refusal for an action due before the report was opened, or too far away to be one."""
    for place, step in enumerate(command.steps):
        if step.due < _day(state.opened_at, zone) - A_DAY:
            raise Refusal(Refused.BAD_INPUT, f"steps.{place}.due: is before the report was opened; correct it")
        if step.due > _day(at + FARTHEST, zone):
            raise Refusal(Refused.BAD_INPUT, f"steps.{place}.due: is more than 400 days away; give an earlier date")


def carried_out(state: Corrective, zone: str, done: Iterable[StepDone], at: datetime) -> None:
    """Raises Refusal for an action carried out before there was anything to act on, or on a day yet to come."""
    for place, each in enumerate(done):
        if each.on < state.complaint.reported_on - A_DAY:
            raise Refusal(Refused.BAD_INPUT, f"done.{place}.on: is before the complaint was reported; correct it")
        _has_come(f"done.{place}.on", each.on, at, zone)


def _has_come(field: str, day: date, at: datetime, zone: str) -> None:
    if day > _day(at, zone) + A_DAY:
        raise Refusal(Refused.BAD_INPUT, f"{field}: has not come yet; give the day on which it was done")


def _day(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()
