"""Form 2, 已处理争议投诉汇总表: every contested complaint whose handling ended in the period."""

from collections.abc import AsyncIterator

from sqlalchemy import ColumnElement, and_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from models.tables import CaseRow
from reports import words
from reports.document import Document, Row, Section, Setting
from reports.queries import count, numbered, of_procedure, within

_COLUMNS = (
    CaseRow.number, CaseRow.procedure, CaseRow.closed_at, CaseRow.order_number, CaseRow.cause, CaseRow.demand,
    CaseRow.exit, CaseRow.liable, CaseRow.decided_by, CaseRow.basis,
)  # fmt: skip
_KINDS = ("contested", "answered", "answered_late", "silence", "ruled", "decided")


def disputes(database: AsyncConnection, setting: Setting) -> Document:
    """The form, in the order in which handling ended."""
    columns = setting.columns("form2", no=1, handled=2, order=3, reason=3, point=6, result=4, department=3)
    section = Section("cases", setting.say("title.disputes"), columns, lambda: _rows(database, setting))
    return setting.document("disputes", section)


def _belongs(setting: Setting) -> ColumnElement[bool]:
    # Only a closed case has the instant of its end; asking for its stage too would keep SQLite from its index.
    return and_(col(CaseRow.contested).is_(True), of_procedure(setting))


async def disputes_count(database: AsyncConnection, setting: Setting) -> int:
    """How many lines the form will have."""
    return await count(database, _belongs(setting), within(col(CaseRow.closed_at), setting.period))


async def _rows(database: AsyncConnection, setting: Setting) -> AsyncIterator[Row]:
    moment, period = col(CaseRow.closed_at), setting.period
    async for line, row, happened in numbered(database, _COLUMNS, moment, period, _belongs(setting), _KINDS):
        pack = setting.pack(row.procedure)
        cells = (
            line,
            words.day(row.closed_at, setting),
            row.order_number,
            words.reason(row, pack, setting),
            words.dispute(happened, pack, setting),
            words.result(row, happened, pack, setting),
            words.determined_by(row, happened, pack, setting),
        )
        facts = {"number": row.number, "exit": row.exit, "liable": row.liable, "decided_by": row.decided_by}
        yield Row(cells, facts)
