"""What is stuck, wedged or waiting for nobody, each with what to do. It changes nothing."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, or_, select
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from activities.store import Store
from models.audit import NO_CASE, Symptom
from models.case import Stage
from models.names import MAILROOM_ID
from verify.books import NAMED
from verify.reading import AT_ONCE, CASE, MAIL, TABLES, rows
from verify.service import Service

UNSENT = timedelta(minutes=10)
"""A notice so old that still has not left needs somebody to look at the mail server."""
DOUBT = timedelta(hours=1)
"""A payment so long under way is in doubt."""
INTENT = TABLES["refund_intent"]


class Doctor:
    """`client` None: only what SQL tells. Raises StoreError, RPCError."""

    def __init__(self, store: Store, client: Client | None, *, now: datetime | None = None) -> None:
        self._store = store
        self._client = client
        self._now = now or datetime.now(UTC)

    async def symptoms(self) -> AsyncIterator[Symptom]:
        """Every one, at most a hundred of a kind."""
        for code, asked in self._questions():
            async with self._store.read() as session:
                found = await rows(session, asked.limit(NAMED))
            for number, fact in found:
                yield Symptom(code=code, number=str(number), facts={"detail": str(fact)} if fact else {})
        if self._client is not None:
            async for symptom in self._of_temporal(self._client):
                yield symptom

    def _questions(self) -> list[tuple[str, Select[Any]]]:
        now = self._now
        still_open = CASE.c.stage != Stage.CLOSED.value
        unsent = (MAIL.c.sent_at.is_(None), MAIL.c.failed_at.is_(None), MAIL.c.written_at < now - UNSENT)
        lost = (MAIL.c.failed_at.is_not(None), MAIL.c.number == CASE.c.number, still_open)
        doubtful = or_(INTENT.c.suspect, INTENT.c.last_sent_at < now - DOUBT)
        return [
            ("waits_for_nobody", select(CASE.c.number, CASE.c.stage).where(
                still_open, CASE.c.waiting_for == "", CASE.c.version >= 0)),
            ("never_began", select(CASE.c.number, CASE.c.stage).where(
                CASE.c.version < 0, CASE.c.opened_at < now - UNSENT)),
            ("task_overdue", select(CASE.c.number, CASE.c.waiting_for).where(
                CASE.c.stage == Stage.TASK.value, or_(CASE.c.overdue, CASE.c.due < now))),
            ("unsent", select(MAIL.c.id, MAIL.c.code).where(*unsent)),
            ("undeliverable", select(MAIL.c.id, MAIL.c.code).where(*lost)),
            ("payment_doubtful", select(INTENT.c.key, INTENT.c.code).where(INTENT.c.state == "open", doubtful)),
        ]  # fmt: skip

    async def _of_temporal(self, client: Client) -> AsyncIterator[Symptom]:
        if not await _runs(client, MAILROOM_ID):
            yield Symptom(code="no_mailroom", number=NO_CASE)
        service = Service(client, self._store)
        async for wrong in service.running(self._now):
            yield Symptom(code=wrong.code, number=wrong.number, facts=wrong.facts)
        last = ""
        while True:
            asked = select(CASE.c.number).where(CASE.c.number > last, CASE.c.stage != Stage.CLOSED.value)
            async with self._store.read() as session:
                numbers = [row.number for row in await rows(session, asked.order_by(CASE.c.number).limit(AT_ONCE))]
            if not numbers:
                return
            last = numbers[-1]
            async for wrong in service.open_rows(numbers):
                yield Symptom(code=wrong.code, number=wrong.number, facts=wrong.facts)


async def _runs(client: Client, workflow_id: str) -> bool:
    try:
        status = (await client.get_workflow_handle(workflow_id).describe()).status
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND or "workflow" not in error.message.lower():
            raise
        return False
    return status is WorkflowExecutionStatus.RUNNING
