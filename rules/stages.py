"""Moving through the stages, and tasks: what a named department must do by its own clock."""

from datetime import datetime, timedelta

from models.case import Case, Stage, Task
from models.procedure import Procedure
from rules.record import note, notify, stamp

_NOTICE = {"verification": "verify", "panel": "panel", "leadership": "leadership"}
"""Kind of task -> the notice that tells its department; "task" for the others."""


def move(case: Case, stage: Stage, at: datetime, due: datetime | None = None, task: Task | None = None) -> Case:
    """Enter a stage; its clock and its task are its own."""
    return case.but(stage=stage, stage_since=at, due=due, task=task)


def give_task(case: Case, stage: Stage, task: Task, at: datetime, *, reason: str | None = None) -> Case:
    """Hand the case to a named department with a clock of its own, and tell it."""
    case = move(case, stage, at, task=task)
    due, notice = stamp(task.due), _notice(task)
    if stage is not Stage.VERIFYING:
        disputed = 1 if case.contested else None
        case = note(case, at, notice, department=task.department, code=task.code, due_at=due, contested=disputed)
    return notify(case, at, task.department, notice, code=task.code, reason=reason, due_at=due)


def _notice(task: Task) -> str:
    return _NOTICE.get(task.kind, "task")


def to_panel(case: Case, pack: Procedure, at: datetime, reason: str | None = None) -> Case:
    """A disputed determination goes to the panel at once (S0-10, S0-27)."""
    task = Task(kind="panel", department=pack.panel, due=at + pack.clocks.panel.within)
    return give_task(case, Stage.PANEL, task, at, reason=reason)


def to_leadership(case: Case, pack: Procedure, at: datetime, reason: str) -> Case:
    """A customer who insists goes on the weekly list for the leadership (S0-13)."""
    task = Task(kind="leadership", department=pack.leadership, due=at + pack.clocks.leadership.within)
    return give_task(case, Stage.LEADERSHIP, task, at, reason=reason)


def was_told(case: Case, task: Task) -> bool:
    """Whether the notice of a task has left us. After an outage of ours it may not have: nobody is blamed then."""
    return not any(mail.to == task.department and mail.template == _notice(task) for mail in case.mails)


def task_overdue(case: Case, pack: Procedure, now: datetime) -> Case:
    """A task past its clock is escalated and stays open: it never dies silently."""
    task = case.task
    if task is None:
        return case
    late = task.model_copy(update={"overdue": task.overdue + 1, "due": now + _span_of(task.kind, pack)})
    if not was_told(case, task):
        return case.but(task=late.model_copy(update={"overdue": task.overdue}))
    case = note(case.but(task=late, missed=True), task.due, "task_overdue", department=task.department, code=task.kind)
    for department in dict.fromkeys((task.department, pack.leadership)):
        case = notify(case, now, department, "task_overdue", department=task.department, code=task.kind)
    return case


def _span_of(kind: str, pack: Procedure) -> timedelta:
    clocks = pack.clocks
    return {"panel": clocks.panel, "leadership": clocks.leadership}.get(kind, clocks.task).within
