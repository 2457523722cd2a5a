"""The book of payments: what one attempt notes stands, whatever a slower one, or early or late news, says after it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.embedded import EmbeddedCarrier, EmbeddedWarehouse
from activities.intents import Bar, Intents
from activities.ports import GatewayRefused, Receipt, TryAgain
from activities.remedies import Remedies
from activities.store import Store
from models.remedy import RemedyOrder
from models.tables import RefundIntent
from tests.activities.bookkeeping import Books, executed, ruled
from tests.activities.conftest import Clock
from tests.activities.test_remedies import ScriptedGateway

Remedy = Callable[..., RemedyOrder]
KEY = "C-1:1:pay"


def receipt(reference: str = "RF-1", amount: int = 400) -> Receipt:
    return Receipt(reference=reference, amount=amount, currency="CNY")


@pytest.fixture
def intents(store: Store) -> Intents:
    return Intents(store)


async def opened(intents: Intents, order: RemedyOrder, now: datetime) -> RefundIntent:
    held: Any = await intents.open(order, now)
    return held.intent  # type: ignore[no-any-return]


async def kept(intents: Intents, key: str = KEY) -> RefundIntent:
    found = await intents.get(key)
    assert found is not None
    return found


async def test_a_slower_attempt_notes_nothing_over_a_faster_one(intents: Intents, remedy: Remedy, clock: Clock) -> None:
    slow = (await opened(intents, remedy(), clock())).model_copy()
    clock.later(minutes=5)
    await intents.suspected(slow)
    fast = await intents.sending(slow, clock(), anew=True)
    assert (fast.generation, fast.suspect, fast.sent_at, fast.last_sent_at) == (2, False, clock(), clock())
    began = clock()
    clock.later(minutes=5)
    assert (await intents.sending(slow, clock(), anew=False)).last_sent_at == began
    await intents.suspected(slow)
    assert ((await kept(intents)).suspect, (await kept(intents)).last_sent_at) == (False, began)
    await intents.paid(fast, receipt())
    assert (await intents.sending(fast, clock(), anew=False)).state == "paid"
    assert (await kept(intents)).last_sent_at == began


async def test_what_is_said_of_one_payment_is_said_of_no_other(intents: Intents, remedy: Remedy, clock: Clock) -> None:
    one = await opened(intents, remedy(), clock())
    await opened(intents, remedy(decision=2, amount=300), clock())
    await intents.suspected(one)
    assert [(await kept(intents, key)).suspect for key in (KEY, "C-1:2:pay")] == [True, False]


async def test_only_a_payment_that_stands_is_taken_back_and_only_one_taken_back_is_freed(
    intents: Intents, remedy: Remedy, clock: Clock
) -> None:
    intent = await opened(intents, remedy(), clock())
    await intents.taken_back(KEY, "account_closed")
    assert (await kept(intents)).state == "open"
    await intents.paid(intent, receipt())
    await intents.paid(intent, receipt("RF-2"))
    await intents.free(KEY)
    assert ((await kept(intents)).state, (await kept(intents)).reference) == ("paid", "RF-1")
    await intents.taken_back(KEY, "account_closed")
    await intents.free(KEY)
    await intents.taken_back(KEY, "account_closed")
    assert (await kept(intents)).state == "refused"


class Busy(ScriptedGateway):
    """While it looks something up, another attempt does something."""

    def __init__(self, meanwhile: Callable[[], Any]) -> None:
        super().__init__(TryAgain("timeout"))
        self.meanwhile = meanwhile

    async def find(self, reference: str) -> Receipt | None:
        await self.meanwhile()
        return None


async def overtaken(store: Store, order: RemedyOrder, clock: Clock, meanwhile: Callable[[], Any]) -> tuple[Any, int]:
    """What a payment comes to while which another attempt does something, and how often the gateway was asked."""
    gateway: Any = Busy(meanwhile)
    remedies = Remedies(store, gateway, EmbeddedWarehouse(store), EmbeddedCarrier(store), clock=clock)
    with pytest.raises(ApplicationError):
        await remedies.pay(order)
    clock.later(hours=20)
    try:
        return await remedies.pay(order), len(gateway.keys)
    except ApplicationError as error:
        return error.message, len(gateway.keys)


async def test_who_is_overtaken_while_looking_sends_nothing(
    store: Store, intents: Intents, remedy: Remedy, clock: Clock
) -> None:
    async def pays() -> None:
        await intents.paid(await kept(intents), receipt())

    async def sends() -> None:
        for _ in range(2):  # of two that come to the same key, both may send it: the gateway pays it once
            await intents.sending(await kept(intents, "C-2:1:pay"), clock(), anew=True)

    end, calls = await overtaken(store, remedy(), clock, pays)
    assert (end.reference, end.failure, calls) == ("RF-1", None, 1)
    assert await overtaken(store, remedy("C-2"), clock, sends) == ("overtaken", 1)


async def test_a_refund_settled_by_hand_under_the_gateways_own_number_counts_once_and_another_besides(
    intents: Intents, remedy: Remedy, books: Books, clock: Clock
) -> None:
    await books.case("C-1", number="O-1")
    await intents.paid(await opened(intents, remedy(), clock()), receipt())
    await books.by_hand("C-1", 400, "RF-1")
    assert (await opened(intents, remedy("C-2", amount=600), clock())).amount == 600
    await intents.refused(await kept(intents, "C-2:1:pay"), "account_closed", 1)
    await books.write("C-1", executed(3, 400, elsewhere=1, reference="BANK-1"), refunded=800)
    assert await intents.open(remedy("C-3", amount=201), clock()) is Bar.EXCEEDS_PAID
    assert (await opened(intents, remedy("C-4", amount=200), clock())).amount == 200


async def test_what_was_paid_by_hand_in_one_case_is_not_the_payment_in_doubt_of_another(
    intents: Intents, remedy: Remedy, books: Books, clock: Clock
) -> None:
    await books.case("C-1", number="O-1")
    await books.by_hand("C-1", 400, "BANK-1")
    await opened(intents, remedy("C-2"), clock())
    assert await intents.open(remedy("C-3", amount=201), clock()) is Bar.EXCEEDS_PAID


async def test_of_two_amounts_paid_by_hand_the_one_under_the_gateways_number_is_the_payment_it_made(
    intents: Intents, remedy: Remedy, books: Books, clock: Clock
) -> None:
    await books.case("C-1", number="O-1")
    await opened(intents, remedy(), clock())
    await intents.paid(await opened(intents, remedy(decision=2), clock()), receipt("A-1"))
    by_hand = [executed(seq, 400, elsewhere=1, reference=reference) for seq, reference in ((2, "A-1"), (3, "B-2"))]
    await books.write("C-1", ruled(1), *by_hand, refunded=800)
    assert (await opened(intents, remedy("C-2", amount=200), clock())).amount == 200


async def test_a_refusal_that_comes_after_another_call_was_sent_is_not_the_payments_answer(
    store: Store, intents: Intents, remedy: Remedy, clock: Clock
) -> None:
    class Slow(ScriptedGateway):
        async def refund(self, key: str, reference: str, order: str, amount: int, currency: str) -> Receipt:
            await intents.sending(await kept(intents), clock(), anew=True)
            raise GatewayRefused("account_closed")

    gateway: Any = Slow()
    remedies = Remedies(store, gateway, EmbeddedWarehouse(store), EmbeddedCarrier(store), clock=clock)
    with pytest.raises(ApplicationError, match="overtaken"):
        await remedies.pay(remedy())
    assert ((await kept(intents)).state, (await kept(intents)).generation) == ("open", 2)
