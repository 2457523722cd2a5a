"""The customer is told the actual result and asked (S0-18); what ends a case and what does not."""

from typing import Any

import pytest

from tests.rules.builders import (
    DESK,
    LOGISTICS,
    MERCHANDISE,
    RETURNS,
    SELF_OPERATED,
    World,
    found_against,
    granted,
    hours,
    paid,
)


def unsatisfied(world: World) -> World:
    return world.does("feedback", DESK, satisfied=False, reason="未解决")


def test_the_actual_result_is_told_and_the_customer_asked() -> None:
    world = paid()
    told = world.mails("result")[0]
    assert (told.to, told.values["refunded"], told.values["reference"]) == ("customer", 21_000, "P-1")
    assert (world.stage, world.view.waiting_for) == ("feedback", "customer")
    assert (world.event("executed").department, world.view.child) == (RETURNS, None)
    assert world.does("feedback", DESK, satisfied=True).exit == "satisfied"


def test_no_answer_after_the_call_backs_is_no_answer_not_satisfied() -> None:
    world = paid().wait(hours=72, microseconds=-1)
    assert (world.stage, len(world.mails("callback"))) == ("feedback", 2)
    assert world.wait(microseconds=1).exit == "no_feedback"
    asked = [event for event in world.case.events if event.kind == "feedback_asked"]
    assert [(event.department, event.data["times"]) for event in asked] == [(DESK, 1), (DESK, 2), (DESK, 3)]


def test_goods_asked_for_after_a_refund_are_told_at_their_worth() -> None:
    world = paid(demand={"kind": "refund", "amount": 5_000})
    world.does("feedback", DESK, satisfied=False, reason="x", demand={"kind": "exchange"}).does("contact", DESK)
    assert world.mails("asked")[-1].values["amount"] == 21_000


def test_an_outage_uses_up_no_call_back() -> None:
    world = paid().outage(days=20)
    assert (world.stage, world.case.callbacks, world.view.due) == ("feedback", 2, world.now + hours(24))


def test_an_unsatisfied_customer_is_examined_again_by_the_same_departments_with_a_new_clock() -> None:
    world = World(cause="damage_unclear").confirms(MERCHANDISE).confirms(LOGISTICS).child()
    unsatisfied(world)
    assert (world.stage, world.case.round) == ("explaining", 2)
    world.wait(minutes=5).does("contact", DESK)
    assert {ask.department: ask.deadline for ask in world.case.asks} == dict.fromkeys(
        (MERCHANDISE, LOGISTICS), world.now + hours(24)
    )
    assert len({ask.id for ask in (*world.case.asks, *world.case.past_asks)}) == 4


def test_a_case_nobody_was_asked_about_is_examined_again_by_customer_service() -> None:
    world = unsatisfied(World(order=SELF_OPERATED).child())
    assert (world.stage, world.view.waiting_for) == ("asked", DESK)


def test_a_case_is_reworked_at_most_so_often_then_the_panel_decides_for_good() -> None:
    world = paid()
    for number in range(world.pack.rework.times):
        unsatisfied(world)
        assert (world.stage, world.case.round) == ("explaining", number + 2)
        world.does("contact", DESK).confirms()
    unsatisfied(world)
    assert (world.stage, world.mails("panel")[0].values["reason"]) == ("panel", "未解决")
    world.does("decide", "panel", grant=True, reason="维持")
    assert unsatisfied(world).exit == "decision_final"


def test_what_was_determined_stays_known_while_the_case_is_examined_again() -> None:
    world = unsatisfied(paid())
    assert world.does("withdraw", DESK).exit == "withdrawn"
    assert (world.shares, world.case.refunded) == ({"merchant": 100}, 21_000)


STAGES: dict[str, Any] = {
    "negotiating": lambda: World(negotiation="not_tried"),
    "explaining": lambda: World(contact=None),
    "asked": World,
    "verifying": lambda: World().confirms(merchant=50, customer=50),
    "refused": found_against,
    "panel": lambda: found_against().does("contest", DESK, by="customer", reason="x"),
    "leadership": lambda: found_against().does("insist", DESK, reason="x"),
    "feedback": paid,
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_complaint_withdrawn_before_anything_was_promised_ends_at_once(stage: str) -> None:
    world = STAGES[stage]()
    assert world.stage == stage
    assert world.does("withdraw", DESK, reason="客户撤诉").exit == "withdrawn"
    assert len(world.mails("withdrawn")) == 1
    assert [mail.to for mail in world.mails("ask_withdrawn")] == ([MERCHANDISE] if stage == "asked" else [])


def test_what_was_promised_is_still_paid_after_a_withdrawal() -> None:
    world = granted().does("withdraw", DESK)
    assert world.stage == "executing"
    assert world.refuses("withdraw", DESK) == "wrong_stage"
    assert (world.child().exit, world.case.refunded) == ("withdrawn", 21_000)
    task = granted().child(failure="refused", step="pay").does("withdraw", DESK)
    assert task.stage == "task"
    assert task.does("resolve", RETURNS, outcome="settled", reference="B-1").exit == "withdrawn"


def test_a_withdrawal_does_not_end_a_dispute_about_the_cost() -> None:
    world = paid().does("contest", DESK, by="merchant", reason="x").does("withdraw", DESK)
    assert world.stage == "panel"
    world.does("decide", "panel", grant=True, liable=[{"party": "carrier"}], reason="定")
    assert (world.exit, world.shares) == ("withdrawn", {"carrier": 100})
