"""What every action checks before it acts. A refusal says what to do instead."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from models.case import Case, Verdict
from models.commands import Share
from models.complaint import Demand
from models.names import Refused
from models.procedure import Procedure
from models.stage import Stage
from rules.liability import favours_customer
from rules.money import on_top, stake

FARTHEST = timedelta(days=400)
"""How far away the due date of an action may be."""
ACCEPTED = Verdict(accepted=True, code="accepted")
AWAITED: Final[Mapping[Stage, tuple[str, ...]]] = {
    Stage.NEGOTIATING: ("negotiated",),
    Stage.EXPLAINING: ("contact",),
    Stage.VERIFYING: ("verify",),
    Stage.OFFERING: ("offer", "respond"),
    Stage.APPROVING: ("approve",),
    Stage.PANEL: ("decide",),
    Stage.REFUSED: ("insist",),
    Stage.LEADERSHIP: ("decide",),
    Stage.TASK: ("resolve",),
    Stage.FEEDBACK: ("feedback",),
}
"""Which commands a case waits for at a stage. Answers and reports are waited for by each ask and duty; the rest come
unasked, at the stages their rules name."""


class Refusal(Exception):
    """A message the rules do not accept; the text says what to do instead."""

    def __init__(self, code: Refused, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def case_closed() -> Refusal:
    """To whoever writes to a case that has ended."""
    return Refusal(Refused.CLOSED, "the case is closed; file a new complaint if there is a new matter")


def incident_closed() -> Refusal:
    """To whoever writes to an incident that has ended."""
    return Refusal(Refused.CLOSED, "the incident is closed; open a new one if there is a new matter")


def corrective_closed() -> Refusal:
    """To whoever writes to an 8D report that has ended."""
    return Refusal(Refused.CLOSED, "the corrective action is closed; open a new one if there is a new matter")


def meeting_over() -> Refusal:
    """To whoever writes to a meeting that waits for nothing any more."""
    return Refusal(Refused.CLOSED, "the meeting is over; bring the matter to the next one")


def stranger() -> Refusal:
    """To whoever the directory does not know."""
    return Refusal(Refused.UNKNOWN_ACTOR, "actor: is not in the directory; ask who keeps it to add the name")


def wrong_department(may: Iterable[str]) -> Refusal:
    """To whoever is of no department that may; it names those that may."""
    who = ", ".join(may)
    return Refusal(Refused.WRONG_DEPARTMENT, f"actor: is not of a department that may do this; it may: {who}")


def awaited(case: Case, name: str, *also: Stage) -> None:
    """Raises Refusal where a command is waited for elsewhere. `also`: where it may come unasked."""
    at_stage(case, *stages_awaiting(name), *also)


def stages_awaiting(name: str) -> tuple[Stage, ...]:
    """The stages at which a case waits for a command; none for one that no stage waits for."""
    return tuple(stage for stage, names in AWAITED.items() if name in names)


def at_stage(case: Case, *stages: Stage) -> None:
    """Raises Refusal where the case stands elsewhere."""
    if case.stage not in stages:
        expected = " or ".join(stages)
        raise Refusal(Refused.WRONG_STAGE, f"the case is at {case.stage}; this is for {expected}")


def known_parties(pack: Procedure, liable: tuple[Share, ...]) -> None:
    """Raises Refusal for a party the procedure does not know."""
    for index, share in enumerate(liable):
        if share.party not in pack.parties:
            known = ", ".join(pack.parties)
            raise Refusal(Refused.BAD_INPUT, f"liable.{index}.party: is not a party here; use one of {known}")


def fit_to_bear(pack: Procedure, liable: tuple[Share, ...], *, grant: bool) -> None:
    """Raises Refusal for a party not known here, and for the customer alone where the demand is granted."""
    known_parties(pack, liable)
    if grant and liable and not favours_customer(pack, liable):
        raise Refusal(Refused.BAD_INPUT, "liable: names only the customer, who is granted this; name others")


def new_demand(case: Case, pack: Procedure, demand: Demand) -> Demand:
    """What the customer gets from now on. Raises Refusal for more than the order holds or is left of its money."""
    order = case.complaint.order
    if demand.kind not in pack.remedies:
        known = ", ".join(pack.remedies)
        raise Refusal(Refused.BAD_INPUT, f"demand.kind: is not a remedy here; use one of {known}")
    if demand.amount is not None and demand.amount > order.paid - case.promised:
        raise Refusal(Refused.TOO_MUCH, "demand.amount: is more than is left of what was paid; lower it")
    left = order.holds
    for part in demand.lines:
        left[part.sku] -= part.quantity
    if any(quantity < 0 for quantity in left.values()):
        raise Refusal(Refused.TOO_MUCH, "demand.lines: is more than the order holds; check sku and quantity")
    return as_total(case, pack, demand)


def as_total(case: Case, pack: Procedure, demand: Demand) -> Demand:
    """A demand made now, with what was given before on top where the remedy pays: what the case goes on with."""
    return on_top(case.complaint.order, demand, case.promised) if _pays(pack, demand) else demand


def lets_out(case: Case, pack: Procedure, demand: Demand) -> int:
    """What granting the demand lets out (minor units): money less what was given before, goods at their worth."""
    return stake(case.complaint.order, demand, case.promised if _pays(pack, demand) else 0)


def _pays(pack: Procedure, demand: Demand) -> bool:
    plan = pack.remedies.get(demand.kind)
    return plan is not None and "pay" in plan.steps


def asked_for(case: Case) -> Demand:
    """What the customer asks for: an offer that was not accepted has put its own demand in the place of theirs."""
    made = case.offered
    stands = made is None or made.state == "accepted" or made.demand != case.demand
    return case.demand if stands else case.wanted or case.complaint.demand
