"""Meetings, incidents and corrective actions that are open in SQL and that no workflow carries on any more."""

from collections.abc import AsyncIterator

from sqlalchemy import select
from temporalio.client import Client, WorkflowExecutionStatus

from activities.store import Store
from models.audit import Symptom
from models.meeting import MeetingStage
from verify.reading import TABLES, rows
from verify.service import status_of

MEETING, INCIDENT, CORRECTIVE = (TABLES[name] for name in ("meeting_row", "incident_row", "corrective_row"))
_OPEN = (
    select(MEETING.c.id).where(MEETING.c.stage != MeetingStage.CLOSED.value),
    select(INCIDENT.c.workflow_id).where(INCIDENT.c.closed_at.is_(None)),
    select(CORRECTIVE.c.workflow_id).where(CORRECTIVE.c.closed_at.is_(None)),
)
_IN_ORDER = (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.COMPLETED)
"""One that ends well has written its last page: it was read here before that."""


async def ended_dossiers(client: Client, store: Store) -> AsyncIterator[Symptom]:
    """Those that somebody has ended in Temporal, or that are gone from there: nobody's clock runs, cases join in vain.

    Raises StoreError, RPCError.
    """
    for asked in _OPEN:
        async with store.read() as session:
            found = [row[0] for row in await rows(session, asked)]
        for workflow_id in found:
            status = await status_of(client, workflow_id)
            if status is None:
                yield Symptom(code="dossier_gone", number=workflow_id)
            elif status not in _IN_ORDER:
                yield Symptom(code="dossier_ended", number=workflow_id)
