"""What happens by itself: the next instant something is due, and what it means."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from models.case import Ask, Case, Exit, Work
from models.procedure import Procedure
from models.stage import Stage
from rules import duties, offers, working
from rules.approving import approval_overdue
from rules.asking import explanation_missed, remind, silence
from rules.closing import call_back, close
from rules.intake import negotiation_over
from rules.remedy import day_is_over
from rules.ruling import verification_missed
from rules.stages import task_overdue


class Due(NamedTuple):
    """Something that happens at an instant unless something else happens first, to an ask, a duty or the case."""

    at: datetime
    what: str
    ask: Ask | None = None
    work: Work | None = None


def next_due(case: Case, pack: Procedure) -> Due | None:
    """The earliest of all clocks of the case; None when only a message or a child can move it."""
    return min(_dues(case, pack), key=lambda due: due.at, default=None)


def binding_due(case: Case, pack: Procedure) -> Due | None:
    """The instant by which somebody must act: a reminder binds nobody."""
    binding = (due for due in _dues(case, pack) if due.what not in {"reminder", "progress"})
    return min(binding, key=lambda due: due.at, default=None)


def _dues(case: Case, pack: Procedure) -> Iterator[Due]:
    if case.due is not None:
        yield Due(case.due, case.stage)
    if case.task is not None:
        yield Due(case.task.due, f"task_{case.task.kind}")
    if case.stage in (Stage.EXPLAINING, Stage.ASKED):
        for ask in case.asks:
            if ask.open and ask.deadline is not None:
                yield from _ask_dues(ask, ask.deadline, pack)
    for work in duties.running(case):
        yield from _work_dues(work, pack)


def _work_dues(work: Work, pack: Procedure) -> Iterator[Due]:
    duty = pack.duties[work.duty]
    reminders = sorted(work.deadline - within for within in duty.reminders)
    # A clock may be shorter than the procedure's own: what would have to be reminded of before it began is left out.
    if coming := [at for at in reminders if at > work.issued_at][work.reminded :]:
        yield Due(coming[0], "reminder", work=work)
    if work.progress_at is not None:
        yield Due(work.progress_at, "progress", work=work)
    yield Due(work.deadline, f"duty_{duty.on_silence}", work=work)


def _ask_dues(ask: Ask, deadline: datetime, pack: Procedure) -> Iterator[Due]:
    reminders = sorted(deadline - clock.within for clock in pack.clocks.reminders)[ask.reminded :]
    if reminders:
        yield Due(reminders[0], "reminder", ask)
    yield Due(deadline, "silence", ask)


def pass_time(case: Case, pack: Procedure, now: datetime) -> Case:
    """Let everything happen that was due by `now`, each at its own instant, in order.

    A worker that comes back after an outage thus reaches the state it would have had: an outage moves no deadline.
    Raises CalendarGap.
    """
    while (due := next_due(case, pack)) is not None and due.at <= now:
        case = _happen(case, pack, due, now)
    return case


def _happen(case: Case, pack: Procedure, due: Due, now: datetime) -> Case:
    if due.work is not None:
        return _work_is_due(case, pack, due, due.work, now)
    if due.ask is not None:
        if due.what == "reminder":
            return remind(case, pack, due.ask, due.at, now)
        return silence(case, pack, due.ask, due.at)
    if case.stage is Stage.VERIFYING:
        return verification_missed(case, pack, due.at)
    if case.task is not None:
        return (approval_overdue if case.task.kind == "approval" else task_overdue)(case, pack, now)
    if case.stage is Stage.FEEDBACK:
        # Only the customer is waited for: an outage of ours must not use up the call-backs.
        return call_back(case, pack, now)
    return _stage_is_over(case, pack, due.at)


def _work_is_due(case: Case, pack: Procedure, due: Due, work: Work, now: datetime) -> Case:
    match due.what:
        case "reminder":
            return duties.remind(case, pack, work, due.at, now)
        case "progress":
            return duties.tell_progress(case, pack, work, now)
        case _:
            return working.overdue(case, pack, work, due.at, now)


def _stage_is_over(case: Case, pack: Procedure, at: datetime) -> Case:
    match case.stage:
        case Stage.NEGOTIATING:
            return negotiation_over(case, pack, at)
        case Stage.EXPLAINING:
            return explanation_missed(case, pack, at)
        case Stage.REFUSED:
            return close(case, pack, Exit.REFUSAL_ACCEPTED, at)
        case Stage.OFFERING:
            return offers.lapsed(case, pack, at)
        case _:
            return day_is_over(case, pack, at)
