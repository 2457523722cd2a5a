"""Carrying a decision out: money and goods. Every activity is idempotent under the decision's own key.

A payment is looked for before it is sent again whenever the gateway's memory of the key can no longer be trusted:
"the same key" alone pays twice once the gateway has pruned it, and never once a failure is stored under it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.clock import wall_clock
from activities.duties import RemedyDuties
from activities.intents import SETTLE, Bar, Held, Intents
from activities.ports import Carrier, GatewayRefused, PaymentGateway, Receipt, TryAgain, Warehouse
from activities.store import Store
from models.names import remedy_key
from models.pages import StepResult
from models.remedy import SHIPMENT_IN_DOUBT, RemedyOrder
from models.tables import RefundIntent

TRUSTED = 0.8
"""Part of a key's life in which the gateway is relied on to remember it."""
IN_DOUBT = "payment_in_doubt"
LOOK_WITHIN = 8.0
"""How long the last look waits for the gateway (seconds), whatever the gateway's client allows.

Well within the activity's own time (`options.look`): one cut off is taken again for ever, and nobody is told.
"""


class Remedies(RemedyDuties):
    """Activities named as the steps: pay, pay_state, reserve, release, label, void_label, ship.

    Each returns StepResult; `failure` is a code a person can act on. What may succeed later raises ApplicationError
    of type `try_again`, which Temporal retries.
    """

    def __init__(
        self,
        store: Store,
        payment: PaymentGateway,
        warehouse: Warehouse,
        carrier: Carrier,
        *,
        look_within: float = LOOK_WITHIN,
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._look_within = look_within
        self._intents = Intents(store)
        self._gateway = payment
        self._warehouse = warehouse
        self._carrier = carrier
        self._now = clock

    @activity.defn(name="pay")
    async def pay(self, order: RemedyOrder) -> StepResult:
        """Pay `order.amount` back, once.

        Failures: paid_differs, exceeds_paid, amount_differs, or the gateway's code.
        """
        if order.amount == 0:
            return StepResult()
        async with _temporal_errors():
            opened = await self._open(order)
            if isinstance(opened, Bar):
                return StepResult(failure=opened.value)
            intent = opened.intent
            if intent.state != "open":
                return _known(intent)
            return await (self._send if opened.fresh else self._pay)(intent, order)

    @activity.defn(name="pay_state")
    async def pay_state(self, order: RemedyOrder) -> StepResult:
        """One look when patience has run out: the reference, the refusal's code, or payment_in_doubt."""
        if order.amount == 0:
            return StepResult()
        intent = await self._intents.get(remedy_key(order.number, order.decision, "pay"))
        if intent is None:
            return StepResult(failure=IN_DOUBT)
        if intent.state != "open":
            return _known(intent)
        try:
            async with asyncio.timeout(self._look_within):
                found = await self._look(intent.key)
            return StepResult(failure=IN_DOUBT) if found is None else await self._found(intent, found)
        except (TryAgain, TimeoutError):
            return StepResult(failure=IN_DOUBT)

    @activity.defn(name="reserve")
    async def reserve(self, order: RemedyOrder) -> StepResult:
        """Set the replacement goods aside."""
        async with _temporal_errors():
            return await _step(self._warehouse.reserve(_key(order, "reserve"), order.order, order.lines, order.attempt))

    @activity.defn(name="release")
    async def release(self, order: RemedyOrder) -> StepResult:
        """Put reserved goods back."""
        async with _temporal_errors():
            return await _step(self._warehouse.release(_key(order, "reserve"), order.attempt))

    @activity.defn(name="label")
    async def label(self, order: RemedyOrder) -> StepResult:
        """A return label for the customer."""
        async with _temporal_errors():
            return await _step(self._carrier.label(_key(order, "label"), order.order, order.carrier, order.attempt))

    @activity.defn(name="void_label")
    async def void_label(self, order: RemedyOrder) -> StepResult:
        """Make the return label worthless."""
        async with _temporal_errors():
            return await _step(self._carrier.void(_key(order, "label"), order.attempt))

    @activity.defn(name="ship")
    async def ship(self, order: RemedyOrder) -> StepResult:
        """Send the goods to the customer. Failures: shipment_in_doubt, or the warehouse's code.

        A refusal that comes after a call without an answer may be why: the parcel has left already.
        """
        async with _temporal_errors():
            sent = await _step(self._warehouse.ship(_key(order, "ship"), order.order, order.lines))
        return StepResult(failure=SHIPMENT_IN_DOUBT) if sent.failure and _asked_before(order) else sent

    async def _open(self, order: RemedyOrder) -> Held | Bar:
        opened = await self._intents.open(order, self._now())
        if opened is Bar.EXCEEDS_PAID and await self._freed(order.order):
            return await self._intents.open(order, self._now())
        return opened

    async def _freed(self, order: str) -> bool:
        """Whether anything was held for payments given up that the gateway no longer lists.

        Looked for only now: what was said to be taken back and was not is still with the customer.
        """
        gone = [each for each in await self._intents.given_up(order) if await self._gateway.find(each.key) is None]
        for intent in gone:
            await self._intents.free(intent.key)
        return bool(gone)

    async def _pay(self, intent: RefundIntent, order: RemedyOrder) -> StepResult:
        anew = self._doubtful(intent)
        if anew:
            found = await self._look(intent.key)
            if found is not None:
                return await self._found(intent, found)
            self._let_settle(intent.last_sent_at)
        sending = await self._intents.sending(intent, self._now(), anew=anew)
        if sending.state != "open":
            return _known(sending)
        if sending.generation != intent.generation + anew:
            raise TryAgain("overtaken", 1)
        return await self._send(sending, order, intent)

    async def _send(self, intent: RefundIntent, order: RemedyOrder, before: RefundIntent | None = None) -> StepResult:
        """`before`: the intent as it stood before this call; None for the first one."""
        key = f"{intent.key}:{intent.generation}"
        try:
            receipt = await self._gateway.refund(key, intent.key, order.order, intent.amount, intent.currency)
        except GatewayRefused as refused:
            if before is not None and (found := await self._made_before(before)) is not None:
                return await self._found(intent, found)
            if not await self._intents.refused(intent, refused.code, order.attempt):
                raise TryAgain("overtaken", 1) from None
            return StepResult(failure=refused.code)
        except TryAgain as error:
            if error.suspect:
                await self._intents.suspected(intent)
            raise
        return await self._paid(intent, receipt)

    async def _made_before(self, before: RefundIntent) -> Receipt | None:
        """What an earlier call has made whose answer never came: that may be why the gateway refuses this one.

        Raises TryAgain while such a call may still land.
        """
        found = await self._look(before.key)
        if found is None and not self._doubtful(before):  # else it had settled before this call
            self._let_settle(before.sent_at)
        return found

    async def _look(self, key: str) -> Receipt | None:
        """What the gateway has made for this payment. Raises TryAgain.

        A list that another payment of ours stands in is not of this one, whatever was asked for.
        """
        found = await self._gateway.find(key)
        if found is not None and await self._intents.is_of_another(found.reference, key):
            raise TryAgain("bad_answer")
        return found

    async def _found(self, intent: RefundIntent, receipt: Receipt) -> StepResult:
        """An earlier call did pay; a person looks at it if it was another amount than is due now."""
        if (receipt.amount, receipt.currency) != (intent.amount, intent.currency):
            return StepResult(reference=receipt.reference, failure=Bar.AMOUNT_DIFFERS.value)
        return await self._paid(intent, receipt)

    async def _paid(self, intent: RefundIntent, receipt: Receipt) -> StepResult:
        if not await self._intents.paid(intent, receipt):
            await self._intents.suspected(intent)
            raise TryAgain("bad_answer", suspect=True)
        return StepResult(reference=receipt.reference)

    def _doubtful(self, intent: RefundIntent) -> bool:
        """Whether the key may be spent: a stored failure, a refusal before, or an age the gateway may not remember."""
        if intent.suspect:
            return True
        return intent.sent_at is not None and self._now() - intent.sent_at > self._gateway.key_life * TRUSTED

    def _let_settle(self, sent_at: datetime | None) -> None:
        if sent_at is None:
            return
        left = sent_at + SETTLE - self._now()
        if left > timedelta(0):
            raise TryAgain("settling", left.total_seconds())


def _known(intent: RefundIntent) -> StepResult:
    """How a payment ended that is not open any more."""
    return StepResult(reference=intent.reference, failure=intent.code)


def _key(order: RemedyOrder, step: str) -> str:
    return remedy_key(order.number, order.decision, step)


def _asked_before(order: RemedyOrder) -> bool:
    return order.asked or (activity.in_activity() and activity.info().attempt > 1)


async def _step(call: Awaitable[str | None]) -> StepResult:
    try:
        return StepResult(reference=await call)
    except GatewayRefused as refused:
        return StepResult(failure=refused.code)


@asynccontextmanager
async def _temporal_errors() -> AsyncIterator[None]:
    """A partner's temporary failure as one Temporal retries, at the partner's pace where it names one."""
    try:
        yield
    except TryAgain as error:
        raise ApplicationError(error.code, type="try_again", next_retry_delay=_pause(error.after)) from None


def _pause(wished: float | None) -> timedelta | None:
    """What the partner wishes (seconds), yet so that there is one more try before patience is over.

    Temporal would not wait for a longer one but give up at once: an hour of a partner's maintenance would make each
    refund a person's task.
    """
    if wished is None:
        return None
    pause = timedelta(seconds=wished)
    if not activity.in_activity():
        return pause
    info = activity.info()
    if info.schedule_to_close_timeout is None or info.start_to_close_timeout is None:
        return pause
    left = info.scheduled_time + info.schedule_to_close_timeout - info.start_to_close_timeout - wall_clock()
    return min(pause, left) if left > timedelta(0) else pause
