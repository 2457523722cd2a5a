"""The cases the measures count, each with what counts about it (S1-14, S1-15, S1-16, S3-15)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from models.case import Basis, Exit
from models.stage import Stage
from models.tables import CaseRow, EventRow, UtcDateTime
from reports.breaches import KINDS
from reports.document import Setting
from reports.period import local_day, month_of, week_of
from reports.queries import DEEP, Found, by_number, count, events_of, of_procedure, within
from rules.triage import topics_of

DIMENSIONS = ("procedure", "department", "type", "cause", "category", "result", "week", "month")
_COLUMNS = (
    CaseRow.number, CaseRow.procedure, CaseRow.opened_at, CaseRow.closed_at, CaseRow.order_number, CaseRow.customer,
    CaseRow.category, CaseRow.cause, CaseRow.stage, CaseRow.exit, CaseRow.basis,
)  # fmt: skip
_HAPPENED = (EventRow.number, EventRow.kind, EventRow.department)


@dataclass(frozen=True, slots=True)
class Counted:
    """A case and what it counts for. Submitted: `complaint`, `timely`, `repeated`; ended: the others."""

    row: Found
    departments: tuple[str, ...]
    types: tuple[str, ...]
    """Type and class of its cause, from the narrowest to the widest (S1-06); none where its procedure has none."""
    complaint: bool
    """Submitted in the period."""
    handled: bool
    """Ended in the period."""
    timely: bool
    """Submitted in the period, has ended, and no clock of the procedure ran out on the way."""
    satisfied: bool
    """Ended in the period with a satisfied customer."""
    repeated: bool
    """Submitted in the period, by a customer whose last complaint is not longer ago than the procedure's window."""
    mediated: bool
    """Ended in the period after a settlement had been offered."""
    settled: bool
    """Ended in the period by an offer its customer accepted."""
    closed: bool

    def groups(self) -> dict[str, tuple[str, ...]]:
        """The groups it belongs to, but for its days."""
        row = self.row
        return {
            "procedure": (row.procedure,),
            "department": self.departments,
            "type": self.types,
            "cause": (row.cause,),
            "category": (row.category or "",),
            "result": (row.exit,) if self.closed else (),
        }

    def days(self, zone: str, *, ended: bool) -> dict[str, tuple[str, ...]]:
        """Week and month of its submission, or of its end."""
        moment = self.row.closed_at if ended else self.row.opened_at
        day = local_day(moment, zone)
        return {"week": (week_of(day),), "month": (month_of(day),)}


async def counted(database: AsyncConnection, setting: Setting, size: int = DEEP) -> AsyncIterator[Counted]:
    """Every case submitted or ended in the period, by number."""
    async for page in by_number(database, _COLUMNS, _belongs(setting), size=size):
        numbers = [row.number for row in page]
        events = await events_of(database, numbers, ("asked", "duty", "offered", *KINDS), _HAPPENED)
        gaps = await _since_last(database, page, setting)
        for row in page:
            yield _count(row, events[row.number], gaps.get(row.number), setting)


def _belongs(setting: Setting) -> ColumnElement[bool]:
    opened, closed = col(CaseRow.opened_at), col(CaseRow.closed_at)
    return and_(or_(within(opened, setting.period), within(closed, setting.period)), of_procedure(setting))


async def counted_count(database: AsyncConnection, setting: Setting) -> int:
    """How many cases there are to count."""
    return await count(database, _belongs(setting))


def _count(row: Found, events: Sequence[Found], gap: timedelta | None, setting: Setting) -> Counted:
    pack, period = setting.pack(row.procedure), setting.period
    asked = dict.fromkeys(event.department for event in events if event.kind in {"asked", "duty"} and event.department)
    missed = any(event.kind in KINDS for event in events)
    closed = row.stage == Stage.CLOSED.value
    complaint = period.since <= row.opened_at < period.until
    handled = closed and row.closed_at is not None and period.since <= row.closed_at < period.until
    mediated = handled and any(event.kind == "offered" for event in events)
    return Counted(
        row=row,
        departments=tuple(asked) or (pack.front_desk,),
        types=tuple(topics_of(pack, row.cause)),
        complaint=complaint,
        handled=handled,
        timely=complaint and closed and not missed,
        satisfied=handled and row.exit == Exit.SATISFIED.value,
        repeated=complaint and gap is not None and gap <= pack.metrics.repeat_within,
        mediated=mediated,
        settled=mediated and row.basis == Basis.SETTLEMENT.value,
        closed=closed,
    )


async def _since_last(database: AsyncConnection, page: Sequence[Found], setting: Setting) -> dict[str, timedelta]:
    """How long before each case its customer's last complaint was submitted, if there was one."""
    submitted = [row.opened_at for row in page]
    longest = max(setting.pack(row.procedure).metrics.repeat_within for row in page)
    opened = col(CaseRow.opened_at)
    before = func.lag(opened, type_=UtcDateTime).over(
        partition_by=col(CaseRow.customer), order_by=(opened, col(CaseRow.number))
    )
    recent = (
        select(col(CaseRow.number), opened.label("at"), before.label("last"))
        .where(col(CaseRow.customer).in_({row.customer for row in page}))
        .where(opened >= min(submitted) - longest, opened <= max(submitted))
        .subquery()
    )
    query = select(recent).where(recent.c.last.is_not(None), recent.c.number.in_([row.number for row in page]))
    return {row.number: row.at - row.last for row in await database.execute(query)}
