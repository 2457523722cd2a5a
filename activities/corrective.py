"""What a corrective action asks of the world: its number, the trace of lots, its page in SQL, costs in the ledger."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import update
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio import activity

from activities.calendar import Calendar, days_for
from activities.called import procedure_called
from activities.clock import wall_clock
from activities.doorkeeper import Doorkeeper
from activities.dossier import DossierBook
from activities.duties import CorrectiveDuties
from activities.ledger import Ledger
from activities.refusing import bad_input
from activities.series import next_number
from activities.store import Store
from models.corrective import CorrectiveEntry, CorrectivePage, Gate, RegisterCorrective, Trace
from models.procedure import Procedure
from models.span import WorkCalendar
from models.tables import CaseGoods, CaseRow, CorrectiveRow
from procedures import Packs
from rules.corrective import rules_of
from rules.corrective_checks import complaint_days
from rules.corrective_costs import transfers

PREFIX = "8D"


class CorrectiveDesk(DossierBook, CorrectiveDuties):
    """Activities of corrective actions. `calendar` knows years."""

    def __init__(
        self,
        store: Store,
        packs: Packs,
        *,
        on_mail: Callable[[], None],
        door: Doorkeeper,
        calendar: Calendar,
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        super().__init__(store, packs, on_mail=on_mail, door=door, clock=clock)
        self._calendar = calendar
        self._ledger = Ledger(packs.pinned, clock)

    @activity.defn(name="register_corrective")
    async def register_corrective(self, entry: RegisterCorrective) -> CorrectiveEntry:
        """A number without gap or double (S2-29), and the working days it is counted by.

        Raises ApplicationError(type="bad_input"), not to be retried, for days that cannot be.
        """
        pack = procedure_called(
            self._packs, entry.complaint.procedure, "corrective_action", "knows no corrective actions; use one of"
        )
        await self._believe(entry, entry.complaint.token, entry.complaint.requester)
        calendar = self._days_for(pack, entry.opened_at)
        async with self._store.write() as session:
            wanted = select(CorrectiveRow.number).where(CorrectiveRow.run_id == entry.run_id)
            number = (await session.exec(wanted)).first()
            if number is None:
                if wrong := complaint_days(entry.complaint, entry.opened_at, pack.time_zone):
                    raise bad_input(wrong)
                await self._take_over(session, entry)
                number = await next_number(session, PREFIX, entry.opened_at, pack.time_zone)
                session.add(_first_row(number, entry, pack))
        return CorrectiveEntry(number=number, procedure=pack.ref, calendar=calendar)

    async def _take_over(self, session: AsyncSession, entry: RegisterCorrective) -> None:
        """Close what is open here under the same workflow id: it was ended in Temporal, or the id would not be free."""
        mine = (CorrectiveRow.workflow_id == entry.workflow_id, col(CorrectiveRow.closed_at).is_(None))
        for row in (await session.exec(select(CorrectiveRow).where(*mine))).all():
            row.stage, row.closed_at, row.due = Gate.CLOSED.value, entry.opened_at, None
            if row.report is not None:
                row.report = row.report | {"stage": row.stage, "closed_at": entry.opened_at.isoformat()}

    def _days_for(self, pack: Procedure, at: datetime) -> WorkCalendar:
        """Raises ApplicationError(type="calendar_gap"), to be retried, for days nobody knows yet."""
        return days_for(self._calendar, at, rules_of(pack).written_reply.within, pack.time_zone)

    @activity.defn(name="trace_lots")
    async def trace_lots(self, lots: list[str]) -> Trace:
        """Cases and orders in which these lots are named."""
        wanted = (
            select(
                func.count(col(CaseRow.number).distinct()),
                func.count(col(CaseRow.order_number).distinct()),
                func.count(col(CaseRow.customer).distinct()),
            )
            .join(CaseGoods, col(CaseGoods.number) == col(CaseRow.number))
            .where(col(CaseGoods.lot).in_(lots))
        )
        async with self._store.read() as session:
            cases, orders, customers = (await session.exec(wanted)).one()
        return Trace(lots=tuple(lots), cases=cases, orders=orders, customers=customers)

    @activity.defn(name="write_corrective")
    async def write_corrective(self, page: CorrectivePage) -> None:
        """The action's row, an approved report's supplier costs, and notices for the outbox."""
        view = page.view
        pack = self._packs.pinned(view.procedure)
        due = min((timer.due for timer in view.timers if timer.met_at is None), default=None)
        changed = {
            "stage": view.stage.value,
            "due": due,
            "closed_at": view.closed_at,
            "report": view.model_dump(mode="json"),
        }
        async with self._writing(page, view.number, view.procedure) as session:
            # An attempt that Temporal has given up may come late; it must not open again what is closed.
            same = (col(CorrectiveRow.number) == view.number, col(CorrectiveRow.closed_at).is_(None))
            await session.exec(update(CorrectiveRow).where(*same).values(changed))
            await self._ledger.enter(session, [(posting, pack) for posting in transfers(view, pack)])


def _first_row(number: str, entry: RegisterCorrective, pack: Procedure) -> CorrectiveRow:
    return CorrectiveRow(
        number=number,
        workflow_id=entry.workflow_id,
        run_id=entry.run_id,
        procedure=pack.name,
        customer=entry.complaint.customer,
        product=entry.complaint.product,
        stage=Gate.D1.value,
        opened_at=entry.opened_at,
    )
