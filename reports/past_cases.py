"""The cases of a procedure as they were filed and as their record tells them, a page at a time."""

from collections.abc import AsyncIterator
from datetime import datetime

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from models.base import Record
from models.case import Event
from models.commands import Share, shares_text
from models.complaint import Complaint
from models.stage import Stage
from models.tables import CaseRow
from reports.queries import PAGE, Found, by_number, events_of
from rules.past import READ, Past

_COLUMNS = (
    CaseRow.number, CaseRow.procedure, CaseRow.opened_at, CaseRow.closed_at, CaseRow.complaint, CaseRow.stage,
    CaseRow.route, CaseRow.basis, CaseRow.exit, CaseRow.liable, CaseRow.refunded,
)  # fmt: skip


class _Liable(Record):
    """Shares as the register keeps them."""

    liable: tuple[Share, ...]


async def past_cases(
    database: AsyncConnection, name: str, since: datetime | None, *, size: int = PAGE
) -> AsyncIterator[tuple[str, Past | None]]:
    """Every case of the procedure `name`, any version, opened since: its number, and the case where it has ended."""
    where = [CaseRow.under(name)]
    if since is not None:
        where.append(col(CaseRow.opened_at) >= since)
    async for page in by_number(database, _COLUMNS, *where, size=size):
        events = await events_of(database, [row.number for row in page], READ)
        for row in page:
            yield row.number, _past(row, events[row.number]) if row.stage == Stage.CLOSED.value else None


def _past(row: Found, events: list[Found]) -> Past | None:
    try:
        complaint = Complaint.model_validate(row.complaint)
    except ValidationError:
        return None
    return Past(
        number=row.number,
        procedure=row.procedure,
        opened_at=row.opened_at,
        complaint=complaint,
        events=tuple(Event.model_validate(event, from_attributes=True) for event in events),
        ended_at=row.closed_at,
        route=row.route,
        basis=row.basis,
        exit=row.exit,
        liable=shares_text(_Liable.model_validate({"liable": row.liable}).liable),
        refunded=row.refunded,
    )
