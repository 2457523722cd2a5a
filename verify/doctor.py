"""What is stuck, wedged or waiting for nobody, or will be, each with what to do. It changes nothing."""

import platform
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select
from temporalio.api.enums.v1 import TaskQueueType, WorkerVersioningMode
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue, TaskQueueVersioningInfo
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from activities.clock import wall_clock
from activities.intents import settled_by_hand
from activities.store import Store
from models.audit import NO_CASE, Symptom, Violation
from models.names import MAILROOM_ID, SWEEP_SCHEDULE, Queue, meeting_schedule, report_schedule, task_queue
from models.procedure import Procedure
from models.span import WorkCalendar, WorkingDays
from models.stage import Stage
from procedures import PackError, Packs
from rules.spans import CalendarGap, ends, years_needed
from verify.books import NAMED, nobody_tries
from verify.dossiers import ended_dossiers
from verify.reading import AT_ONCE, CASE, MAIL, TABLES, rows
from verify.service import Service, status_of

UNSENT = timedelta(minutes=10)
"""A notice so old that still has not left needs somebody to look at the mail server."""
DOUBT = timedelta(hours=1)
"""A payment so long under way is in doubt."""
AHEAD = timedelta(days=60)
"""So long before a year begins its working days should be known."""
POLLED = timedelta(minutes=2)
"""A worker asks its task queue more often than this."""
APART = timedelta(seconds=60)
"""More than this between a host's clock and the database's, and what the host reckons by its own is wrong."""
INTENT = TABLES["refund_intent"]
_ASKED = {Queue.RULINGS: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW}
"""What a queue's workers ask for; those of the others do activities only."""


class Doctor:
    """`client` None: only what SQL and the files tell. `packs`: whose schedules and working days must be there.

    `queue`: the task queue whose workers are looked for; none: nobody looks. Raises StoreError, RPCError.
    """

    def __init__(
        self,
        store: Store,
        client: Client | None,
        packs: Packs,
        calendar: Callable[[int], WorkCalendar],
        *,
        queue: str | None = None,
        now: datetime | None = None,
        host_clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._store = store
        self._client = client
        self._packs = packs
        self._calendar = calendar
        self._queue = queue
        self._now = now or wall_clock()
        self._host_clock = host_clock

    async def symptoms(self) -> AsyncIterator[Symptom]:
        """Every one, at most a hundred of a kind."""
        for symptom in self._of_calendar():
            yield symptom
        async for symptom in self._of_clocks():
            yield symptom
        for code, asked in self._questions():
            async with self._store.read() as session:
                found = await rows(session, asked.limit(NAMED))
            for number, fact in found:
                facts = {asked.selected_columns[1].name: str(fact)} if fact else {}
                yield Symptom(code=code, number=str(number), facts=facts)
        if self._client is not None:
            async for symptom in self._of_temporal(self._client):
                yield symptom

    async def _of_clocks(self) -> AsyncIterator[Symptom]:
        """A host whose clock is wrong calls notices late that are not, and tries again too soon or too late."""
        if self._store.dialect != "postgresql":
            return  # a file is read by the clock of its own host
        async with self._store.read() as session:
            before = self._host_clock()
            theirs = (await (await session.connection()).execute(select(func.clock_timestamp()))).scalar_one()
            ahead, off = before - theirs, theirs - self._host_clock()
        if max(ahead, off) > APART:
            side, seconds = ("seconds_ahead", ahead) if ahead > off else ("seconds_behind", off)
            facts: dict[str, str | int] = {"host": platform.node(), side: round(seconds.total_seconds())}
            yield Symptom(code="clock_differs", number=NO_CASE, facts=facts)

    def _questions(self) -> list[tuple[str, Select[Any]]]:
        now = self._now
        still_open = CASE.c.stage != Stage.CLOSED.value
        unsent = (MAIL.c.sent_at.is_(None), MAIL.c.failed_at.is_(None), MAIL.c.written_at < now - UNSENT)
        lost = (MAIL.c.failed_at.is_not(None), MAIL.c.number == CASE.c.number, still_open)
        doubtful = or_(INTENT.c.suspect, INTENT.c.last_sent_at < now - DOUBT)
        settled = select(settled_by_hand().subquery().c.key)
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
            ("payment_doubtful", select(INTENT.c.key, INTENT.c.code).where(
                INTENT.c.state == "open", doubtful, INTENT.c.key.not_in(settled))),
        ]  # fmt: skip

    def _of_calendar(self) -> Iterator[Symptom]:
        """Years whose working days a clock will ask for and nobody knows; where one waits it is no warning any more."""
        packs = [pack for pack in self._packs.newest_of_each() if pack.working_days]
        longest = max((pack.working_days for pack in packs), default=0)
        needed = years_needed(self._now, longest) | years_needed(self._now + AHEAD, longest)
        try:
            calendar = self._calendar(self._now.year)
        except PackError:
            yield Symptom(code="calendar_unreadable", number=NO_CASE)
            return
        waited_for = {self._gap(pack, calendar) for pack in packs}
        for year in sorted(needed - set(calendar.years)):
            code, early = ("calendar_missing", False) if year in waited_for else ("calendar_soon", True)
            yield Symptom(code=code, number=NO_CASE, facts={"year": year}, early=early)

    def _gap(self, pack: Procedure, calendar: WorkCalendar) -> int | None:
        """The year that the procedure's longest clock would wait for if it began now; None for none."""
        try:
            ends(self._now, WorkingDays(pack.working_days), pack.time_zone, calendar)
        except CalendarGap as gap:
            return gap.year
        return None

    async def _unserved(self, client: Client, base: str) -> AsyncIterator[Symptom]:
        """Task queues that no worker asks, or none of the build that their cases are given to."""
        for queue in Queue:
            name, kind = task_queue(base, queue), _ASKED.get(queue, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)
            request = DescribeTaskQueueRequest(
                namespace=client.namespace, task_queue=TaskQueue(name=name), task_queue_type=kind
            )
            told = await client.workflow_service.describe_task_queue(request, retry=True)
            lately = [one for one in told.pollers if one.last_access_time.ToDatetime(UTC) > self._now - POLLED]
            if not lately:
                yield Symptom(code="no_worker", number=NO_CASE, facts={"queue": name})
                continue
            for build in sorted(_given_to(told.versioning_info) - {_build(one) for one in lately}):
                yield Symptom(code="no_worker_of_build", number=NO_CASE, facts={"queue": name, "build": build})

    async def _of_temporal(self, client: Client) -> AsyncIterator[Symptom]:
        if self._queue is not None:
            async for symptom in self._unserved(client, self._queue):
                yield symptom
        if await status_of(client, MAILROOM_ID) is not WorkflowExecutionStatus.RUNNING:
            yield Symptom(code="no_mailroom", number=NO_CASE)
        for name in [SWEEP_SCHEDULE, *schedules(self._packs)]:
            if (code := await _wrong(client, name)) is not None:
                yield Symptom(code=code, number=name)
        async for symptom in ended_dossiers(client, self._store):
            yield symptom
        async for wrong in self._of_cases(Service(client, self._store)):
            yield Symptom(code=wrong.code, number=wrong.number, facts=wrong.facts)

    async def _of_cases(self, service: Service) -> AsyncIterator[Violation]:
        async for wrong in service.running(self._now):
            yield wrong
        last = ""
        while True:
            asked = select(CASE.c.number).where(CASE.c.number > last, CASE.c.stage != Stage.CLOSED.value)
            async with self._store.read() as session:
                numbers = [row.number for row in await rows(session, asked.order_by(CASE.c.number).limit(AT_ONCE))]
            if not numbers:
                return
            last = numbers[-1]
            async for wrong in service.open_rows(numbers):
                yield wrong


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


def _given_to(routing: TaskQueueVersioningInfo) -> set[str]:
    """The builds that take cases, or a share of them; an empty name stands for workers without versioning."""
    ramping = routing.ramping_deployment_version.build_id if routing.ramping_version_percentage else ""
    return {routing.current_deployment_version.build_id, *filter(None, [ramping])}


def _build(poller: PollerInfo) -> str:
    """The build a worker is of, by the same names."""
    options = poller.deployment_options
    versioned = options.worker_versioning_mode == WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED
    return options.build_id if versioned else ""
