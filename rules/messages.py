"""Messages: who may say what when, and what it does. One set of rules behind signal and update."""

from collections.abc import Iterator
from datetime import datetime

from models.base import Contract
from models.case import Case, Verdict
from models.commands import Command, MailReport, Move
from models.names import DENIALS, INCIDENT_DECISION, TAKEN_BACK, Refused
from models.procedure import Procedure
from rules import asking
from rules.actions import ACTIONS
from rules.authority import another_person, no_own_clock, within_limit
from rules.book import room_for_more
from rules.checks import Refusal, case_closed, stages_awaiting, stranger, wrong_department
from rules.clock import pass_time
from rules.record import note
from rules.replies import NOTED_DENIALS, Message, remembered, repeated, surely
from rules.spans import CalendarGap

NOTED_REFUSALS = 50
"""A flood of bad messages is counted, not kept."""


def receive(case: Case, pack: Procedure, message: Message) -> tuple[Case, Verdict]:
    """Judge one message: the case after it, and the verdict. Raises CalendarGap."""
    name, command, at = message.name, message.command, message.at
    if (verdict := repeated(case, name, command)) is not None:
        return (case, verdict) if verdict.accepted else refused(case, name, Refused.BAD_INPUT, verdict.reason, at)
    try:
        department = may(case, pack, message)
        another_person(case, pack, name, command)
        no_own_clock(command, message.departments, department)
        within_limit(case, pack, command, message.limits)
        room_for_more(case)
        more = {"other": message.other} if isinstance(command, Move) else {}
        case, verdict = ACTIONS[type(command)](case, pack, command, at, department, **more)
    except Refusal as refusal:
        actor = command.actor if message.departments else None
        return refused(case, name, refusal.code, refusal.reason, at, actor)
    return remembered(case, name, command, verdict), verdict


def refused(
    case: Case, name: str, code: Refused, reason: str, at: datetime, actor: str | None = None
) -> tuple[Case, Verdict]:
    """Keep the refusal on the case; the sender of an update is told, the sender of a signal can read it there.

    `actor`: who it says it is from, where the directory knows the name.
    """
    if case.refusals < (NOTED_DENIALS if code in DENIALS else NOTED_REFUSALS):
        who = actor if code in DENIALS else None
        case = note(case, at, "message_refused", actor=who, name=name[:60], code=code, reason=reason[:300])
    return case.but(refusals=case.refusals + 1), Verdict(accepted=False, code=code, reason=reason)


def may(case: Case, pack: Procedure, message: Message) -> str:
    """The department the sender acts for. Raises Refusal for a stranger, a wrong department, a closed case."""
    if case.closed:
        raise case_closed()
    departments, wanted = message.departments, message.command.department
    if not departments:
        raise stranger()
    allowed = _allowed(case, pack, message.name)
    if not allowed and _depends(pack, message.name):
        return departments[0]  # nobody can do it now: the action itself says when it is for
    hats = [hat for hat in departments if hat in allowed and wanted in (None, hat)]
    hats = hats or list(_in_place_of(pack, allowed, departments, wanted))
    if not hats:
        raise wrong_department(allowed or ["nobody now"])
    return hats[0]


def _in_place_of(
    pack: Procedure, allowed: list[str], departments: tuple[str, ...], wanted: str | None
) -> Iterator[str]:
    """The departments a substitute may act for (代理); it acts in their name."""
    for name in allowed:
        known = pack.departments.get(name)
        if known and known.substitute in departments and wanted in (None, name, known.substitute):
            yield name


def _depends(pack: Procedure, name: str) -> bool:
    return any(who in {"asked", "task", "duty"} for who in pack.authority.get(name, ()))


def _allowed(case: Case, pack: Procedure, name: str) -> list[str]:
    if name == INCIDENT_DECISION:
        return list(pack.incident.may_decide) if pack.incident else []
    if name == TAKEN_BACK:
        return [pack.cashier]
    allowed: list[str] = []
    for who in pack.authority.get(name, ()):
        if who == "asked":
            allowed += [ask.department for ask in (*case.asks, *case.past_asks)]
        elif who == "task":
            allowed += _holders(case, pack, name)
        elif who == "duty":
            allowed += [name for work in case.works for name in (work.department, *work.helpers)]
        else:
            allowed.append(who)
    return list(dict.fromkeys(allowed))


def _holders(case: Case, pack: Procedure, name: str) -> list[str]:
    """Whoever has the task a command settles; nobody where the case waits for no such thing."""
    if name == "decide" and case.cost_held:
        return [pack.panel]
    stages = stages_awaiting(name)
    ripe = not stages or case.stage in stages
    return list(case.task.holders) if case.task and ripe else []


def mail_report(case: Case, pack: Procedure, report: MailReport, at: datetime) -> Case:
    """The mailroom could not deliver, or could after all: the clock runs on, nobody is blamed for our mail."""
    if not _is_ours(case, report.mail):
        return case
    kind = "delivered" if report.delivered else "undelivered"
    ask = next((ask for ask in (*case.asks, *case.past_asks) if ask.mail == report.mail), None)
    if ask is None:
        return note(case, at, kind, code=report.code)
    if ask.undelivered is not report.delivered:
        return case
    case = note(case, at, kind, department=ask.department, ask=ask.id, code=report.code)
    if report.delivered:
        return asking.mail_arrived(case, ask)
    return asking.mail_failed(case, pack, ask, at, report.code)


def _is_ours(case: Case, mail: str) -> bool:
    """A report about a notice this case never wrote leaves no trace, however often it is sent."""
    number, _, serial = mail.rpartition(".")
    return number == case.number and serial.isdecimal() and 1 <= int(serial) <= case.mail_count


def precheck(case: Case, pack: Procedure, name: str, content: Contract | None, now: datetime) -> Verdict | None:
    """Why a message would surely be refused, whoever sent it; None when it may pass. Changes nothing."""
    if not isinstance(content, Command) or isinstance(content, Move):
        return None
    try:
        case = pass_time(case, pack, now)
        return surely(receive, case, pack, name, content, now)
    except CalendarGap:
        return None  # the case itself waits for the calendar
