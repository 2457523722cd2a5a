"""The oracle over SQL: books that are right are clean, and each thing planted wrong is named with its case."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text, update
from sqlmodel import col

from activities.embedded import EmbeddedGateway
from activities.intents import Intents
from activities.statements import Statements
from activities.store import Store
from models.audit import Violation
from models.case import Event
from models.commands import Share
from models.remedy import RemedyOrder
from models.stage import Stage
from models.tables import CaseRow, OrderAccount
from procedures import PACKS
from starter.settings import Tuning
from tests.activities.bookkeeping import OCTOBER, Books, executed, ruled
from tests.activities.conftest import Clock
from verify.oracle import PAUSE, Oracle
from verify.partner import Partner
from workflows.options import insistent

Plant = Callable[[Books, Store], Awaitable[None]]


async def breaches(store: Store, **parts: object) -> list[tuple[str, str, str]]:
    oracle = Oracle(store, PACKS.pinned, pause=0.0, **parts)  # type: ignore[arg-type]
    return sorted([(wrong.invariant.value, wrong.number, wrong.code) async for wrong in oracle.violations()])


async def paid(books: Books, number: str, amount: int) -> None:
    """A case whose row counts its lines as the service does."""
    await books.case(number)
    reference = await books.pay(number, amount)
    await books.write(number, ruled(1), executed(2, amount, reference=reference), refunded=amount)


async def a_cent_too_much(books: Books, store: Store) -> None:
    await EmbeddedGateway(store).refund("planted", "C-3:1:pay", "O-C-3", 1, "CNY")


async def more_than_was_paid_by_other_means(books: Books, store: Store) -> None:
    await books.case("C-9", number="O-C-3")
    await books.write("C-9", ruled(1), executed(2, 98_998, elsewhere=1), refunded=98_998)


async def a_cent_less_on_the_case(books: Books, store: Store) -> None:
    async with store.write() as session:
        await session.exec(update(CaseRow).where(col(CaseRow.number) == "C-1").values(refunded=1_000))


async def an_order_that_forgot(books: Books, store: Store) -> None:
    async with store.write() as session:
        await session.exec(update(OrderAccount).where(col(OrderAccount.order_number) == "O-C-2").values(refunded=0))


async def an_entry_out_of_its_book(books: Books, store: Store) -> None:
    tables = {
        "sqlite": "DROP TRIGGER ledger_entry_no_UPDATE",
        "postgresql": "ALTER TABLE ledger_entry DISABLE TRIGGER ALL",
    }
    async with store.write() as session:
        connection = await session.connection()
        await connection.execute(text(tables[store.dialect]))
        await connection.execute(
            text("UPDATE ledger_entry SET party = 'merchant:M-9' WHERE party <> '' AND txn LIKE 'C-4:%'")
        )


async def a_line_lost(books: Books, store: Store) -> None:
    async with store.write() as session:
        await (await session.connection()).execute(text("DELETE FROM event_row WHERE number = 'C-0' AND seq = 1"))


async def a_closed_case_without_an_end(books: Books, store: Store) -> None:
    async with store.write() as session:
        await session.exec(update(CaseRow).where(col(CaseRow.number) == "C-0").values(stage=Stage.CLOSED.value))


async def silence_over_an_answer(books: Books, store: Store) -> None:
    deadline = OCTOBER.isoformat()
    asked = Event(seq=1, at=OCTOBER, kind="asked", department="merchandise", data={"deadline_at": deadline})
    answer = Event(seq=2, at=OCTOBER, kind="answered", actor="x", department="merchandise")
    silence = Event(seq=3, at=OCTOBER, kind="silence", department="merchandise")
    await books.case("C-8")
    await books.write("C-8", asked, answer, silence)


async def a_decision_out_of_the_trail(books: Books, store: Store) -> None:
    dropped = {"sqlite": "DROP TRIGGER audit_row_no_DELETE", "postgresql": "ALTER TABLE audit_row DISABLE TRIGGER ALL"}
    async with store.write() as session:
        connection = await session.connection()
        await connection.execute(text(dropped[store.dialect]))
        await connection.execute(text("DELETE FROM audit_row WHERE subject = 'C-2'"))


async def a_name_among_codes(books: Books, store: Store) -> None:
    named = {"id": "U-7", "name": "李明", "phone": "13800138000"}
    await books.enter("C-7", complainant=named)
    said = Event(seq=1, at=OCTOBER, kind="message_refused", data={"code": "bad_input", "name": "call 138 0013 8000"})
    told = Event(seq=2, at=OCTOBER, kind="insisted", data={"reason": "李明 says so"})
    await books.write("C-7", said, told)
    async with store.write() as session:
        await session.exec(update(CaseRow).where(col(CaseRow.number) == "C-7").values(carrier="李明"))


PLANTED: list[tuple[Plant, list[tuple[str, str, str]]]] = [
    (a_cent_too_much, [("I3", "C-3:1:pay", "paid_twice"), ("I4", "C-3", "money_differs")]),
    (more_than_was_paid_by_other_means, [("I3", "O-C-3", "order_over_refunded")]),
    (a_cent_less_on_the_case, [("I4", "C-1", "money_differs"), ("I4", "C-1", "record_differs")]),
    (an_order_that_forgot, [("I3", "O-C-2", "account_differs")]),
    (an_entry_out_of_its_book, [("I5", "-", "guard_missing"), ("I5", "C-4", "booking_differs")]),
    (a_closed_case_without_an_end, [("I2", "C-0", "not_one_end")]),
    (
        a_decision_out_of_the_trail,
        [
            ("I9", "-", "chain_broken"),
            ("I9", "-", "guard_missing"),
            ("I9", "C-2", "not_audited"),
            ("I9", "C-2", "not_audited"),
        ],
    ),
    (a_name_among_codes, [("I10", "C-7", "personal_data"), ("I10", "C-7", "personal_data")]),
    (silence_over_an_answer, [("I7", "C-8", "answer_after_deadline"), ("I7", "C-8", "silence_despite_answer")]),
]


@pytest.mark.parametrize(("plant", "expected"), PLANTED, ids=[plant.__name__ for plant, _ in PLANTED])
async def test_what_is_planted_is_named_and_nothing_else(
    books: Books, store: Store, plant: Plant, expected: list[tuple[str, str, str]]
) -> None:
    for i in range(5):
        await paid(books, f"C-{i}", 1_000 + i)
    assert await breaches(store) == []
    await plant(books, store)
    found = await breaches(store)
    if store.dialect == "sqlite":  # its other guards still stand
        expected = [wrong for wrong in expected if wrong[2] != "guard_missing"]
    assert found == expected


@pytest.mark.parametrize("table", ["objection_ruling", "statement_word"])
async def test_a_table_of_the_books_without_its_guards_is_named(store: Store, table: str) -> None:
    guards = [f"DROP TRIGGER {table}_no_{verb}" for verb in ("UPDATE", "DELETE")]
    drop = guards if store.dialect == "sqlite" else [f"ALTER TABLE {table} DISABLE TRIGGER ALL"]
    async with store.write() as session:
        for statement in drop:
            await (await session.connection()).execute(text(statement))
    found = [wrong async for wrong in Oracle(store, PACKS.pinned, pause=0.0).violations()]
    assert [(wrong.code, wrong.facts) for wrong in found] == [("guard_missing", {"table": table})]


async def test_a_lost_line_of_the_record_is_found(books: Books, store: Store) -> None:
    await paid(books, "C-0", 1_000)
    await a_line_lost(books, store)
    found = await breaches(store)
    assert ("I6", "C-0", "record_gap") in found


async def test_what_an_objection_has_booked_is_no_breach(books: Books, store: Store, clock: Clock) -> None:
    clock.now = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
    statements = Statements(store, clock, PACKS.pinned)
    await paid(books, "C-1", 1_001)
    await statements.close("2026-10", "徐莉", timedelta(days=7), "Asia/Shanghai")
    head = await statements.head("merchant:M-1", "2026-10")
    await statements.answer(head, 1, "徐莉", objection="货物未退回", on=["marketplace.1"])
    assert await breaches(store) == []
    await statements.rule(head, 1, (Share(party="carrier"),), "监督小组裁定", "售后团队负责人")
    assert await breaches(store) == []


async def test_a_partner_is_asked_about_every_payment(books: Books, store: Store) -> None:
    for i in range(3):
        await paid(books, f"C-{i}", 1_000 + i)
    gateway = EmbeddedGateway(store)
    assert await breaches(store, gateway=gateway) == []
    await gateway.refund("planted", "C-1:1:pay", "O-C-1", 1, "CNY")
    assert ("I3", "C-1", "paid_twice") in await breaches(store, gateway=gateway)


@pytest.mark.parametrize(("number", "expected"), [("BANK-7", [("I3", "C-1", "paid_twice")]), ("the gateway's", [])])
async def test_a_payment_that_a_person_settled_while_a_partner_had_made_it_too_is_named(
    books: Books, store: Store, remedy: Callable[..., RemedyOrder], number: str, expected: list[tuple[str, str, str]]
) -> None:
    gateway = EmbeddedGateway(store)
    await books.case("C-1")
    await Intents(store).open(remedy("C-1", order="O-C-1", amount=500, paid=100_000), OCTOBER - timedelta(hours=2))
    receipt = await gateway.refund("k", "C-1:1:pay", "O-C-1", 500, "CNY")
    reference = number if number == "BANK-7" else receipt.reference
    await books.by_hand("C-1", 500, reference)
    found = [wrong async for wrong in Partner(store, gateway).breaches()]
    assert [(wrong.invariant.value, wrong.number, wrong.code) for wrong in found] == expected


async def test_the_second_look_comes_when_a_step_lost_with_its_worker_has_been_given_to_another() -> None:
    lost = insistent()["start_to_close_timeout"]
    assert lost is not None
    assert timedelta(seconds=PAUSE) > lost + timedelta(seconds=Tuning().sticky_seconds)


async def test_what_only_the_first_look_found_is_no_breach(books: Books, store: Store) -> None:
    await paid(books, "C-1", 1_001)
    await a_cent_less_on_the_case(books, store)
    oracle = Oracle(store, PACKS.pinned, pause=2.0)
    looking = asyncio.ensure_future(_all_of(oracle))
    await asyncio.sleep(0.7)
    async with store.write() as session:
        await session.exec(update(CaseRow).where(col(CaseRow.number) == "C-1").values(refunded=1_001))
    assert (await looking, oracle.cases) == ([], 1)


async def _all_of(oracle: Oracle) -> list[Violation]:
    return [wrong async for wrong in oracle.violations()]
