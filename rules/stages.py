"""Moving through the stages, and tasks: what a named department must do by its own clock."""

from datetime import datetime, timedelta

from models.case import Case, Task, TaskKind
from models.procedure import Procedure
from models.span import WorkingDays
from models.stage import Stage
from rules.record import note, notify, stamp
from rules.spans import deadline

_NOTICE: dict[TaskKind, str] = {
    "verification": "verify",
    "panel": "panel",
    "leadership": "leadership",
    "offer": "offer_wanted",
    "approval": "approval",
}
"""Kind of task -> the notice that tells its department; "task" for the others."""


def move(case: Case, stage: Stage, at: datetime, due: datetime | None = None, task: Task | None = None) -> Case:
    """Enter a stage; its clock and its task are its own."""
    return case.but(stage=stage, stage_since=at, due=due, task=task)


def give_task(
    case: Case,
    pack: Procedure,
    stage: Stage,
    task: Task,
    at: datetime,
    *,
    reason: str | None = None,
    key: str | None = None,
) -> Case:
    """Hand the case to a named department with a clock of its own, and tell it.

    `key`: of what a partner may have done.
    """
    case = move(case, stage, at, task=task)
    due, notice = stamp(task.due), _notice(task)
    if stage is not Stage.VERIFYING:
        disputed = 1 if case.contested else None
        case = note(case, at, notice, department=task.department, code=task.code, due_at=due, contested=disputed)
    return notify(case, pack, at, task.department, notice, code=task.code, reason=reason, due_at=due, key=key)


def _notice(task: Task) -> str:
    return _NOTICE.get(task.kind, "task")


def to_panel(case: Case, pack: Procedure, at: datetime, reason: str | None = None) -> Case:
    """A disputed determination goes to the panel at once (S0-10, S0-27)."""
    task = Task(kind="panel", department=pack.panel, due=deadline(case, pack, at, pack.clocks.panel.within))
    return give_task(case, pack, Stage.PANEL, task, at, reason=reason)


def to_leadership(case: Case, pack: Procedure, at: datetime, reason: str) -> Case:
    """A customer who insists goes on the weekly list for the leadership (S0-13)."""
    due = deadline(case, pack, at, pack.clocks.leadership.within)
    task = Task(kind="leadership", department=pack.leadership, due=due)
    return give_task(case, pack, Stage.LEADERSHIP, task, at, reason=reason)


def to_offer(case: Case, pack: Procedure, at: datetime, department: str, reason: str | None = None) -> Case:
    """A department must make the customer an offer (S2-09, S3-08). One still before the customer is overtaken."""
    case = overtake(case)
    due = deadline(case, pack, at, _span_of("offer", pack))
    return give_task(case, pack, Stage.OFFERING, Task(kind="offer", department=department, due=due), at, reason=reason)


def overtake(case: Case) -> Case:
    """An offer that nobody has answered yet, customer or approver, is not answered any more."""
    open_still, overtaken = {"waiting", "approval"}, {"state": "lapsed"}
    offers = (offer.model_copy(update=overtaken) if offer.state in open_still else offer for offer in case.offers)
    return case.but(offers=tuple(offers))


def to_approval(case: Case, pack: Procedure, at: datetime, department: str) -> Case:
    """What was determined or offered is more than its maker may authorise (S2-38 … S2-41)."""
    due = deadline(case, pack, at, _span_of("approval", pack))
    return give_task(case, pack, Stage.APPROVING, Task(kind="approval", department=department, due=due), at)


def ladder(pack: Procedure, level: int) -> str:
    """Who is told when a clock has been missed so many times before."""
    rungs = pack.ladder or (pack.leadership,)
    return rungs[min(level, len(rungs) - 1)]


def at_the_top(pack: Procedure, level: int) -> bool:
    """Whether the whole ladder has been told once this rung has been."""
    return level + 1 >= len(pack.ladder or (pack.leadership,))


def was_told(case: Case, task: Task) -> bool:
    """Whether the notice of a task has left us. After an outage of ours it may not have: nobody is blamed then."""
    return not any(mail.to == task.department and mail.template == _notice(task) for mail in case.mails)


def task_overdue(case: Case, pack: Procedure, now: datetime) -> Case:
    """A task past its clock is escalated and stays open: it never dies silently.

    Once the whole ladder knows, its clock is at least that of any task: one of an hour that nobody heeds for weeks
    fills neither mailboxes nor record (as with duties, see rules.duties.escalate).
    """
    task = case.task
    if task is None:
        return case
    due = deadline(case, pack, now, _span_of(task.kind, pack))
    if not was_told(case, task):
        return case.but(task=task.model_copy(update={"due": due}))
    if at_the_top(pack, task.overdue):
        due = max(due, deadline(case, pack, now, pack.clocks.task.within))
    late = task.model_copy(update={"overdue": task.overdue + 1, "due": due})
    case = note(case.but(task=late, missed=True), task.due, "task_overdue", department=task.department, code=task.kind)
    for department in dict.fromkeys((task.department, ladder(pack, task.overdue))):
        case = notify(case, pack, now, department, "task_overdue", department=task.department, code=task.kind)
    return case


def _span_of(kind: TaskKind, pack: Procedure) -> timedelta | WorkingDays:
    clocks = pack.clocks
    if kind == "offer" and pack.offers is not None:
        return pack.offers.make
    own = {"panel": clocks.panel, "leadership": clocks.leadership, "approval": clocks.approval}.get(kind)
    return (own or clocks.task).within
