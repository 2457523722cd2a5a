"""The ledger in SQL: booked once with its page, balanced and unchangeable on every database."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from activities.store import Store, StoreError
from models.case import Event
from models.pages import CaseSummary
from models.remedy import RemedyOrder
from procedures import PACKS, Packs
from tests.activities.bookkeeping import OCTOBER, Books, executed, moved, open_book, ruled, taken_back
from verify.oracle import Oracle


async def test_a_cost_is_booked_in_the_transaction_of_its_page_and_once_however_often_the_page_is_written(
    books: Books,
) -> None:
    await books.case("C-1")
    page = await books.write("C-1", ruled(1), executed(2, 1_001, liable=""), refunded=1_001)
    await asyncio.gather(*(books.casebook.write_down(page) for _ in range(5)))
    assert await books.balances() == {"gateway": -1_001, "merchant:M-1": 1_001}
    (txn,) = await books.txns()
    assert (txn.id, txn.order_number, txn.period, txn.clause, txn.at) == (
        "C-1:2:1", "O-C-1", "2026-10", "S0-06, S0-09", OCTOBER,
    )  # fmt: skip


async def test_a_split_is_booked_to_the_cent(books: Books) -> None:
    await books.case("C-1", carrier="EMS-1")
    await books.write("C-1", ruled(1, liable="merchant=67,carrier=33"), executed(2, 101))
    assert await books.balances() == {"carrier:EMS-1": 33, "gateway": -101, "merchant:M-1": 68}


async def test_what_a_later_page_moves_is_reversed_and_booked_anew_from_the_whole_record(books: Books) -> None:
    await books.case("C-1")
    await books.write("C-1", ruled(1, liable="merchandise=100", basis="silence"), executed(2, 900))
    await books.write("C-1", moved(3, "merchant=100"))
    assert await books.balances() == {"gateway": -900, "merchant:M-1": 900}
    assert [(txn.id, txn.reverses) for txn in await books.txns()] == [
        ("C-1:2:1", None),
        ("C-1:3:1", "C-1:2:1"),
        ("C-1:3:2", None),
    ]


async def test_a_held_cost_stands_on_its_own_account_until_it_is_decided(books: Books) -> None:
    await books.case("C-1")
    await books.write("C-1", ruled(1), executed(2, 900))
    await books.write("C-1", Event(seq=3, at=OCTOBER, kind="cost_held", data={"decision": 1}))
    assert await books.balances() == {"gateway": -900, "held": 900}
    await books.write("C-1", moved(4, "carrier=100", ground="panel"))
    assert await books.balances() == {"carrier": 900, "gateway": -900}


async def test_many_cases_in_one_transaction_are_booked_each_by_itself(books: Books) -> None:
    await asyncio.gather(*(books.case(f"C-{i}", f"M-{i % 3}") for i in range(30)))
    await asyncio.gather(*(books.write(f"C-{i}", ruled(1), executed(2, 100 + i)) for i in range(30)))
    sums = await books.balances()
    assert sums["gateway"] == -sum(100 + i for i in range(30))
    assert sums["merchant:M-1"] == sum(100 + i for i in range(1, 30, 3))


async def test_a_page_of_a_number_nobody_opened_books_nothing(books: Books) -> None:
    await books.write("X-1", ruled(1), executed(2, 100))
    assert await books.balances() == {}


TXN = """INSERT INTO ledger_txn (id, number, order_number, decision, event_seq, place, kind, ground, clause, contested,
 currency, reference, at, period, booked_at) VALUES ('{id}', 'C-1', 'O-1', 1, 9, 1, 'refund', 'answer', 'x', false,
 'CNY', '', '2026-10-10 00:00:00', '{period}', '2026-10-10 00:00:00')"""
ENTRY = """INSERT INTO ledger_entry (txn, line, account, party, amount)
 VALUES ('{txn}', {line}, '{account}', '{party}', {amount})"""


def txn(number: str = "T", period: str = "2026-10") -> str:
    return TXN.format(id=number, period=period)


def entry(line: int, amount: int, *, txn: str = "T", account: str = "gateway", party: str = "") -> str:
    return ENTRY.format(txn=txn, line=line, account=account, party=party, amount=amount)


GOOD = (entry(1, -5), entry(2, 5, account="cost", party="merchant:M-1"), txn())


async def run(store: Store, *statements: str) -> None:
    async with store.write() as session:
        connection = await session.connection()
        for statement in statements:
            await connection.execute(text(statement))


@pytest.mark.parametrize(
    ("statements", "why"),
    [
        ((entry(1, -5), entry(2, 4), txn()), "does not balance"),
        ((entry(1, -5), entry(2, 4), entry(3, 2), txn()), "does not balance"),
        ((txn(),), "does not balance"),
        ((*GOOD, entry(3, 1), entry(4, -1)), "the transaction is closed"),
        ((entry(1, -5), entry(2, 5)), r"(?i)foreign key|does not balance"),
        ((entry(1, 0), entry(2, 0), txn()), "amount_not_zero"),
        ((entry(1, -5), entry(2, 5, account="cost"), txn()), "party_where_cost"),
        ((entry(1, -5, party="merchant:M-1"), entry(2, 5), txn()), "party_where_cost"),
        ((*GOOD, txn()), "there already"),
    ],
)
async def test_the_database_refuses_what_is_no_transaction(store: Store, statements: tuple[str, ...], why: str) -> None:
    with pytest.raises(StoreError, match=why):
        await run(store, *statements)
    async with store.write() as session:
        connection = await session.connection()
        assert (await connection.execute(text("SELECT count(*) FROM ledger_entry"))).scalar_one() == 0


async def test_what_stands_in_the_ledger_stays(store: Store) -> None:
    await run(store, *GOOD)
    for statement in (
        "UPDATE ledger_txn SET period = '2026-11'",
        "UPDATE ledger_entry SET amount = amount + 1",
        "DELETE FROM ledger_entry",
        "DELETE FROM ledger_txn",
    ):
        with pytest.raises(StoreError, match="append-only"):
            await run(store, statement)


async def test_a_row_cannot_be_replaced_where_a_database_knows_such_a_thing(store: Store) -> None:
    await run(store, *GOOD)
    replace = "INSERT OR REPLACE" if store.dialect == "sqlite" else "TRUNCATE ledger_entry; INSERT"
    with pytest.raises(StoreError):
        await run(store, txn(period="2026-12").replace("INSERT", replace, 1))


async def test_a_transaction_is_taken_back_once(books: Books, store: Store) -> None:
    await books.case("C-1")
    await books.write("C-1", ruled(1), executed(2, 900))
    again: dict[str, Any] = {"id": "R", "period": "2026-10"}
    back = (entry(1, 900, txn="{id}"), entry(2, -900, txn="{id}", account="cost", party="merchant:M-1"))
    seal = TXN.replace("reference,", "reference, reverses,").replace("'CNY', '',", "'CNY', '', 'C-1:2:1',")
    await run(store, *(part.format(**again) for part in (*back, seal)))
    with pytest.raises(StoreError, match=r"(?i)unique"):
        await run(store, *(part.format(**again | {"id": "R2"}) for part in (*back, seal)))


@pytest.fixture
def two_versions(
    store: Store, books: Books, summary: Callable[..., CaseSummary], remedy: Callable[..., RemedyOrder], clock: Any
) -> tuple[Books, Packs]:
    """The books of a service that has a second version of its procedure too, in which merchants have no account."""
    packs, first = Packs(), PACKS.pinned("marketplace.1")
    parties = first.parties | {"merchant": first.parties["merchant"].model_copy(update={"settles": None})}
    packs.add(first)
    packs.add(first.model_copy(update={"version": 2, "parties": parties}))
    casebook = open_book(store, packs, clock=clock)
    later = partial(summary, procedure="marketplace.2")
    return Books(store, casebook, books.enter, later, remedy), packs


async def test_what_was_booked_before_a_case_moved_to_another_version_is_taken_back_as_it_was_booked(
    books: Books, two_versions: tuple[Books, Packs], store: Store
) -> None:
    later, packs = two_versions
    await books.case("C-1")
    reference = await books.pay("C-1", 900)
    await books.write("C-1", ruled(1), executed(2, 900, reference=reference), refunded=900)
    assert await books.balances() == {"gateway": -900, "merchant:M-1": 900}
    await later.write("C-1", Event(seq=3, at=OCTOBER, kind="moved", data={"to": "marketplace.2"}), refunded=900)
    await later.write("C-1", moved(4, "carrier=100"), refunded=900)
    assert await later.balances() == {"carrier": 900, "gateway": -900}
    oracle = Oracle(store, packs.pinned, pause=0.0)
    assert [wrong async for wrong in oracle.violations() if "booking" in wrong.code] == []


async def test_a_refund_that_a_case_tells_of_twice_is_booked_once_until_it_is_taken_back(books: Books) -> None:
    await books.paid("C-1", 1_000)
    reference = (await books.txns())[0].reference
    await books.write("C-1", executed(3, 1_000, reference=reference), refunded=1_000)
    assert await books.balances() == {"gateway": -1_000, "merchant:M-1": 1_000}
    await books.write("C-1", taken_back(4, 1_000, reference), executed(5, 1_000, reference=reference), refunded=1_000)
    assert await books.balances() == {"gateway": -1_000, "merchant:M-1": 1_000}
    assert [txn.event_seq for txn in await books.txns()] == [2, 4, 5]
