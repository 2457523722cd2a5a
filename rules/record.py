"""How the rules leave traces: a line in the record, a notice to somebody."""

from datetime import datetime

from models.case import Case, Event, Mail
from models.commands import Command
from models.procedure import Procedure
from rules.authority import LEFT_BY
from rules.checks import lets_out

KEPT_EVENTS = 300
"""Lines of the record a case keeps in memory; SQL keeps all. What SQL lacks is kept however much it is."""
KEPT_BYTES = 512 * 1024
"""… and how much they are together: a run hands its whole state to the next one, which may be 2 MiB."""


def note(
    case: Case,
    at: datetime,
    kind: str,
    *,
    actor: str | None = None,
    department: str | None = None,
    **data: str | int | None,
) -> Case:
    """Add a line to the record. `data` takes codes, ids, amounts and instants; empty values are left out."""
    event = Event(
        seq=case.event_count + 1,
        at=at,
        kind=kind,
        actor=actor,
        department=department,
        data={key: value for key, value in data.items() if value not in (None, "")},
    )
    return trimmed(case.but(event_count=event.seq, events=(*case.events, event)))


def acted(case: Case, at: datetime, kind: str, command: Command, department: str, **data: str | int | None) -> Case:
    """Add the line of what somebody has done by a message, for a department."""
    return note(case, at, kind, actor=command.actor, department=department, **data)


def trimmed(case: Case) -> Case:
    """Without the oldest lines that stand in SQL, where memory holds too many; who had a part by them stays known."""
    first = _first_kept(case)
    if not first:
        return case
    parts = ((event.kind, event.actor) for event in case.events[:first] if event.actor and event.kind in LEFT_BY)
    return case.but(events=case.events[first:], parts=tuple(dict.fromkeys((*case.parts, *parts))))


def _first_kept(case: Case) -> int:
    room, oldest = KEPT_BYTES, len(case.events) - KEPT_EVENTS
    for place in reversed(range(len(case.events))):
        event = case.events[place]
        room -= event.size
        if (room < 0 or place < oldest) and event.seq <= case.written:
            return place + 1
    return 0


def notify(
    case: Case,
    pack: Procedure,
    at: datetime,
    to: str,
    template: str,
    *,
    ask: str | None = None,
    **values: str | int | None,
) -> Case:
    """Have a notice sent to a department or to "customer"; every notice says order, demand, and what it lets out."""
    facts: dict[str, str | int | None] = {
        "number": case.number,
        "order": case.complaint.order.number,
        "demand": case.demand.kind,
        "amount": lets_out(case, pack, case.demand),
        "currency": case.complaint.order.currency,
        **values,
    }
    mail = Mail(
        id=f"{case.number}.{case.mail_count + 1}",
        at=at,
        to=to,
        template=template,
        ask=ask,
        values={key: value for key, value in facts.items() if value not in (None, "")},
    )
    return case.but(mail_count=case.mail_count + 1, mails=(*case.mails, mail))


def stamp(moment: datetime | None) -> str | None:
    """An instant as the record and the notices carry it."""
    return None if moment is None else moment.isoformat()
