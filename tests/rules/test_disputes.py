"""Disputed determinations, refusals and insistence (S0-10, S0-13, S0-27)."""

from datetime import timedelta
from typing import Any

import pytest

from models.commands import Decide
from rules.checks import asked_for
from rules.messages import receive
from rules.replies import Message
from rules.view import summary
from tests.rules.builders import (
    DESK,
    HOTEL,
    LEADERSHIP,
    LOGISTICS,
    MERCHANDISE,
    PANEL,
    SELF_OPERATED,
    World,
    found_against,
    granted,
    hours,
    liable,
    offered,
    paid,
)


def contested(world: World, by: str = "customer") -> World:
    return world.does("contest", DESK, by=by, reason="不服")


def decided(world: World, department: str = PANEL, *, grant: bool = True, **fields: Any) -> World:
    return world.does("decide", department, **({"grant": grant, "reason": "定"} | fields))


def test_a_refused_customer_who_stays_silent_has_accepted() -> None:
    world = found_against().wait(days=7, microseconds=-1)
    assert (world.stage, world.view.waiting_for) == ("refused", "customer")
    assert world.wait(microseconds=1).exit == "refusal_accepted"


@pytest.mark.parametrize("world", [found_against, lambda: World(order=SELF_OPERATED, cause="other")])
def test_a_customer_who_insists_goes_on_the_weekly_list_and_waits_for_the_leadership(world: Any) -> None:
    case = world().does("insist", DESK, reason="坚持")
    assert (case.stage, case.view.waiting_for, case.view.due) == (
        "leadership",
        LEADERSHIP,
        case.now + timedelta(days=7),
    )
    assert case.mails("leadership")[0].values["reason"] == "坚持"
    assert case.refuses("decide", PANEL, grant=True, reason="越权") == "wrong_department"


def test_the_leaderships_plan_is_carried_out_and_final() -> None:
    world = World(order=SELF_OPERATED, cause="other").does("insist", DESK, reason="坚持")
    decided(world, LEADERSHIP, demand={"kind": "compensation", "amount": 5_000})
    assert (world.stage, world.ruling.basis, world.ruling.for_customer) == ("executing", "leadership", True)
    world.child()
    assert world.case.refunded == 5_000
    assert world.does("feedback", DESK, satisfied=False).exit == "decision_final"


def test_the_leaderships_grant_after_a_finding_against_the_customer_does_not_charge_the_customer() -> None:
    world = decided(found_against().does("insist", DESK, reason="坚持"), LEADERSHIP)
    assert world.shares == {}


def test_a_decision_against_the_customer_ends_the_case_with_its_reason_told() -> None:
    for world, department in (
        (found_against().does("insist", DESK, reason="坚持"), LEADERSHIP),
        (contested(found_against()), PANEL),
    ):
        assert decided(world, department, grant=False).exit == "decided_against"
        assert world.mails("decided_against")[0].values["reason"] == "定"


def test_an_undecided_case_stays_on_the_list_and_is_escalated() -> None:
    world = found_against().does("insist", DESK, reason="坚持").wait(days=14)
    assert (world.stage, world.kinds().count("task_overdue"), world.case.missed) == ("leadership", 2, True)


@pytest.mark.parametrize("by", ["customer", "merchant", "carrier", "merchandise", "customer_service"])
def test_anyone_concerned_can_dispute_a_finding_which_goes_to_the_panel_at_once(by: str) -> None:
    world = contested(found_against(), by)
    assert (world.stage, world.case.contested, world.view.due) == ("panel", True, world.now + hours(24))
    assert (world.event("contested").data["by"], world.mails("panel")[0].values["reason"]) == (by, "不服")
    assert (world.event("panel").department, world.event("panel").data["contested"]) == (PANEL, 1)


def test_a_dispute_before_the_last_answer_takes_the_open_ask_back() -> None:
    world = contested(World(cause="damage_unclear").confirms(MERCHANDISE, carrier=100))
    assert (world.stage, [mail.to for mail in world.mails("ask_withdrawn")]) == ("panel", [LOGISTICS])
    assert world.refuses("confirm", LOGISTICS, liable=liable(merchant=100), reason="x") == "not_asked"
    assert [ask.state for ask in world.view.asks] == ["answered"]


def test_a_dispute_about_a_shared_liability_comes_before_the_promise() -> None:
    world = World(cause="damaged").confirms(LOGISTICS, carrier=50, customer=50)
    assert contested(world, "carrier").wait(hours=5).mails("promised") == []
    assert world.stage == "panel"


@pytest.mark.parametrize("world", [granted, paid, lambda: World().wait(hours=24).child()])
def test_what_was_granted_stays_granted_and_only_the_cost_waits_for_the_panel(world: Any) -> None:
    case = world()
    stage = case.stage
    contested(case, "merchant")
    assert (case.stage, case.case.cost_held, case.event("cost_held").department) == (stage, True, PANEL)
    assert PANEL in case.view.waiting_for.split(",")
    decided(case, liable=liable(carrier=100))
    assert (case.stage, case.shares, case.case.cost_held, case.case.final) == (stage, {"carrier": 100}, False, False)


def test_a_cost_in_dispute_cannot_be_decided_onto_the_customer_or_nobody() -> None:
    case = contested(paid(), "merchant")
    assert case.refuses("decide", PANEL, grant=True, reason="x") == "bad_input"
    assert case.refuses("decide", PANEL, grant=False, liable=liable(customer=100), reason="x") == "bad_input"


def test_a_case_whose_customer_is_satisfied_ends_only_when_its_cost_is_decided() -> None:
    world = contested(paid(), "merchant").does("feedback", DESK, satisfied=True)
    assert (world.stage, world.exit, world.view.waiting_for, world.view.on_due) == ("panel", None, PANEL, "task_panel")
    assert (world.view.exit, summary(world.case, world.pack).exit) == (None, None)
    assert world.refuses("withdraw", DESK) == "wrong_stage"
    decided(world, liable=liable(carrier=100))
    assert (world.view.exit, summary(world.case, world.pack).exit) == ("satisfied", "satisfied")
    assert (world.exit, world.shares, world.case.refunded) == ("satisfied", {"carrier": 100}, 21_000)


def test_an_unsatisfied_customer_of_a_disputed_determination_has_the_whole_decided_by_the_panel() -> None:
    world = contested(paid(), "merchant").does("feedback", DESK, satisfied=False, reason="仍不满")
    assert (world.stage, world.case.round) == ("panel", 1)
    assert world.refuses("decide", PANEL, grant=True, reason="x") == "bad_input"
    decided(world, liable=liable(merchant=100))
    assert (world.stage, world.case.final, world.case.cost_held) == ("feedback", True, False)


def test_the_same_dispute_is_not_raised_twice() -> None:
    world = contested(paid())
    assert world.refuses("contest", DESK, by="merchant", reason="再") == "wrong_stage"
    assert len(world.mails("panel")) == 1


@pytest.mark.parametrize("changes", [{}, {"contact": None}, {"negotiation": "not_tried"}])
def test_nothing_determined_is_nothing_to_dispute(changes: dict[str, Any]) -> None:
    assert World(**changes).refuses("contest", DESK, by="customer", reason="x") == "wrong_stage"
    again = paid().does("feedback", DESK, satisfied=False)
    assert again.refuses("contest", DESK, by="customer", reason="x") == "wrong_stage"


def test_the_panel_may_give_something_else_than_was_asked_for() -> None:
    world = contested(found_against())
    decided(world, demand={"kind": "compensation", "amount": 3_000}, liable=liable(merchant=60, carrier=40))
    assert world.child().case.refunded == 3_000
    assert (world.shares, world.ruling.basis) == ({"merchant": 60, "carrier": 40}, "panel")


def test_a_grant_without_a_demand_gives_what_was_asked_for_and_no_offer_the_customer_rejected() -> None:
    world = offered()
    offer = {"demand": {"kind": "refund", "amount": 4_000}, "basis": "rule 11", "liable": liable(hotel=100)}
    for version in (1, 2):
        world.does("respond", "reception", version=version, accept=False, reason="too little")
        if world.stage == "offering":
            world.does("offer", "duty_manager", **offer, fields={"impact": "small"})
    assert (world.stage, world.case.demand.amount) == ("panel", 4_000)
    command = Decide.model_validate({"actor": "x", "grant": True, "reason": "x", "liable": liable(hotel=100)})
    limited = receive(world.case, HOTEL, Message("decide", command, world.now, (HOTEL.panel,), {"CNY": 20_999}))
    assert limited[1].code == "over_limit"
    assert decided(world, HOTEL.panel, liable=liable(hotel=100)).child().case.refunded == 21_000


def test_what_an_unsatisfied_customer_asked_for_instead_is_remembered_after_a_countered_offer() -> None:
    world = offered().does("respond", "reception", version=1, accept=True).child()
    world.does("feedback", "reception", satisfied=False, reason="x", demand={"kind": "refund", "amount": 1_500})
    world.does("record", "reception")
    offer = {"demand": {"kind": "refund", "amount": 500}, "basis": "rule 11", "liable": liable(hotel=100)}
    for version in (2, 3):
        world.does("offer", "duty_manager", **offer, fields={"impact": "small"})
        world.does("respond", "reception", version=version, accept=False, reason="too little")
    assert (world.stage, world.case.demand.amount) == ("panel", 4_500)
    assert decided(world, HOTEL.panel, liable=liable(hotel=100)).child().case.refunded == 5_500


def test_what_is_asked_for_after_an_offer_nobody_answered_stands() -> None:
    world = offered(demand={"kind": "refund", "amount": 6_000})
    world.does("triage", "reception", handling="grant", reason="x").child()
    world.does("feedback", "reception", satisfied=False, reason="x", demand={"kind": "refund", "amount": 500})
    assert (world.case.offers[-1].state != "accepted", world.case.demand.amount) == (True, 6_500)
    assert asked_for(world.case) == world.case.demand


@pytest.mark.parametrize(
    ("demand", "code"),
    [
        ({"kind": "refund", "amount": 21_001}, "too_much"),
        ({"kind": "exchange", "lines": [{"sku": "S-1", "quantity": 3}]}, "too_much"),
        ({"kind": "exchange", "lines": [{"sku": "S-1", "quantity": 2}, {"sku": "S-1", "quantity": 1}]}, "too_much"),
        ({"kind": "exchange", "lines": [{"sku": "S-9", "quantity": 1}]}, "too_much"),
    ],
)
def test_a_decision_cannot_give_more_than_the_order_holds(demand: dict[str, Any], code: str) -> None:
    world = contested(found_against())
    fields = {"grant": True, "demand": demand, "liable": liable(merchant=100), "reason": "x"}
    assert world.refuses("decide", PANEL, **fields) == code


def test_a_grant_of_the_panel_names_who_bears_the_cost_and_that_is_not_the_customer() -> None:
    unruled = World(cause="damage_unclear").confirms(MERCHANDISE, carrier=100).confirms(LOGISTICS, merchant=100)
    for world in (contested(found_against()), unruled):
        assert world.refuses("decide", PANEL, grant=True, reason="x") == "bad_input"
        assert world.refuses("decide", PANEL, grant=True, liable=liable(customer=100), reason="x") == "bad_input"
        assert decided(world, liable=liable(carrier=100)).stage == "executing"
