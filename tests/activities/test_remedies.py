"""Money and goods: once, never more than was paid, and a person can act on every failure."""

import asyncio
import dataclasses
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlmodel import select
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.embedded import EmbeddedCarrier, EmbeddedGateway, EmbeddedWarehouse
from activities.intents import Intents
from activities.ports import GatewayRefused, PaymentGateway, Receipt, TryAgain
from activities.remedies import Remedies
from activities.store import Store
from models.case import Event
from models.complaint import Quantity
from models.remedy import RemedyOrder
from models.tables import GatewayEntry, GatewayRefund, OrderAccount, RefundIntent
from tests.activities.bookkeeping import OCTOBER, Books, executed

Remedy = Callable[..., RemedyOrder]
Answer = Receipt | Exception


class ScriptedGateway:
    """Answers each call as told and keeps the keys; `made` is what a look-up finds."""

    key_life = timedelta(hours=24)

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.keys: list[str] = []
        self.made: Receipt | None = None
        self.looks = 0

    async def refund(self, key: str, reference: str, order: str, amount: int, currency: str) -> Receipt:
        self.keys.append(key)
        answer = self.answers.pop(0) if self.answers else Receipt(reference="RF-1", amount=amount, currency=currency)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def find(self, reference: str) -> Receipt | None:
        self.looks += 1
        return self.made


@pytest.fixture
def desk(store: Store, clock: Any) -> Callable[..., Remedies]:
    def build(payment: PaymentGateway | None = None) -> Remedies:
        gateway = payment or EmbeddedGateway(store)
        return Remedies(store, gateway, EmbeddedWarehouse(store), EmbeddedCarrier(store), clock=clock)

    return build


async def refunded(store: Store) -> list[int]:
    async with store.read() as session:
        return list((await session.exec(select(OrderAccount.refunded).order_by(OrderAccount.order_number))).all())


async def fails(call: Callable[[RemedyOrder], object], order: RemedyOrder) -> ApplicationError:
    with pytest.raises(ApplicationError) as raised:
        await call(order)  # type: ignore[misc]
    assert raised.value.type == "try_again"
    assert not raised.value.non_retryable
    return raised.value


async def test_a_payment_asked_for_again_is_the_same_payment(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy
) -> None:
    first = await desk().pay(remedy())
    again = await asyncio.gather(*(desk().pay(remedy()) for _ in range(5)))
    assert first.reference is not None
    assert set(again) == {first}
    assert await refunded(store) == [400]
    async with store.read() as session:
        assert len((await session.exec(select(GatewayRefund))).all()) == 1
        assert sorted((await session.exec(select(GatewayEntry.amount))).all()) == [-400, 400]


async def test_ten_payments_of_one_order_at_once_never_pay_more_than_was_paid(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy
) -> None:
    ends = await asyncio.gather(*(desk().pay(remedy(f"C-{i}", amount=300)) for i in range(10)))
    assert sorted(end.failure or "" for end in ends) == ["", "", "", *["exceeds_paid"] * 7]
    assert await refunded(store) == [900]


async def test_one_payment_asked_for_ten_times_at_once_is_made_once(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy
) -> None:
    ends = await asyncio.gather(*(desk().pay(remedy()) for _ in range(10)))
    assert len({end.reference for end in ends}) == 1
    assert await refunded(store) == [400]


async def test_nothing_to_pay_is_done_at_once(store: Store, desk: Callable[..., Remedies], remedy: Remedy) -> None:
    end = await desk().pay(remedy(amount=0))
    assert (end.reference, end.failure) == (None, None)
    assert (await desk().pay_state(remedy(amount=0))).failure is None
    assert await refunded(store) == []


async def test_an_order_said_to_be_paid_otherwise_than_before_goes_to_a_person(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy
) -> None:
    await desk().pay(remedy())
    end = await desk().pay(remedy("C-2", paid=900_000, amount=800_000))
    assert end.failure == "paid_differs"
    assert await refunded(store) == [400]


async def test_what_people_paid_by_other_means_counts_against_what_is_left_of_the_order(
    desk: Callable[..., Remedies], remedy: Remedy, books: Books
) -> None:
    await books.case("C-1", number="O-1")
    await books.by_hand("C-1", 700, "BANK-1")
    assert (await desk().pay(remedy("C-2"))).failure == "exceeds_paid"
    assert (await desk().pay(remedy("C-3", amount=300))).failure is None
    assert (await desk().pay(remedy("C-1", decision=2, amount=1))).failure == "exceeds_paid"


async def test_what_a_person_paid_by_other_means_is_no_later_payment_of_the_same_case_and_amount(
    desk: Callable[..., Remedies], remedy: Remedy, books: Books
) -> None:
    await books.case("C-1", number="O-1")
    await books.by_hand("C-1", 700, "BANK-1")
    assert (await desk().pay(remedy("C-1", decision=2, amount=700))).failure == "exceeds_paid"


async def test_what_people_paid_for_one_order_is_nothing_to_another(
    desk: Callable[..., Remedies], remedy: Remedy, books: Books
) -> None:
    await books.case("C-5", number="O-5")
    await books.by_hand("C-5", 700, "BANK-1")
    assert (await desk().pay(remedy("C-1", amount=900))).failure is None


async def test_a_payment_in_doubt_that_a_person_settled_counts_once(
    desk: Callable[..., Remedies], remedy: Remedy, books: Books
) -> None:
    await books.case("C-1", number="O-1")
    with pytest.raises(ApplicationError):
        await desk(ScriptedGateway(TryAgain("timeout"))).pay(remedy("C-1"))
    await books.by_hand("C-1", 400, "BANK-1")
    assert (await desk().pay(remedy("C-2", amount=600))).failure is None
    assert (await desk().pay(remedy("C-3", amount=1))).failure == "exceeds_paid"


async def test_a_payment_in_doubt_is_not_taken_for_another_amount_that_people_paid(
    desk: Callable[..., Remedies], remedy: Remedy, books: Books
) -> None:
    await books.case("C-1", number="O-1")
    await fails(desk(ScriptedGateway(TryAgain("timeout"))).pay, remedy("C-1", amount=300))
    await books.by_hand("C-1", 400, "BANK-1")
    assert (await desk().pay(remedy("C-2", amount=301))).failure == "exceeds_paid"
    assert (await desk().pay(remedy("C-3", amount=300))).failure is None


async def test_an_order_paid_in_one_currency_gives_nothing_back_in_another(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy
) -> None:
    await desk().pay(remedy())
    end = await desk().pay(remedy("C-2", currency="USD"))
    assert end.failure == "paid_differs"
    assert (await desk().pay(remedy("C-3"))).failure is None
    assert await refunded(store) == [800]


async def test_of_two_first_payments_at_once_in_different_currencies_only_one_is_made(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy
) -> None:
    async with store.write() as session:
        session.add(OrderAccount(order_number=remedy().order, currency="USD", paid=1_000, refunded=400))
        await session.flush()
        second = asyncio.create_task(desk().pay(remedy()))
        await asyncio.wait({second}, timeout=0.5)
    assert (await second).failure == "paid_differs"
    assert await refunded(store) == [400]


async def test_a_refusal_gives_the_amount_back_and_stays_the_answer(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy
) -> None:
    gateway = ScriptedGateway(GatewayRefused("account_closed"))
    assert (await desk(gateway).pay(remedy())).failure == "account_closed"
    assert await refunded(store) == [0]
    assert (await desk(gateway).pay(remedy())).failure == "account_closed"
    assert gateway.keys == ["C-1:1:pay:1"]
    assert (await desk(gateway).pay_state(remedy())).failure == "account_closed"


async def test_what_one_order_takes_gives_back_or_finds_too_late_changes_no_other_order(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy, clock: Any
) -> None:
    await desk().pay(remedy("C-9", order="O-9", amount=300))
    intents = Intents(store)
    opened: Any = await intents.open(remedy(amount=700), clock())
    await intents.refused(opened.intent, "account_closed", 1)
    assert await refunded(store) == [0, 300]
    await desk().pay(remedy("C-2", amount=700))
    await intents.paid(opened.intent, Receipt(reference="RF-LATE", amount=700, currency="CNY"))
    assert await refunded(store) == [1_000, 300]


async def test_a_refusal_does_not_hide_that_an_earlier_call_has_paid(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy
) -> None:
    gateway = ScriptedGateway(TryAgain("timeout"), GatewayRefused("already_refunded"))
    await fails(desk(gateway).pay, remedy(amount=700))
    gateway.made = Receipt(reference="RF-LATE", amount=700, currency="CNY")
    assert (await desk(gateway).pay(remedy(amount=700))).reference == "RF-LATE"
    assert gateway.keys == ["C-1:1:pay:1"] * 2
    assert (await desk().pay(remedy("C-2", amount=700))).failure == "exceeds_paid"
    assert await refunded(store) == [700]


async def test_a_refusal_after_a_call_that_was_not_answered_counts_once_that_call_cannot_land_any_more(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy, clock: Any
) -> None:
    refusals = [GatewayRefused("account_closed") for _ in range(2)]
    gateway = ScriptedGateway(TryAgain("timeout"), *refusals)
    await fails(desk(gateway).pay, remedy())
    clock.later(seconds=11)
    error = await fails(desk(gateway).pay, remedy())
    assert (error.message, error.next_retry_delay) == ("settling", timedelta(seconds=49))
    assert await refunded(store) == [400]
    clock.later(seconds=49)
    assert (await desk(gateway).pay(remedy())).failure == "account_closed"
    assert (gateway.keys, gateway.looks) == (["C-1:1:pay:1"] * 3, 2)
    assert await refunded(store) == [0]


async def test_a_gateway_that_asks_for_more_time_than_patience_has_is_asked_once_more_before_that_is_over(
    desk: Callable[..., Remedies], remedy: Remedy, env: ActivityEnvironment
) -> None:
    env.info = dataclasses.replace(
        env.info,
        scheduled_time=datetime.now(UTC),
        schedule_to_close_timeout=timedelta(hours=1),
        start_to_close_timeout=timedelta(seconds=30),
    )
    remedies = desk(ScriptedGateway(TryAgain("http_503", 3_600), TryAgain("http_503", 7)))
    for seconds in (3_570, 7):
        with pytest.raises(ApplicationError) as raised:
            await env.run(remedies.pay, remedy())
        assert raised.value.next_retry_delay is not None
        assert raised.value.next_retry_delay.total_seconds() == pytest.approx(seconds, abs=5)


async def test_a_person_may_try_a_refused_payment_again_under_a_new_key_after_a_look(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy
) -> None:
    gateway = ScriptedGateway(GatewayRefused("account_closed"))
    await desk(gateway).pay(remedy())
    end = await desk(gateway).pay(remedy(attempt=2))
    assert end.reference == "RF-1"
    assert (gateway.keys, gateway.looks) == (["C-1:1:pay:1", "C-1:1:pay:2"], 1)
    assert await refunded(store) == [400]


async def test_the_refusal_of_a_later_attempt_is_its_answer_too_however_often_it_is_asked(
    desk: Callable[..., Remedies], remedy: Remedy
) -> None:
    gateway = ScriptedGateway(GatewayRefused("account_closed"), GatewayRefused("account_blocked"))
    ends = [await desk(gateway).pay(remedy(attempt=attempt)) for attempt in (1, 2, 2)]
    assert [end.failure for end in ends] == ["account_closed", "account_blocked", "account_blocked"]
    assert gateway.keys == ["C-1:1:pay:1", "C-1:1:pay:2"]


async def test_a_payment_taken_back_is_not_made_anew_with_another_amount(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy
) -> None:
    gateway = ScriptedGateway()
    await desk(gateway).pay(remedy())
    await _taken_back(store)
    assert (await desk(gateway).pay(remedy(amount=300, attempt=2))).failure == "amount_differs"
    assert (gateway.keys, await refunded(store)) == (["C-1:1:pay:1"], [400])


async def test_a_second_attempt_does_not_take_what_others_were_paid_meanwhile(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy
) -> None:
    gateway = ScriptedGateway(GatewayRefused("account_closed"))
    await desk(gateway).pay(remedy(amount=700))
    await desk(gateway).pay(remedy("C-2", amount=700))
    assert (await desk(gateway).pay(remedy(amount=700, attempt=2))).failure == "exceeds_paid"
    assert await refunded(store) == [700]
    assert len(gateway.keys) == 2


async def test_after_a_refusal_that_proves_wrong_the_order_gives_back_nothing_more(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy, clock: Any
) -> None:
    intents = Intents(store)
    opened: Any = await intents.open(remedy(amount=700), clock())
    await intents.refused(opened.intent, "account_closed", 1)
    await desk().pay(remedy("C-2", amount=700))
    await intents.paid(opened.intent, Receipt(reference="RF-LATE", amount=700, currency="CNY"))
    assert (await desk().pay(remedy("C-3", amount=300))).failure == "exceeds_paid"
    assert await refunded(store) == [1_000]


async def test_what_has_left_after_a_refusal_stays_held_when_what_others_took_is_given_back(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy, clock: Any
) -> None:
    intents = Intents(store)
    first: Any = await intents.open(remedy(amount=700), clock())
    await intents.refused(first.intent, "account_closed", 1)
    second: Any = await intents.open(remedy("C-2", amount=700), clock())
    await intents.paid(first.intent, Receipt(reference="RF-LATE", amount=700, currency="CNY"))
    await intents.refused(second.intent, "account_closed", 1)
    assert await refunded(store) == [700]
    assert (await desk().pay(remedy("C-3", amount=400))).failure == "exceeds_paid"


async def test_a_temporary_failure_is_tried_again_under_the_same_key_at_the_gateways_pace(
    desk: Callable[..., Remedies], remedy: Remedy
) -> None:
    gateway = ScriptedGateway(TryAgain("http_429", 7))
    error = await fails(desk(gateway).pay, remedy())
    assert (error.message, error.next_retry_delay) == ("http_429", timedelta(seconds=7))
    assert (await desk(gateway).pay(remedy())).reference == "RF-1"
    assert gateway.keys == ["C-1:1:pay:1"] * 2


async def test_after_a_stored_failure_a_new_key_is_used_only_when_the_first_call_has_settled(
    desk: Callable[..., Remedies], remedy: Remedy, clock: Any
) -> None:
    gateway = ScriptedGateway(TryAgain("http_500", suspect=True))
    await fails(desk(gateway).pay, remedy())
    error = await fails(desk(gateway).pay, remedy())
    assert (error.message, error.next_retry_delay) == ("settling", timedelta(seconds=60))
    assert len(gateway.keys) == 1
    clock.later(seconds=61)
    assert (await desk(gateway).pay(remedy())).reference == "RF-1"
    assert gateway.keys == ["C-1:1:pay:1", "C-1:1:pay:2"]


async def test_a_payment_that_landed_although_it_failed_is_found_and_not_made_again(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy
) -> None:
    gateway = ScriptedGateway(TryAgain("http_500", suspect=True))
    await fails(desk(gateway).pay, remedy())
    gateway.made = Receipt(reference="RF-LATE", amount=400, currency="CNY")
    assert (await desk(gateway).pay(remedy())).reference == "RF-LATE"
    assert len(gateway.keys) == 1
    assert await refunded(store) == [400]


async def test_a_key_the_gateway_may_have_forgotten_is_not_sent_again(
    desk: Callable[..., Remedies], remedy: Remedy, clock: Any
) -> None:
    gateway = ScriptedGateway(TryAgain("timeout"))
    await fails(desk(gateway).pay, remedy())
    gateway.made = Receipt(reference="RF-LATE", amount=400, currency="CNY")
    clock.later(hours=20)
    assert (await desk(gateway).pay(remedy())).reference == "RF-LATE"
    assert len(gateway.keys) == 1


async def test_a_keys_age_counts_from_its_first_call_however_often_it_was_tried_since(
    desk: Callable[..., Remedies], remedy: Remedy, clock: Any
) -> None:
    gateway = ScriptedGateway(TryAgain("timeout"), TryAgain("timeout"))
    await fails(desk(gateway).pay, remedy())
    clock.later(hours=15)
    await fails(desk(gateway).pay, remedy())
    assert gateway.looks == 0
    clock.later(hours=5)
    gateway.made = Receipt(reference="RF-LATE", amount=400, currency="CNY")
    assert (await desk(gateway).pay(remedy())).reference == "RF-LATE"
    assert gateway.keys == ["C-1:1:pay:1"] * 2


async def test_a_call_settles_from_when_it_was_made_last(
    desk: Callable[..., Remedies], remedy: Remedy, clock: Any
) -> None:
    gateway = ScriptedGateway(TryAgain("timeout"), TryAgain("http_500", suspect=True))
    await fails(desk(gateway).pay, remedy())
    clock.later(minutes=10)
    await fails(desk(gateway).pay, remedy())
    clock.later(seconds=20)
    error = await fails(desk(gateway).pay, remedy())
    assert (error.message, error.next_retry_delay) == ("settling", timedelta(seconds=40))


async def test_a_refusal_that_proves_wrong_holds_its_own_amount_and_all_that_is_left_can_be_given_back(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy, clock: Any
) -> None:
    intents = Intents(store)
    opened: Any = await intents.open(remedy(amount=400), clock())
    await intents.refused(opened.intent, "account_closed", 1)
    await intents.paid(opened.intent, Receipt(reference="RF-LATE", amount=400, currency="CNY"))
    assert await refunded(store) == [400]
    assert (await desk().pay(remedy("C-2", amount=601))).failure == "exceeds_paid"
    assert (await desk().pay(remedy("C-3", amount=600))).failure is None


async def test_a_found_payment_of_another_amount_goes_to_a_person(
    desk: Callable[..., Remedies], remedy: Remedy
) -> None:
    gateway = ScriptedGateway(GatewayRefused("account_closed"))
    await desk(gateway).pay(remedy())
    gateway.made = Receipt(reference="RF-LATE", amount=400, currency="CNY")
    end = await desk(gateway).pay(remedy(amount=300, attempt=2))
    assert (end.reference, end.failure) == ("RF-LATE", "amount_differs")


async def test_when_patience_ran_out_one_look_tells_paid_from_doubt(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy
) -> None:
    gateway = ScriptedGateway(TryAgain("timeout"))
    assert (await desk(gateway).pay_state(remedy())).failure == "payment_in_doubt"
    await fails(desk(gateway).pay, remedy())
    assert (await desk(gateway).pay_state(remedy())).failure == "payment_in_doubt"
    gateway.made = Receipt(reference="RF-LATE", amount=400, currency="CNY")
    assert (await desk(gateway).pay_state(remedy())).reference == "RF-LATE"
    assert (await desk(gateway).pay(remedy())).reference == "RF-LATE"
    assert (gateway.looks, await refunded(store)) == (2, [400])


async def test_a_look_that_finds_another_payments_refund_has_found_nothing(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy
) -> None:
    """A partner that does not take notice of the reference it is asked for lists every refund it has made."""
    gateway = ScriptedGateway()
    gateway.made = Receipt(reference=str((await desk(gateway).pay(remedy())).reference), amount=400, currency="CNY")
    gateway.answers = [TryAgain("http_500", suspect=True)]
    other = remedy("C-2", order="O-2")
    await fails(desk(gateway).pay, other)
    assert (await fails(desk(gateway).pay, other)).message == "bad_answer"
    assert (await desk(gateway).pay_state(other)).failure == "payment_in_doubt"


class MuteGateway(ScriptedGateway):
    """Takes every question and answers none."""

    async def find(self, reference: str) -> Receipt | None:
        await asyncio.Event().wait()
        return None


async def test_a_gateway_that_never_answers_leaves_a_payment_in_doubt(store: Store, remedy: Remedy) -> None:
    gateway: Any = MuteGateway(TryAgain("timeout"))
    remedies = Remedies(store, gateway, EmbeddedWarehouse(store), EmbeddedCarrier(store), look_within=0.05)
    await fails(remedies.pay, remedy())
    assert (await remedies.pay_state(remedy())).failure == "payment_in_doubt"


@pytest.mark.parametrize(
    ("number", "recorded"),
    [
        ("RF/1 ", "RF/1%20"),
        ("RF\0-1", "RF%00-1"),
        ("退款-1", "%E9%80%80%E6%AC%BE-1"),
        ("RF\ud800", "RF\\ud800"),
        ("9" * 5_000, f"{'9' * 135}~{sha256(b'9' * 5_000).hexdigest()}"),
    ],
    ids=["space", "nul", "chinese", "surrogate", "giant"],
)
async def test_a_refund_stands_on_record_whatever_number_its_gateway_gives_it(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy, number: str, recorded: str
) -> None:
    remedies = desk(ScriptedGateway(Receipt(reference=number, amount=400, currency="CNY")))
    assert (await remedies.pay(remedy())).reference == recorded
    async with store.read() as session:
        assert (await session.exec(select(RefundIntent.reference))).all() == [recorded]
    assert Receipt(reference=recorded, amount=400, currency="CNY").reference == recorded


async def test_money_in_doubt_stays_held_on_the_order(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy
) -> None:
    await fails(desk(ScriptedGateway(TryAgain("timeout"))).pay, remedy(amount=700))
    assert (await desk().pay(remedy("C-2", amount=700))).failure == "exceeds_paid"


async def test_a_payment_taken_back_stays_held_and_is_made_anew_only_by_a_later_attempt_after_a_look(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy
) -> None:
    gateway = ScriptedGateway()
    await desk(gateway).pay(remedy())
    await _taken_back(store)
    again = await desk(gateway).pay(remedy())
    assert (again.reference, again.failure) == ("RF-1", "account_closed")
    assert (gateway.keys, await refunded(store)) == (["C-1:1:pay:1"], [400])
    gateway.answers = [Receipt(reference="RF-2", amount=400, currency="CNY")]
    ends = [await desk(gateway).pay(remedy(attempt=2)) for _ in range(3)]
    assert {(end.reference, end.failure) for end in ends} == {("RF-2", None)}
    assert (gateway.keys, gateway.looks) == (["C-1:1:pay:1", "C-1:1:pay:2"], 1)
    assert await refunded(store) == [400]


async def test_a_payment_taken_back_and_given_up_is_free_for_others_once_the_gateway_no_longer_lists_it(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy, books: Books
) -> None:
    gateway = ScriptedGateway()
    await books.case("C-1", number="O-1")
    await desk(gateway).pay(remedy(amount=700))
    await _taken_back(store)
    other = remedy("C-2", amount=700)
    assert (await desk(gateway).pay(other)).failure == "exceeds_paid"
    facts: dict[str, str | int] = {"outcome": "abandon", "payment": 1}
    await books.write("C-1", Event(seq=1, at=OCTOBER, kind="resolved", data=facts))
    gateway.made = Receipt(reference="RF-1", amount=700, currency="CNY")
    assert (await desk(gateway).pay(other)).failure == "exceeds_paid"
    gateway.made = None
    gateway.answers = [Receipt(reference="RF-2", amount=700, currency="CNY")]
    assert (await desk(gateway).pay(other)).reference == "RF-2"
    assert await refunded(store) == [700]
    assert (await desk(gateway).pay(remedy("C-3", amount=700))).failure == "exceeds_paid"


async def test_a_refund_said_to_be_taken_back_that_the_gateway_still_lists_is_not_paid_again(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy
) -> None:
    gateway = ScriptedGateway()
    await desk(gateway).pay(remedy())
    await _taken_back(store)
    gateway.made = Receipt(reference="RF-1", amount=400, currency="CNY")
    ends = [await desk(gateway).pay(remedy(attempt=2)) for _ in range(2)]
    assert {(end.reference, end.failure) for end in ends} == {("RF-1", None)}
    kept: Any = await Intents(store).get("C-1:1:pay")
    assert (gateway.keys, kept.state) == (["C-1:1:pay:1"], "paid")


async def test_news_of_a_payment_from_before_it_was_taken_back_does_not_pay_it_again(
    store: Store, remedy: Remedy, clock: Any
) -> None:
    intents = Intents(store)
    opened: Any = await intents.open(remedy(), clock())
    for reference, state in (("RF-1", "taken_back"), ("RF-2", "paid")):
        await intents.paid(opened.intent, Receipt(reference="RF-1", amount=400, currency="CNY"))
        await intents.taken_back(opened.intent.key, "account_closed")
        await intents.paid(opened.intent, Receipt(reference=reference, amount=400, currency="CNY"))
        kept: Any = await intents.get(opened.intent.key)
        assert kept.state == state


async def test_a_refusal_of_a_call_that_another_has_followed_frees_nothing(
    store: Store, remedy: Remedy, clock: Any
) -> None:
    intents = Intents(store)
    opened: Any = await intents.open(remedy(), clock())
    later = await intents.sending(opened.intent, clock(), anew=True)
    assert not await intents.refused(opened.intent.model_copy(update={"generation": 1}), "account_closed", 1)
    kept: Any = await intents.get(later.key)
    assert (kept.state, kept.generation, await refunded(store)) == ("open", 2, [400])
    assert await intents.refused(later, "account_closed", 1)
    assert await refunded(store) == [0]


async def _taken_back(store: Store) -> None:
    async with store.write() as session:
        (intent,) = (await session.exec(select(RefundIntent))).all()
        intent.state, intent.code = "taken_back", "account_closed"


async def test_one_payment_in_doubt_stands_for_one_of_the_amounts_people_paid_by_other_means(
    desk: Callable[..., Remedies], remedy: Remedy, books: Books
) -> None:
    await books.case("C-1", number="O-1")
    refusing = ScriptedGateway(GatewayRefused("account_closed"), TryAgain("timeout"))
    assert (await desk(refusing).pay(remedy("C-1"))).failure == "account_closed"
    await books.by_hand("C-1", 400, "BANK-1")
    await fails(desk(refusing).pay, remedy("C-1", decision=2))
    await books.write("C-1", executed(3, 400, elsewhere=1, reference="BANK-2"), refunded=800)
    assert (await desk().pay(remedy("C-2", amount=201))).failure == "exceeds_paid"
    assert (await desk().pay(remedy("C-3", amount=200))).failure is None


async def test_a_refusal_that_proves_wrong_is_not_told_of_the_payment_any_more(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy, clock: Any
) -> None:
    intents = Intents(store)
    opened: Any = await intents.open(remedy(), clock())
    await intents.refused(opened.intent, "account_closed", 1)
    await intents.paid(opened.intent, Receipt(reference="RF-LATE", amount=400, currency="CNY"))
    for end in (await desk().pay(remedy()), await desk().pay_state(remedy()), await desk().pay(remedy(attempt=2))):
        assert (end.reference, end.failure) == ("RF-LATE", None)


async def test_the_refusal_of_a_later_attempt_at_a_payment_in_doubt_is_its_answer_however_often_it_is_asked(
    desk: Callable[..., Remedies], remedy: Remedy, clock: Any
) -> None:
    gateway = ScriptedGateway(TryAgain("timeout"), GatewayRefused("account_closed"))
    await fails(desk(gateway).pay, remedy())
    clock.later(minutes=5)
    assert (await desk(gateway).pay(remedy(attempt=2))).failure == "account_closed"
    assert (await desk(gateway).pay(remedy(attempt=2))).failure == "account_closed"
    assert gateway.keys == ["C-1:1:pay:1"] * 2
    assert (await desk(gateway).pay(remedy(attempt=3))).reference == "RF-1"


async def test_what_refusals_have_freed_is_free_however_many_there_were(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy
) -> None:
    for number in ("C-1", "C-2", "C-3"):
        gateway = ScriptedGateway(GatewayRefused("account_closed"))
        assert (await desk(gateway).pay(remedy(number))).failure == "account_closed"
    assert await refunded(store) == [0]
    assert (await desk().pay(remedy("C-4", amount=1_000))).failure is None


async def test_a_refusal_is_noted_on_an_order_that_has_given_back_more_than_was_paid(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy, clock: Any
) -> None:
    intents = Intents(store)
    late: Any = await intents.open(remedy(amount=700), clock())
    await intents.refused(late.intent, "account_closed", 1)
    await intents.open(remedy("C-2", amount=700), clock())
    third: Any = await intents.open(remedy("C-3", amount=300), clock())
    await intents.paid(late.intent, Receipt(reference="RF-LATE", amount=700, currency="CNY"))
    assert await intents.refused(third.intent, "account_closed", 1)
    assert await refunded(store) == [1_000]
    assert (await desk().pay(remedy("C-4", amount=1))).failure == "exceeds_paid"


async def test_a_refused_parcel_is_in_doubt_once_a_call_for_it_had_no_answer(store: Store, remedy: Remedy) -> None:
    class Sent(EmbeddedWarehouse):
        async def ship(self, key: str, order: str, lines: Sequence[Quantity]) -> str:
            raise GatewayRefused("duplicate")

    remedies = Remedies(store, EmbeddedGateway(store), Sent(store), EmbeddedCarrier(store))
    assert (await remedies.ship(remedy())).failure == "duplicate"
    assert (await remedies.ship(remedy(asked=True, attempt=2))).failure == "shipment_in_doubt"
    tried = ActivityEnvironment()
    for attempt, end in ((1, "duplicate"), (2, "shipment_in_doubt")):
        tried.info = dataclasses.replace(tried.info, attempt=attempt)
        assert (await tried.run(remedies.ship, remedy())).failure == end


async def test_a_gateway_that_takes_a_second_payment_of_an_order_for_the_first_has_not_made_it(
    store: Store, desk: Callable[..., Remedies], remedy: Remedy, clock: Any
) -> None:
    """It tells payments apart by order and amount, not by the key: the customer has one of two amounts owed."""
    gateway = ScriptedGateway()
    assert (await desk(gateway).pay(remedy())).reference == "RF-1"
    second = remedy("C-2")
    assert (await fails(desk(gateway).pay, second)).message == "bad_answer"
    assert (await desk(gateway).pay_state(second)).failure == "payment_in_doubt"
    gateway.answers = [Receipt(reference="RF-2", amount=400, currency="CNY")]
    clock.later(minutes=5)
    assert (await desk(gateway).pay(second)).reference == "RF-2"
    assert gateway.keys == ["C-1:1:pay:1", "C-2:1:pay:1", "C-2:1:pay:2"]
