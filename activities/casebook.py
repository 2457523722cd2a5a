"""The register and record of cases: claiming a number, and each step's page in SQL."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlmodel import func, select
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.admission import Admission
from activities.calendar import Calendar, days_for
from activities.clock import wall_clock
from activities.doorkeeper import Doorkeeper
from activities.duties import BookDuties
from activities.ledger import Ledger
from activities.other_course import overrule
from activities.record import Record
from activities.refusing import bad_input
from activities.reopening import came_back
from activities.store import Store
from models.base import Problem
from models.case import Case
from models.complaint import Complaint
from models.pages import OpenCase, Opened, Page
from models.procedure import Procedure
from models.span import WorkCalendar, WorkingDays
from models.stage import Stage
from models.tables import CaseRow, EventRow, MailRow, RefundIntent
from procedures import Packs
from rules import book
from rules.intake import open_case as opened


def _nobody_waits() -> None:
    """The mailroom of another process finds new mails by itself."""


def _no_calendar(year: int) -> WorkCalendar:
    """No year's working days are known: for services without a procedure that counts them."""
    return WorkCalendar()


async def _nobody_looks(*_: str) -> None:
    """The panel learns of a case by its notice alone, and no incident looks for its like."""


async def _all_known(*_: str) -> bool:
    """Temporal has never lost a case."""
    return False


async def _never_reset() -> Opened | None:
    """No run is a reset of another."""
    return None


async def _only_run() -> bool:
    """A case has one run."""
    return True


class Casebook(BookDuties):
    """Activities on the register and record. `lost`: whether nothing is left in Temporal of a case, by workflow id.
    `before_reset`: what the register has told the run that the asking one is a reset of. `is_last_run`: whether no
    other run of the case has taken the place of the one that writes.

    `on_mail` is called when a page has left mails to send, `on_panel` when one brought a case before the panel,
    `on_case` when a case is in the register; what they raise has the page or the entry written again, which changes
    nothing, and the call repeated.
    """

    def __init__(
        self,
        store: Store,
        packs: Packs,
        default_procedure: str,
        *,
        door: Doorkeeper,
        on_mail: Callable[[], None] = _nobody_waits,
        on_panel: Callable[[str], Awaitable[None]] = _nobody_looks,
        on_case: Callable[[str, str], Awaitable[None]] = _nobody_looks,
        lost: Callable[[str], Awaitable[bool]] = _all_known,
        before_reset: Callable[[], Awaitable[Opened | None]] = _never_reset,
        is_last_run: Callable[[], Awaitable[bool]] = _only_run,
        calendar: Calendar = _no_calendar,
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._store = store
        self._packs = packs
        self._admission = Admission(store, packs, default_procedure)
        self._door = door
        self._on_mail = on_mail
        self._on_panel = on_panel
        self._on_case = on_case
        self._lost = lost
        self._before_reset = before_reset
        self._is_last_run = is_last_run
        self._now = clock
        self._calendar = calendar
        self._record = Record(store, Ledger(packs.pinned, clock), clock)

    @activity.defn(name="open_case")
    async def open_case(self, entry: OpenCase) -> Opened:
        """Claim the number for this run and write the case's first page; asked again by the same run, the same answer.

        Raises ApplicationError, not to be retried: of type `bad_input` for a complaint the procedure does not take, of
        type `not_proven` or `unknown_actor` for one whose sender is not believed. One of type `calendar_gap` is to be
        retried: a deadline may fall in a year whose working days are not known.
        """
        known = await self._known(entry) or await self._enter(entry)
        if not known.duplicate and known.reopened is None:
            await self._on_case(entry.number, known.procedure)
        return known

    async def _enter(self, entry: OpenCase) -> Opened:
        await self._believe(entry)
        pack = await self._admission.under(entry)
        calendar = self._days_for(pack, entry.opened_at)
        first = book.page(opened(entry.complaint, pack, entry.number, entry.opened_at, calendar), pack)
        if await self._record.open(claim(entry, pack), first):
            await self._tell(first)
            return Opened(procedure=pack.ref, calendar=calendar)
        if (known := await self._known(entry)) is None:
            raise ApplicationError(f"{entry.number}: is not in the register after it was entered")
        return known

    async def _known(self, entry: OpenCase) -> Opened | None:
        async with self._store.read() as session:
            row = await session.get(CaseRow, entry.number)
        if row is None:
            return None
        if row.run_id == entry.run_id:
            calendar = self._days_for(self._packs.pinned(row.procedure), entry.opened_at)
            return Opened(procedure=row.procedure, calendar=calendar)
        if (told := await self._before_reset()) is not None and told.reopened is not None:
            return told  # a case that had gone on in this run does not end as a duplicate of itself
        if (case := await self._came_back(row, entry)) is not None:
            return Opened(procedure=row.procedure, reopened=case)
        if (case := await self._begun_anew(row, entry)) is not None:
            return Opened(procedure=row.procedure, reopened=case)
        return Opened(procedure=row.procedure, duplicate=True)

    async def _begun_anew(self, row: CaseRow, entry: OpenCase) -> Case | None:
        """The case whose complaint is filed again because Temporal has lost it: a copy older than ours was restored.

        Its record goes on. None where it has come to money: that is a person's to settle. Raises ApplicationError for
        another complaint, which ends the start as bad: one that ended as duplicate would bar the right one.
        """
        pack = self._packs.pinned(row.procedure)
        if row.stage == Stage.CLOSED:
            return None
        async with self._store.read() as session:
            tables = (RefundIntent, EventRow, MailRow)
            asked = [select(func.count()).select_from(table).where(table.number == row.number) for table in tables]
            paid, lines, notices = [(await session.exec(one)).one() for one in asked]
        if paid or not await self._lost(entry.workflow_id):
            return None
        first = Complaint.model_validate(row.complaint)
        if first.content() != entry.complaint.content():
            reason = (
                "stands for another complaint, whose case is lost; file that one unchanged, or choose another number"
            )
            raise bad_input([Problem(field="number", code="taken", reason=reason)])
        await self._believe(entry)
        calendar = self._days_for(pack, entry.opened_at)
        return opened(first, pack, entry.number, entry.opened_at, calendar, lines=lines, notices=notices)

    async def _came_back(self, row: CaseRow, entry: OpenCase) -> Case | None:
        pack = self._packs.pinned(row.procedure)
        async with self._store.read() as session:
            return await came_back(session, row, pack, self._days_for(pack, entry.opened_at), entry.opened_at)

    @activity.defn(name="write_down")
    async def write_down(self, page: Page) -> None:
        """Row, events, costs, notices in one transaction; done twice or out of order the newest truth stands once."""
        met = await self._record.write(page)
        if met and await self._is_last_run():
            await overrule(self._store, page, met, self._now)
        await self._tell(page)

    async def _tell(self, page: Page) -> None:
        if page.mails:
            self._on_mail()
        if any(event.kind == "panel" for event in page.events):
            await self._on_panel(page.summary.number)

    async def _believe(self, entry: OpenCase) -> None:
        """Whoever files a complaint is known, where the service asks for proof."""
        await self._door.believe(
            entry.complaint.token,
            to=entry.workflow_id,
            run_id=entry.run_id,
            at=entry.opened_at,
            what="file",
            subject=entry.number,
        )

    def _days_for(self, pack: Procedure, opened_at: datetime) -> WorkCalendar | None:
        """The working days a case begins with; None where its procedure counts none."""
        if not pack.working_days:
            return None
        return days_for(self._calendar, opened_at, WorkingDays(pack.working_days), pack.time_zone)


def claim(asked: OpenCase, pack: Procedure) -> dict[str, object]:
    """What the register holds of a case besides its summary: the run that owns the number, the complaint as filed."""
    complaint, order = asked.complaint, asked.complaint.order
    return {
        "number": asked.number,
        "workflow_id": asked.workflow_id,
        "run_id": asked.run_id,
        "procedure": pack.ref,
        "opened_at": asked.opened_at,
        "complaint": complaint.model_dump(mode="json", exclude_none=True, exclude={"token"}),
        "order_number": order.number,
        "order_kind": order.kind.value,
        "merchant": order.merchant,
        "carrier": order.carrier,
        "customer": complaint.complainant.id,
        "cause": complaint.cause,
        "category": complaint.category,
        "channel": complaint.channel,
    }
