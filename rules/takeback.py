"""A refund the gateway had made and takes back, days later perhaps: it is owed again, and a person settles it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from models.case import Case, Event, Given, Task, Verdict
from models.commands import TakenBack
from models.complaint import DemandKind
from models.names import Refused, remedy_id
from models.procedure import Procedure
from models.remedy import Execution, Remedy
from models.stage import Stage
from rules.checks import ACCEPTED, Refusal
from rules.record import note, notify
from rules.spans import deadline
from rules.stages import give_task

CODE = "taken_back"


def take_back(case: Case, pack: Procedure, command: TakenBack, at: datetime, department: str) -> tuple[Case, Verdict]:
    """The customer does not have the money: it leaves the books, and settling it anew becomes a person's task.

    At once where the case waits for the customer; where somebody's clock runs, as soon as the case would go back to
    the customer or end.
    """
    given = next((given for given in case.given if given.reference == command.reference), None)
    if given is None:
        raise _not_given(case)
    case = _taken(case, pack, given, command.code, at, actor=command.actor, department=department)
    return (take_up(case, pack, at) if case.stage is Stage.FEEDBACK else case), ACCEPTED


def _not_given(case: Case) -> Refusal:
    if case.stage is Stage.EXECUTING:
        return Refusal(Refused.WRONG_STAGE, "reference: is not on record while a payment is under way; send it again")
    return Refusal(Refused.ALREADY_ANSWERED, "reference: no refund under it stands in this case; read its record")


def _taken(
    case: Case,
    pack: Procedure,
    given: Given,
    code: str,
    at: datetime,
    *,
    actor: str | None = None,
    department: str | None = None,
) -> Case:
    case = case.but(
        given=tuple(each for each in case.given if each is not given),
        owing=(*case.owing, given),
        refunded=case.refunded - given.amount,
    )
    case = note(
        case,
        at,
        "taken_back",
        actor=actor,
        department=department,
        decision=given.under,
        refunded=given.amount,
        currency=case.complaint.order.currency,
        reference=given.reference,
        code=code,
    )
    return notify(case, pack, at, "customer", "taken_back", refunded=given.amount)


def take_up(case: Case, pack: Procedure, at: datetime) -> Case:
    """Give the cashier the first of what is owed again; to be tried again it must be sent anew under the same key."""
    given, *rest = case.owing
    others = tuple(step for step in pack.remedies[given.kind].steps if step != "pay")
    execution = Execution(
        decision=given.decision,
        attempt=given.attempt,
        remedy=Remedy(kind=given.kind, amount=given.amount),
        child=remedy_id(case.number, given.decision, given.attempt, pack.remedies[given.kind].workflow or ""),
        done=others,
        under=given.under,
    )
    due = deadline(case, pack, at, pack.clocks.task.within)
    task = Task(kind="payment", department=pack.cashier, due=due, code=CODE)
    return give_task(case.but(owing=tuple(rest), execution=execution, exit=None), pack, Stage.TASK, task, at)


def given_up(case: Case) -> int | None:
    """The decision whose payment is given up with the task the case waits for; None where nothing was taken back."""
    if case.execution is None or case.task is None or case.task.code != CODE:
        return None
    return case.execution.decision


def freight_given(case: Case, under: int, amount: int) -> int:
    """How much of what is given again was the order's freight the first time: another demand may stand since then."""
    wanted = ("executed", under, amount)
    lines = (
        e.data for e in reversed(case.events) if (e.kind, e.data.get("decision"), e.data.get("refunded")) == wanted
    )
    return int(next(lines, {}).get("freight", 0))


def reopened(closed: Case, pack: Procedure, given: Given, code: str, at: datetime) -> Case:
    """A case that had ended goes on, because money it had given came back. Its record goes on where it ended."""
    return take_up(_taken(note(closed, at, "reopened"), pack, given, code, at), pack, at)


def stands(reference: str, events: Iterable[Event]) -> bool:
    """Whether the customer has what the gateway gave under `reference`: it may be found again after early news."""
    mine = [event for event in events if event.data.get("reference") == reference]
    given = sum(event.kind == "executed" and "elsewhere" not in event.data for event in mine)
    return given > sum(event.kind == CODE for event in mine)


def attempts(number: str, pack: Procedure, kind: DemandKind, decision: int, events: Sequence[Event]) -> int:
    """How often it has been tried to carry a decision out."""
    first = remedy_id(number, decision, 1, pack.remedies[kind].workflow or "")
    children = {str(event.data.get("child", "")) for event in events if event.kind == "executing"}
    return max(1, sum(child == first or child.startswith(f"{first}-") for child in children))
