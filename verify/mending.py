"""What the service mends of itself: what was left undone and can be done twice. Money and decisions are for people."""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update
from temporalio import activity
from temporalio.client import Client

from activities.clock import wall_clock
from activities.duties import SweepDuties
from activities.store import Store
from models.audit import Swept, Symptom
from models.meeting import MeetingStage
from models.span import WorkCalendar
from models.tables import MeetingRow
from procedures import Packs
from verify.books import nobody_tries
from verify.doctor import Doctor
from verify.dossiers import MEETING
from verify.reading import MAIL, rows
from verify.service import status_of

Furnish = Callable[[Client], Awaitable[list[str]]]
"""Opens the mailroom and makes the schedules that are missing or not as they must be; names those."""
LONG_PAST = timedelta(days=30)
"""A meeting whose hour was so long ago is over, whatever became of its workflow; no backup brings that back."""
_log = structlog.get_logger()


class Mender(SweepDuties):
    """`mend` may be called at any time, by anybody, as often as they like. Raises StoreError, RPCError."""

    def __init__(
        self,
        store: Store,
        packs: Packs,
        furnish: Furnish,
        calendar: Callable[[int], WorkCalendar],
        *,
        on_mail: Callable[[], None] = lambda: None,
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._store = store
        self._packs = packs
        self._furnish = furnish
        self._calendar = calendar
        self._on_mail = on_mail
        self._now = clock

    @activity.defn(name="sweep")
    async def sweep(self) -> Swept:
        """Mend, then count what is left, each kind once in the log."""
        client = activity.client()
        mended = await self.mend(client)
        left: Counter[str] = Counter()
        async for symptom in Doctor(self._store, client, self._packs, self._calendar, now=self._now()).symptoms():
            if not symptom.early:
                left[symptom.code] += 1
        for found in mended:
            _log.warning("mended", code=found.code, subject=found.number)
        for code, times in sorted(left.items()):
            _log.warning("found_by_doctor", code=code, times=times)
        return Swept(mended=tuple(mended), left=dict(sorted(left.items())))

    async def mend(self, client: Client) -> list[Symptom]:
        """What was wrong and no longer is."""
        made = [Symptom(code="not_there", number=name) for name in await self._furnish(client)]
        return [*made, *await self._take_up(), *await self._put_away(client)]

    async def _take_up(self) -> list[Symptom]:
        """Notices nobody would have sent go to the mailroom: a second copy has the same Message-ID."""
        async with self._store.write() as session:
            found = [row.id for row in await rows(session, select(MAIL.c.id).where(*nobody_tries()))]
            if not found:
                return []
            again = update(MAIL).where(MAIL.c.id.in_(found)).values(next_try_at=self._now())
            await (await session.connection()).execute(again)
        self._on_mail()
        return [Symptom(code="notice_abandoned", number=mail) for mail in found]

    async def _put_away(self, client: Client) -> list[Symptom]:
        """Meetings of long ago that were ended in Temporal and are deleted there count as open no longer."""
        asked = select(MEETING.c.id).where(
            MEETING.c.stage != MeetingStage.CLOSED.value, MEETING.c.starts_at < self._now() - LONG_PAST
        )
        async with self._store.read() as session:
            found = [row.id for row in await rows(session, asked)]
        gone = [meeting for meeting in found if await status_of(client, meeting) is None]
        if gone:
            async with self._store.write() as session:
                for meeting in gone:
                    row = await session.get_one(MeetingRow, meeting)
                    row.stage = MeetingStage.CLOSED.value
                    row.minutes = row.minutes | {"stage": row.stage}
        return [Symptom(code="meeting_over", number=meeting) for meeting in gone]
