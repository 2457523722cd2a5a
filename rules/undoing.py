"""What a remedy that breaks off leaves: goods set aside, a collection, a parcel that may be on its way."""

from collections.abc import Collection, Iterable
from datetime import datetime

from models.case import Case
from models.names import remedy_key
from models.procedure import Procedure, Step
from models.remedy import SHIPMENT_IN_DOUBT, RemedyResult, Standing
from rules.record import note, notify

_UNDONE: dict[Step, Step] = {"label": "goods", "reserve": "ship"}
"""What can be undone -> the step that uses it: after that there is nothing left to undo."""
_NOT_SENT = "not_sent"


def to_undo(begun: Collection[Step]) -> list[Step]:
    """What is taken back of a remedy that breaks off: a collection, goods set aside. Neither where it has been used.

    The last thing begun comes first.
    """
    return [step for step, user in _UNDONE.items() if step in begun and user not in begun]


def broken_off(case: Case, pack: Procedure, result: RemedyResult, at: datetime) -> Case:
    """The record of how far a remedy came; whoever can is told what it left behind."""
    if case.execution is None:
        return case
    steps = pack.remedies[case.execution.remedy.kind].steps
    # A step that failed was not done, whatever a second word about the goods has said meanwhile.
    done = tuple(step for step in dict.fromkeys((*case.execution.done, *result.done)) if step != result.step)
    in_doubt = result.failure == SHIPMENT_IN_DOUBT or (result.step is None and _may_have_sent(steps, done))
    if in_doubt:
        # What only prepares a parcel is not done again while one may be on its way.
        done = (*done, *(step for step in _UNDONE if step in steps and step not in done))
    case = case.but(execution=case.execution.model_copy(update={"done": done, "in_doubt": in_doubt}))
    case = note(case, at, "execution_failed", code=result.failure, step=result.step, key=parcel_in_doubt(case))
    if result.step is not None:
        return _told(case, pack, result.standing, at)
    return case if in_doubt else _told(case, pack, _unsaid(steps, done, result.failure or ""), at)


def _may_have_sent(steps: tuple[Step, ...], done: Collection[Step]) -> bool:
    """Whether a child that broke off may have asked for the parcel: the goods it waits for before that are back."""
    if "ship" not in steps or "ship" in done:
        return False
    return "goods" not in steps[: steps.index("ship")] or "goods" in done


def _unsaid(steps: Iterable[Step], done: Iterable[Step], code: str) -> list[Standing]:
    """What a child that broke off may have left: it has not said how far it had come."""
    begun = {*steps} - {"goods", "ship"} | {*done}
    return [Standing(step=step, code=code) for step in to_undo(begun)]


def _told(case: Case, pack: Procedure, standing: Iterable[Standing], at: datetime) -> Case:
    """Stock nobody wants and a label nobody uses cost money for as long as nobody hears of them."""
    if case.execution is None:
        return case
    for left in standing:
        key = remedy_key(case.number, case.execution.decision, left.step)
        facts = {"step": left.step, "code": left.code, "key": key}
        case = note(case, at, "not_undone", department=pack.returns_centre, **facts)
        case = notify(case, pack, at, pack.returns_centre, "not_undone", **facts)
    return case


def parcel_in_doubt(case: Case) -> str | None:
    """The key of the parcel that may be on its way though nobody has heard of it; None where there is none."""
    if case.execution is None or not case.execution.in_doubt:
        return None
    return remedy_key(case.number, case.execution.decision, "ship")


def not_sent(case: Case, pack: Procedure, at: datetime, *, again: bool) -> Case:
    """A person knows that no parcel is on its way: what was set aside for it is so `again`, or told to be put back."""
    execution = case.execution
    if execution is None or not execution.in_doubt:
        return case
    prepared = to_undo(execution.done)
    done = tuple(step for step in execution.done if step not in prepared)
    case = case.but(execution=execution.model_copy(update={"done": done, "in_doubt": False}))
    return case if again else _told(case, pack, [Standing(step=step, code=_NOT_SENT) for step in prepared], at)
