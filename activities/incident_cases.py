"""The cases of an incident in SQL: which belong to it, what the decision did to each, how far all of them are."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, literal, or_, true, update
from sqlalchemy import select as core_select
from sqlmodel import col, exists, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from activities.store import Store
from models.incident import CaseFate, Progress, Scope
from models.names import SYSTEM
from models.stage import Stage
from models.tables import CaseGoods, CaseRow, IncidentCase, Row

CASE, LINK = Row.metadata.tables["case_row"], Row.metadata.tables["incident_case"]
_DONE = (Stage.FEEDBACK.value, Stage.CLOSED.value, Stage.REFUSED.value)
_AFTER = (Stage.EXECUTING.value, Stage.TASK.value, *_DONE)
"""Where a decision leads. A case given it again after a crash may stand there without a page since."""
_DECIDED = LINK.c.fate == CaseFate.DECIDED.value
_EXECUTING = and_(_DECIDED, CASE.c.stage == Stage.EXECUTING.value)
_UNTOLD = and_(_DECIDED, CASE.c.version <= LINK.c.version, CASE.c.stage.not_in(_AFTER))
_OURS = or_(CASE.c.waiting_for == SYSTEM, CASE.c.waiting_for.startswith(f"{SYSTEM},"))
_WORKING = or_(_UNTOLD, and_(_EXECUTING, _OURS))
"""Decided, and it has not written down what came of it, or money or stock is on its way."""


def matches(scope: Scope) -> list[ColumnElement[bool]]:
    """What a case's row must show to have the marks of a scope."""
    found: list[ColumnElement[bool]] = []
    goods = [col(CaseGoods.number) == CaseRow.number]
    if scope.product is not None:
        goods.append(col(CaseGoods.product) == scope.product)
    if scope.lot is not None:
        goods.append(col(CaseGoods.lot) == scope.lot)
    if len(goods) > 1:
        found.append(exists().where(*goods).correlate(CaseRow))
    if scope.merchant is not None:
        found.append(col(CaseRow.merchant) == scope.merchant)
    if scope.cause is not None:
        found.append(col(CaseRow.cause) == scope.cause)
    return found


def unlinked() -> ColumnElement[bool]:
    """A case that belongs to no incident yet."""
    return ~exists().where(col(IncidentCase.number) == CaseRow.number).correlate(CaseRow)


class IncidentCases:
    """Reads and writes the cases of incidents. Raises StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def link_open(
        self, session: AsyncSession, incident: str, procedure: str, scope: Scope, now: datetime
    ) -> None:
        """Link every open case that has the marks and belongs to no incident."""
        wanted = core_select(
            CASE.c.number,
            literal(incident),
            literal(CaseFate.LINKED.value),
            literal(now, type_=LINK.c.at.type),
            literal(-1),
        ).where(CaseRow.under(procedure), CASE.c.stage != Stage.CLOSED.value, unlinked(), *matches(scope))
        columns = ["number", "incident", "fate", "at", "version"]
        linking = self._store.insert_new(IncidentCase).from_select(columns, wanted)
        await (await session.connection()).execute(linking)

    async def unhanded(self, incident: str, at_most: int) -> list[tuple[str, int]]:
        """Cases the decision has not reached, with the version of their rows."""
        wanted = (
            select(IncidentCase.number, CaseRow.version)
            .join(CaseRow, col(CaseRow.number) == col(IncidentCase.number))
            .where(IncidentCase.incident == incident, IncidentCase.fate == CaseFate.LINKED.value)
            .order_by(col(IncidentCase.number))
            .limit(at_most)
        )
        async with self._store.read() as session:
            return [(number, version) for number, version in (await session.exec(wanted)).all()]

    async def settle(self, fates: Sequence[IncidentCase]) -> None:
        """Write what the decision did to these cases. One that has its fate keeps it."""
        async with self._store.write() as session:
            for fate in fates:
                same = (col(IncidentCase.number) == fate.number, col(IncidentCase.fate) == CaseFate.LINKED.value)
                values = fate.model_dump(include={"fate", "at", "version", "code", "reason"})
                await session.exec(update(IncidentCase).where(*same).values(values))

    async def under_way(self, incident: str, among: Collection[str] | None = None) -> set[str]:
        """Cases that have the decision and that the service is at work on; of all, or of some."""
        wanted = core_select(LINK.c.number).join_from(LINK, CASE, LINK.c.number == CASE.c.number)
        wanted = wanted.where(LINK.c.incident == incident, _WORKING)
        if among is not None:
            wanted = wanted.where(LINK.c.number.in_(among))
        async with self._store.read() as session:
            return set((await (await session.connection()).execute(wanted)).scalars())

    async def progress(self, incident: str) -> Progress:
        """How far the cases are: one pass over their rows."""
        counted: dict[str, ColumnElement[bool]] = {
            "cases": true(),
            **{fate.value: LINK.c.fate == fate.value for fate in CaseFate},
            "under_way": _WORKING,
            "goods": and_(~_WORKING, _EXECUTING),
            "task": and_(~_WORKING, _DECIDED, CASE.c.stage == Stage.TASK.value),
            "settled": and_(~_WORKING, _DECIDED, CASE.c.stage.in_(_DONE)),
        }
        sums = [func.sum(case((condition, 1), else_=0)) for condition in counted.values()]
        wanted = (
            core_select(CASE.c.currency, func.sum(case((_DECIDED, CASE.c.refunded), else_=0)), *sums)
            .join_from(LINK, CASE, LINK.c.number == CASE.c.number)
            .where(LINK.c.incident == incident)
            .group_by(CASE.c.currency)
        )
        totals = dict.fromkeys(counted, 0)
        money: dict[str, int] = {}
        async with self._store.read() as session:
            found = (await (await session.connection()).execute(wanted)).all()
        for currency, amount, *numbers in found:
            totals = {key: totals[key] + int(n) for key, n in zip(counted, numbers, strict=True)}
            if amount:
                money[currency] = int(amount)
        return Progress(**totals, refunded=money)
