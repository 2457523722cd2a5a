"""What a batch incident asks of the world: its number, its cases, the decision to each of them, its page in SQL."""

import hashlib
from typing import Any

from sqlalchemy import Delete, delete, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.exceptions import ApplicationError

from activities.beating import beating
from activities.called import procedure_called
from activities.dossier import DossierBook
from activities.duties import IncidentDuties
from activities.handing_out import HandingOut
from activities.incident_cases import IncidentCases
from activities.series import next_number
from activities.verdicts import ask_or_leave
from models.case import Verdict
from models.commands import IncidentDecision
from models.incident import (
    CarryOut,
    CaseFate,
    IncidentPage,
    IncidentStage,
    Progress,
    Registered,
    RegisterIncident,
    Scope,
)
from models.names import INCIDENT_DECISION, Refused, case_id
from models.procedure import Procedure
from models.tables import IncidentCase, IncidentReportRow, IncidentRow

PREFIX = "IN"
ANSWER_WITHIN = 10.0
"""How long the decision waits for a case's answer before it is left there as a signal (seconds)."""


class IncidentDesk(DossierBook, IncidentDuties):
    """Activities of incidents."""

    @property
    def _cases(self) -> IncidentCases:
        return IncidentCases(self._store)

    @activity.defn(name="register_incident")
    async def register_incident(self, entry: RegisterIncident) -> Registered:
        """The row first, then its cases: one filed meanwhile sees the row, or is seen here."""
        pack = procedure_called(self._packs, entry.wish.procedure, "incident", "has no plan for incidents; use one of")
        await self._believe(entry, entry.wish.token, entry.wish.opened_by)
        number = await self._number(entry, pack)
        if entry.wish.drill is not None:
            return Registered(number=number, procedure=pack.ref)
        return Registered(number=number, procedure=pack.ref, progress=await self.gather_cases(number))

    async def _number(self, entry: RegisterIncident, pack: Procedure) -> str:
        async with self._store.write() as session:
            known = (await session.exec(select(IncidentRow).where(IncidentRow.run_id == entry.run_id))).first()
            if known is not None:
                return known.number
            await self._take_over(session, entry)
            number = await next_number(session, PREFIX, entry.opened_at, pack.time_zone)
            session.add(_first_row(number, entry, pack))
            return number

    async def _take_over(self, session: AsyncSession, entry: RegisterIncident) -> None:
        """Close what is open here under the same workflow id: it was ended in Temporal, or the id would not be free.

        The cases that wait for its decision belong to nobody then, and to this one as soon as it looks.
        """
        mine = (IncidentRow.workflow_id == entry.workflow_id, col(IncidentRow.closed_at).is_(None))
        for row in (await session.exec(select(IncidentRow).where(*mine))).all():
            row.stage, row.closed_at = IncidentStage.CLOSED.value, entry.opened_at
            if row.incident is not None:
                row.incident = row.incident | {"stage": row.stage, "closed_at": entry.opened_at.isoformat()}
            await session.exec(_waiting_for(row.number))

    @activity.defn(name="gather_cases")
    async def gather_cases(self, number: str) -> Progress:
        """Link what has the marks, and count; the incident has heard of every case that stirred it until now."""
        async with self._store.write() as session:
            # Nobody closes it meanwhile: its cases would wait for a decision that never comes.
            row = await session.get(IncidentRow, number, with_for_update=True)
            if row is None:
                raise ApplicationError(f"{number}: is not in the register")
            row.stirred = False
            if row.closed_at is None:
                await self._cases.link_open(session, number, row.procedure, scope_of(row), self._now())
        return await self._cases.progress(number)

    @activity.defn(name="carry_out")
    async def carry_out(self, order: CarryOut) -> Progress:
        """Give the decision to cases, at most `at_once` of them under way; returns when there is news to tell.

        Heartbeats. A case killed half-way through gets the same decision under the same id again: it counts once.
        """
        async with beating():
            return await HandingOut(self._cases, self._give, order).run(activity.is_worker_shutdown)

    async def _give(self, order: CarryOut, number: str, version: int) -> IncidentCase:
        handle: WorkflowHandle[Any, Any] = activity.client().get_workflow_handle(case_id(number))
        decision = _message(order, number)
        proven = decision.model_copy(update={"token": self._vouch(decision.actor, handle.id)})
        message = proven.model_dump(mode="json", exclude_none=True)
        verdict, _ = await ask_or_leave(handle, INCIDENT_DECISION, message, ANSWER_WITHIN)
        fate = _fate(verdict)
        told = {} if verdict.accepted else {"code": verdict.code, "reason": verdict.reason[:500]}
        return IncidentCase(
            number=number, incident=order.incident, fate=fate.value, at=self._now(), version=version, **told
        )

    @activity.defn(name="write_incident")
    async def write_incident(self, page: IncidentPage) -> None:
        """The incident's row, its situation reports, and notices for the outbox."""
        view = page.view
        reports = [
            {"incident": view.number, "serial": each.number, "at": each.at, "report": each.model_dump(mode="json")}
            for each in page.reports
        ]
        changed = {
            "stage": view.stage.value,
            "closed_at": view.closed_at,
            "incident": view.model_dump(mode="json"),
        }
        async with self._writing(page, view.number, view.procedure) as session:
            # An attempt that Temporal has given up may come late; it must not open again what is closed.
            same = (col(IncidentRow.number) == view.number, col(IncidentRow.closed_at).is_(None))
            await session.exec(update(IncidentRow).where(*same).values(changed))
            if view.closed_at is not None:
                # A case that joined in the last moment is free again: it goes its own way, or starts the next incident.
                await session.exec(_waiting_for(view.number))
            if reports:
                await session.exec(self._store.insert_new(IncidentReportRow).values(reports))


def _waiting_for(incident: str) -> Delete:
    """Let go of the cases that wait for an incident's decision."""
    return delete(IncidentCase).where(
        col(IncidentCase.incident) == incident, col(IncidentCase.fate) == CaseFate.LINKED.value
    )


def scope_of(row: IncidentRow) -> Scope:
    """The scope of a row."""
    return Scope(product=row.product, lot=row.lot, merchant=row.merchant, cause=row.cause)


def _first_row(number: str, entry: RegisterIncident, pack: Procedure) -> IncidentRow:
    return IncidentRow(
        number=number,
        workflow_id=entry.workflow_id,
        run_id=entry.run_id,
        procedure=pack.name,
        drill=entry.wish.drill is not None,
        stage=IncidentStage.VERIFYING.value,
        opened_at=entry.opened_at,
        **entry.wish.scope.model_dump(),
    )


def _message(order: CarryOut, number: str) -> IncidentDecision:
    """The case's message. Its id is made of incident and case: an incident decides a case once."""
    decision = order.decision
    key = hashlib.sha256(f"{order.incident}/{number}".encode()).hexdigest()[:24]
    return IncidentDecision(
        actor=decision.actor,
        department=decision.department,
        command_id=f"incident-{key}",
        incident=order.incident,
        grant=decision.grant,
        demand=decision.demand,
        liable=decision.liable,
        reason=decision.reason,
    )


def _fate(verdict: Verdict) -> CaseFate:
    if verdict.accepted:
        return CaseFate.DECIDED
    return CaseFate.KEPT if verdict.code in (Refused.CLOSED, Refused.WRONG_STAGE) else CaseFate.REFUSED
