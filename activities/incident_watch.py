"""Each new case is looked at: does it belong to an open incident, or are there so many now that one begins (S2-03)?"""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio import activity
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from activities.identity import Voucher, no_voucher
from activities.incident import scope_of
from activities.incident_cases import matches, unlinked
from activities.notfound import is_gone
from activities.store import Store
from models.incident import CaseFate, CaseJoined, OpenIncident, Scope
from models.names import BATCH_RETURN, CASE_JOINED
from models.plans import IncidentRules, Threshold
from models.procedure import Procedure
from models.tables import CaseGoods, CaseRow, IncidentCase, IncidentRow
from procedures import Packs

THRESHOLD = "threshold"


class IncidentWatch:
    """Looks at a case once it is in the register. Idempotent. Inside an activity only."""

    def __init__(self, store: Store, packs: Packs, vouch: Voucher = no_voucher) -> None:
        self._store = store
        self._packs = packs
        self._vouch = vouch

    async def __call__(self, number: str, procedure: str) -> None:
        """Link the case and tell its incident, or begin one; `procedure` is the one it runs on.

        Raises StoreError, RPCError: then it is done again.
        """
        pack = self._packs.pinned(procedure)
        if pack.incident is None and pack.corrective_action is None:
            return
        async with self._store.read() as session:
            row = await session.get(CaseRow, number)
        if row is None:
            return
        await self._note_goods(row)
        if pack.incident is None:
            return
        async with self._store.read() as session:
            mine = await self._incident_of(session, row, pack)
            wish = None if mine else await self._too_many(session, row, pack, pack.incident)
        if mine is not None:
            await self._join(mine, row)
        elif wish is not None:
            token = self._vouch(THRESHOLD, wish.workflow_id)
            proven = wish.model_copy(update={"token": token})
            await begin(activity.client(), proven, activity.info().task_queue)

    async def _note_goods(self, row: CaseRow) -> None:
        lines = row.complaint["order"]["lines"]
        goods = {(line["sku"], line.get("lot") or "") for line in lines}
        values = [{"number": row.number, "product": product, "lot": lot} for product, lot in sorted(goods)]
        async with self._store.write() as session:
            await session.exec(self._store.insert_new(CaseGoods).values(values))

    async def _incident_of(self, session: AsyncSession, row: CaseRow, pack: Procedure) -> IncidentRow | None:
        """The open incident the case belongs to, the oldest of several."""
        wanted = select(IncidentRow).where(
            IncidentRow.procedure == pack.name, col(IncidentRow.closed_at).is_(None), col(IncidentRow.drill).is_(False)
        )
        for incident in (await session.exec(wanted.order_by(col(IncidentRow.opened_at)))).all():
            here = select(CaseRow.number).where(CaseRow.number == row.number, *matches(scope_of(incident)))
            if (await session.exec(here)).first() is not None:
                return incident
        return None

    async def _join(self, incident: IncidentRow, row: CaseRow) -> None:
        """Link and note that it is being told, then tell: whoever is done again after a crash between tells again.

        Noted after, it could be noted when the incident has counted already, and nobody after would tell it.
        """
        link = {
            "number": row.number,
            "incident": incident.number,
            "fate": CaseFate.LINKED.value,
            "at": row.opened_at,
            "version": -1,
        }
        async with self._store.write() as session:
            fresh = await session.get(IncidentRow, incident.number, with_for_update=True)
            if fresh is None or fresh.closed_at is not None:
                return
            made = await session.exec(self._store.insert_new(IncidentCase).values(link))
            told, fresh.stirred = fresh.stirred, True
        if told and made.rowcount == 1:
            return
        handle = activity.client().get_workflow_handle(incident.workflow_id)
        try:
            await handle.signal(CASE_JOINED, CaseJoined(number=row.number))
        except RPCError as error:
            if not is_gone(error):
                raise

    async def _too_many(
        self, session: AsyncSession, row: CaseRow, pack: Procedure, rules: IncidentRules
    ) -> OpenIncident | None:
        """The incident that begins with this case, by the first threshold it crosses."""
        goods = (await session.exec(select(CaseGoods).where(CaseGoods.number == row.number))).all()
        for threshold in rules.thresholds:
            for scope in _scopes(threshold, row, goods):
                counted = await _count(session, pack, scope, row.opened_at - threshold.within)
                if counted >= threshold.cases:
                    reason = f"{scope.key}: {counted} >= {threshold.cases} ({threshold.source})"
                    return OpenIncident(procedure=pack.ref, scope=scope, reason=reason, opened_by=THRESHOLD)
        return None


def _scopes(threshold: Threshold, row: CaseRow, goods: Sequence[CaseGoods]) -> list[Scope]:
    """What the case could have in common with others under a threshold; a mark it lacks has nothing in common."""
    found: dict[str, Scope] = {}
    for each in goods:
        marks = {"product": each.product, "lot": each.lot or None, "merchant": row.merchant, "cause": row.cause}
        wanted = {mark: marks[mark] for mark in threshold.by}
        if all(wanted.values()):
            scope = Scope.model_validate(wanted)
            found[scope.key] = scope
    return list(found.values())


async def _count(session: AsyncSession, pack: Procedure, scope: Scope, since: datetime) -> int:
    wanted = (
        select(func.count())
        .select_from(CaseRow)
        .where(CaseRow.under(pack.name), CaseRow.opened_at >= since, unlinked(), *matches(scope))
    )
    return (await session.exec(wanted)).one()


async def begin(client: Client, wish: OpenIncident, task_queue: str) -> bool:
    """Start the incident; False where the scope has an open one."""
    try:
        await client.start_workflow(
            BATCH_RETURN,
            wish,
            id=wish.workflow_id,
            task_queue=task_queue,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            static_summary=wish.workflow_id,
        )
    except WorkflowAlreadyStartedError:
        return False
    return True
