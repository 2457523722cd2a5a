"""Carrying a decision out: the same day, and what a person must settle (S0-16, S0-17)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.remedy import RemedyResult
from rules.remedy import abandoned, finished, order_for
from rules.undoing import to_undo
from tests.rules.builders import DESK, LEADERSHIP, PACK, RETURNS, START, World, granted, hours

MIDNIGHT = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
"""The end of the first day in Shanghai."""
WAY = {"kind": "return_and_refund"}


def failed(code: str = "account_closed", step: str | None = "pay", *done: str, **changes: Any) -> World:
    return granted(**changes).child(failure=code, step=step, done=done)


@pytest.mark.parametrize(
    ("kind", "steps", "amount", "child"),
    [
        ("refund", ("pay",), 21_000, "refund-1"),
        ("return_and_refund", ("label", "goods", "pay"), 21_000, "refund-1"),
        ("exchange", ("reserve", "label", "goods", "ship"), 0, "exchange-1"),
        ("reship", ("reserve", "ship"), 0, "exchange-1"),
        ("repair", ("label", "goods", "ship"), 0, "exchange-1"),
    ],
)
def test_the_customer_gets_what_was_asked_for(kind: str, steps: tuple[str, ...], amount: int, child: str) -> None:
    world = granted(demand={"kind": kind})
    order = order_for(world.case, world.pack)
    assert (order.kind, order.steps, order.amount) == (kind, steps, amount)
    assert world.view.child == f"complaint.T-1.{child}"
    assert world.child().case.refunded == amount


def test_a_product_named_twice_is_sent_as_often_as_it_was_ordered() -> None:
    twice = [{"sku": "S-1", "quantity": 2}, {"sku": "S-1", "quantity": 1}]
    order = order_for(granted(demand={"kind": "reship", "lines": twice}).case, PACK)
    assert [(line.sku, line.quantity) for line in order.lines] == [("S-1", 2)]
    apart = [{"sku": "S-1", "quantity": 1}, {"sku": "S-1", "quantity": 1}]
    order = order_for(granted(demand={"kind": "reship", "lines": apart}).case, PACK)
    assert [line.quantity for line in order.lines] == [1, 1]


@pytest.mark.parametrize("kind", ["exchange", "reship", "repair"])
def test_where_the_customer_names_no_goods_the_whole_order_is_meant(kind: str) -> None:
    order = order_for(granted(demand={"kind": kind}).case, PACK)
    assert [(line.sku, line.quantity) for line in order.lines] == [("S-1", 2)]


def test_a_compensation_pays_its_amount_and_an_apology_needs_no_child() -> None:
    assert granted(demand={"kind": "compensation", "amount": 700}).child().case.refunded == 700
    apology = granted(demand={"kind": "apology"})
    assert (apology.stage, apology.view.child, apology.case.refunded) == ("feedback", None, 0)
    done = {"decision": 1, "remedy": "apology", "refunded": 0, "currency": "CNY"}
    assert apology.event("executed").data == done


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        (MIDNIGHT - timedelta(minutes=1), MIDNIGHT),
        (MIDNIGHT - timedelta(microseconds=1), MIDNIGHT),
        (MIDNIGHT, MIDNIGHT + timedelta(days=1)),
        (START, MIDNIGHT),
    ],
)
def test_the_day_ends_at_midnight_where_the_company_is_also_for_an_answer_at_2359(at: datetime, ends: datetime) -> None:
    world = World(at=at).confirms()
    assert world.view.due == ends
    if at < ends - timedelta(microseconds=1):
        assert "not_same_day" not in world.until(ends - timedelta(microseconds=1)).kinds()
    world.until(ends)
    breach = world.event("not_same_day")
    assert (breach.at, breach.department, world.stage) == (ends, RETURNS, "executing")
    assert world.case.missed
    assert (world.child().stage, world.case.missed) == ("feedback", False)


def test_where_a_procedure_says_nothing_of_it_a_remedy_has_no_clock() -> None:
    assert granted(pack=PACK.model_copy(update={"same_day": None})).view.due is None


def test_a_day_an_outage_of_ours_used_up_is_nobodys_breach() -> None:
    world = World().outage(days=3)
    assert world.event("not_same_day").department is None


def test_a_remedy_with_goods_is_due_on_the_day_the_goods_are_back() -> None:
    world = granted(demand=WAY)
    until = START + PACK.clocks.goods.within
    assert (world.view.waiting_for, world.view.due, world.view.on_due) == (RETURNS, until, "goods")
    asked = (*world.mails("return_goods"), *world.mails("goods_expected"))
    told = [("customer", until.isoformat()), (RETURNS, until.isoformat())]
    assert [(mail.to, mail.values["due_at"]) for mail in asked] == told
    world.wait(days=3).does("goods", RETURNS, accepted=True)
    assert (world.view.due, world.view.waiting_for) == (MIDNIGHT + timedelta(days=3), "system")
    assert (world.event("goods").department, world.event("goods").data["accepted"]) == (RETURNS, 1)
    assert world.refuses("goods", RETURNS, accepted=True) == "wrong_stage"
    assert world.refuses("goods", DESK, accepted=True) == "wrong_department"


def test_goods_are_only_awaited_by_a_remedy_that_takes_some() -> None:
    assert granted().refuses("goods", RETURNS, accepted=True) == "wrong_stage"
    assert World().refuses("goods", RETURNS, accepted=True) == "wrong_stage"


@pytest.mark.parametrize(
    ("step", "demand", "kind", "department"),
    [
        ("pay", "refund", "payment", RETURNS),
        ("goods", "return_and_refund", "goods", DESK),
        ("label", "return_and_refund", "goods", RETURNS),
        ("ship", "reship", "goods", RETURNS),
        (None, "refund", "payment", RETURNS),
        (None, "reship", "goods", RETURNS),
    ],
)
def test_a_failed_remedy_becomes_a_task_of_a_named_department_with_a_clock(
    step: str | None, demand: str, kind: str, department: str
) -> None:
    world = failed("broken", step, demand={"kind": demand})
    task = world.view.task
    assert task is not None
    assert (world.stage, task.kind, task.department, task.due) == ("task", kind, department, world.now + hours(24))
    assert [(mail.to, mail.values["code"]) for mail in world.mails("task")] == [(department, "broken")]


def test_a_task_past_its_clock_is_escalated_again_and_again_and_never_dies() -> None:
    world = failed().wait(days=3)
    assert (world.stage, world.kinds().count("task_overdue"), world.case.missed) == ("task", 3, True)
    assert {mail.to for mail in world.mails("task_overdue")} == {RETURNS, LEADERSHIP}


def test_after_a_long_outage_a_task_is_escalated_once_not_once_per_missed_day() -> None:
    world = failed()
    world.outage(days=10)
    assert (world.kinds().count("task_overdue"), world.view.due) == (1, world.now + hours(24))


def test_a_task_nobody_could_have_heard_of_is_not_held_against_its_department() -> None:
    world = granted()
    world.handing_over = False
    world.child(failure="x", step="pay").outage(days=10)
    assert ("task_overdue" in world.kinds(), world.view.due) == (False, world.now + hours(24))


def test_a_retry_goes_on_under_the_same_decision_and_does_nothing_twice() -> None:
    world = failed("refused", "pay", "label", "goods", demand=WAY).does("resolve", RETURNS, outcome="retry")
    order = order_for(world.case, world.pack)
    assert (order.decision, order.attempt, order.steps) == (1, 2, ("pay",))
    assert world.view.child == "complaint.T-1.refund-1-2"
    assert world.child().case.refunded == 21_000


def test_what_an_earlier_attempt_has_done_is_not_asked_for_by_a_third_one() -> None:
    world = failed("refused", "pay", "label", "goods", demand=WAY).does("resolve", RETURNS, outcome="retry")
    world.child(failure="refused", step="pay").does("resolve", RETURNS, outcome="retry")
    assert order_for(world.case, world.pack).steps == ("pay",)


def test_goods_that_did_not_come_back_are_asked_for_again_on_a_retry() -> None:
    world = failed("goods_not_returned", "goods", demand=WAY).does("resolve", DESK, outcome="retry")
    assert order_for(world.case, world.pack).steps == ("label", "goods", "pay")
    assert (len(world.mails("return_goods")), world.view.waiting_for) == (2, RETURNS)


def test_a_second_word_on_rejected_goods_pays_nobody() -> None:
    world = granted(demand=WAY).does("goods", RETURNS, accepted=False).does("goods", RETURNS, accepted=True)
    world.child(failure="goods_rejected", step="goods", done=("label",)).does("resolve", DESK, outcome="retry")
    assert "goods" in order_for(world.case, world.pack).steps


def test_a_payment_settled_elsewhere_counts_as_refunded_with_its_reference() -> None:
    world = failed().does("resolve", RETURNS, outcome="settled", reference="BANK/2026#77")
    assert (world.stage, world.case.refunded) == ("feedback", 21_000)
    assert world.mails("result")[0].values["reference"] == "BANK/2026#77"


def test_money_instead_of_goods_is_a_decision_of_its_own_and_pays_the_lines() -> None:
    lines = [{"sku": "S-1", "quantity": 1}]
    world = failed("out_of_stock", "reserve", demand={"kind": "exchange", "lines": lines})
    world.does("resolve", RETURNS, outcome="refund_instead")
    order = order_for(world.case, world.pack)
    assert (order.decision, order.kind, order.amount, order.steps) == (2, "refund", 10_000, ("pay",))
    whole = failed("out_of_stock", "reserve", demand={"kind": "exchange"})
    assert whole.does("resolve", RETURNS, outcome="refund_instead").child().case.refunded == 21_000


@pytest.mark.parametrize("step", ["pay", None])
def test_a_payment_in_doubt_is_never_made_anew_under_another_key(step: str | None) -> None:
    world = failed("payment_in_doubt", step)
    assert world.refuses("resolve", RETURNS, outcome="refund_instead") == "bad_input"


@pytest.mark.parametrize(("code", "step"), [("payment_in_doubt", "pay"), ("child_failed", None)])
def test_a_payment_in_doubt_is_not_given_up_and_the_case_ends_by_a_look_or_its_reference(code: str, step: str) -> None:
    doubt = {"outcome": "abandon", "note": "the gateway is silent"}
    assert failed(code, step).refuses("resolve", RETURNS, **doubt) == "bad_input"
    looked = failed(code, step).does("resolve", RETURNS, outcome="retry").child(failure="account_closed", step="pay")
    assert looked.does("resolve", RETURNS, **doubt).stage == "feedback"
    given = failed(code, step).does("withdraw", DESK)
    assert given.does("resolve", RETURNS, outcome="settled", reference="BANK-1").exit == "withdrawn"
    goods = failed("child_failed", None, demand={"kind": "exchange"})
    assert goods.does("resolve", RETURNS, **doubt).stage == "feedback"


def test_a_payment_the_gateway_made_with_another_amount_is_not_given_up_and_then_paid_again() -> None:
    world = failed("amount_differs")
    assert world.refuses("resolve", RETURNS, outcome="abandon", note="x") == "bad_input"
    assert world.does("resolve", RETURNS, outcome="settled", reference="RF-LATE").stage == "feedback"


def test_an_abandoned_remedy_pays_nothing_and_the_customer_is_asked() -> None:
    world = failed().does("resolve", RETURNS, outcome="abandon", note="客户账户已注销")
    assert (world.stage, world.case.refunded, world.case.execution) == ("feedback", 0, None)
    assert (world.mails("result"), len(world.mails("not_done"))) == ([], 1)
    world.does("feedback", DESK, satisfied=False).does("contact", DESK).confirms()
    assert world.child().case.refunded == 21_000


def test_the_customer_hears_why_a_remedy_was_abandoned() -> None:
    world = failed()
    case = abandoned(world.case, world.pack, world.now, "客户账户已注销")
    mail = case.mails[-1]
    assert (mail.to, mail.template) == ("customer", "not_done")
    assert (mail.values["reason"], mail.values["refunded"]) == ("客户账户已注销", 0)
    assert (case.stage, case.callbacks) == ("feedback", 1)


def test_an_abandoned_remedy_of_a_withdrawn_complaint_ends_the_case() -> None:
    world = failed().does("withdraw", DESK).does("resolve", RETURNS, outcome="abandon", note="x")
    assert (world.exit, len(world.mails("not_done"))) == ("withdrawn", 1)


def test_a_task_is_settled_by_its_own_department_and_only_while_there_is_one() -> None:
    assert failed().refuses("resolve", DESK, outcome="retry") == "wrong_department"
    assert granted().refuses("resolve", RETURNS, outcome="retry") == "wrong_stage"


def test_the_outcome_of_a_child_nobody_waits_for_changes_nothing() -> None:
    world = World()
    assert finished(world.case, world.pack, RemedyResult(amount=5), world.now) == world.case


def test_what_could_not_be_undone_is_told_to_the_returns_centre_with_the_key_it_stands_under() -> None:
    left = ({"step": "reserve", "code": "already_picked"},)
    world = granted(demand={"kind": "reship"}).child(failure="out_of_stock", step="ship", standing=left)
    line = world.event("not_undone")
    assert (line.department, line.data) == (
        RETURNS, {"step": "reserve", "code": "already_picked", "key": "T-1:1:reserve"}
    )  # fmt: skip
    (mail,) = world.mails("not_undone")
    assert (mail.to, mail.values["step"], mail.values["code"], mail.values["key"]) == (
        RETURNS, "reserve", "already_picked", "T-1:1:reserve"
    )  # fmt: skip
    assert world.stage == "task"


def test_what_a_child_that_broke_off_may_have_left_is_told_unless_it_cannot_stand() -> None:
    def left(world: World) -> list[object]:
        return [event.data["step"] for event in world.case.events if event.kind == "not_undone"]

    assert left(failed("child_failed", None)) == []
    assert left(failed("child_failed", None, demand=WAY)) == ["label"]
    exchange = granted(demand={"kind": "exchange"})
    assert left(exchange.child(failure="child_failed")) == ["label", "reserve"]
    back = granted(demand={"kind": "exchange"}).does("goods", RETURNS, accepted=True)
    assert left(back.child(failure="child_failed")) == []
    assert left(back.does("resolve", RETURNS, outcome="refund_instead", not_sent=True)) == ["reserve"]
    assert left(failed("out_of_stock", "ship", demand={"kind": "reship"})) == []


PARCEL = {"kind": "exchange"}


def sent_in_doubt(**changes: Any) -> World:
    """The goods are back, and the warehouse did not say whether it has sent others."""
    world = granted(**({"demand": PARCEL} | changes)).does("goods", RETURNS, accepted=True)
    return world.child(failure="shipment_in_doubt", step="ship", done=("reserve", "label", "goods"))


def broken_off(**changes: Any) -> World:
    """The same of a child that was ended from outside."""
    world = granted(**({"demand": PARCEL} | changes)).does("goods", RETURNS, accepted=True)
    return world.child(failure="child_failed")


@pytest.mark.parametrize("doubt", [sent_in_doubt, broken_off])
def test_a_customer_whose_parcel_may_be_on_its_way_gets_no_money_beside_it(doubt: Callable[[], World]) -> None:
    world = doubt()
    assert world.refuses("resolve", RETURNS, outcome="refund_instead") == "bad_input"
    assert world.refuses("resolve", RETURNS, outcome="abandon", note="the warehouse is silent") == "bad_input"
    assert world.event("execution_failed").data["key"] == world.mails("task")[-1].values["key"] == "T-1:1:ship"
    assert world.does("resolve", RETURNS, outcome="settled", reference="SF-1").stage == "feedback"


@pytest.mark.parametrize("doubt", [sent_in_doubt, broken_off])
def test_a_retry_asks_for_a_parcel_in_doubt_alone_and_sets_nothing_aside_a_second_time(
    doubt: Callable[[], World],
) -> None:
    world = doubt().does("resolve", RETURNS, outcome="retry")
    order = order_for(world.case, world.pack)
    assert (order.steps, order.attempt, order.asked) == (("ship",), 2, True)
    assert world.child().stage == "feedback"


def test_a_parcel_stays_in_doubt_however_often_it_is_asked_for_in_vain() -> None:
    world = sent_in_doubt().does("resolve", RETURNS, outcome="retry").child(failure="child_failed")
    assert world.refuses("resolve", RETURNS, outcome="refund_instead") == "bad_input"
    again = world.does("resolve", RETURNS, outcome="retry")
    assert order_for(again.case, again.pack).asked
    again.child(failure="shipment_in_doubt", step="ship")
    assert again.refuses("resolve", RETURNS, outcome="refund_instead") == "bad_input"


@pytest.mark.parametrize("doubt", [sent_in_doubt, broken_off])
def test_once_a_person_says_that_nothing_was_sent_the_customer_gets_the_money_and_the_stock_is_given_back(
    doubt: Callable[[], World],
) -> None:
    world = doubt()
    assert world.mails("not_undone") == []
    world.does("resolve", RETURNS, outcome="refund_instead", not_sent=True)
    assert world.event("resolved").data == {"outcome": "refund_instead", "code": "not_sent"}
    (told,) = world.mails("not_undone")
    assert (told.to, told.values["key"], told.values["code"]) == (RETURNS, "T-1:1:reserve", "not_sent")
    assert world.child().case.refunded == 21_000


def test_a_parcel_that_was_not_sent_is_tried_again_with_all_that_prepares_it() -> None:
    world = sent_in_doubt().does("resolve", RETURNS, outcome="retry", not_sent=True)
    order = order_for(world.case, world.pack)
    assert (order.steps, order.asked, world.mails("not_undone")) == (("reserve", "ship"), False, [])
    world.child(failure="out_of_stock", step="ship", done=())
    assert world.does("resolve", RETURNS, outcome="refund_instead").child().case.refunded == 21_000


def test_a_child_that_broke_off_before_anything_could_be_sent_leaves_no_parcel_in_doubt() -> None:
    waiting = granted(demand=PARCEL).child(failure="child_failed")
    assert waiting.does("resolve", RETURNS, outcome="refund_instead").child().case.refunded == 21_000
    straight = granted(demand={"kind": "reship"}).child(failure="child_failed")
    assert straight.refuses("resolve", RETURNS, outcome="refund_instead") == "bad_input"


def test_goods_that_may_have_left_are_not_put_back() -> None:
    assert to_undo(("reserve", "label", "goods", "ship")) == []
    assert to_undo(("reserve", "label", "goods")) == ["reserve"]
