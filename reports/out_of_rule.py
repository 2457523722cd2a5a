"""Form 1, 规则外退换货需求汇总表: every out-of-rule complaint submitted in the period, whatever has become of it."""

from collections.abc import AsyncIterator

from sqlalchemy import ColumnElement, and_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from models.tables import CaseRow
from reports import words
from reports.document import Document, Row, Section, Setting
from reports.queries import count, numbered, of_procedure, within

_COLUMNS = (
    CaseRow.number, CaseRow.procedure, CaseRow.opened_at, CaseRow.order_number, CaseRow.cause, CaseRow.demand,
    CaseRow.complaint, CaseRow.stage, CaseRow.exit,
)  # fmt: skip
_KINDS = ("refused", "decided")


def out_of_rule(database: AsyncConnection, setting: Setting) -> Document:
    """The form, oldest submission first."""
    columns = setting.columns("form1", no=1, submitted=2, order=3, goods=5, reason=3, why=4, decision=5)
    section = Section("cases", setting.say("title.out_of_rule"), columns, lambda: _rows(database, setting))
    return setting.document("out_of_rule", section)


def _belongs(setting: Setting) -> ColumnElement[bool]:
    return and_(col(CaseRow.out_of_rule).is_(True), of_procedure(setting))


async def out_of_rule_count(database: AsyncConnection, setting: Setting) -> int:
    """How many lines the form will have."""
    return await count(database, _belongs(setting), within(col(CaseRow.opened_at), setting.period))


async def _rows(database: AsyncConnection, setting: Setting) -> AsyncIterator[Row]:
    moment, period = col(CaseRow.opened_at), setting.period
    async for line, row, happened in numbered(database, _COLUMNS, moment, period, _belongs(setting), _KINDS):
        pack = setting.pack(row.procedure)
        cells = (
            line,
            words.day(row.opened_at, setting),
            row.order_number,
            words.goods(row.complaint, setting),
            words.reason(row, pack, setting),
            words.out_of_rule(row, happened, pack, setting),
            words.decision(row, happened, pack, setting),
        )
        yield Row(cells, {"number": row.number, "stage": row.stage, "exit": row.exit})
