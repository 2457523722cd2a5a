"""Reading a page of the register and what belongs to it; bounded, however many cases there are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.case import Event
from models.tables import Row

AT_ONCE = 200
TABLES = Row.metadata.tables
CASE, EVENT, MAIL = TABLES["case_row"], TABLES["event_row"], TABLES["mail_row"]


@dataclass(frozen=True)
class Kept:
    """A case as SQL keeps it."""

    row: Any
    events: list[Event] = field(default_factory=list)
    notices: int = 0


async def rows(session: AsyncSession, asked: Select[Any]) -> list[Any]:
    """The rows of a question."""
    return list((await (await session.connection()).execute(asked)).all())


async def page_after(session: AsyncSession, last: str) -> list[Kept]:
    """The next cases by number, with their whole records."""
    found = await rows(session, select(CASE).where(CASE.c.number > last).order_by(CASE.c.number).limit(AT_ONCE))
    return await _complete(session, found)


async def these(session: AsyncSession, numbers: Sequence[str]) -> list[Kept]:
    """Named cases."""
    return await _complete(session, await rows(session, select(CASE).where(CASE.c.number.in_(numbers))))


async def _complete(session: AsyncSession, found: list[Any]) -> list[Kept]:
    numbers = [row.number for row in found]
    lines: dict[str, list[Event]] = {number: [] for number in numbers}
    order = (EVENT.c.number, EVENT.c.seq)
    for line in await rows(session, select(EVENT).where(EVENT.c.number.in_(numbers)).order_by(*order)):
        lines[line.number].append(Event.model_validate(line._asdict()))
    written = select(MAIL.c.number, func.count()).where(MAIL.c.number.in_(numbers)).group_by(MAIL.c.number)
    notices: Counter[str] = Counter(dict(await rows(session, written)))
    return [Kept(row, lines[row.number], notices[row.number]) for row in found]
