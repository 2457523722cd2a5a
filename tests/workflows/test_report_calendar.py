"""The calendar of reports: each period's reports go out once, however often they are asked for, after an outage too."""

import asyncio
import uuid
from datetime import UTC, datetime

from sqlmodel import col, select
from temporalio.client import Client, ScheduleBackfill

from models.tables import MailRow
from procedures import HERE, PACKS, Packs, read_pack
from starter.schedules import ensure_reports
from tests.support import Office, cached

pytestmark = cached


async def test_months_missed_while_everything_was_down_are_sent_once_each(office: Office) -> None:
    # The client of the service itself: what it starts keeps real time.
    client = Client(office.client.service_client, data_converter=office.client.data_converter)
    pack = read_pack(HERE / "marketplace.procedure.toml").model_copy(update={"name": f"p{uuid.uuid4().hex[:8]}"})
    PACKS.add(pack)
    only = Packs()
    only.add(pack)
    for _ in range(2):
        await ensure_reports(client, only, office.settings.task_queue)
    schedule = client.get_schedule_handle(f"report.{pack.name}.monthly")
    assert (await schedule.describe()).info.last_updated_at is None, "made once, then left alone"
    missed = ScheduleBackfill(start_at=datetime(2026, 2, 15, tzinfo=UTC), end_at=datetime(2026, 4, 15, tzinfo=UTC))
    try:
        for times in (1, 2):
            await schedule.backfill(missed)
            await _ended(client, schedule.id, 2 * times)
    finally:
        for name in pack.sending:
            await client.get_schedule_handle(f"report.{pack.name}.{name}").delete()
        del PACKS._by_ref[pack.ref]
    async with office.store.read() as session:
        rows = (await session.exec(select(MailRow).where(col(MailRow.id).startswith(f"report.{pack.name}.")))).all()
    months = [
        f"report.{pack.name}.monthly.{month}.{to}"
        for month in ("2026-02", "2026-03")
        for to in pack.sending["monthly"].to
    ]
    assert sorted(row.id for row in rows) == sorted(months)


async def _ended(client: Client, schedule_id: str, number: int) -> None:
    """Once so many rounds of a schedule are through."""
    query = f"TemporalScheduledById = '{schedule_id}' AND ExecutionStatus = 'Completed'"
    async with asyncio.timeout(30):
        while len([run async for run in client.list_workflows(query)]) < number:
            await asyncio.sleep(0.1)
