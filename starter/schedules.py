"""The calendar of meetings and reports: a Temporal Schedule for each that a procedure's data asks for."""

import re
from collections.abc import Mapping
from datetime import time, timedelta
from typing import Any, get_args

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleDescription,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from models.meeting import WeeklyCall
from models.names import MEETING_CALL, REPORT_ROUND, SWEEP, SWEEP_SCHEDULE, meeting_schedule, report_schedule
from models.procedure import MeetingRules, Procedure
from models.reporting import ReportCall
from models.sending import Sending, Weekday
from procedures import Packs
from rules.calendar import call_time
from starter.calls import patiently
from starter.rollout import RELEASE

CATCH_UP = timedelta(days=7)
"""A meeting missed in an outage up to so long is called when the server is back."""
EVERY = timedelta(minutes=10)
"""How often the service looks after itself."""
REPORTS_CATCH_UP = timedelta(days=62)
"""Reports missed in an outage up to so long are sent when the server is back, each period once."""
_SUNDAY_FIRST = 7
_WEEKDAYS: tuple[str, ...] = get_args(Weekday)
UNREADABLE = (RuntimeError, ValueError, TypeError)
"""Sealed with a key that is gone, not sealed, of another release."""


async def ensure_schedules(client: Client, packs: Packs, task_queue: str, *, back: bool = False) -> list[str]:
    """See that all the service needs are there: meetings, reports, its look after itself; those made or changed.

    What a newer version of a procedure, or a newer release, has made stays unless it is to go `back`: workers of two
    releases, as in a rolling upgrade, would change it to and fro, and each change forgets what is to be caught up.
    """
    made = await ensure_meetings(client, packs, task_queue, back=back)
    made += await ensure_reports(client, packs, task_queue, back=back)
    return made + await ensure_sweep(client, task_queue, back=back)


async def ensure_meetings(client: Client, packs: Packs, task_queue: str, *, back: bool = False) -> list[str]:
    """See that each procedure's newest version has its schedule; those made or changed. Safe to repeat and to race.

    A schedule that is as it should be is left alone: an update would make the server forget what it has to catch up.
    """
    wanted = {
        meeting_schedule(pack.name): weekly(pack, pack.meeting, task_queue)
        for pack in packs.newest_of_each()
        if pack.meeting
    }
    return [name for name, schedule in wanted.items() if await _ensure(client, name, schedule, back=back)]


async def ensure_reports(client: Client, packs: Packs, task_queue: str, *, back: bool = False) -> list[str]:
    """The same for the rounds of reports."""
    wanted = {
        report_schedule(pack.name, name): regular(pack, name, sending, task_queue)
        for pack in packs.newest_of_each()
        for name, sending in pack.sending.items()
    }
    return [name for name, schedule in wanted.items() if await _ensure(client, name, schedule, back=back)]


async def ensure_sweep(client: Client, task_queue: str, *, back: bool = False) -> list[str]:
    """The same for the service's look after itself. A look missed in an outage is not made up for."""
    action = ScheduleActionStartWorkflow(SWEEP, id=f"{SWEEP_SCHEDULE}.call", task_queue=task_queue, memo=_maker())
    wanted = Schedule(
        action=action,
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=EVERY)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=EVERY),
    )
    return [SWEEP_SCHEDULE] if await _ensure(client, SWEEP_SCHEDULE, wanted, back=back) else []


async def _ensure(client: Client, schedule_id: str, wanted: Schedule, *, back: bool) -> bool:
    try:
        await patiently(lambda: client.create_schedule(schedule_id, wanted))
    except ScheduleAlreadyRunningError:
        handle = client.get_schedule_handle(schedule_id)
        found = await handle.describe()
        if await _same(client, found, wanted) or (not back and await _newer(client, found.schedule, wanted)):
            return False
        await handle.update(lambda current: ScheduleUpdate(schedule=_changed(current, wanted)))
    return True


def regular(pack: Procedure, name: str, sending: Sending, task_queue: str) -> Schedule:
    """The schedule of a round of reports. Periods missed in an outage are made up for one after another."""
    clock = time.fromisoformat(sending.at)
    call = ReportCall(procedure=pack.name, name=name, every=sending.every, time_zone=pack.time_zone)
    days: dict[str, Any] = {"day_of_month": [ScheduleRange(sending.day)]}
    if sending.every == "week":
        days = {"day_of_week": [ScheduleRange((_WEEKDAYS.index(sending.weekday) + 1) % _SUNDAY_FIRST)]}
    calendar = ScheduleCalendarSpec(hour=[ScheduleRange(clock.hour)], minute=[ScheduleRange(clock.minute)], **days)
    return Schedule(
        action=ScheduleActionStartWorkflow(
            REPORT_ROUND,
            call,
            id=f"{report_schedule(pack.name, name)}.call",
            task_queue=task_queue,
            memo=_maker(pack),
        ),
        spec=ScheduleSpec(calendars=[calendar], time_zone_name=pack.time_zone),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.BUFFER_ALL, catchup_window=REPORTS_CATCH_UP),
    )


def weekly(pack: Procedure, rules: MeetingRules, task_queue: str) -> Schedule:
    """The schedule of a procedure's meeting: calls it the notice before its hour, in the procedure's zone."""
    weekday, hour, minute = call_time(rules)
    call = WeeklyCall(procedure=pack.name, notice=rules.notice, time_zone=pack.time_zone)
    return Schedule(
        action=ScheduleActionStartWorkflow(
            MEETING_CALL,
            call,
            id=f"{meeting_schedule(pack.name)}.call",
            task_queue=task_queue,
            memo=_maker(pack),
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


async def _same(client: Client, found: ScheduleDescription, wanted: Schedule) -> bool:
    action = found.schedule.action
    if isinstance(action, ScheduleActionStartWorkflow) and action.args:
        # As it crossed the wire, sealed where the service seals: each seal of one call looks different.
        action.args = [await _opened(client, action)]
    return _essence(found.schedule) == _essence(wanted)


async def _opened(client: Client, action: ScheduleActionStartWorkflow) -> WeeklyCall | ReportCall | None:
    """The start argument; None for one that the workflow could not read either, which is then given anew."""
    kind = WeeklyCall if action.workflow == MEETING_CALL else ReportCall
    try:
        [call] = await client.data_converter.decode([action.args[0]], [kind])
    except UNREADABLE:
        return None
    return call if isinstance(call, WeeklyCall | ReportCall) else None


def _essence(schedule: Schedule) -> tuple[Any, ...]:
    """What the server may tell in other words but must mean the same; nothing for what is not ours."""
    action = schedule.action
    if not isinstance(action, ScheduleActionStartWorkflow):
        return ()
    if action.workflow == SWEEP:
        return (*(each.every for each in schedule.spec.intervals), action.task_queue, schedule.policy.catchup_window)
    if len(schedule.spec.calendars) != 1 or not action.args:
        return ()
    calendar = schedule.spec.calendars[0]
    ranges = (calendar.day_of_month, calendar.day_of_week, calendar.hour, calendar.minute)
    times = tuple(each[0].start for each in ranges)
    return (*times, schedule.spec.time_zone_name, action.task_queue, schedule.policy.catchup_window, action.args[0])


def _maker(pack: Procedure | None = None) -> dict[str, str]:
    """What has made a schedule, kept in the memo of each run that it starts."""
    return {"release": RELEASE} if pack is None else {"release": RELEASE, "procedure": pack.ref}


async def _newer(client: Client, found: Schedule, wanted: Schedule) -> bool:
    """Whether what is there was made by a newer version of the procedure, or from the same one by a newer release."""
    try:
        maker = {name: (await client.data_converter.decode([said], [str]))[0] for name, said in _memo(found).items()}
    except UNREADABLE:
        return False
    return _age(maker) > _age(_memo(wanted))


def _memo(schedule: Schedule) -> Mapping[str, Any]:
    """As the server tells it: sealed where the service seals."""
    action = schedule.action
    return (action.memo or {}) if isinstance(action, ScheduleActionStartWorkflow) else {}


def _age(maker: Mapping[str, str]) -> tuple[tuple[int, ...], ...]:
    """The later the greater; what does not say who has made it is the oldest."""
    named = maker.get("procedure", "").rpartition(".")[2], maker.get("release", "")
    return tuple(tuple(int(number) for number in re.findall(r"\d+", name)) for name in named)


def _changed(current: ScheduleUpdateInput, wanted: Schedule) -> Schedule:
    """The new times and call; whether an operator has paused it stays."""
    wanted.state = current.description.schedule.state
    return wanted
