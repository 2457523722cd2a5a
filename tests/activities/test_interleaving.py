"""What two sessions on PostgreSQL make of one another where they meet at the worst moment."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, update
from sqlmodel import col, select

import migrations
from activities.audit import Entry, append
from activities.corrective import CorrectiveDesk
from activities.doorkeeper import Doorkeeper
from activities.embedded import EmbeddedWarehouse
from activities.identity import Gate as Door
from activities.incident import IncidentDesk
from activities.incident_watch import IncidentWatch
from activities.intents import Bar, Intents
from activities.ports import Receipt
from activities.reconcile import Reconciliation
from activities.statements import Statements
from activities.store import _SCHEMA_LOCK, Store, lock
from models.case import Event
from models.commands import Share
from models.corrective import CorrectivePage, CorrectiveView, Gate
from models.incident import IncidentPage, IncidentStage, IncidentView, Scope
from models.ledger import Difference
from models.pages import CaseSummary, Page
from models.quality_complaint import QualityComplaint
from models.remedy import RemedyOrder
from models.tables import CaseRow, CorrectiveRow, IncidentCase, IncidentRow, OrderAccount, Parcel
from procedures import load_packs
from tests.activities.bookkeeping import OCTOBER, Books, executed, moved, open_book, ruled
from tests.activities.conftest import Clock
from tests.activities.interleaving import meet, waiting
from tests.activities.test_statements import NOVEMBER, answer, close, lines, rule
from tests.eightd import COMPLAINT
from tests.support import every_year, everybody

pytestmark = pytest.mark.parametrize("kind", ["postgresql"])
LATER = OCTOBER + timedelta(days=20)


@pytest.fixture
def statements(store: Store, clock: Clock) -> Statements:
    clock.now = NOVEMBER
    return Statements(store, clock, load_packs().pinned)


def faults(ends: list[Any]) -> list[Any]:
    return [end for end in ends if isinstance(end, Exception)]


@pytest.mark.parametrize("closing_first", [False, True])
async def test_a_cost_booked_while_its_month_is_closed_is_on_one_statement(
    books: Books, statements: Statements, store: Store, closing_first: bool
) -> None:
    await books.case("C-1")
    both = [books.write("C-1", ruled(1), executed(2, 100)), close(statements)]
    assert faults(await meet(store, *(reversed(both) if closing_first else both))) == []
    months = ("2026-11", "2026-10") if closing_first else ("2026-10", "2026-11")
    assert [[line.amount for line in await lines(statements, month=month)] for month in months] == [[100], []]


@pytest.mark.parametrize("objecting_first", [False, True])
async def test_a_cost_moved_while_its_party_objects_is_held_by_nobody(
    books: Books, statements: Statements, store: Store, objecting_first: bool
) -> None:
    await books.paid("C-1", 1_000)
    await close(statements)
    both = [books.write("C-1", moved(3, "carrier=100", LATER)), answer(statements, objection="not ours")]
    assert faults(await meet(store, *(reversed(both) if objecting_first else both))) == []
    assert await books.balances() == {"carrier": 1_000, "gateway": -1_000}


@pytest.mark.parametrize("ruling_first", [False, True])
async def test_a_cost_moved_while_the_panel_rules_on_it_is_borne_once(
    books: Books, statements: Statements, store: Store, ruling_first: bool
) -> None:
    await books.paid("C-1", 1_000)
    await close(statements)
    await answer(statements, objection="not ours")
    liable = (Share(party="carrier", percent=50), Share(party="merchant", percent=50))
    both = [books.write("C-1", moved(3, "carrier=100", LATER)), rule(statements, 1, liable)]
    found = faults(await meet(store, *(reversed(both) if ruling_first else both)))
    assert [str(each) for each in found] == ([] if ruling_first else ["case_moved"])
    assert await books.balances() == {"carrier": 1_000, "gateway": -1_000}


async def test_a_month_closed_by_two_people_at_once_is_closed_once(
    books: Books, statements: Statements, store: Store
) -> None:
    await books.paid("C-1", 100)
    again = [statements.close("2026-10", who, timedelta(days=7), "Asia/Shanghai") for who in ("徐莉", "耿焰")]
    (made, fresh), (known, anew) = await meet(store, *again)
    assert (fresh, anew, known) == (True, False, made)


async def test_what_a_person_paid_counts_when_the_payment_in_doubt_is_freed_meanwhile(
    books: Books, store: Store, remedy: Callable[..., RemedyOrder]
) -> None:
    intents, now = Intents(store), datetime.now(UTC)
    await books.case("C-1", number="O-1")
    held: Any = await intents.open(remedy(), now)
    await books.write("C-1", ruled(1), executed(2, 400, elsewhere=1, reference="BANK-1"), refunded=400)
    ends = await meet(
        store,
        intents.open(remedy("C-2", amount=700), now),
        intents.refused(held.intent, "account_closed", 1),
        at="UPDATE order_account",
    )
    assert ends == [Bar.EXCEEDS_PAID, True]


async def test_the_trail_is_the_last_thing_a_session_waits_for(books: Books, store: Store) -> None:
    await books.case("C-1")

    async def changes_and_tells() -> None:
        async with store.write() as session:
            (await session.get_one(CaseRow, "C-1")).reason = "one"
            await append(session, [Entry("erasure", "C-1")], lambda: OCTOBER)

    async def writes_and_tells() -> None:
        async with store.write() as session:
            await session.exec(update(CaseRow).where(col(CaseRow.number) == "C-1").values(reason="two"))
            await append(session, [Entry("money", "C-1")], lambda: OCTOBER)

    assert faults(await meet(store, changes_and_tells(), writes_and_tells(), at="UPDATE case_row")) == []


async def held(store: Store) -> int:
    async with store.read() as session:
        return (await session.exec(select(OrderAccount.refunded))).one()


async def test_a_payment_that_is_noted_as_made_is_not_refused_by_a_slower_answer(
    store: Store, remedy: Callable[..., RemedyOrder]
) -> None:
    intents, now = Intents(store), datetime.now(UTC)
    opened: Any = await intents.open(remedy(), now)
    made = Receipt(reference="RF-1", amount=400, currency="CNY")
    paying, refusing = intents.paid(opened.intent, made), intents.refused(opened.intent, "account_closed", 1)
    assert await meet(store, paying, refusing) == [True, False]
    known = await intents.get(opened.intent.key)
    assert known is not None
    assert (known.state, await held(store)) == ("paid", 400)


async def test_what_is_held_while_another_payment_is_freed_stays_held(
    store: Store, remedy: Callable[..., RemedyOrder]
) -> None:
    intents, now = Intents(store), datetime.now(UTC)
    first: Any = await intents.open(remedy(), now)
    freeing, holding = intents.refused(first.intent, "account_closed", 1), intents.open(remedy("C-2", amount=300), now)
    assert faults(await meet(store, freeing, holding, at="SET refunded=")) == []
    assert await held(store) == 300


async def test_news_that_comes_late_leaves_an_order_what_is_freed_meanwhile(
    store: Store, remedy: Callable[..., RemedyOrder]
) -> None:
    intents, now = Intents(store), datetime.now(UTC)
    early: Any = await intents.open(remedy(), now)
    await intents.refused(early.intent, "account_closed", 1)
    other: Any = await intents.open(remedy("C-2", amount=800), now)
    made = Receipt(reference="RF-1", amount=400, currency="CNY")
    paying, freeing = intents.paid(early.intent, made), intents.refused(other.intent, "account_closed", 1)
    assert faults(await meet(store, paying, freeing, at="SET refunded=")) == []
    assert await held(store) == 400


async def test_two_writers_of_the_same_pages_do_not_wait_for_each_other_in_a_circle(
    store: Store, enter: Callable[..., Any], summary: Callable[..., CaseSummary]
) -> None:
    for number in ("C-1", "C-2", "C-3"):
        await enter(number)

    async def written(*numbers: str) -> None:
        book = open_book(store)
        pages = [Page(summary=summary(number), events=(Event(seq=1, at=OCTOBER, kind="asked"),)) for number in numbers]
        await asyncio.gather(*(book.write_down(page) for page in pages))

    errors: list[object] = []

    def noted(context: object) -> None:
        errors.append(context)

    event.listen(Engine, "handle_error", noted)
    async with store.write() as session:
        await session.exec(update(CaseRow).where(col(CaseRow.number) == "C-2").values(reason="in their way"))
        both = [asyncio.create_task(written(*numbers)) for numbers in (("C-1", "C-2", "C-3"), ("C-3", "C-2", "C-1"))]
        await waiting(store, *both)
    await asyncio.gather(*both)
    event.remove(Engine, "handle_error", noted)
    assert errors == []


async def test_goods_set_aside_anew_while_they_are_put_back_are_set_aside(
    store: Store, remedy: Callable[..., RemedyOrder]
) -> None:
    warehouse, order = EmbeddedWarehouse(store), remedy()
    asked = ("C-1:1:reserve", order.order, order.lines, 1)
    await warehouse.reserve(*asked)
    assert faults(await meet(store, warehouse.release("C-1:1:reserve", 1), warehouse.reserve(*asked))) == []
    async with store.read() as session:
        assert (await session.exec(select(Parcel.state))).all() == ["done"]


@pytest.fixture
async def incident(store: Store, enter: Callable[..., Any]) -> IncidentDesk:
    """An open one that has been told of a case already, and a case with its marks."""
    await enter("C-1")
    async with store.write() as session:
        session.add(
            IncidentRow(
                number="IN1", workflow_id="incident.x", run_id="i", procedure="marketplace", drill=False,
                stage="verifying", opened_at=OCTOBER, cause="quality", stirred=True,
            )
        )  # fmt: skip
    return IncidentDesk(store, load_packs(), on_mail=lambda: None, door=Doorkeeper(store, Door(), everybody))


def page(stage: IncidentStage, closed_at: datetime | None = None) -> IncidentPage:
    view = IncidentView(
        number="IN1", procedure="marketplace.1", scope=Scope(cause="quality"), reason="-", opened_by="-", stage=stage,
        opened_at=OCTOBER, due=None, next_report=OCTOBER, report_every=timedelta(days=1), at_once=1,
        closed_at=closed_at,
    )  # fmt: skip
    return IncidentPage(view=view)


CLOSED = page(IncidentStage.CLOSED, OCTOBER)


async def linked(store: Store) -> list[str]:
    async with store.read() as session:
        return list((await session.exec(select(IncidentCase.number))).all())


async def test_no_case_waits_for_an_incident_that_closes_while_its_cases_are_gathered(
    store: Store, incident: IncidentDesk
) -> None:
    gathering, closing = incident.gather_cases("IN1"), incident.write_incident(CLOSED)
    assert faults(await meet(store, gathering, closing, at="INSERT INTO incident_case")) == []
    assert await linked(store) == []
    await incident.gather_cases("IN1")
    assert await linked(store) == []


@pytest.mark.parametrize("closing_first", [False, True])
async def test_no_case_waits_for_an_incident_that_closes_while_it_joins(
    store: Store, incident: IncidentDesk, closing_first: bool
) -> None:
    watch = IncidentWatch(store, load_packs())
    async with store.read() as session:
        row, case = await session.get_one(IncidentRow, "IN1"), await session.get_one(CaseRow, "C-1")
    both = [watch._join(row, case), incident.write_incident(CLOSED)]
    assert faults(await meet(store, *(reversed(both) if closing_first else both))) == []
    assert await linked(store) == []


async def test_an_older_page_of_an_incident_that_comes_late_does_not_open_it_again(
    store: Store, incident: IncidentDesk
) -> None:
    await incident.write_incident(CLOSED)
    await incident.write_incident(page(IncidentStage.VERIFYING))
    async with store.read() as session:
        assert (await session.exec(select(IncidentRow.stage, IncidentRow.closed_at))).all() == [("closed", OCTOBER)]


async def test_an_older_page_of_a_corrective_action_that_comes_late_does_not_open_it_again(store: Store) -> None:
    complaint = QualityComplaint.model_validate(COMPLAINT)
    desk = CorrectiveDesk(
        store, load_packs(), on_mail=lambda: None, door=Doorkeeper(store, Door(), everybody), calendar=every_year
    )
    async with store.write() as session:
        session.add(
            CorrectiveRow(
                number="8D1", workflow_id="corrective.x", run_id="i", procedure="marketplace", customer="C-9",
                product="S-1", stage="d1", opened_at=OCTOBER,
            )
        )  # fmt: skip
    view = CorrectiveView(number="8D1", procedure="marketplace.1", complaint=complaint, opened_at=OCTOBER, timers=())
    for changes in ({"stage": Gate.CLOSED, "closed_at": OCTOBER}, {"stage": Gate.D3}):
        await desk.write_corrective(CorrectivePage(view=view.model_copy(update=changes)))
    async with store.read() as session:
        assert (await session.exec(select(CorrectiveRow.stage, CorrectiveRow.closed_at))).all() == [("closed", OCTOBER)]


async def test_a_schema_is_led_by_one_at_a_time(empty: str) -> None:
    store = Store(empty)
    async with store.read() as session:
        await lock(session, _SCHEMA_LOCK)
        leading = asyncio.create_task(store.create())
        await waiting(store, leading)
        assert not leading.done()
        await session.rollback()
    await leading
    assert await store.version() == migrations.HEAD
    await store.close()


async def test_a_case_paid_while_the_books_are_compared_agrees(books: Books, store: Store) -> None:
    await books.case("C-1")

    async def pays() -> None:
        reference = await books.pay("C-1", 400)
        await books.write("C-1", ruled(1), executed(2, 400, reference=reference), refunded=400)

    async def compares() -> list[Difference]:
        return [found async for found in Reconciliation(store, embedded=True).differences()]

    found, _ = await meet(store, compares(), pays(), at="FROM ledger_txn")
    assert found == []
