"""The steps of a remedy in order, undone in reverse when a later one fails for good."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ActivityError, FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.duties import OriginDuties, RemedyDuties
    from models.commands import Goods, RemedyReport
    from models.names import GOODS, REMEDY_REPORT, case_id
    from models.pages import GoodsWord, StepResult
    from models.procedure import Step
    from models.remedy import SHIPMENT_IN_DOUBT, RemedyOrder, RemedyResult, Standing
    from rules.undoing import to_undo
    from workflows import options
    from workflows.letters import read
    from workflows.present import remedy_step
    from workflows.starting import bad_start, contract_of

WAREHOUSE_SILENT, CARRIER_SILENT = "warehouse_silent", "carrier_silent"
UNDOING: Final[dict[Step, tuple[Any, str, str]]] = {
    "label": (RemedyDuties.void_label, "void_label", CARRIER_SILENT),
    "reserve": (RemedyDuties.release, "release", WAREHOUSE_SILENT),
}
"""What takes a step back, its name, and the code where its partner is silent."""

_BY_ANOTHER = "(start): a remedy is started by its case only; file a complaint"


class RemedyWorkflow:
    """One remedy order carried out, refund or exchange: each step once by its business key, whatever is tried again."""

    def __init__(self) -> None:
        self._arrived: Goods | None = None
        self._heard: list[tuple[int, Goods]] = []
        """Word of goods whose sender is not known yet, with its place among the run's signals."""
        self._signals = 0
        self._reported = False
        self._unanswered = False
        """Whether patience with a partner ran out: it may have done what it was asked for."""

    async def carry_out(self, order: RemedyOrder) -> RemedyResult:
        """Do the steps. A failure for good undoes what can be undone and comes back as a code for a person."""
        done: list[Step] = []
        reference: str | None = None
        for step in order.steps:
            outcome = await self._do(step, order)
            if outcome.failure is not None:
                begun = [*done, step] if self._unanswered else done
                undo = to_undo(begun)
                standing = [left for each in undo if (left := await self._undo(each, order)) is not None]
                kept = tuple(each for each in done if each not in undo)
                return RemedyResult(failure=outcome.failure, step=step, done=kept, standing=tuple(standing))
            done.append(step)
            reference = outcome.reference or reference
        return RemedyResult(amount=order.amount if "pay" in done else 0, reference=reference, done=tuple(done))

    async def _undo(self, step: Step, order: RemedyOrder) -> Standing | None:
        """Take a step back; what stands all the same. Tried as long as any step: the case waits to hear how it went."""
        duty, name, silent = UNDOING[step]
        try:
            code = (await self._ask(duty, order, name)).failure
        except ActivityError:
            code = silent
        used = step == "label" and self._arrived is not None
        return None if code is None or used else Standing(step=step, code=code)

    async def _do(self, step: Step, order: RemedyOrder) -> StepResult:
        match step:
            case "pay":
                return await self._pay(order)
            case "goods":
                return await self._goods(order)
            case "reserve":
                return await self._try(RemedyDuties.reserve, order, step, WAREHOUSE_SILENT)
            case "label":
                return await self._try(RemedyDuties.label, order, step, CARRIER_SILENT)
            case "ship":
                return await self._ship(order)

    async def _pay(self, order: RemedyOrder) -> StepResult:
        try:
            return await self._ask(RemedyDuties.pay, order, "pay")
        except ActivityError:
            # Patience is over and nobody knows: look once, then a person decides. Never pay on a guess.
            return await workflow.execute_activity_method(
                RemedyDuties.pay_state, order, **options.look(remedy_step(order, "pay_state"))
            )

    async def _ship(self, order: RemedyOrder) -> StepResult:
        """Only a person can have it looked for: asking under the same key again is the one look there is."""
        sent = await self._try(RemedyDuties.ship, order, "ship", SHIPMENT_IN_DOUBT)
        self._unanswered = sent.failure == SHIPMENT_IN_DOUBT
        return sent

    async def _try(self, duty: Any, order: RemedyOrder, step: Step, silent: str) -> StepResult:
        try:
            return await self._ask(duty, order, step)
        except ActivityError:
            self._unanswered = True
            return StepResult(failure=silent)

    async def _ask(self, duty: Any, order: RemedyOrder, step: str) -> StepResult:
        """The partner's answer, at once as nearly always; else the case hears of it, and patience begins."""
        summary = remedy_step(order, step)
        result: StepResult
        try:
            result = await workflow.execute_activity_method(duty, order, **options.at_once(summary))
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            await self._report()
            pause = options.wished(error, order.payment_within)
            if pause:
                await workflow.sleep(pause, summary=remedy_step(order, "asked_for_time"))
            order = order.model_copy(update={"asked": True})
            result = await workflow.execute_activity_method(
                duty, order, **options.partner(summary, order.payment_within - pause)
            )
        return result

    async def _report(self) -> None:
        """Tell the case, once, that this takes longer; a case that has been ended does not hear it."""
        info = workflow.info()
        if self._reported or info.parent is None:
            return
        self._reported = True
        case = workflow.get_external_workflow_handle(info.parent.workflow_id)
        with suppress(FailureError):
            await case.signal(REMEDY_REPORT, RemedyReport(child=info.workflow_id))

    async def _goods(self, order: RemedyOrder) -> StepResult:
        """Wait for the returns centre's word, as long as the procedure allows from the child's start."""
        waited = remedy_step(order, "goods")
        while self._arrived is None:
            left = workflow.info().workflow_start_time + order.goods_within - workflow.now()
            try:
                await workflow.wait_condition(
                    lambda: bool(self._heard), timeout=max(left.total_seconds(), 0), timeout_summary=waited
                )
            except TimeoutError:
                return StepResult(failure="goods_not_returned")
            await self._believe(order)
        return StepResult(failure=None if self._arrived.accepted else "goods_rejected")

    async def _believe(self, order: RemedyOrder) -> None:
        """Take the first word that the case has passed on: it has judged the sender, which a client would pass by."""
        heard, self._heard = self._heard, []
        word = GoodsWord(case=case_id(order.number), places=tuple(place for place, _ in heard))
        own = await workflow.execute_activity_method(OriginDuties.passed_on, word, **options.insistent())
        self._arrived = next((goods for place, goods in heard if place in own), None)

    @workflow.signal(dynamic=True)
    def _signalled(self, name: str, args: Sequence[RawValue]) -> None:
        """Word of the goods, passed on by the case or said to be. Never raises."""
        letter, place = read(name, args), self._signals
        self._signals += 1
        if name == GOODS and isinstance(letter.content, Goods) and self._arrived is None:
            self._heard.append((place, letter.content))
        else:
            workflow.logger.warning("message not for a remedy", extra={"signal": letter.name})


def order_of(args: tuple[Any, ...]) -> RemedyOrder:
    """The order from the case. Raises ApplicationError for a start by anybody else: money moves for cases only."""
    parent = workflow.info().parent
    if parent is None:
        raise bad_start(_BY_ANOTHER)
    order = contract_of(args, RemedyOrder)
    if parent.workflow_id != case_id(order.number):
        raise bad_start(_BY_ANOTHER)
    return order
