"""The calendar: a week's meeting is held once, however often it is called, after an outage too."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select
from temporalio.client import (
    Client,
    ScheduleActionStartWorkflow,
    ScheduleBackfill,
    ScheduleHandle,
    ScheduleOverlapPolicy,
    ScheduleUpdate,
    ScheduleUpdateInput,
    WorkflowExecution,
    WorkflowExecutionStatus,
    WorkflowFailureError,
)

from models.names import SUPERVISION_MEETING, meeting_id
from models.procedure import Procedure
from models.tables import MeetingRow
from procedures import HERE, PACKS, Packs, read_pack
from rules.calendar import call_hours, week_of
from starter.ahead import Ahead
from starter.cases import Cases
from starter.schedules import ensure_meetings
from tests.support import Office, cached

pytestmark = cached
ZONE = "Asia/Shanghai"
RUNNING = "ExecutionStatus = 'Running'"
MONDAY, THURSDAY = 1, 4
"""A call comes a day before its meeting."""


@pytest.fixture
def calling(office: Office) -> Client:
    """The client of the service itself: what it starts keeps real time."""
    return Client(office.client.service_client, data_converter=office.client.data_converter)


@pytest.fixture
async def scheduled(office: Office, calling: Client) -> AsyncIterator[tuple[Procedure, ScheduleHandle]]:
    """A procedure of its own on the calendar."""
    pack = read_pack(HERE / "marketplace.procedure.toml").model_copy(update={"name": f"p{uuid.uuid4().hex[:8]}"})
    PACKS.add(pack)
    await ensure_meetings(calling, _only(pack), office.settings.task_queue)
    handle = calling.get_schedule_handle(f"meeting.{pack.name}")
    yield pack, handle
    await handle.delete()
    async for found in calling.list_workflows(f"WorkflowId STARTS_WITH 'meeting.{pack.name}.' AND {RUNNING}"):
        await calling.get_workflow_handle(found.id).terminate()
    del PACKS._by_ref[pack.ref]


def _on_fridays(pack: Procedure) -> Procedure:
    """Its next version."""
    assert pack.meeting is not None
    return pack.model_copy(update={"version": 2, "meeting": pack.meeting.model_copy(update={"weekday": "friday"})})


async def _weekday(schedule: ScheduleHandle) -> int:
    """Of the next call."""
    return (await schedule.describe()).info.next_action_times[0].astimezone(ZoneInfo(ZONE)).isoweekday()


def _only(pack: Procedure) -> Packs:
    packs = Packs()
    packs.add(pack)
    return packs


async def _held(client: Client, pack: Procedure, at_least: int, *, calls: int = 2) -> list[WorkflowExecution]:
    """The meetings of a procedure, once there are so many and at least so many calls are through."""
    query = f"WorkflowType = 'SupervisionMeeting' AND WorkflowId STARTS_WITH 'meeting.{pack.name}.'"
    called = f"WorkflowType = 'MeetingCall' AND WorkflowId STARTS_WITH 'meeting.{pack.name}.'"
    async with asyncio.timeout(30):
        while True:
            found = [execution async for execution in client.list_workflows(query)]
            pending = [call async for call in client.list_workflows(f"{called} AND {RUNNING}")]
            done = [call async for call in client.list_workflows(f"{called} AND ExecutionStatus = 'Completed'")]
            if len(found) >= at_least and not pending and len(done) >= calls:
                return found
            await asyncio.sleep(0.1)


async def test_a_week_called_twice_has_one_meeting_also_when_that_has_ended(
    office: Office, calling: Client, scheduled: tuple[Procedure, ScheduleHandle]
) -> None:
    pack, schedule = scheduled
    await schedule.trigger(overlap=ScheduleOverlapPolicy.ALLOW_ALL)
    (meeting,) = found = await _held(calling, pack, 1, calls=1)
    for calls in (2, 3):
        await asyncio.sleep(1.1)  # the server names a schedule's runs by the second in which it hears of them
        await schedule.trigger(overlap=ScheduleOverlapPolicy.ALLOW_ALL)
        found = await _held(calling, pack, 1, calls=calls)
        assert len(found) == 1
        if calls == 2:
            await office.env.fast_forward(calling.get_workflow_handle(meeting.id), timedelta(days=9))
            await _listed_as_over(calling, meeting.id)
    assert pack.meeting is not None
    assert found[0].id == f"meeting.{pack.name}.{week_of(datetime.now(UTC) + pack.meeting.notice, ZONE)}"


async def test_a_start_that_has_failed_under_the_name_of_a_week_does_not_take_its_meeting_away(
    office: Office, calling: Client, scheduled: tuple[Procedure, ScheduleHandle]
) -> None:
    pack, schedule = scheduled
    assert pack.meeting is not None
    week = week_of(datetime.now(UTC) + pack.meeting.notice, ZONE)
    meeting = meeting_id(pack.name, week)
    stranger = await calling.start_workflow(
        SUPERVISION_MEETING, {"procedure": pack.name}, id=meeting, task_queue=office.settings.task_queue
    )
    with pytest.raises(WorkflowFailureError):
        await stranger.result()
    await schedule.trigger(overlap=ScheduleOverlapPolicy.ALLOW_ALL)
    await _held(calling, pack, 2, calls=1)
    assert (await calling.get_workflow_handle(meeting).describe()).status is WorkflowExecutionStatus.RUNNING


async def test_weeks_missed_while_everything_was_down_are_held_once_each(
    calling: Client, scheduled: tuple[Procedure, ScheduleHandle]
) -> None:
    pack, schedule = scheduled
    missed = ScheduleBackfill(
        start_at=datetime(2026, 3, 8, tzinfo=UTC),
        end_at=datetime(2026, 3, 22, tzinfo=UTC),
        overlap=ScheduleOverlapPolicy.ALLOW_ALL,
    )
    await schedule.backfill(missed)
    await _held(calling, pack, 2)
    await schedule.backfill(missed)
    found = await _held(calling, pack, 2, calls=4)
    assert sorted(execution.id.rpartition(".")[2] for execution in found) == ["2026-W11", "2026-W12"]


async def test_the_schedule_is_made_once_left_alone_and_follows_its_procedure(
    office: Office, calling: Client, scheduled: tuple[Procedure, ScheduleHandle]
) -> None:
    pack, schedule = scheduled
    assert pack.meeting is not None
    first = await schedule.describe()
    local = first.info.next_action_times[0].astimezone(ZoneInfo(ZONE))
    assert (local.isoweekday(), local.hour, local.minute) == (1, 14, 0)  # a day before Tuesday, 14:00
    policy = first.schedule.policy
    # Two weeks without a worker: the second week's call waits for the first one's.
    assert (policy.catchup_window, policy.overlap) == (timedelta(days=7), ScheduleOverlapPolicy.BUFFER_ONE)
    await ensure_meetings(calling, _only(pack), office.settings.task_queue)
    assert (await schedule.describe()).info.last_updated_at is None
    await ensure_meetings(calling, _only(_on_fridays(pack)), office.settings.task_queue)
    assert await _weekday(schedule) == THURSDAY


async def test_a_worker_of_an_older_version_or_release_moves_no_meeting_back_unless_the_operator_wants_it(
    office: Office, calling: Client, scheduled: tuple[Procedure, ScheduleHandle]
) -> None:
    pack, schedule = scheduled
    older, newer, queue = _only(pack), _only(_on_fridays(pack)), office.settings.task_queue
    assert await ensure_meetings(calling, newer, queue) == [schedule.id]
    assert await ensure_meetings(calling, older, queue) == []
    assert await ensure_meetings(calling, newer, queue) == []
    assert await _weekday(schedule) == THURSDAY
    assert await ensure_meetings(calling, older, queue, back=True) == [schedule.id]
    assert await _weekday(schedule) == MONDAY

    def by_a_later_release(found: ScheduleUpdateInput) -> ScheduleUpdate:
        schedule = found.description.schedule
        assert isinstance(schedule.action, ScheduleActionStartWorkflow)
        schedule.action.memo = {"procedure": pack.ref, "release": "99.0.1"}
        schedule.policy.catchup_window = timedelta(days=1)
        return ScheduleUpdate(schedule)

    await schedule.update(by_a_later_release)
    assert await ensure_meetings(calling, older, queue) == []
    assert await ensure_meetings(calling, newer, queue) == [schedule.id], "a new version is newer than any release"


async def test_two_weeks_run_ahead_hold_two_meetings_and_no_week_is_held_again(
    office: Office, calling: Client, scheduled: tuple[Procedure, ScheduleHandle]
) -> None:
    pack, _ = scheduled
    cases = Cases(calling, task_queue=office.settings.task_queue, local=True)
    await _alone(calling, office.settings.task_queue)
    ahead = Ahead(calling, cases, [pack], office.settings.task_queue)
    arrived = await ahead.run([], timedelta(days=14), lambda: None)
    assert arrived.failed == []
    weeks = sorted({week_of(hour + timedelta(days=1), ZONE) for hour in _next_calls(pack)})
    assert [meeting.rpartition(".")[2] for meeting in arrived.meetings] == weeks
    for meeting in arrived.meetings:
        await calling.get_workflow_handle(meeting).result()
        await _listed_as_over(calling, meeting)
    async with office.store.read() as session:
        rows = (await session.exec(select(MeetingRow).where(MeetingRow.procedure == pack.name))).all()
    begun = {row.name: row.starts_at.astimezone(ZoneInfo(ZONE)) for row in rows}
    assert sorted(begun) == weeks
    assert {(start.isoweekday(), start.hour) for start in begun.values()} == {(2, 14)}
    again = await ahead.run([], timedelta(days=14), lambda: None)
    called = [meeting.rpartition(".")[2] for meeting in again.meetings]
    assert not set(weeks) & set(called), "a week that has been held is not announced again"
    assert len(await _held(calling, pack, 2)) == len(weeks) + len(called)


async def _alone(client: Client, task_queue: str) -> None:
    """End the sessions other tests have left: their clocks would run ahead too."""
    query = f"WorkflowType = '{SUPERVISION_MEETING}' AND TaskQueue = '{task_queue}' AND ExecutionStatus = 'Running'"
    async for found in client.list_workflows(query):
        await client.get_workflow_handle(found.id).terminate()
    await _none_listed(client, query)


async def _listed_as_over(client: Client, meeting: str) -> None:
    """Lists lag behind: what runs ahead must not meet a meeting there that is over."""
    await _none_listed(client, f"WorkflowId = '{meeting}' AND ExecutionStatus = 'Running'")


async def _none_listed(client: Client, query: str) -> None:
    async with asyncio.timeout(30):
        while (await client.count_workflows(query)).count:
            await asyncio.sleep(0.1)


def _next_calls(pack: Procedure) -> list[datetime]:
    assert pack.meeting is not None
    now = datetime.now(UTC)
    return call_hours(pack.meeting, ZONE, now, now + timedelta(days=14))
