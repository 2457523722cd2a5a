"""The register and the record: one run owns a number, a page written twice is written once."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.casebook import Casebook
from activities.store import Store
from models.case import Event, Exit, Mail
from models.pages import CaseSummary, OpenCase, Page
from models.stage import Stage
from models.tables import CaseRow, EventRow, MailRow, RefundIntent
from procedures import PACKS, Packs, load_packs
from tests.activities.bookkeeping import open_book, rows

Opening = Callable[..., OpenCase]
Enter = Callable[..., Any]
Summary = Callable[..., CaseSummary]
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


async def test_the_run_that_claimed_a_number_gets_the_same_answer_again(casebook: Casebook, opening: Opening) -> None:
    first = await casebook.open_case(opening())
    assert (first.procedure, first.duplicate) == ("marketplace.1", False)
    assert await casebook.open_case(opening()) == first


async def test_another_run_of_the_number_is_a_duplicate_while_the_case_is_open_and_once_it_has_ended(
    casebook: Casebook, opening: Opening, summary: Summary
) -> None:
    await casebook.open_case(opening())
    assert (await casebook.open_case(opening(run_id="run-2"))).duplicate
    await casebook.write_down(Page(summary=summary(version=9, stage=Stage.CLOSED, exit=Exit.SATISFIED)))
    assert (await casebook.open_case(opening(run_id="run-2"))).duplicate


async def test_of_ten_runs_at_once_one_owns_the_number(casebook: Casebook, opening: Opening, store: Store) -> None:
    answers = await asyncio.gather(*(casebook.open_case(opening(run_id=f"run-{i}")) for i in range(10)))
    assert [answer.duplicate for answer in answers].count(False) == 1
    assert len(await rows(store, CaseRow)) == 1


async def test_a_retry_after_an_upgrade_stays_on_its_procedure(
    store: Store, casebook: Casebook, opening: Opening
) -> None:
    await casebook.open_case(opening())
    upgraded = Packs()
    pack = PACKS.pinned("marketplace.1")
    upgraded.add(pack)
    upgraded.add(pack.model_copy(update={"version": 2}))
    later = open_book(store, upgraded)
    assert (await later.open_case(opening())).procedure == "marketplace.1"
    assert (await later.open_case(opening("C-2"))).procedure == "marketplace.2"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"procedure": "unheard_of"}, "procedure: is not known; use one of courier, "),
        ({"channel": "pigeon"}, "channel: is not a channel of marketplace.1; use one of hotline, online"),
        ({"cause": "bad_mood"}, "cause: is not a cause of marketplace.1; use one of customer_service, "),
    ],
)
async def test_what_the_procedure_does_not_take_is_refused_with_one_line(
    casebook: Casebook, opening: Opening, store: Store, changes: dict[str, str], line: str
) -> None:
    with pytest.raises(ApplicationError) as refused:
        await casebook.open_case(opening(**changes))
    assert refused.value.message.startswith(line)
    assert (refused.value.type, refused.value.non_retryable) == ("bad_input", True)
    assert await rows(store, CaseRow) == []


async def test_the_row_holds_the_complaint_and_the_money_at_stake(
    casebook: Casebook, opening: Opening, store: Store
) -> None:
    entry = opening()
    await casebook.open_case(entry)
    (row,) = await rows(store, CaseRow)
    assert (row.order_number, row.merchant, row.customer, row.amount) == ("O-1", "M-1", "U-1", 1000)
    assert type(entry.complaint).model_validate(row.complaint) == entry.complaint
    assert row.opened_at == entry.opened_at


async def test_the_number_is_claimed_together_with_the_first_page(
    casebook: Casebook, opening: Opening, store: Store
) -> None:
    await casebook.open_case(opening())
    await casebook.open_case(opening(run_id="run-2"))
    await casebook.open_case(opening())
    (row,) = await rows(store, CaseRow)
    assert (row.run_id, row.stage, row.waiting_for) == ("run-1", "negotiating", "customer_service")
    assert [(event.seq, event.kind) for event in await rows(store, EventRow)] == [
        (1, "filed"),
        (2, "triaged"),
        (3, "negotiating"),
    ]
    assert {mail.template for mail in await rows(store, MailRow)} == {"acknowledged", "negotiate"}


async def test_a_page_written_twice_is_in_the_record_once(
    casebook: Casebook, enter: Enter, summary: Summary, store: Store
) -> None:
    await enter()
    page = Page(
        summary=summary(liable=({"party": "merchant", "percent": 60}, {"party": "carrier", "percent": 40})),
        events=(Event(seq=1, at=AT, kind="filed", data={"cause": "quality"}), Event(seq=2, at=AT, kind="asked")),
        mails=(Mail(id="C-1-m1", at=AT, to="merchandise", template="asked", values={"number": "C-1"}),),
    )
    await casebook.write_down(page)
    await casebook.write_down(page)
    assert [(row.seq, row.kind) for row in await rows(store, EventRow)] == [(1, "filed"), (2, "asked")]
    assert [(row.id, row.number, row.sent_at) for row in await rows(store, MailRow)] == [("C-1-m1", "C-1", None)]
    (row,) = await rows(store, CaseRow)
    assert row.liable == [{"party": "merchant", "percent": 60}, {"party": "carrier", "percent": 40}]


async def test_an_older_page_that_comes_late_adds_its_events_but_not_its_summary(
    casebook: Casebook, enter: Enter, summary: Summary, store: Store
) -> None:
    await enter()
    newer = Page(summary=summary(version=3, stage=Stage.CLOSED), events=(Event(seq=2, at=AT, kind="closed"),))
    older = Page(summary=summary(version=2, stage=Stage.ASKED), events=(Event(seq=1, at=AT, kind="asked"),))
    await casebook.write_down(newer)
    await casebook.write_down(older)
    (row,) = await rows(store, CaseRow)
    assert (row.stage, row.version) == ("closed", 3)
    assert sorted(event.seq for event in await rows(store, EventRow)) == [1, 2]


async def test_pages_of_many_cases_at_once_are_all_written_in_their_order(
    casebook: Casebook, enter: Enter, summary: Summary, store: Store
) -> None:
    numbers = [f"C-{i}" for i in range(30)]
    for number in numbers:
        await enter(number)
    pages = [
        Page(summary=summary(number, version, round=version), events=(Event(seq=version, at=AT, kind="asked"),))
        for version in range(1, 6)
        for number in numbers
    ]
    await asyncio.gather(*(casebook.write_down(page) for page in pages))
    assert {(row.version, row.round) for row in await rows(store, CaseRow)} == {(5, 5)}
    assert len(await rows(store, EventRow)) == 150


async def test_a_page_that_cannot_be_written_does_not_hold_up_the_others(
    casebook: Casebook, enter: Enter, summary: Summary, store: Store
) -> None:
    for number in ("C-1", "C-2", "C-3"):
        await enter(number)
    ends = await asyncio.gather(
        casebook.write_down(Page(summary=summary("C-1"))),
        casebook.write_down(Page(summary=summary("C-2", amount=2**70))),
        casebook.write_down(Page(summary=summary("C-3"))),
        return_exceptions=True,
    )
    assert [end is None for end in ends] == [True, False, True]
    assert {row.number: row.version for row in await rows(store, CaseRow)} == {"C-1": 1, "C-2": 0, "C-3": 1}
    await casebook.write_down(Page(summary=summary("C-2")))


async def test_only_a_page_with_notices_wakes_the_mailroom(
    store: Store, enter: Enter, summary: Summary, casebook: Casebook
) -> None:
    woken: list[int] = []
    book = open_book(store, on_mail=lambda: woken.append(1))
    await enter()
    await book.write_down(Page(summary=summary()))
    assert woken == []
    mail = Mail(id="C-1-m1", at=AT, to="customer", template="acknowledged")
    await book.write_down(Page(summary=summary(version=2), mails=(mail,)))
    assert woken == [1]


async def test_a_case_lost_by_temporal_begins_anew_by_its_own_complaint_alone_and_not_once_it_has_come_to_money(
    store: Store, clock: Any, opening: Opening
) -> None:
    load_packs()
    gone = {"complaint.C-1", "complaint.C-2"}

    async def lost(workflow_id: str) -> bool:
        return workflow_id in gone

    book = open_book(store, lost=lost, clock=clock)
    for number in ("C-1", "C-2", "C-3"):
        await book.open_case(opening(number))
    async with store.write() as session:
        session.add(RefundIntent(key="C-2:1:pay", number="C-2", order_number="O-1", amount=100, currency="CNY"))
    again = await book.open_case(opening("C-1", "run-2", filed_at=datetime(2026, 3, 3, tzinfo=UTC)))
    lines, mails = await rows(store, EventRow), [row for row in await rows(store, MailRow) if row.number == "C-1"]
    before = len([row for row in lines if row.number == "C-1"])
    assert again.reopened is not None
    assert (again.reopened.written, again.reopened.events[0].seq) == (before, before + 1)
    assert {mail.id for mail in again.reopened.mails}.isdisjoint(row.id for row in mails)
    for number in ("C-2", "C-3"):
        assert (await book.open_case(opening(number, "run-2"))).duplicate
    with pytest.raises(ApplicationError, match=r"number: stands for another complaint, whose case is lost; [^\n]*$"):
        await book.open_case(opening("C-1", "run-2", cause="wrong_item"))
