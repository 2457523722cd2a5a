"""The service looks after itself: what is missing is made again, what is abandoned is taken up, the rest is counted."""

import asyncio
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import select
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from activities.store import Store
from models.audit import Swept
from models.names import MAILROOM_ID, SWEEP_SCHEDULE, Queue, task_queue
from models.tables import MailRow, MeetingRow
from procedures import PACKS, Packs, load_packs
from starter.cli.service import search_attributes
from starter.crew import Crew
from starter.rollout import make_current
from starter.schedules import ensure_schedules
from starter.settings import Settings, Tuning
from starter.setup import set_up
from starter.wire import DATA_CONVERTER
from tests.databases import Schemas
from tests.support import every_year, test_parts
from verify.doctor import Doctor
from verify.dossiers import ended_dossiers
from verify.mending import Mender
from verify.queues import POLLED
from worker import build_worker

LOST = "report.marketplace.monthly"


async def test_what_went_missing_is_made_again_within_one_sweep_and_the_next_finds_nothing(
    env: WorkflowEnvironment, schemas: Schemas, tmp_path: Path
) -> None:
    load_packs()
    store = Store(await schemas.new(tmp_path / "redress.db"))
    client = await Client.connect(
        env.client.service_client.config.target_host,
        namespace=f"n-{uuid.uuid4().hex[:8]}",
        data_converter=DATA_CONVERTER,
    )
    settings = Settings(calendar_file=_years(tmp_path / "years.toml"))
    assert "schedule" in [change.kind async for change in set_up(client, settings, search_attributes(), 1, "b1")]
    await client.get_schedule_handle(LOST).delete()
    await client.get_schedule_handle("meeting.marketplace").pause()
    await _abandon(store)
    assert await _codes(store, client) == {"no_mailroom", "no_schedule", "schedule_paused", "notice_abandoned"}
    async with build_worker(client, settings, test_parts(store), queues=(Queue.RULINGS,)):
        first = await _swept(client, 1)
        assert {found.number for found in first.mended} == {MAILROOM_ID, LOST, "M-1"}
        assert first.left == {"schedule_paused": 1}, "an operator has paused it: that is for people"
        assert (await _swept(client, 2)).mended == ()
    status = (await client.get_workflow_handle(MAILROOM_ID).describe()).status
    assert status is WorkflowExecutionStatus.RUNNING
    assert await ensure_schedules(client, PACKS, settings.task_queue) == []
    async with store.read() as session:
        assert (await session.exec(select(MailRow.next_try_at))).one() is not None
    await store.close()


async def test_task_queues_without_a_worker_are_named(env: WorkflowEnvironment, tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'redress.db'}")
    await store.create()
    settings = Settings(task_queue=f"q-{uuid.uuid4().hex[:8]}")

    async def unserved() -> list[object]:
        asked = Doctor(store, env.client, Packs(), every_year, queue=settings.task_queue)
        return [found.facts["queue"] async for found in asked.symptoms() if found.code == "no_worker"]

    others = [f"{settings.task_queue}.partners", f"{settings.task_queue}.notices"]
    assert await unserved() == [settings.task_queue, *others]
    async with build_worker(env.client, settings, test_parts(store), queues=(Queue.RULINGS,)), asyncio.timeout(10):
        while await unserved() != others:
            await asyncio.sleep(0.1)
    await store.close()


async def test_a_build_that_is_given_cases_and_has_no_worker_is_named_though_another_one_s_workers_ask(
    env: WorkflowEnvironment, tmp_path: Path
) -> None:
    store = Store(f"sqlite:///{tmp_path / 'redress.db'}")
    await store.create()
    deployment = f"q-{uuid.uuid4().hex[:8]}"

    def workers(build: str) -> Crew:
        settings = Settings(task_queue=deployment, worker=Tuning(deployment=deployment, build_id=build))
        return build_worker(env.client, settings, test_parts(store))

    async def named(build: str | None, at: datetime | None = None) -> None:
        """Until each queue is named for want of this build's workers; none: until no queue is."""
        wanted = [] if build is None else [(task_queue(deployment, queue), build) for queue in Queue]
        found = None
        while found != wanted:
            asked = Doctor(store, env.client, Packs(), every_year, queue=deployment, now=at)
            symptoms = [one async for one in asked.symptoms() if one.code in {"no_worker", "no_worker_of_build"}]
            found = [(one.facts["queue"], one.facts.get("build", "any")) for one in symptoms]

    async with asyncio.timeout(90):
        async with workers("1"):
            await named("")  # no build takes cases yet: they wait for workers without one
            await make_current(env.client, deployment, "1")
            await named(None)
        ended = datetime.now(UTC)
        async with workers("2"):
            await named("1", at=ended + POLLED)
            await make_current(env.client, deployment, "2")
            await named(None)
    await store.close()


async def test_a_meeting_of_long_ago_that_temporal_has_deleted_is_closed_and_a_later_one_is_named(
    env: WorkflowEnvironment, schemas: Schemas, tmp_path: Path
) -> None:
    async def nothing_missing(client: Client) -> list[str]:
        return []

    store = Store(await schemas.new(tmp_path / "redress.db"))
    now = datetime.now(UTC)
    async with store.write() as session:
        for name, days in (("2026-W01", 31), ("2026-W02", 29)):
            hour = now - timedelta(days=days)
            minutes = {"stage": "in_session"}
            session.add(
                MeetingRow(
                    id=f"meeting.gone.{name}",
                    name=name,
                    procedure="gone",
                    stage="in_session",
                    starts_at=hour,
                    minutes=minutes,
                )
            )
    mender = Mender(store, Packs(), nothing_missing, every_year)
    mended = [(found.number, found.code) for found in await mender.mend(env.client)]
    assert mended == [("meeting.gone.2026-W01", "meeting_over")]
    assert await mender.mend(env.client) == []
    named = [found async for found in ended_dossiers(env.client, store)]
    assert [(found.number, found.code) for found in named] == [("meeting.gone.2026-W02", "dossier_gone")]
    async with store.read() as session:
        closed = await session.get_one(MeetingRow, "meeting.gone.2026-W01")
    assert (closed.stage, closed.minutes["stage"]) == ("closed", "closed")
    await store.close()


def _years(file: Path) -> Path:
    """Working days of the years a clock that begins today may need."""
    now = datetime.now(UTC)
    file.write_text("".join(f"[{year}]\n" for year in (now.year, now.year + 1)))
    return file


async def _abandon(store: Store) -> None:
    async with store.write() as session:
        now = datetime.now(UTC)
        row: Callable[..., Any] = MailRow
        session.add(row(id="M-1", number="C-1", at=now, to="x", template="asked", message_id="m", written_at=now))


async def _codes(store: Store, client: Client) -> set[str]:
    return {symptom.code async for symptom in Doctor(store, client, PACKS, every_year).symptoms()}


async def _swept(client: Client, times: int) -> Swept:
    """The result of the newest sweep, once so many are through."""
    schedule = client.get_schedule_handle(SWEEP_SCHEDULE)
    await schedule.trigger()
    async with asyncio.timeout(30):
        while (
            len(done := [run async for run in client.list_workflows("WorkflowType = 'Sweep'") if run.close_time])
            < times
        ):
            await asyncio.sleep(0.1)
    newest = max(done, key=lambda run: run.start_time)
    return Swept.model_validate(await client.get_workflow_handle(newest.id, run_id=newest.run_id).result())
