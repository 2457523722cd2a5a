"""Corrective actions as SQL keeps them: the list, one report, and where a lot has gone."""

from collections.abc import AsyncIterator, Collection

from pydantic import AwareDatetime
from sqlmodel import col, select

from models.base import Record
from models.corrective import CorrectiveView
from models.tables import CaseGoods, CaseRow, CorrectiveRow, IncidentCase
from starter.archive import reading
from starter.settings import Settings

AT_ONCE = 500


class CorrectiveLine(Record):
    """One corrective action in a list."""

    number: str
    stage: str
    customer: str
    product: str
    due: AwareDatetime | None
    opened_at: AwareDatetime
    closed_at: AwareDatetime | None
    done: int = 0
    planned: int = 0
    """Corrective actions carried out, and planned (S2-36)."""


class TracedCase(Record):
    """A case in which a lot is named (S2-27)."""

    lot: str
    product: str
    number: str
    order_number: str
    customer: str
    stage: str
    incident: str | None


async def correctives(settings: Settings, limit: int, of: Collection[str] | None = None) -> list[CorrectiveLine]:
    """Corrective actions, the latest first; of these procedures only, by name. Raises TryAgain."""
    those = select(CorrectiveRow) if of is None else select(CorrectiveRow).where(col(CorrectiveRow.procedure).in_(of))
    async with reading(settings) as session:
        rows = (await session.exec(those.order_by(col(CorrectiveRow.number).desc()).limit(limit))).all()
    return [_line(row) for row in rows]


def _line(row: CorrectiveRow) -> CorrectiveLine:
    view = stored(row)
    done, planned = view.completion if view else (0, 0)
    return CorrectiveLine.model_validate(row.model_dump() | {"done": done, "planned": planned})


async def find(settings: Settings, number: str) -> CorrectiveRow | None:
    """An action's row. Raises TryAgain."""
    async with reading(settings) as session:
        return await session.get(CorrectiveRow, number)


async def by_workflow(settings: Settings, workflow_id: str) -> CorrectiveRow | None:
    """The row of a reference, once it has one. Raises TryAgain."""
    async with reading(settings) as session:
        wanted = select(CorrectiveRow).where(CorrectiveRow.workflow_id == workflow_id)
        return (await session.exec(wanted.order_by(col(CorrectiveRow.number).desc()))).first()


def stored(row: CorrectiveRow) -> CorrectiveView | None:
    """The report as last written down; None before its first page."""
    return CorrectiveView.model_validate(row.report) if row.report is not None else None


async def traced(settings: Settings, lots: list[str]) -> AsyncIterator[TracedCase]:
    """Every case that names one of the lots, by lot and number, a few at a time. Raises TryAgain."""
    wanted = (
        select(CaseGoods, CaseRow, IncidentCase.incident)
        .join(CaseRow, col(CaseRow.number) == col(CaseGoods.number))
        .join(IncidentCase, col(IncidentCase.number) == col(CaseGoods.number), isouter=True)
        .where(col(CaseGoods.lot).in_(lots))
        .order_by(col(CaseGoods.lot), col(CaseGoods.number))
    )
    async with reading(settings) as session:
        rows = await session.stream(wanted.execution_options(yield_per=AT_ONCE))
        async for goods, row, incident in rows:
            about = goods.model_dump(include={"lot", "product"})
            yield TracedCase.model_validate(row.model_dump() | about | {"incident": incident})
