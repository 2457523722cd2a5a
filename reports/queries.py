"""Reading cases in pages: by keyset, so that the last page costs as much as the first, and none is held."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from models.tables import CaseRow, EventRow
from reports.document import Setting
from reports.period import Period

PAGE = 500
"""Cases read at once."""
DEEP = 2_000
"""Cases read at once where little is read of each."""

Found = Row[Any]
EVENT: Sequence[Any] = (
    EventRow.number, EventRow.seq, EventRow.at, EventRow.kind, EventRow.actor, EventRow.department, EventRow.data,
)  # fmt: skip


def within(moment: Any, period: Period) -> ColumnElement[bool]:
    """The instant lies in the period."""
    return and_(moment >= period.since, moment < period.until)


def of_procedure(setting: Setting) -> ColumnElement[bool]:
    """The case runs on the procedure whose cases count."""
    return true() if setting.only is None else col(CaseRow.procedure).startswith(f"{setting.only}.", autoescape=True)


async def by_time(
    database: AsyncConnection,
    columns: Sequence[Any],
    moment: Any,
    period: Period,
    *where: ColumnElement[bool],
    size: int = PAGE,
) -> AsyncIterator[Sequence[Found]]:
    """Pages of the period's cases, ordered by `moment` and number. `columns` must hold both, under those names."""
    after: tuple[datetime, str] | None = None
    number = col(CaseRow.number)
    while True:
        # One lower bound only: of two, SQLite may search its index from the farther one, page after page.
        begin = period.since if after is None else after[0]
        query = select(*columns).where(moment >= begin, moment < period.until, *where)
        query = query.order_by(moment, number).limit(size)
        if after is not None:
            query = query.where(or_(moment > after[0], and_(moment == after[0], number > after[1])))
        page = (await database.execute(query)).all()
        if page:
            yield page
        if len(page) < size:
            return
        after = (getattr(page[-1], moment.key), page[-1].number)


async def numbered(
    database: AsyncConnection,
    columns: Sequence[Any],
    moment: Any,
    period: Period,
    belongs: ColumnElement[bool],
    kinds: Iterable[str],
) -> AsyncIterator[tuple[int, Found, list[Found]]]:
    """Each of the period's cases by `moment`, with its place from 1 and its events of these kinds."""
    place = 0
    async for page in by_time(database, columns, moment, period, belongs):
        events = await events_of(database, [row.number for row in page], kinds)
        for row in page:
            place += 1
            yield place, row, events[row.number]


async def by_number(
    database: AsyncConnection, columns: Sequence[Any], *where: ColumnElement[bool], size: int = DEEP
) -> AsyncIterator[Sequence[Found]]:
    """Pages of cases ordered by number."""
    after = ""
    number = col(CaseRow.number)
    while True:
        query = select(*columns).where(number > after, *where).order_by(number).limit(size)
        page = (await database.execute(query)).all()
        if page:
            yield page
        if len(page) < size:
            return
        after = page[-1].number


async def events_of(
    database: AsyncConnection, numbers: Sequence[str], kinds: Iterable[str], columns: Sequence[Any] = EVENT
) -> dict[str, list[Found]]:
    """These kinds of events of some cases, in the order they happened. `columns` must hold the number."""
    # An expression, not the column: a few kinds against many numbers would lure SQLite to its index of kinds.
    kind = col(EventRow.kind).concat("")
    query = (
        select(*columns)
        .where(col(EventRow.number).in_(numbers), kind.in_(list(kinds)))
        .order_by(col(EventRow.number), col(EventRow.seq))
    )
    found: dict[str, list[Found]] = {number: [] for number in numbers}
    for row in await database.execute(query):
        found[row.number].append(row)
    return found


async def count(database: AsyncConnection, *where: ColumnElement[bool]) -> int:
    """How many cases there are."""
    query = select(func.count()).select_from(CaseRow).where(*where)
    return int((await database.execute(query)).scalar_one())
