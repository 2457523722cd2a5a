"""What is stuck, wedged or waiting for nobody, each with what to do. It changes nothing."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, or_, select
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from activities.store import Store
from activities.verdicts import is_gone
from models.audit import NO_CASE, Symptom
from models.case import Stage
from models.names import MAILROOM_ID, SWEEP_SCHEDULE, meeting_schedule, report_schedule
from procedures import Packs
from verify.books import NAMED, nobody_tries
from verify.reading import AT_ONCE, CASE, MAIL, TABLES, rows
from verify.service import Service

UNSENT = timedelta(minutes=10)
"""A notice so old that still has not left needs somebody to look at the mail server."""
DOUBT = timedelta(hours=1)
"""A payment so long under way is in doubt."""
INTENT = TABLES["refund_intent"]


class Doctor:
    """`client` None: only what SQL tells. `packs`: whose schedules must be there. Raises StoreError, RPCError."""

    def __init__(self, store: Store, client: Client | None, packs: Packs, *, now: datetime | None = None) -> None:
        self._store = store
        self._client = client
        self._packs = packs
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
            ("notice_abandoned", select(MAIL.c.id, MAIL.c.template).where(*nobody_tries())),
            ("undeliverable", select(MAIL.c.id, MAIL.c.code).where(*lost)),
            ("payment_doubtful", select(INTENT.c.key, INTENT.c.code).where(INTENT.c.state == "open", doubtful)),
        ]  # fmt: skip

    async def _of_temporal(self, client: Client) -> AsyncIterator[Symptom]:
        if not await _runs(client, MAILROOM_ID):
            yield Symptom(code="no_mailroom", number=NO_CASE)
        for name in [SWEEP_SCHEDULE, *schedules(self._packs)]:
            if (code := await _wrong(client, name)) is not None:
                yield Symptom(code=code, number=name)
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


def schedules(packs: Packs) -> list[str]:
    """The schedules that the procedures ask for."""
    newest = packs.newest_of_each()
    rounds = [report_schedule(pack.name, name) for pack in newest for name in pack.sending]
    return [meeting_schedule(pack.name) for pack in newest if pack.meeting] + rounds


async def _wrong(client: Client, schedule_id: str) -> str | None:
    """A schedule that is not there, or that somebody has paused."""
    try:
        found = await client.get_schedule_handle(schedule_id).describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND or "namespace" in error.message.lower():
            raise
        return "no_schedule"
    return "schedule_paused" if found.schedule.state.paused else None


async def _runs(client: Client, workflow_id: str) -> bool:
    try:
        status = (await client.get_workflow_handle(workflow_id).describe()).status
    except RPCError as error:
        if not is_gone(error):
            raise
        return False
    return status is WorkflowExecutionStatus.RUNNING
