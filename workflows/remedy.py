"""The steps of a remedy in order, undone in reverse when a later one fails for good."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ActivityError, FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from pydantic import ValidationError

    from activities.duties import BookDuties, RemedyDuties
    from models.base import in_one_line, problems
    from models.commands import Goods, RemedyReport
    from models.names import GOODS, REMEDY_REPORT, case_id
    from models.pages import GoodsWord, StepResult
    from models.procedure import Step
    from models.remedy import RemedyOrder, RemedyResult
    from workflows import options
    from workflows.letters import read
    from workflows.starting import bad_start

_BY_ANOTHER = "(start): a remedy is started by its case only; file a complaint"


class RemedyWorkflow:
    """One remedy order carried out, refund or exchange: each step once by its business key, whatever is tried again."""

    def __init__(self) -> None:
        self._arrived: Goods | None = None
        self._heard: list[tuple[int, Goods]] = []
        """Word of goods whose sender is not known yet, with its place among the run's signals."""
        self._signals = 0
        self._reported = False

    async def carry_out(self, order: RemedyOrder) -> RemedyResult:
        """Do the steps. A failure for good undoes what can be undone and comes back as a code for a person."""
        done: list[Step] = []
        reference: str | None = None
        for step in order.steps:
            outcome = await self._steps[step](order)
            if outcome.failure is not None:
                kept = await self._undo(order, done)
                return RemedyResult(failure=outcome.failure, step=step, done=kept)
            done.append(step)
            reference = outcome.reference or reference
        return RemedyResult(amount=order.amount if "pay" in done else 0, reference=reference, done=tuple(done))

    async def _undo(self, order: RemedyOrder, done: list[Step]) -> tuple[Step, ...]:
        """Release the goods set aside; cancel the collection unless the goods are already back."""
        kept = list(done)
        if "label" in done and "goods" not in done:
            await workflow.execute_activity_method(
                RemedyDuties.void_label, order, **options.undo("undo: cancel the collection")
            )
            kept.remove("label")
        if "reserve" in done:
            await workflow.execute_activity_method(
                RemedyDuties.release, order, **options.undo("undo: release the goods set aside")
            )
            kept.remove("reserve")
        return tuple(kept)

    @property
    def _steps(self) -> dict[Step, Callable[[RemedyOrder], Awaitable[StepResult]]]:
        return {
            "pay": self._pay,
            "goods": self._goods,
            "reserve": self._reserve,
            "label": self._label,
            "ship": self._ship,
        }

    async def _pay(self, order: RemedyOrder) -> StepResult:
        try:
            return await self._ask(RemedyDuties.pay, order, "pay the customer")
        except ActivityError:
            # Patience is over and nobody knows: look once, then a person decides. Never pay on a guess.
            return await workflow.execute_activity_method(
                RemedyDuties.pay_state, order, **options.undo("has the money moved?")
            )

    async def _reserve(self, order: RemedyOrder) -> StepResult:
        return await self._try(RemedyDuties.reserve, order, "set the goods aside", "warehouse_silent")

    async def _label(self, order: RemedyOrder) -> StepResult:
        return await self._try(RemedyDuties.label, order, "order the collection", "carrier_silent")

    async def _ship(self, order: RemedyOrder) -> StepResult:
        return await self._try(RemedyDuties.ship, order, "send the goods", "warehouse_silent")

    async def _try(self, duty: Any, order: RemedyOrder, summary: str, silent: str) -> StepResult:
        try:
            return await self._ask(duty, order, summary)
        except ActivityError:
            return StepResult(failure=silent)

    async def _ask(self, duty: Any, order: RemedyOrder, summary: str) -> StepResult:
        """The partner's answer, at once as nearly always; else the case hears of it, and patience begins."""
        result: StepResult
        try:
            result = await workflow.execute_activity_method(duty, order, **options.at_once(summary))
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            await self._report()
            result = await workflow.execute_activity_method(
                duty, order, **options.partner(summary, order.payment_within)
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
        while self._arrived is None:
            left = workflow.info().workflow_start_time + order.goods_within - workflow.now()
            try:
                await workflow.wait_condition(
                    lambda: bool(self._heard), timeout=max(left.total_seconds(), 0), timeout_summary="goods not back"
                )
            except TimeoutError:
                return StepResult(failure="goods_not_returned")
            await self._believe(order)
        return StepResult(failure=None if self._arrived.accepted else "goods_rejected")

    async def _believe(self, order: RemedyOrder) -> None:
        """Take the first word that the case has passed on: it has judged the sender, which a client would pass by."""
        heard, self._heard = self._heard, []
        word = GoodsWord(case=case_id(order.number), places=tuple(place for place, _ in heard))
        own = await workflow.execute_activity_method(BookDuties.passed_on, word, **options.insistent())
        self._arrived = next((goods for place, goods in heard if place in own), None)

    def arrived(self, name: str, args: Sequence[RawValue]) -> None:
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
    try:
        order = RemedyOrder.model_validate_json(workflow.payload_converter().to_payload(args[0]).data)
    except IndexError:
        raise bad_start("(start): is missing") from None
    except ValidationError as error:
        raise bad_start(in_one_line(problems(error, whole="(start)"))) from None
    if parent.workflow_id != case_id(order.number):
        raise bad_start(_BY_ANOTHER)
    return order
