"""One case: where it stands and what happened."""

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from models.case import Event
from models.commands import shares_text
from models.procedure import Procedure
from models.views import CaseView
from starter.cli.pages import case_page, timeline_tree, worth
from starter.cli.reading_rights import Reader, concerned, reader
from starter.cli.sending import Number
from starter.cli.session import Json, Session, case_number, session
from starter.errors import OperatorError
from starter.failures import Failure, NoSuchCase, TryAgain
from texts import money, until, values

if TYPE_CHECKING:
    from starter.archive import ArchivedCase


async def show(number: Number, /, *, as_json: Json = False) -> int:
    """Where a case stands. Without a worker: as SQL has it."""
    current = session()
    number, who = case_number(number), reader(current)
    try:
        async with current.cases() as cases:
            view = await cases.view(number)
            now = await cases.now(number)
        await who.case(number, concerned(view))
        (view,) = await who.discreet(number, view)
    except (TryAgain, NoSuchCase, OperatorError) as missing:
        return await _show_stored(current, number, missing, who, as_json=as_json)
    print_view(current, view, now, as_json=as_json)
    if not as_json:
        await _print_incident(current, number, current.pack(view.procedure))
    return 0


def print_view(current: Session, view: CaseView, now: datetime, *, as_json: bool) -> None:
    """The case on the terminal, or as JSON."""
    if as_json:
        current.print_json(view)
    else:
        current.out.print(case_page(current, view, current.pack(view.procedure), now))


async def _print_incident(current: Session, number: str, pack: Procedure) -> None:
    """The incident a case belongs to, where its procedure has a plan for such."""
    if pack.incident is None:
        return
    from starter.incident_archive import incident_of

    try:
        link = await incident_of(current.settings, number)
    except Failure:
        return
    if link is not None:
        fate = current.named("incident.fate", link[1])
        current.out.print(f"{current.named('incident.label', 'incident')}: {link[0]} ({fate})", markup=False)


async def _show_stored(current: Session, number: str, missing: Exception, who: Reader, *, as_json: bool) -> int:
    from starter.archive import stored_case

    try:
        row = await stored_case(current.settings, number)
    except Failure:
        row = None
    if row is None:
        raise missing
    await who.case(number, row.waiting_for.split(","))
    if as_json:
        current.print_json(row)
    else:
        current.err.print(current.say("from_sql", why=_why(current, missing)), style="yellow", markup=False)
        _print_stored(current, row)
        await _print_incident(current, number, current.pack(row.procedure))
    return 0


def _why(current: Session, missing: Exception) -> str:
    """Why a case that SQL has is not read from Temporal."""
    if isinstance(missing, NoSuchCase) and missing.key == "no_case":
        return current.say("no_history")
    from starter.cli.app import explain

    return explain(missing, current.lang)[0]


def _print_stored(current: Session, row: "ArchivedCase") -> None:
    pack, lang = current.pack(row.procedure), current.lang
    facts = [
        ("stage", current.named("stage", row.stage) + (f" · {current.named('exit', row.exit)}" if row.exit else "")),
        ("order", row.order),
        ("cause", values.cause(row.cause, pack, lang)),
        ("demand", worth(current, pack, row.demand, row.amount, row.currency)),
        ("due", until(row.due, pack.time_zone, lang) if row.due else ""),
        ("ruling", current.named("basis", row.basis) if row.basis else ""),
        ("liable", values.liable(shares_text(row.liable), pack, lang)),
        ("refunded", money(row.refunded, row.currency, lang) if row.refunded else ""),
    ]
    current.out.print(row.number, style="bold", markup=False)
    for label, value in facts:
        if value:
            name = current.say(f"label.{label}")
            current.out.print(current.say("labelled", name=name, value=value), markup=False)


async def timeline(number: Number, /, *, as_json: Json = False) -> int:
    """What happened in a case, in order. Without a worker: as SQL has it."""
    current = session()
    number, who = case_number(number), reader(current)
    events, pack = await _record(current, number), await pack_of(current, number)
    await who.case(number, {event.department or "" for event in events})
    await who.has_read(number, "timeline")
    events = await who.discreet(number, *events)
    if as_json:
        current.print_json(events)
    else:
        current.out.print(timeline_tree(current, number, events, pack))
    return 0


async def pack_of(current: Session, number: str) -> Procedure:
    """The procedure a case runs on, asked of the case or else of SQL; the default one where neither tells."""
    from starter.archive import stored_case

    with suppress(TryAgain, NoSuchCase, OperatorError):
        async with current.cases() as cases:
            return current.pack((await cases.view(number)).procedure)
    with suppress(Failure):
        row = await stored_case(current.settings, number)
        return current.pack(row.procedure if row else "")
    return current.default_pack


async def _record(current: Session, number: str) -> list[Event]:
    try:
        async with current.cases() as cases:
            events = await cases.timeline(number)
    except (TryAgain, NoSuchCase, OperatorError) as missing:
        return await _stored_record(current, number, missing)
    if events and events[0].seq > 1:
        # A long case keeps only its last lines in memory; SQL has all.
        return await _stored_record(current, number, None) or events
    return events


async def _stored_record(current: Session, number: str, missing: Exception | None) -> list[Event]:
    from starter.archive import stored_events

    try:
        events = await stored_events(current.settings, number)
    except Failure:
        events = []
    if not events and missing is not None:
        raise missing
    return events
