"""What a procedure asks of a complaint before it is a case: its forms, agreements that stand, days that are known."""

from collections.abc import Callable
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.casebook import Casebook
from activities.store import Store
from models.complaint import Complaint
from models.pages import OpenCase, Page
from models.span import WorkCalendar
from models.tables import CaseRow
from procedures import load_packs
from procedures.workdays import Workdays
from tests.activities.bookkeeping import open_book, rows

Opening = Callable[..., OpenCase]
KNOWN = Workdays()
PARCEL: dict[str, Any] = {
    "procedure": "courier",
    "cause": "lost",
    "details": {"sender": "张三", "recipient": "李四", "request": "赔偿"},
}
DISPUTE: dict[str, Any] = {
    "procedure": "live",
    "details": {"happened_on": "2026-01-02", "place": "直播间 7", "expects": "退款"},
}


@pytest.fixture
def reception(store: Store) -> Callable[..., Casebook]:
    """A register that knows the working days `days` tells it."""
    load_packs()

    def build(days: Callable[[int], WorkCalendar] = KNOWN) -> Casebook:
        return open_book(store, calendar=days)

    return build


async def _refusal(book: Casebook, entry: OpenCase) -> ApplicationError:
    with pytest.raises(ApplicationError) as refused:
        await book.open_case(entry)
    return refused.value


async def test_a_complaint_that_lacks_what_the_form_asks_for_is_refused_with_each_field_and_kept_nowhere(
    reception: Callable[..., Casebook], opening: Opening, store: Store
) -> None:
    parcel = PARCEL | {"details": {"sender": "张三", "colour": "red"}}
    error = await _refusal(reception(), opening(**parcel))
    assert error.type == "bad_input"
    for line in (
        "details.recipient: is missing; add it",
        "details.request: is missing",
        "details.colour: is not asked",
    ):
        assert line in error.message
    assert "张三" not in error.message
    assert await rows(store, CaseRow) == []


async def test_a_remedy_or_severity_the_procedure_lacks_is_refused(
    reception: Callable[..., Casebook], opening: Opening
) -> None:
    error = await _refusal(reception(), opening(**PARCEL, demand={"kind": "repair"}, severity="dreadful"))
    assert "demand.kind: is not a remedy of courier.1" in error.message
    assert "severity: is not a severity of courier.1; use one of complex, simple" in error.message


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"order": {"promised_at": "9999-12-31T23:59:59Z"}}, "order.promised_at: must lie in the years 1970 to 9998;"),
        ({"order": {"delivered_at": "0001-01-01T00:00:00Z"}}, "order.delivered_at: must lie in the years"),
        ({"filed_at": "1969-12-31T23:59:59Z"}, "filed_at: must lie in the years"),
        ({"text": "a\x9b31m"}, "text: control characters are not allowed"),
        (
            {"order": {"lines": [{"sku": "CUP", "quantity": 100_000, "unit_price": 10**7 + 1}]}},
            "order.lines: cost more than any amount may be",
        ),
        (
            {"demand": {"kind": "reship", "lines": [{"sku": "CUP", "quantity": 2}, {"sku": "CUP", "quantity": 1}]}},
            "demand.lines: is more than the order holds",
        ),
    ],
)
async def test_what_a_stored_case_may_hold_and_a_new_one_may_not_is_refused_at_the_register(
    reception: Callable[..., Casebook], opening: Opening, changes: dict[str, Any], told: str
) -> None:
    entry = opening()
    content = entry.complaint.model_dump() | changes
    content["order"] = entry.complaint.order.model_dump() | changes.get("order", {})
    kept = Complaint.model_validate(content)
    assert Complaint.model_validate_json(kept.model_dump_json()) == kept
    error = await _refusal(reception(), entry.model_copy(update={"complaint": kept}))
    assert (error.type, told in error.message) == ("bad_input", True)


async def test_s3_12_a_claim_settled_by_an_accepted_offer_is_not_made_a_second_time(
    reception: Callable[..., Casebook], opening: Opening, summary: Callable[..., Any]
) -> None:
    book = reception()
    await book.open_case(opening(**DISPUTE))
    await book.open_case(opening("C-2", **DISPUTE))  # nothing is settled yet
    await book.write_down(Page(summary=summary(procedure="live.1", version=900, basis="settlement")))
    error = await _refusal(book, opening("C-3", **DISPUTE))
    assert "settled by agreement in case C-1; the agreement stands" in error.message
    await book.open_case(opening("C-4", **(DISPUTE | {"cause": "injury"})))  # another matter


async def test_a_case_is_given_the_working_days_it_counts_in_and_one_that_counts_none_is_given_none(
    reception: Callable[..., Casebook], opening: Opening
) -> None:
    opened = await reception().open_case(opening(**PARCEL))
    assert opened.calendar is not None
    assert opened.calendar == KNOWN(opening().opened_at.year)
    assert (await reception().open_case(opening("C-2"))).calendar is None


async def test_an_intake_that_would_have_to_guess_a_working_day_waits_and_goes_on_once_the_year_is_known(
    reception: Callable[..., Casebook], opening: Opening, store: Store
) -> None:
    error = await _refusal(reception(lambda _: WorkCalendar()), opening(**PARCEL))
    assert (error.type, error.non_retryable) == ("calendar_gap", False)
    assert "add the year to the file" in error.message
    assert await rows(store, CaseRow) == []
    assert (await reception().open_case(opening(**PARCEL))).procedure == "courier.1"
