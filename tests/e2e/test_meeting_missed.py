"""What the calendar brings while everything is dead: server, worker and all, killed and not stopped."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client, Schedule, ScheduleCalendarSpec, ScheduleRange, ScheduleSpec

from procedures import HERE, read_pack
from rules.calendar import week_of
from rules.reporting import ended_period
from starter.connection import connect_to
from starter.schedules import regular, weekly
from starter.settings import Settings
from tests.e2e.conftest import Premises

PACK = read_pack(HERE / "marketplace.procedure.toml")
NOTICE, AHEAD = timedelta(days=21), timedelta(seconds=6)


@pytest.mark.timeout(240)
async def test_a_meeting_and_reports_missed_while_everything_was_killed_are_made_up_for_once(
    premises: Premises,
) -> None:
    stack = await premises.stack()
    hour = await _soon(await _client(premises))
    stack.kill()  # its server ends with it
    await stack.wait()
    assert datetime.now(UTC) < hour, "too slow to be dead at the hour: this run proves nothing"
    (premises.home / "stack.json").unlink()
    await asyncio.sleep((hour - datetime.now(UTC)).total_seconds() + 1)
    await premises.stack()
    client = await _client(premises)
    meeting = f"meeting.marketplace.{week_of(hour + NOTICE, PACK.time_zone)}"
    assert await brought(client, "meeting.soon") == [meeting]
    assert (await client.get_workflow_handle(meeting).describe()).start_time > hour
    assert await brought(client, "report.soon") == [len(PACK.sending["weekly"].to)]
    period = ended_period(hour, "week", PACK.time_zone)
    code, out, _ = await premises.run("send-reports", "weekly", "--period", period, "--json")
    assert (code, json.loads(out)) == (0, {"round": "weekly", "period": period, "mails": 0})
    async for known in await client.list_schedules():
        schedule = await client.get_schedule_handle(known.id).describe()
        assert schedule.info.last_updated_at is None, f"{known.id}: a restart changes nothing, so nothing is forgotten"


async def _client(premises: Premises) -> Client:
    address = json.loads((premises.home / "stack.json").read_text(encoding="utf-8"))["address"]
    return await connect_to({"target_host": address}, Settings())


async def _soon(client: Client) -> datetime:
    """The schedules of a weekly meeting and of weekly reports with their hour brought near; that hour."""
    assert PACK.meeting is not None
    queue = Settings().task_queue
    wanted = {
        "meeting.soon": weekly(PACK, PACK.meeting.model_copy(update={"notice": NOTICE}), queue),
        "report.soon": regular(PACK, "weekly", PACK.sending["weekly"], queue),
    }
    while True:
        hour = datetime.now(UTC).replace(microsecond=0) + AHEAD
        made = [await client.create_schedule(name, at_hour(hour, schedule)) for name, schedule in wanted.items()]
        next_times = [(await handle.describe()).info.next_action_times for handle in made]
        if next_times == [[hour], [hour]] and datetime.now(UTC) < hour - AHEAD / 2:
            return hour
        for handle in made:
            await handle.delete()


def at_hour(hour: datetime, schedule: Schedule) -> Schedule:
    """The schedule with one hour instead of its week's."""
    parts: dict[str, Any] = {
        name: [ScheduleRange(getattr(hour, name))] for name in ("second", "minute", "hour", "month", "year")
    }
    schedule.spec = ScheduleSpec(calendars=[ScheduleCalendarSpec(day_of_month=[ScheduleRange(hour.day)], **parts)])
    return schedule


async def brought(client: Client, schedule_id: str) -> list[Any]:
    """What the runs of a schedule ended with, once there is one and none is under way. Raises what failed."""
    async with asyncio.timeout(60):
        while True:
            runs = [run async for run in client.list_workflows(f"TemporalScheduledById = '{schedule_id}'")]
            if runs:
                return [await client.get_workflow_handle(run.id, run_id=run.run_id).result() for run in runs]
            await asyncio.sleep(0.3)
