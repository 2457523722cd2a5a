"""Cases not handled as agreed, with the department and person responsible (S0-20). What was our fault is nobody's."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from models.tables import CaseRow, EventRow
from reports import words
from reports.document import Document, Row, Section, Setting
from reports.queries import EVENT, PAGE, Found, events_of, of_procedure, within
from texts import span, values

KINDS = (
    "no_pre_explanation",
    "silence",
    "not_verified",
    "not_same_day",
    "task_overdue",
    "duty_missed",
    "not_called_back",
)
"""Events that say a clock of somebody's ran out; `silence` is told as a late answer where one came."""
_COLUMNS: tuple[Any, ...] = (*EVENT, CaseRow.order_number, CaseRow.procedure)
_OF_THE_CASE = col(CaseRow.number) == col(EventRow.number)
_AFTER_SILENCE = ("asked", "answered_late", "undelivered")


class Breach(NamedTuple):
    """One clock that ran out through somebody's fault."""

    event: Found
    kind: str
    person: str | None
    answer: Found | None


def breaches(database: AsyncConnection, setting: Setting) -> Document:
    """Departments with their counts, then every breach in the order they happened."""
    total = setting.columns("breach", department=4, kind=5, times=2)
    lines = setting.columns("breach", no=1, at=4, number=3, order=3, kind=4, department=3, person=4, detail=4)
    return setting.document(
        "breaches",
        Section("departments", setting.say("breach.departments"), total, lambda: _totals(database, setting)),
        Section("breaches", setting.say("breach.lines"), lines, lambda: _lines(database, setting)),
        notes=(setting.say("breach.note"),),
    )


async def breaches_count(database: AsyncConnection, setting: Setting) -> int:
    """How many events have to be looked at, twice each."""
    query = select(func.count()).select_from(EventRow).join(CaseRow, _OF_THE_CASE).where(*_belongs(setting))
    return 2 * int((await database.execute(query)).scalar_one())


def _belongs(setting: Setting) -> tuple[Any, ...]:
    return (col(EventRow.kind).in_(KINDS), within(col(EventRow.at), setting.period), of_procedure(setting))


async def found_breaches(database: AsyncConnection, setting: Setting) -> AsyncIterator[Breach]:
    """Every breach of the period, by time."""
    query = (
        select(*_COLUMNS)
        .join(CaseRow, _OF_THE_CASE)
        .where(*_belongs(setting))
        .order_by(col(EventRow.at), col(EventRow.number), col(EventRow.seq))
    )
    stream = await database.stream(query, execution_options={"yield_per": PAGE})
    async for page in stream.partitions(PAGE):
        silent = [row.number for row in page if row.kind == "silence"]
        later = await events_of(database, list(dict.fromkeys(silent)), _AFTER_SILENCE)
        for row in page:
            breach = _judged(row, later.get(row.number, []), setting)
            if breach is not None:
                yield breach


def _judged(event: Found, later: Sequence[Found], setting: Setting) -> Breach | None:
    """None where nobody is to blame: our mail or our own outage was in the way."""
    if event.department is None:
        return None
    if event.kind != "silence":
        return Breach(event, event.kind, event.actor or _owners(event.department, setting), None)
    if event.data.get("undelivered") or _undelivered_after(event, later):
        return None
    answer = _late_answer(event, later)
    if answer is None:
        return Breach(event, "silence", _owners(event.department, setting), None)
    return Breach(event, "answered_late", answer.actor, answer)


def _undelivered_after(event: Found, later: Sequence[Found]) -> bool:
    ask = event.data.get("ask")
    return any(e.kind == "undelivered" and e.seq > event.seq and e.data.get("ask") == ask for e in later)


def _late_answer(event: Found, later: Sequence[Found]) -> Found | None:
    """The late answer to this very ask: a department asked again answers the newer one."""
    for after in later:
        if after.seq > event.seq and after.department == event.department:
            if after.kind == "asked":
                return None
            if after.kind == "answered_late":
                return after
    return None


def _owners(department: str, setting: Setting) -> str | None:
    team = setting.directory.team(department) if setting.directory else None
    return ", ".join(person.name for person in team.owners) if team else None


async def _totals(database: AsyncConnection, setting: Setting) -> AsyncIterator[Row]:
    counts: Counter[tuple[str, str]] = Counter()
    async for breach in found_breaches(database, setting):
        counts[breach.event.department, breach.kind] += 1
    for (department, kind), times in sorted(counts.items()):
        title = values.department(department, setting.knowing("departments", department), setting.lang)
        cells = (title, setting.say(f"breach_kind.{kind}"), times)
        yield Row(cells, {"department": department, "kind": kind, "times": times})


async def _lines(database: AsyncConnection, setting: Setting) -> AsyncIterator[Row]:
    line = 0
    async for breach in found_breaches(database, setting):
        line += 1
        event, pack = breach.event, setting.pack(breach.event.procedure)
        cells = (
            line,
            words.minute(event.at, setting),
            event.number,
            event.order_number,
            setting.say(f"breach_kind.{breach.kind}"),
            values.department(event.department, pack, setting.lang),
            breach.person,
            _detail(breach, setting),
        )
        yield Row(cells, _facts(breach))


def _detail(breach: Breach, setting: Setting) -> str:
    if breach.answer is not None:
        return setting.say("late_by", span=span(breach.answer.at - breach.event.at, setting.lang))
    if (duty := breach.event.data.get("duty")) is not None:
        return values.duty(str(duty), setting.pack(breach.event.procedure), setting.lang)
    code = breach.event.data.get("code")
    return values.coded("code", str(code), setting.lang) if code else ""


def _facts(breach: Breach) -> dict[str, Any]:
    event = breach.event
    late = None if breach.answer is None else int((breach.answer.at - event.at).total_seconds())
    return {
        "at": event.at.isoformat(),
        "number": event.number,
        "order": event.order_number,
        "kind": breach.kind,
        "department": event.department,
        "person": breach.person,
        "late_by_seconds": late,
    }
