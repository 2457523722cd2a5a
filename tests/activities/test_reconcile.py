"""Gateway, ledger and cases agree, and where they do not, the case is named."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlmodel import col

from activities.embedded import EmbeddedGateway
from activities.intents import Intents
from activities.ports import Receipt
from activities.reconcile import Reconciliation
from activities.store import Store
from models.ledger import Difference
from models.remedy import RemedyOrder
from models.stage import Stage
from models.tables import CaseRow, RefundIntent
from tests.activities.bookkeeping import Books, executed, ruled, taken_back
from tests.activities.conftest import Clock
from tests.activities.test_ledger import GOOD, run


async def reconciled(store: Store, *, embedded: bool = True) -> tuple[list[Difference], Reconciliation]:
    run = Reconciliation(store, embedded=embedded)
    return [found async for found in run.differences()], run


async def filled(books: Books) -> None:
    for i in range(5):
        await books.paid(f"C-{i}", 1_000 + i)


@pytest.mark.parametrize("embedded", [True, False])
async def test_books_that_agree_are_clean(books: Books, store: Store, *, embedded: bool) -> None:
    await filled(books)
    await books.case("C-9")
    found, run = await reconciled(store, embedded=embedded)
    assert (found, run.cases) == ([], 6)
    assert run.totals == {"CNY": {"gateway": 5_010, "ledger": 5_010, "cases": 5_010}}


async def test_a_cent_the_gateway_paid_too_much_is_found_and_named(books: Books, store: Store) -> None:
    await filled(books)
    await EmbeddedGateway(store).refund("planted", "C-3:1:pay", "O-C-3", 1, "CNY")
    found, run = await reconciled(store)
    assert found == [Difference(number="C-3", currency="CNY", gateway=1_004, ledger=1_003, case=1_003)]
    assert run.totals["CNY"]["gateway"] == 5_011


async def test_a_cent_on_a_case_is_found_and_named(books: Books, store: Store) -> None:
    await filled(books)
    async with store.write() as session:
        await session.exec(update(CaseRow).where(col(CaseRow.number) == "C-1").values(refunded=1_000))
    found, _ = await reconciled(store)
    assert [(d.number, d.gateway, d.ledger, d.case) for d in found] == [("C-1", 1_001, 1_001, 1_000)]


async def test_a_booking_for_money_that_never_left_is_found(books: Books, store: Store) -> None:
    await books.case("C-1")
    await books.write("C-1", ruled(1), executed(2, 300), refunded=300)
    found, _ = await reconciled(store)
    assert [(d.number, d.gateway, d.ledger, d.case) for d in found] == [("C-1", 0, 300, 300)]


async def test_a_payment_in_another_currency_than_the_cases_is_found(books: Books, store: Store) -> None:
    await filled(books)
    await EmbeddedGateway(store).refund("planted", "C-3:1:pay", "O-C-3", 7, "USD")
    found, _ = await reconciled(store)
    assert [(d.number, d.currency, d.gateway, d.ledger) for d in found] == [("C-3", "USD", 7, 0)]


async def test_money_of_no_case_is_found(books: Books, store: Store) -> None:
    await filled(books)
    await EmbeddedGateway(store).refund("stray", "X-1:1:pay", "O-X", 1, "CNY")
    found, run = await reconciled(store)
    assert [(d.number, d.gateway, d.ledger, d.case) for d in found] == [("X-1", 1, 0, 0)]
    assert run.totals["CNY"]["gateway"] == 5_011
    receipt = await EmbeddedGateway(store).find("X-1:1:pay")
    assert receipt is not None
    await EmbeddedGateway(store).taken_back(receipt.reference)
    assert (await reconciled(store))[0] == []


async def test_bookings_of_no_case_are_found(store: Store) -> None:
    await run(store, *GOOD)
    found, _ = await reconciled(store)
    assert [(d.number, d.gateway, d.ledger, d.case) for d in found] == [("C-1", 0, 5, 0)]


async def test_money_a_person_paid_by_other_means_is_no_difference(books: Books, store: Store) -> None:
    await books.case("C-1")
    await books.by_hand("C-1", 500, "BANK-7")
    assert (await reconciled(store))[0] == []


async def test_a_payment_settled_by_the_gateways_own_number_is_not_counted_twice(books: Books, store: Store) -> None:
    await books.case("C-1")
    reference = await books.pay("C-1", 500)
    await books.by_hand("C-1", 500, reference)
    assert (await reconciled(store))[0] == []
    await books.case("C-2")
    await books.pay("C-2", 500)
    await books.by_hand("C-2", 500, "BANK-7")
    found, _ = await reconciled(store)
    assert [(d.number, d.gateway, d.ledger, d.case) for d in found] == [("C-2", 1_000, 500, 500)]


async def test_a_payment_the_case_is_just_making_is_told_apart_from_a_difference(books: Books, store: Store) -> None:
    await books.case("C-1")
    await books.pay("C-1", 500)
    await books.write("C-1", ruled(1), stage=Stage.EXECUTING)
    (found,) = (await reconciled(store))[0]
    assert (found.under_way, found.gateway, found.ledger) == (True, 500, 0)
    async with store.write() as session:
        await session.exec(update(CaseRow).values(refunded=3))
    (found,) = (await reconciled(store))[0]
    assert (found.under_way, found.case) == (False, 3)
    async with store.write() as session:
        await session.exec(update(CaseRow).values(refunded=0))
    await EmbeddedGateway(store).refund("planted", "C-1:1:pay", "O-C-1", 1, "CNY")
    (found,) = (await reconciled(store))[0]
    assert found.under_way is False


@pytest.mark.parametrize("embedded", [True, False])
async def test_a_refund_the_gateway_took_back_is_named_until_its_case_has_taken_it_out_of_the_books(
    books: Books, store: Store, *, embedded: bool
) -> None:
    await books.case("C-1")
    reference = await books.pay("C-1", 500)
    await books.write("C-1", ruled(1), executed(2, 500, reference=reference), refunded=500)
    await EmbeddedGateway(store).taken_back(reference)
    async with store.write() as session:
        await session.exec(update(RefundIntent).values(state="taken_back"))
    found, _ = await reconciled(store, embedded=embedded)
    assert [(d.number, d.gateway, d.ledger, d.case, d.under_way) for d in found] == [("C-1", 0, 500, 500, False)]
    await books.write("C-1", taken_back(3, 500, reference))
    assert (await reconciled(store, embedded=embedded))[0] == []
    assert await books.balances() == {}


async def test_a_partners_refunds_are_known_by_its_receipts(
    books: Books, store: Store, remedy: Callable[..., RemedyOrder], clock: Clock
) -> None:
    await books.case("C-1")
    intents = Intents(store)
    opened: Any = await intents.open(remedy("C-1", order="O-C-1", amount=500, paid=100_000), clock())
    await intents.paid(opened.intent, Receipt(reference="RF-1", amount=500, currency="CNY"))
    await books.write("C-1", ruled(1), executed(2, 500, reference="RF-1"), refunded=500)
    assert (await reconciled(store, embedded=False))[0] == []
    (found,) = (await reconciled(store, embedded=True))[0]
    assert (found.gateway, found.ledger) == (0, 500)


async def test_nothing_is_changed_by_looking(books: Books, store: Store) -> None:
    await filled(books)
    before = await books.txns()
    await reconciled(store)
    assert await books.txns() == before
    async with store.read() as session:
        count = (await (await session.connection()).execute(text("SELECT count(*) FROM gateway_refund"))).scalar_one()
    assert count == 5


async def test_a_payment_the_case_does_not_know_of_any_more_is_a_difference_and_not_under_way(
    books: Books, store: Store
) -> None:
    await books.case("C-1")
    await books.pay("C-1", 500)
    await books.write("C-1", ruled(1), stage=Stage.FEEDBACK)
    (found,) = (await reconciled(store))[0]
    assert (found.under_way, found.gateway, found.ledger, found.case) == (False, 500, 0, 0)
