"""The calendar of weekly meetings: one Temporal Schedule for each procedure that holds one."""

from datetime import timedelta
from typing import Any

from pydantic import ValidationError
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleDescription,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from models.meeting import WeeklyCall
from models.names import MEETING_CALL, meeting_schedule
from models.procedure import MeetingRules, Procedure
from procedures import Packs
from rules.calendar import call_time
from starter.calls import patiently

CATCH_UP = timedelta(days=7)
"""A meeting missed in an outage up to so long is called when the server is back."""
_SUNDAY_FIRST = 7


async def ensure_meetings(client: Client, packs: Packs, task_queue: str) -> None:
    """See that each procedure's newest version has its schedule. Safe to repeat and to race.

    A schedule that is as it should be is left alone: an update would make the server forget what it has to catch up.
    """
    for name in sorted({pack.name for pack in packs.all()}):
        pack = packs.newest(name)
        if pack is not None and pack.meeting is not None:
            await _ensure(client, pack, weekly(pack, pack.meeting, task_queue))


async def _ensure(client: Client, pack: Procedure, wanted: Schedule) -> None:
    schedule_id = meeting_schedule(pack.name)
    try:
        await patiently(lambda: client.create_schedule(schedule_id, wanted))
    except ScheduleAlreadyRunningError:
        handle = client.get_schedule_handle(schedule_id)
        if not _same(await handle.describe(), wanted):
            await handle.update(lambda current: ScheduleUpdate(schedule=_changed(current, wanted)))


def weekly(pack: Procedure, rules: MeetingRules, task_queue: str) -> Schedule:
    """The schedule of a procedure's meeting: calls it the notice before its hour, in the procedure's zone."""
    weekday, hour, minute = call_time(rules)
    call = WeeklyCall(procedure=pack.name, notice=rules.notice, time_zone=pack.time_zone)
    return Schedule(
        action=ScheduleActionStartWorkflow(
            MEETING_CALL, call, id=f"{meeting_schedule(pack.name)}.call", task_queue=task_queue
        ),
        spec=ScheduleSpec(
            calendars=[
                ScheduleCalendarSpec(
                    day_of_week=[ScheduleRange((weekday + 1) % _SUNDAY_FIRST)],
                    hour=[ScheduleRange(hour)],
                    minute=[ScheduleRange(minute)],
                )
            ],
            time_zone_name=pack.time_zone,
        ),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.BUFFER_ONE, catchup_window=CATCH_UP),
    )


def _same(found: ScheduleDescription, wanted: Schedule) -> bool:
    return _essence(found.schedule) == _essence(wanted)


def _essence(schedule: Schedule) -> tuple[Any, ...]:
    """What the server may tell in other words but must mean the same; nothing for what is not ours."""
    action = schedule.action
    if not isinstance(action, ScheduleActionStartWorkflow) or len(schedule.spec.calendars) != 1 or not action.args:
        return ()
    calendar = schedule.spec.calendars[0]
    times = tuple(ranges[0].start for ranges in (calendar.day_of_week, calendar.hour, calendar.minute))
    return (*times, schedule.spec.time_zone_name, action.task_queue, schedule.policy.catchup_window, _call(action))


def _call(action: ScheduleActionStartWorkflow) -> WeeklyCall | None:
    """The start argument; a described schedule has it as it crossed the wire."""
    given = action.args[0]
    if isinstance(given, WeeklyCall):
        return given
    try:
        return WeeklyCall.model_validate_json(given.data)
    except ValidationError:
        return None


def _changed(current: ScheduleUpdateInput, wanted: Schedule) -> Schedule:
    """The new times and call; whether an operator has paused it stays."""
    wanted.state = current.description.schedule.state
    return wanted
