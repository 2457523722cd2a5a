"""Letting the whole local stack run ahead: every open case, and the weekly meetings whose hour comes on the way.

Schedules follow the server's real clock, which nobody can forward. So a meeting on the way is called by the same
workflow a schedule starts, whose own clock is brought to the call's hour; the meeting inherits that time, and its id
is the week's. When the real hour comes the schedule finds it there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from models.meeting import WeeklyCall
from models.names import MEETING_CALL, SUPERVISION_MEETING, case_id, meeting_id, meeting_schedule
from models.procedure import Procedure
from rules.calendar import call_hours, session_hours, week_called
from starter.calls import RPC, Within, patiently
from starter.cases import Cases
from starter.clocks import forward, own_time
from starter.failures import Failure, NoSuchCase, TryAgain

AT_ONCE = 8
"""Clocks moved at the same time: more keep a small machine so busy that none of them gets on."""
TRIES, PAUSE = 4, 3.0
"""How often a clock that cannot be moved yet is tried, and the seconds between: a busy worker answers later."""
PATIENCE = 60.0
"""How long a worker may take to call a meeting (seconds)."""
_ALIVE = (WorkflowExecutionStatus.RUNNING, None)
ONE_MORE = timedelta(seconds=1)
NEXT_SESSION = timedelta(days=8)
"""Within how long the next weekly session surely begins."""


@dataclass
class _Clock:
    """The own clock of a case or a meeting: where it is, and where it is to arrive."""

    at: datetime
    end: datetime
    move: Callable[[timedelta], Awaitable[bool]]
    read: Callable[[], Awaitable[datetime]]
    over: bool = False
    failure: Failure | None = None


@dataclass
class Arrived:
    """What became of it."""

    cases: int = 0
    meetings: list[str] = field(default_factory=list)
    """Workflow ids of the meetings that were called on the way."""
    failed: list[Failure] = field(default_factory=list)
    """Why each clock that has not arrived has not."""


class Ahead:
    """Moves open cases and meetings of the local stack. `packs` are the procedures; those with a meeting hold it."""

    def __init__(self, client: Client, cases: Cases, packs: Iterable[Procedure], task_queue: str) -> None:
        self._client = client
        self._cases = cases
        self._packs = [pack for pack in packs if pack.meeting is not None]
        self._task_queue = task_queue
        self._room = asyncio.Semaphore(AT_ONCE)

    async def next_session(self, numbers: list[str]) -> datetime:
        """The first instant of the next weekly session, seen from the clock that is farthest ahead.

        Raises TryAgain where no procedure holds meetings.
        """
        latest = max((clock.at for clock in await self._clocks(numbers, timedelta())), default=datetime.now(UTC))
        hours = [
            hour
            for pack in self._packs
            if pack.meeting
            for hour in session_hours(pack.meeting, pack.time_zone, latest, latest + NEXT_SESSION)
        ]
        if not hours:
            raise TryAgain("no_session")
        return min(hours) + ONE_MORE

    async def run(self, numbers: list[str], aim: timedelta | datetime, tick: Callable[[], None]) -> Arrived:
        """Move everything by a span, or to an instant, where who is there already stays.

        `tick` is called for each case that is through.
        """
        arrived = Arrived()
        clocks = await self._clocks(numbers, aim)
        cases = clocks[: len(numbers)]
        begin = min((clock.at for clock in clocks), default=datetime.now(UTC))
        end = max((clock.end for clock in clocks), default=_end(begin, aim))
        for hour, pack in self._calls(begin, end):
            await self._all(clocks, hour)
            if not await self._been_called(pack, hour):
                arrived.meetings.append(meeting := await self._call(pack, hour))
                clocks.append(self._of_meeting(meeting, hour, end))
        await self._all(clocks, end, lambda clock: tick() if clock in cases else None)
        await self._once_more(clocks)
        arrived.failed = [clock.failure for clock in clocks if clock.failure]
        arrived.cases = sum(clock.failure is None for clock in cases)
        return arrived

    async def _clocks(self, numbers: list[str], aim: timedelta | datetime) -> list[_Clock]:
        async def of_case(number: str) -> _Clock:
            async with self._room:
                at = await self._cases.now(number)
            move = self._until_over(case_id(number), partial(self._cases.fast_forward, number))
            return _Clock(at, _end(at, aim), move, partial(self._cases.now, number))

        clocks = list(await asyncio.gather(*(of_case(number) for number in numbers)))
        meetings = f"WorkflowType = '{SUPERVISION_MEETING}' AND TaskQueue = '{self._task_queue}'"
        async for found in self._client.list_workflows(f"{meetings} AND ExecutionStatus = 'Running'"):
            at = await own_time(self._client, self._client.get_workflow_handle(found.id))
            clocks.append(self._of_meeting(found.id, at, _end(at, aim)))
        return clocks

    def _of_meeting(self, workflow_id: str, at: datetime, end: datetime) -> _Clock:
        handle = self._client.get_workflow_handle(workflow_id)
        return _Clock(at, end, self._mover(workflow_id), lambda: own_time(self._client, handle))

    def _calls(self, begin: datetime, end: datetime) -> list[tuple[datetime, Procedure]]:
        calls = [
            (hour, pack)
            for pack in self._packs
            if pack.meeting
            for hour in call_hours(pack.meeting, pack.time_zone, begin, end)
        ]
        return sorted(calls, key=lambda call: (call[0], call[1].name))

    async def _all(
        self,
        clocks: list[_Clock],
        until: datetime,
        done: Callable[[_Clock], None] = lambda _: None,
    ) -> None:
        async def one(clock: _Clock) -> None:
            span = min(until, clock.end) - clock.at
            async with self._room:
                try:
                    if not clock.over and clock.failure is None and span > timedelta():
                        clock.over = not await _patiently(clock, span)
                except Failure as failure:
                    clock.failure = failure
                clock.at += max(span, timedelta())
                done(clock)

        await asyncio.gather(*(one(clock) for clock in clocks))

    async def _once_more(self, clocks: list[_Clock]) -> None:
        """Those that failed, now that the rest is still, from where they are: the server moves some on after all."""

        async def one(clock: _Clock) -> None:
            async with self._room:
                try:
                    if (left := clock.end - await clock.read()) > timedelta():
                        await clock.move(left)
                    clock.failure = None
                except Failure as failure:
                    clock.failure = failure

        await asyncio.gather(*(one(clock) for clock in clocks if clock.failure))

    def _mover(self, workflow_id: str) -> Callable[[timedelta], Awaitable[bool]]:
        handle = self._client.get_workflow_handle(workflow_id)

        async def never() -> bool:
            return False

        return self._until_over(workflow_id, lambda span: forward(self._client, handle, span, never))

    def _until_over(
        self, workflow_id: str, move: Callable[[timedelta], Awaitable[bool]]
    ) -> Callable[[timedelta], Awaitable[bool]]:
        """The same move: what has ended on its way has arrived as far as it can, whatever the call says."""

        async def moved(span: timedelta) -> bool:
            try:
                return await move(span)
            except TryAgain:
                if await self._status(workflow_id) in _ALIVE:
                    raise
                return False

        return moved

    async def _status(self, workflow_id: str) -> WorkflowExecutionStatus | None:
        """What has become of a workflow; None where there is none. Raises TryAgain."""
        handle = self._client.get_workflow_handle(workflow_id)
        try:
            return (await patiently(lambda: handle.describe(rpc_timeout=RPC))).status
        except NoSuchCase:
            return None

    async def _been_called(self, pack: Procedure, hour: datetime) -> bool:
        """Whether the meeting called at this hour is there already: then it is over, or among the clocks as it is."""
        if pack.meeting is None:
            return True
        week = week_called(hour, pack.meeting.notice, pack.time_zone)
        return await self._status(meeting_id(pack.name, week)) is not None

    async def _call(self, pack: Procedure, hour: datetime) -> str:
        """Have the meeting called whose call's hour it is; its id."""
        if pack.meeting is None:
            raise TryAgain("no_session")
        weekly = WeeklyCall(procedure=pack.name, notice=pack.meeting.notice, time_zone=pack.time_zone, due=hour)
        handle = await patiently(
            lambda: self._client.start_workflow(
                MEETING_CALL,
                weekly,
                id=f"{meeting_schedule(pack.name)}.call-{hour:%Y-%m-%dT%H:%M:%SZ}",
                task_queue=self._task_queue,
                result_type=str,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                rpc_timeout=RPC,
            )
        )
        if (span := hour - datetime.now(UTC)) > timedelta():
            await self._mover(handle.id)(span + ONE_MORE)
        async with Within(PATIENCE) as within:
            called: str = await within.run(handle.result())
            return called


def _end(at: datetime, aim: timedelta | datetime) -> datetime:
    return aim if isinstance(aim, datetime) else at + aim


async def _patiently(clock: _Clock, span: timedelta) -> bool:
    """Again while nothing has been moved yet; a clock that is held somewhere on its way is not sent off twice."""
    for _ in range(TRIES - 1):
        try:
            return await clock.move(span)
        except TryAgain as error:
            if error.key == "clock_held":
                raise
            await asyncio.sleep(PAUSE)
    return await clock.move(span)
