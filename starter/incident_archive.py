"""Incidents as SQL keeps them: the list, one with its cases and situation reports, and how far it is now."""

from collections.abc import AsyncIterator, Collection
from datetime import datetime

from pydantic import AwareDatetime
from sqlmodel import col, func, select

from activities.incident_cases import IncidentCases
from models.base import Record
from models.incident import IncidentView, Progress, Situation
from models.tables import CaseRow, IncidentCase, IncidentReportRow, IncidentRow
from starter.archive import opened, reading
from starter.settings import Settings

AT_ONCE = 500


class IncidentLine(Record):
    """One incident in a list."""

    number: str
    procedure: str
    stage: str
    drill: bool
    opened_at: AwareDatetime
    closed_at: AwareDatetime | None
    product: str | None
    lot: str | None
    merchant: str | None
    cause: str | None
    cases: int


class CaseLine(Record):
    """A case of an incident."""

    number: str
    fate: str
    stage: str
    waiting_for: str
    order_number: str
    amount: int
    refunded: int
    currency: str
    code: str | None
    reason: str | None


async def incidents(settings: Settings, limit: int, of: Collection[str] | None = None) -> list[IncidentLine]:
    """Incidents, the latest first; of these procedures only, by name. Raises TryAgain."""
    those = select(IncidentRow) if of is None else select(IncidentRow).where(col(IncidentRow.procedure).in_(of))
    async with reading(settings) as session:
        rows = (await session.exec(those.order_by(col(IncidentRow.number).desc()).limit(limit))).all()
        wanted = (
            select(IncidentCase.incident, func.count())
            .where(col(IncidentCase.incident).in_([row.number for row in rows]))
            .group_by(IncidentCase.incident)
        )
        counts = dict((await session.exec(wanted)).all())
    return [IncidentLine.model_validate(row.model_dump() | {"cases": counts.get(row.number, 0)}) for row in rows]


async def find(settings: Settings, number: str) -> IncidentRow | None:
    """An incident's row. Raises TryAgain."""
    async with reading(settings) as session:
        return await session.get(IncidentRow, number)


async def by_run(settings: Settings, run_id: str) -> IncidentRow | None:
    """The row a start has made, once it has. Raises TryAgain."""
    async with reading(settings) as session:
        return (await session.exec(select(IncidentRow).where(IncidentRow.run_id == run_id))).first()


async def open_one(settings: Settings, workflow_id: str) -> IncidentRow | None:
    """The row of the open incident under a workflow id, of which there is one. Raises TryAgain."""
    wanted = select(IncidentRow).where(IncidentRow.workflow_id == workflow_id, col(IncidentRow.closed_at).is_(None))
    async with reading(settings) as session:
        return (await session.exec(wanted)).first()


async def stored_view(settings: Settings, row: IncidentRow) -> IncidentView | None:
    """The incident as last written down, with the figures of now; None before its first page. Raises TryAgain."""
    if row.incident is None:
        return None
    view = IncidentView.model_validate(row.incident)
    if row.drill:
        return view
    return view.model_copy(update={"progress": await progress(settings, row.number)})


async def progress(settings: Settings, number: str) -> Progress:
    """How far the cases are now. Raises TryAgain."""
    async with opened(settings) as store:
        return await IncidentCases(store).progress(number)


async def situations(settings: Settings, number: str) -> list[Situation]:
    """The situation reports in order. Raises TryAgain."""
    wanted = select(IncidentReportRow.report).where(IncidentReportRow.incident == number)
    async with reading(settings) as session:
        found = (await session.exec(wanted.order_by(col(IncidentReportRow.serial)))).all()
    return [Situation.model_validate(each) for each in found]


async def cases(settings: Settings, number: str) -> AsyncIterator[CaseLine]:
    """The incident's cases in order, a few at a time. Raises TryAgain."""
    wanted = (
        select(IncidentCase, CaseRow)
        .join(CaseRow, col(CaseRow.number) == col(IncidentCase.number))
        .where(IncidentCase.incident == number)
        .order_by(col(IncidentCase.number))
    )
    async with reading(settings) as session:
        rows = await session.stream(wanted.execution_options(yield_per=AT_ONCE))
        async for link, row in rows:
            told = link.model_dump(include={"fate", "code", "reason"})
            yield CaseLine.model_validate(row.model_dump() | told)


async def incident_of(settings: Settings, number: str) -> tuple[str, str] | None:
    """The incident a case belongs to, and what it has done about the case. Raises TryAgain."""
    async with reading(settings) as session:
        link = await session.get(IncidentCase, number)
    return (link.incident, link.fate) if link else None


async def last_drill(settings: Settings, procedure: str) -> datetime | None:
    """When the plan was last drilled or applied. Raises TryAgain."""
    wanted = select(func.max(IncidentRow.opened_at)).where(IncidentRow.procedure == procedure)
    async with reading(settings) as session:
        found: datetime | None = (await session.exec(wanted)).one()
    return found
