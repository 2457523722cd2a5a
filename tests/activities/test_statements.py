"""Monthly statements: to the cent, fixed when the month is closed, confirmed by silence."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import col

from activities.ledger import Ledger
from activities.objections import waiting_objections
from activities.statements import StatementRefusal, Statements
from activities.store import Store, StoreError
from models.commands import Share
from models.ledger import Account, Entry, Posting, StatementLine
from models.tables import CaseRow, CorrectiveRow
from procedures import load_packs
from tests.activities.bookkeeping import OCTOBER, Books, executed, moved, ruled, taken_back
from tests.activities.conftest import Clock
from tests.activities.test_ledger import GOOD, entry, run, txn

SHANGHAI, WEEK = "Asia/Shanghai", timedelta(days=7)
NOVEMBER = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


@pytest.fixture
def statements(store: Store, clock: Clock) -> Statements:
    clock.now = NOVEMBER
    return Statements(store, clock, load_packs().pinned)


async def close(statements: Statements, month: str = "2026-10") -> None:
    await statements.close(month, "徐莉", WEEK, SHANGHAI)


async def lines(statements: Statements, party: str = "merchant:M-1", month: str = "2026-10") -> list[StatementLine]:
    head = await statements.head(party, month)
    return [line async for line in statements.lines(head)]


async def answer(
    statements: Statements, line: int | None = None, *, objection: str | None = None, party: str = "merchant:M-1"
) -> int:
    head = await statements.head(party, "2026-10")
    return await statements.answer(head, line, "徐莉", objection=objection, on=await statements.of_lines(head, line))


async def test_a_statement_lists_case_order_ruling_clause_and_amount_and_adds_up(
    books: Books, statements: Statements
) -> None:
    await books.paid("C-2", 2_005)
    await books.paid("C-1", 1_001)
    await books.paid("C-3", 700, merchant="M-2")
    await books.case("C-4")
    await books.write("C-4", ruled(1, basis="silence", liable="merchandise=100"), executed(2, 90, freight=40))
    found = await lines(statements)
    assert [(line.line, line.number, line.order, line.amount, line.clause, line.state) for line in found] == [
        (1, "C-1", "O-C-1", 1_001, "S0-06, S0-09", "open_period"),
        (2, "C-2", "O-C-2", 2_005, "S0-06, S0-09", "open_period"),
    ]
    assert (await statements.head("merchant:M-1", "2026-10")).totals == {"CNY": 3_006}
    own = await lines(statements, "merchandise")
    assert [(line.kind, line.amount, line.by_default) for line in own] == [("refund", 50, True), ("freight", 40, True)]
    assert [row async for row in statements.parties("2026-10")] == [
        ("merchandise", "CNY", 2, 90),
        ("merchant:M-1", "CNY", 2, 3_006),
        ("merchant:M-2", "CNY", 1, 700),
    ]


async def test_a_closed_month_stays_as_it_was_and_a_later_correction_is_settled_in_the_open_one(
    books: Books, statements: Statements
) -> None:
    await books.paid("C-1", 1_001)
    await close(statements)
    before = await lines(statements)
    await books.write("C-1", moved(3, "carrier=100", OCTOBER + timedelta(days=20)))
    assert await lines(statements) == before
    assert (await statements.head("merchant:M-1", "2026-10")).totals == {"CNY": 1_001}
    (back,) = await lines(statements, month="2026-11")
    assert (back.amount, back.reversal, back.ground) == (-1_001, True, "late_answer")
    (moved_here,) = await lines(statements, "carrier", "2026-11")
    assert moved_here.amount == 1_001


async def test_what_happened_in_a_month_closed_meanwhile_goes_into_the_next_open_one(
    books: Books, statements: Statements, clock: Clock
) -> None:
    clock.later(days=40)
    await close(statements, "2026-11")
    await close(statements)
    await books.paid("C-1", 500)
    assert [txn.period for txn in await books.txns()] == ["2026-12"]


async def test_a_month_that_lasts_is_not_closed_and_one_closed_again_stays(
    statements: Statements, clock: Clock
) -> None:
    clock.now = datetime(2026, 10, 31, 15, 59, tzinfo=UTC)
    with pytest.raises(StatementRefusal, match="not_over"):
        await close(statements)
    clock.later(minutes=1)
    first = await statements.close("2026-10", "徐莉", WEEK, SHANGHAI)
    clock.later(days=1)
    assert await statements.close("2026-10", "耿焰", WEEK, SHANGHAI) == (first[0], False)
    assert first[0].answer_by == datetime(2026, 11, 7, 16, 0, tzinfo=UTC)


async def test_silence_confirms_when_the_window_is_over(books: Books, statements: Statements, clock: Clock) -> None:
    await books.paid("C-1", 100)
    await close(statements)
    assert [line.state for line in await lines(statements)] == ["waiting"]
    clock.later(days=7)
    assert [line.state for line in await lines(statements)] == ["waiting"]
    clock.later(microseconds=1)
    assert [line.state for line in await lines(statements)] == ["silent"]
    with pytest.raises(StatementRefusal, match="window_over"):
        await answer(statements, 1, objection="太贵")


async def test_a_word_at_the_last_instant_of_the_window_counts(
    books: Books, statements: Statements, clock: Clock
) -> None:
    await books.paid("C-1", 100)
    await close(statements)
    clock.later(days=7)
    assert await answer(statements, 1, objection="太贵") == 1
    clock.later(microseconds=1)
    assert [line.state for line in await lines(statements)] == ["objected"]


async def test_it_is_said_whether_a_month_was_closed_now_and_which_of_some_names_the_ledger_knows(
    books: Books, statements: Statements
) -> None:
    await books.paid("C-1", 100)
    await books.paid("C-2", 100, merchant="M-2")
    assert await statements.known(("merchant:M-2", "M-1", "merchant:M-1")) == ["merchant:M-1", "merchant:M-2"]
    assert [(await statements.close("2026-10", "徐莉", WEEK, SHANGHAI))[1] for _ in range(2)] == [True, False]


async def test_the_procedure_behind_a_line_is_known_once_its_cost_is_held(books: Books, statements: Statements) -> None:
    await books.paid("C-1", 100)
    await close(statements)
    head = await statements.head("merchant:M-1", "2026-10")
    with pytest.raises(StatementRefusal, match="no_objection"):
        await statements.procedure(head, 1)
    await answer(statements, 1, objection="太贵")
    assert await statements.procedure(head, 1) == "marketplace.1"


async def test_a_party_objects_to_a_line_and_confirms_the_rest(books: Books, statements: Statements) -> None:
    for number in ("C-1", "C-2", "C-3"):
        await books.paid(number, 100)
    await close(statements)
    assert await answer(statements, 2, objection="未收到退货") == 1
    assert await answer(statements) == 2
    assert [(line.state, line.reason) for line in await lines(statements)] == [
        ("confirmed", ""),
        ("objected", "未收到退货"),
        ("confirmed", ""),
    ]


async def test_the_first_word_on_a_line_stands_and_the_same_again_is_nothing_new(
    books: Books, statements: Statements
) -> None:
    await books.paid("C-1", 100)
    await close(statements)
    assert [await answer(statements, 1), await answer(statements, 1), await answer(statements)] == [1, 0, 0]
    with pytest.raises(StatementRefusal, match="said_otherwise"):
        await answer(statements, 1, objection="反悔")


@pytest.mark.parametrize(("line", "closed", "why"), [(1, False, "not_issued"), (9, True, "no_line")])
async def test_a_word_on_nothing_is_refused(
    books: Books, statements: Statements, line: int, why: str, *, closed: bool
) -> None:
    await books.paid("C-1", 100)
    if closed:
        await close(statements)
    with pytest.raises(StatementRefusal, match=why):
        await answer(statements, line)


ISSUED = (
    "UPDATE statement_line SET amount = amount + 1",
    "UPDATE statement_row SET total = 0",
    "DELETE FROM statement_word",
    "DELETE FROM closed_period",
    "INSERT INTO statement_row (party, period, currency, lines, total) VALUES ('x', '2026-10', 'CNY', 1, 1)",
    "INSERT INTO statement_line (party, period, line, txn, entry, amount) VALUES ('x','2026-10',1,'C-1:2:1',1,1)",
)


async def test_the_database_keeps_what_was_issued(books: Books, statements: Statements, store: Store) -> None:
    await books.paid("C-1", 100)
    await close(statements)
    await answer(statements)
    for statement in ISSUED:
        with pytest.raises(StoreError, match=r"append-only|the period is closed"):
            await run(store, statement)


async def test_nothing_is_booked_into_a_closed_month_even_by_hand(statements: Statements, store: Store) -> None:
    await run(store, *GOOD)
    await close(statements)
    by_hand = (entry(1, -5, txn="N"), entry(2, 5, txn="N", account="cost", party="merchant:M-1"))
    with pytest.raises(StoreError, match="the period is closed"):
        await run(store, *by_hand, txn("N", "2026-10"))
    await run(store, *by_hand, txn("N", "2026-11"))


async def test_no_cost_falls_between_the_months_however_closing_and_booking_meet(
    books: Books, statements: Statements
) -> None:
    for i in range(12):
        await books.case(f"C-{i:02}")
    writing = [books.write(f"C-{i:02}", ruled(1), executed(2, 100 + i)) for i in range(12)]
    await asyncio.gather(*writing[:6], close(statements), *writing[6:])
    issued = sum(line.amount for line in await lines(statements))
    later = sum(line.amount for line in await lines(statements, month="2026-11"))
    assert issued + later == sum(100 + i for i in range(12))
    async with statements._store.read() as session:
        connection = await session.connection()
        fixed = (await connection.execute(text("SELECT sum(total) FROM statement_row"))).scalar() or 0
    assert int(fixed) == issued


CARRIER = (Share(party="carrier", percent=40), Share(party="merchant", percent=60))


async def rule(statements: Statements, line: int, liable: tuple[Share, ...], reason: str = "监督小组裁定") -> None:
    await statements.rule(await statements.head("merchant:M-1", "2026-10"), line, liable, reason, "售后团队负责人")


async def test_an_objection_holds_the_cost_until_the_panel_moves_it_in_the_open_month(
    books: Books, statements: Statements
) -> None:
    await books.paid("C-1", 1_001)
    await books.paid("C-2", 500)
    await close(statements)
    issued = [(line.number, line.amount) for line in await lines(statements)]
    for _ in range(2):
        await answer(statements, 1, objection="货物未退回")
    held = {"gateway": -1_501, "merchant:M-1": 500, "held": 1_001}
    assert await books.balances() == held
    november = await lines(statements, month="2026-11")
    assert [(line.number, line.amount, line.contested) for line in november] == [("C-1", -1_001, True)]
    for _ in range(2):
        await rule(statements, 1, CARRIER)
    assert await books.balances() == {"gateway": -1_501, "merchant:M-1": 500 + 601, "carrier": 400}
    assert [(line.number, line.amount) for line in await lines(statements)] == issued
    with pytest.raises(StatementRefusal, match="ruled_otherwise"):
        await rule(statements, 1, ())


async def test_an_objection_is_decided_on_parties_of_the_cases_own_procedure_only(
    books: Books, statements: Statements
) -> None:
    await books.paid("C-1", 1_001)
    await close(statements)
    await answer(statements, 1, objection="货物未退回")
    before = await books.balances()
    with pytest.raises(StatementRefusal, match="no_such_party"):
        await rule(statements, 1, (Share(party="supplier"),))
    assert await books.balances() == before
    await rule(statements, 1, (Share(party="carrier"),))


async def test_an_objection_the_panel_does_not_share_leaves_the_cost_where_it_was(
    books: Books, statements: Statements
) -> None:
    await books.paid("C-1", 1_001)
    await close(statements)
    with pytest.raises(StatementRefusal, match="no_objection"):
        await rule(statements, 1, ())
    await answer(statements, objection="货物未退回")
    await rule(statements, 1, ())
    assert await books.balances() == {"gateway": -1_001, "merchant:M-1": 1_001}
    assert sum(line.amount for line in await lines(statements, month="2026-11")) == 0


@pytest.mark.parametrize("decided", [False, True])
async def test_a_cost_the_case_moves_itself_takes_what_the_objection_booked_back(
    books: Books, statements: Statements, decided: bool
) -> None:
    await books.paid("C-1", 1_001)
    await close(statements)
    await answer(statements, 1, objection="货物未退回")
    if decided:
        await rule(statements, 1, (Share(party="merchandise"),))
    await books.write("C-1", moved(3, "carrier=100", NOVEMBER))
    assert await books.balances() == {"gateway": -1_001, "carrier": 1_001}
    if not decided:
        with pytest.raises(StatementRefusal, match="case_moved"):
            await rule(statements, 1, CARRIER)


async def test_what_the_case_has_moved_or_taken_back_meanwhile_is_not_held(
    books: Books, statements: Statements, store: Store
) -> None:
    await books.paid("C-1", 1_001)
    await books.paid("C-2", 500)
    await close(statements)
    await books.write("C-1", moved(3, "carrier=100", NOVEMBER))
    await books.write("C-2", taken_back(3, 500, "P", NOVEMBER))
    assert await answer(statements, objection="货物未退回") == 2
    assert await books.balances() == {"gateway": -1_001, "carrier": 1_001}
    with pytest.raises(StatementRefusal, match="no_objection"):
        await rule(statements, 1, CARRIER)


async def test_a_line_that_holds_a_cost_is_not_held_itself(books: Books, statements: Statements, clock: Clock) -> None:
    await books.paid("C-1", 1_001)
    await close(statements)
    await answer(statements, 1, objection="货物未退回")
    clock.later(days=30)
    await close(statements, "2026-11")
    november = await statements.head("merchant:M-1", "2026-11")
    on = await statements.of_lines(november, None)
    assert await statements.answer(november, None, "徐莉", objection="全部有异议", on=on) == 1
    assert await books.balances() == {"gateway": -1_001, "held": 1_001}
    await books.write("C-1", moved(3, "carrier=100", NOVEMBER + timedelta(days=31)))
    assert await books.balances() == {"gateway": -1_001, "carrier": 1_001}


async def test_s2_22_a_supplier_objects_to_a_cost_that_a_corrective_action_has_moved_to_it(
    books: Books, statements: Statements, store: Store, clock: Clock
) -> None:
    number, pack = "8D20261010001", load_packs().pinned("returns.1")
    report = {"procedure": pack.ref, "complaint": {"reference": "QC-1"}}
    action = CorrectiveRow(
        number=number, workflow_id="8d.QC-1", run_id="run", procedure=pack.name, customer="C", product="P", stage="d8",
        opened_at=OCTOBER, report=report,
    )  # fmt: skip
    moved_to = Posting(
        number=number, order="QC-1", event_seq=1, place=1, at=OCTOBER, decision=1, kind="transfer", ground="supplier",
        clause="S2-22", contested=False, currency="CNY",
        entries=(
            Entry(account=Account.COST, party="operations", amount=-500),
            Entry(account=Account.COST, party="supplier:SUP-3", amount=500),
        ),
    )  # fmt: skip
    ledger = Ledger(load_packs().pinned, clock)
    async with store.write() as session:
        session.add(action)
        await ledger.enter(session, [(moved_to, pack)])
    await close(statements)
    await answer(statements, 1, objection="不是我们的责任", party="supplier:SUP-3")
    assert await books.balances() == {"operations": -500, "held": 500}
    async with store.read() as session:
        found = await waiting_objections(session, col(CorrectiveRow.procedure) == pack.name, 10)
    assert [(each.number, each.party, each.amount) for each in found] == [(number, "supplier:SUP-3", 500)]
    shares = (Share(party="supplier", percent=40), Share(party="store", percent=60))
    await statements.rule(await statements.head("supplier:SUP-3", "2026-10"), 1, shares, "监督小组裁定", "负责人")
    assert await books.balances() == {"operations": -500, "store": 300, "supplier:SUP-3": 200}


async def test_the_agenda_lists_what_is_held_for_an_objection_until_it_is_decided(
    books: Books, statements: Statements, store: Store
) -> None:
    await books.paid("C-1", 1_001)
    await close(statements)

    async def waiting(procedure: str = "marketplace") -> list[tuple[str, int, int, str]]:
        async with store.read() as session:
            found = await waiting_objections(session, CaseRow.under(procedure), 10)
        return [(each.party, each.line, each.amount, each.reason) for each in found]

    assert await waiting() == []
    await answer(statements, 1, objection="货物未退回")
    assert await waiting() == [("merchant:M-1", 1, 1_001, "货物未退回")]
    assert await waiting("courier") == []
    await rule(statements, 1, CARRIER)
    assert await waiting() == []
