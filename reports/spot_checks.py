"""抽查: a sample of the cases that ended in the period, each with what its record shows, for the supervisor (S3-14)."""

import hashlib
import heapq
from collections.abc import AsyncIterator, Sequence

from sqlalchemy import ColumnElement, and_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from models.tables import CaseRow
from reports.breaches import KINDS
from reports.document import Document, Row, Section, Setting
from reports.queries import Found, by_number, count, events_of, of_procedure, within
from reports.words import day, listed
from texts import named, values

_COLUMNS = (
    CaseRow.number, CaseRow.procedure, CaseRow.order_number, CaseRow.cause, CaseRow.closed_at, CaseRow.exit,
    CaseRow.decided_by,
)  # fmt: skip
_REPORTS, _CALLS = ("recorded", "recorded_late"), ("feedback", "not_reached")


def spot_checks(database: AsyncConnection, setting: Setting) -> Document:
    """The sample. What was found and what was put right is written in by whoever checks."""
    columns = setting.columns(
        "spot", number=4, order=3, ended=3, cause=3, decided_by=3, exit=3, reports=2, calls=2, missed=3, finding=4,
        rectified=4,
    )  # fmt: skip
    section = Section("cases", setting.say("title.spot_checks"), columns, lambda: _rows(database, setting))
    return setting.document("spot_checks", section, notes=(setting.say("spot.note", n=setting.default.metrics.sample),))


async def spot_checks_count(database: AsyncConnection, setting: Setting) -> int:
    """How many cases it will have."""
    return min(setting.default.metrics.sample, await count(database, _belongs(setting)))


def _belongs(setting: Setting) -> ColumnElement[bool]:
    return and_(within(col(CaseRow.closed_at), setting.period), of_procedure(setting))


async def _rows(database: AsyncConnection, setting: Setting) -> AsyncIterator[Row]:
    drawn = await _drawn(database, setting)
    events = await events_of(database, [row.number for row in drawn], (*_REPORTS, *_CALLS, *KINDS))
    for row in drawn:
        yield _row(row, events[row.number], setting)


async def _drawn(database: AsyncConnection, setting: Setting) -> list[Found]:
    """By a hash of period and number: nobody can choose the cases, and who asks again gets the same ones."""

    def lot(row: Found) -> str:
        return hashlib.sha256(f"{setting.period.first}/{row.number}".encode()).hexdigest()

    drawn: list[Found] = []
    async for page in by_number(database, _COLUMNS, _belongs(setting)):
        drawn = heapq.nsmallest(setting.default.metrics.sample, [*drawn, *page], key=lot)
    return sorted(drawn, key=lambda row: str(row.number))


def _row(row: Found, events: Sequence[Found], setting: Setting) -> Row:
    pack = setting.pack(row.procedure)
    missed = dict.fromkeys(event.kind for event in events if event.kind in KINDS)
    facts = {
        "number": row.number,
        "order": row.order_number,
        "ended": day(row.closed_at, setting),
        "cause": row.cause,
        "decided_by": row.decided_by,
        "exit": row.exit,
        "reports": sum(event.kind in _REPORTS for event in events),
        "calls": sum(event.kind in _CALLS for event in events),
        "missed": list(missed),
    }
    cells = (
        row.number,
        row.order_number,
        facts["ended"],
        values.cause(row.cause, pack, setting.lang),
        values.department(row.decided_by, pack, setting.lang) if row.decided_by else "",
        named("exit", row.exit, setting.lang),
        facts["reports"],
        facts["calls"],
        listed([setting.say(f"breach_kind.{kind}") for kind in missed], setting),
        "",
        "",
    )
    return Row(cells, facts)
