"""Duties of a route, one step after the other: issued, reminded of, escalated, taken back. Who reports is working.py.

A step begins when no duty of the one before holds the case up any more. Duties aside run beside everything else.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from models.case import Assigned, Case, Phase, Work
from models.procedure import Procedure
from models.span import WorkingDays
from models.stage import Stage
from models.steps import Duty
from rules.record import note, notify, stamp
from rules.spans import deadline
from rules.stages import at_the_top, ladder, move
from rules.triage import Facts, holds

KEPT_WORKS = 60


def enter(case: Case, pack: Procedure, at: datetime, steps: Sequence[str], phase: Phase) -> tuple[Case, bool]:
    """Begin the first of these steps that is for this case; False where none of them holds it up."""
    case = case.but(phase=phase, plan=())
    for place, name in enumerate(steps):
        duty = pack.duties[name]
        if not holds(duty.when, pack, Facts.of(case)) or (duty.aside and _runs(case, name)):
            continue
        case = issue(case, pack, at, name)
        if not duty.aside:
            return move(case.but(plan=tuple(steps[place + 1 :])), Stage.WORKING, at), True
    return case, False


def _runs(case: Case, name: str) -> bool:
    """Another route, or another round, asks for what it is waiting for already: nobody is asked twice."""
    return any(work.open and work.duty == name for work in case.works)


def issue(case: Case, pack: Procedure, at: datetime, name: str) -> Case:
    """Give the duty to those it is assigned to, else to its own department."""
    duty = pack.duties[name]
    given = [part for part in case.assigned if part.duty == name]
    for part in given or [Assigned(duty=name, department=whose(case, pack, duty.department))]:
        case = _issue_one(case, pack, at, duty, part)
    return case.but(assigned=tuple(part for part in case.assigned if part.duty != name))


def _issue_one(case: Case, pack: Procedure, at: datetime, duty: Duty, part: Assigned) -> Case:
    ends = due_of(case, pack, at, duty, part.within)
    case = notify(
        case,
        pack,
        at,
        part.department,
        "duty",
        duty=part.duty,
        department=part.department,
        cause=case.complaint.cause,
        text=case.complaint.text,
        deadline_at=stamp(ends),
        form=", ".join(field.name for field in duty.form if field.required),
        hints=",".join(pack.causes[case.complaint.cause].liable) if duty.determines else None,
    )
    before = sum(work.duty == part.duty and work.department == part.department for work in case.works)
    work = Work(
        id=f"{part.duty}-{part.department}-{before + 1}",
        duty=part.duty,
        department=part.department,
        issued_at=at,
        deadline=ends,
        mail=case.mails[-1].id,
        aside=duty.aside,
        progress_at=deadline(case, pack, at, duty.progress) if duty.progress else None,
    )
    case = case.but(works=(*case.works, work)[-KEPT_WORKS:])
    return note(case, at, "duty", department=part.department, duty=part.duty, deadline_at=stamp(ends))


def due_of(
    case: Case, pack: Procedure, at: datetime, duty: Duty, given: timedelta | WorkingDays | None = None
) -> datetime:
    """When it must be done. Of a clock since the complaint that has run out before its turn nobody is to blame."""
    span = given or _span(case, duty)
    if given is None and duty.since == "complaint" and case.round == 1:
        ends = deadline(case, pack, case.opened_at, span)
        if ends > at:
            return ends
    return deadline(case, pack, at, span)


def _span(case: Case, duty: Duty) -> timedelta | WorkingDays:
    """The duty's own clock, which may be another one when the case is examined again (S1-13)."""
    return duty.again if case.round > 1 and duty.again is not None else duty.within


def whose(case: Case, pack: Procedure, department: str) -> str:
    """The department meant: "liable" is the one of the party found liable, the front desk where there is none."""
    if department != "liable":
        return department
    own = (pack.parties[share.party].department for share in case.found)
    return next((name for name in own if name is not None), pack.front_desk)


def holding(case: Case) -> list[Work]:
    """The duties the case waits for now."""
    return [work for work in case.works if work.open and (not work.aside or case.phase == "rest")]


def running(case: Case) -> list[Work]:
    """The duties whose clocks run: those aside at every stage, the others while the case waits for them."""
    return [work for work in case.works if work.open and (work.aside or case.stage is Stage.WORKING)]


def replace(case: Case, work: Work) -> Case:
    """The case with this duty in the place of its earlier self."""
    return case.but(works=tuple(work if old.id == work.id else old for old in case.works))


def drop(case: Case, pack: Procedure, at: datetime) -> Case:
    """Take back the duties that hold the case up; whoever was at it is told. Those aside go on."""
    for work in case.works:
        if work.open and not work.aside:
            case = notify(case, pack, at, work.department, "ask_withdrawn", department=work.department)
    kept = tuple(work for work in case.works if not work.open or work.aside)
    return case.but(works=kept, plan=(), assigned=())


def remind(case: Case, pack: Procedure, work: Work, at: datetime, now: datetime) -> Case:
    """Remind before the deadline; after an outage over the deadline there is nothing left to remind of."""
    case = replace(case, work.model_copy(update={"reminded": work.reminded + 1}))
    if now >= work.deadline:
        return case
    due = stamp(work.deadline)
    case = note(case, at, "reminded", department=work.department, duty=work.duty, deadline_at=due)
    return notify(
        case, pack, at, work.department, "duty_reminded", department=work.department, duty=work.duty, due_at=due
    )


def tell_progress(case: Case, pack: Procedure, work: Work, now: datetime) -> Case:
    """The customer hears regularly that it is being worked on (S1-07); after an outage once, not for each time."""
    progress = pack.duties[work.duty].progress
    following = deadline(case, pack, now, progress) if progress else None
    case = replace(case, work.model_copy(update={"told": work.told + 1, "progress_at": following}))
    case = note(case, now, "progress", department=work.department, duty=work.duty)
    return notify(case, pack, now, "customer", "progress", duty=work.duty, due_at=stamp(work.deadline))


def escalate(case: Case, pack: Procedure, work: Work, now: datetime, *, blamed: bool) -> Case:
    """Up the ladder with a new clock: the duty stays open, and the next rung may report it too.

    At the top the clock is that of any task, and the customer hears of it as often: a clock of minutes that nobody
    heeds for a week fills neither mailbox nor record.
    """
    duty = pack.duties[work.duty]
    top = at_the_top(pack, work.level)
    rung = ladder(pack, work.level)
    ends = deadline(case, pack, now, pack.clocks.task.within if top else _span(case, duty))
    changes: dict[str, object] = {"deadline": ends, "reminded": len(duty.reminders) if top else 0}
    if blamed:
        helpers = tuple(dict.fromkeys((*work.helpers, rung)))
        changes |= {"level": work.level + 1, "helpers": helpers}
    if top and duty.progress is not None:
        case = tell_progress(case, pack, work.model_copy(update={"deadline": ends}), now)
        changes |= {"progress_at": None, "told": work.told + 1}
    case = replace(case, work.model_copy(update=changes))
    for department in dict.fromkeys((work.department, rung)) if blamed else ():
        case = notify(
            case,
            pack,
            now,
            department,
            "duty_overdue",
            department=work.department,
            duty=work.duty,
            due_at=stamp(ends),
        )
    return case
