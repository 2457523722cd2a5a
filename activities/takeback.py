"""A refund the gateway has taken back: noted with the payment, booked back, and told to its case, which may have ended.

The payment is marked first. From then on no books call it paid, whatever becomes of the rest, and only a person's later
attempt sends it again: a case that is told twice, or by somebody who is wrong, pays nothing twice.
"""

import hashlib
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

from activities.audit import Entry, append
from activities.clock import wall_clock
from activities.doorkeeper import Doorkeeper
from activities.duties import TakeBackDuties
from activities.identity import Voucher, no_voucher
from activities.intents import Intents
from activities.ports import PaymentGateway
from activities.refusing import bad_input
from activities.store import Store
from activities.verdicts import ask_within
from models.case import Event, Verdict
from models.commands import TakenBack
from models.complaint import Complaint
from models.directory import Directory
from models.names import COMPLAINT, TAKEN_BACK, Refused, case_id, taken_back_id
from models.stage import Stage
from models.tables import CaseRow, EventRow, RefundIntent
from models.takeback import BackNews
from procedures import Packs
from rules.checks import stranger, wrong_department
from rules.takeback import stands

ANSWER_WITHIN = 8.0
"""How long the case may take to answer before it is asked again (seconds)."""
_REPEATED = Verdict(accepted=True, code="repeated")


class TakeBackDesk(TakeBackDuties):
    """`take_back` may be called as often as anybody likes for one refund."""

    def __init__(
        self,
        store: Store,
        packs: Packs,
        gateway: PaymentGateway,
        directory: Callable[[], Directory],
        *,
        door: Doorkeeper,
        vouch: Voucher = no_voucher,
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._store = store
        self._intents = Intents(store)
        self._packs = packs
        self._gateway = gateway
        self._directory = directory
        self._door = door
        self._vouch = vouch
        self._now = clock

    @activity.defn(name="take_back")
    async def take_back(self, news: BackNews) -> Verdict:
        """See the duty."""
        told, run_id = news.told, activity.info().workflow_run_id or ""
        to = taken_back_id(told.reference)
        await self._door.believe(
            told.token, to=to, run_id=run_id, at=news.at, what=TAKEN_BACK, subject=to, actor=told.actor
        )
        intent = await self._intents.under(told.reference)
        number = intent.number if intent else await self._settled(told)
        if number is None:
            raise bad_input("reference: is of no refund the gateway made for us; give the gateway's own number for it")
        async with self._store.read() as session:
            row = await session.get(CaseRow, number)
        if row is None:
            raise ApplicationError(f"{number}: is not in the register", type="no_row")
        await self._may(told, row, run_id)
        return await self._tell(told, row, await self._mark(told, intent)) if intent else _REPEATED

    async def _settled(self, told: TakenBack) -> str | None:
        """The case of a refund that was taken back before and has been made anew under another number since."""
        lines = select(EventRow).where(EventRow.kind == TAKEN_BACK)
        async with self._store.read() as session:
            known = (await session.exec(lines)).all()
        return next((line.number for line in known if line.data.get("reference") == told.reference), None)

    async def _may(self, told: TakenBack, row: CaseRow, run_id: str) -> None:
        """Money that came back is the cashier's to know of."""
        departments, cashier = self._directory().departments_of(told.actor), self._packs.pinned(row.procedure).cashier
        if cashier in departments:
            return
        refusal = wrong_department([cashier]) if departments else stranger()
        await self._door.deny(refusal.code, refusal.reason, run_id=run_id, what=TAKEN_BACK, subject=row.number)

    async def _mark(self, told: TakenBack, intent: RefundIntent) -> int:
        """From now on the payment is not made, and the audit trail says who told so. Returns whose attempt it was."""
        attempt = await self._intents.taken_back(intent.key, told.code)
        facts = {"event": "gateway_took_back", "reference": told.reference, "code": told.code}
        heard = Entry("money", intent.number, told.actor, facts, f"{TAKEN_BACK}:{told.reference}:{attempt}")
        async with self._store.write() as session:
            await append(session, [heard], self._now)
        await self._gateway.taken_back(told.reference)
        return attempt

    async def _tell(self, told: TakenBack, row: CaseRow, attempt: int) -> Verdict:
        handle: WorkflowHandle[Any, Any] = activity.client().get_workflow_handle(case_id(row.number))
        token = self._vouch(told.actor, handle.id)
        command = told.model_copy(update={"token": token, "command_id": _command_id(told.reference, attempt)})
        verdict = await self._answer(handle, command.model_dump(mode="json", exclude_none=True))
        # "Bad input" is what the case says of the same news in other words.
        if verdict.code in (Refused.CLOSED, Refused.BAD_INPUT) and await self._is_on_record(told, row):
            return _REPEATED
        if verdict.code == Refused.CLOSED:
            return await self._reopen(row)
        if verdict.code == Refused.WRONG_STAGE:
            raise ApplicationError(verdict.reason, type="try_again")
        return verdict

    async def _is_on_record(self, told: TakenBack, row: CaseRow) -> bool:
        kinds = col(EventRow.kind).in_(("executed", TAKEN_BACK))
        lines = select(EventRow).where(EventRow.number == row.number, kinds)
        async with self._store.read() as session:
            known = [Event.model_validate(line.model_dump()) for line in (await session.exec(lines)).all()]
        told_before = any(event.kind == TAKEN_BACK and event.data.get("reference") == told.reference for event in known)
        return told_before and not stands(told.reference, known)

    async def _answer(self, handle: WorkflowHandle[Any, Any], message: dict[str, Any]) -> Verdict:
        """Never left as a signal: a case that ends before it reads it could not be reopened by it."""
        # An update of its own each time: the server would repeat a first answer that is no longer true.
        verdict = await ask_within(handle, TAKEN_BACK, message, ANSWER_WITHIN, update_id=uuid.uuid4().hex)
        if verdict is None:
            raise ApplicationError("the case has not answered yet", type="try_again")
        return verdict

    async def _reopen(self, row: CaseRow) -> Verdict:
        """A new run under the case's id; the register hands it the case as it ended (see activities.reopening)."""
        if row.stage != Stage.CLOSED:  # terminated, or ending just now: a new run would be nobody's case
            raise ApplicationError("the case has not ended by its own rules; it is told again", type="try_again")
        try:
            await activity.client().start_workflow(
                COMPLAINT,
                Complaint.model_validate(row.complaint),
                id=row.workflow_id,
                task_queue=activity.info().task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                static_summary=row.workflow_id,
            )
        except WorkflowAlreadyStartedError:
            raise ApplicationError("the case is being reopened; it is told again", type="try_again") from None
        return Verdict(accepted=True, code="accepted")


def _command_id(reference: str, attempt: int) -> str:
    """One for as long as the payment is the same: once a look has found it again, news of it is news."""
    return f"taken-back-{hashlib.sha256(f'{reference}:{attempt}'.encode()).hexdigest()[:32]}"
