"""What is stuck, wedged or waiting for nobody, or will be, each with what to do. It changes nothing."""

import platform
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Select, func, or_, select, text
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from activities.audit import OTHER_COURSE
from activities.clock import wall_clock
from activities.intents import unsettled
from activities.store import Store
from models.audit import NO_CASE, Symptom, Violation
from models.names import MAILROOM_ID, SWEEP_SCHEDULE, meeting_schedule, report_schedule
from models.procedure import Procedure
from models.span import WorkCalendar, WorkingDays
from models.stage import Stage
from procedures import PackError, Packs
from rules.spans import CalendarGap, ends, years_needed
from verify.books import NAMED, nobody_tries
from verify.dossiers import ended_dossiers
from verify.queues import unserved
from verify.reading import AT_ONCE, CASE, MAIL, TABLES, rows
from verify.service import Service, status_of
from verify.trail import AUDIT

UNSENT = timedelta(minutes=10)
"""A notice so old that still has not left needs somebody to look at the mail server."""
DOUBT = timedelta(hours=1)
"""A payment so long under way is in doubt."""
AHEAD = timedelta(days=60)
"""So long before a year begins its working days should be known."""
APART = timedelta(seconds=60)
"""More than this between a host's clock and the database's, and what the host reckons by its own is wrong."""
ROOM = 256 * 1024 * 1024
"""With less on the disk of SQLite's file (bytes) somebody should make room."""
FULL = 4 * 1024 * 1024
"""With less the file cannot be relied on to take a write."""
INTENT = TABLES["refund_intent"]


class Doctor:
    """`client` None: only what SQL and the files tell. `packs`: whose schedules and working days must be there.

    `queue`: the task queue whose workers are looked for; none: nobody looks. `free`: bytes left on a folder's disk.
    Raises StoreError, RPCError.
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
        free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        self._store = store
        self._client = client
        self._packs = packs
        self._calendar = calendar
        self._queue = queue
        self._now = now or wall_clock()
        self._host_clock = host_clock
        self._free = free

    async def symptoms(self) -> AsyncIterator[Symptom]:
        """Every one, at most a hundred of a kind."""
        for symptom in self._of_calendar():
            yield symptom
        async for symptom in self._of_writing():
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

    async def _of_writing(self) -> AsyncIterator[Symptom]:
        """A database that takes no write looks well: everything in it can be read."""
        if (folder := self._store.folder) is not None:
            free = self._free(folder)
            if free < ROOM:
                code, facts = ("disk_full" if free < FULL else "disk_soon_full"), {"megabytes": free // 1024**2}
                yield Symptom(code=code, number=NO_CASE, facts=facts, early=free >= FULL)
            return
        async with self._store.read() as session:
            asked = await (await session.connection()).execute(text("SHOW transaction_read_only"))
            if asked.scalar_one() == "on":
                yield Symptom(code="takes_no_writes", number=NO_CASE)

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
        reset = select(AUDIT.c.subject).where(AUDIT.c.kind == OTHER_COURSE)
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
            ("other_course", select(CASE.c.number, CASE.c.stage).where(still_open, CASE.c.number.in_(reset))),
            ("payment_doubtful", select(INTENT.c.key, INTENT.c.code).where(unsettled(), doubtful)),
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

    async def _of_temporal(self, client: Client) -> AsyncIterator[Symptom]:
        if self._queue is not None:
            async for symptom in unserved(client, self._queue, self._now):
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
