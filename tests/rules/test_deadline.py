"""24 hours, wall clock: an answer before counts, silence rules for the customer (S0-15, S0-16)."""

from datetime import timedelta

import pytest

from tests.rules.builders import DESK, LOGISTICS, MERCHANDISE, START, World, hours

TICK = timedelta(microseconds=1)
AGAINST, FOR = {"customer": 100}, {"merchant": 100}


def at(moment: timedelta, world: World) -> World:
    world.now = START + moment
    return world


def test_an_answer_one_microsecond_before_the_deadline_is_the_ruling() -> None:
    world = at(hours(24) - TICK, World()).confirms(merchant=100)
    assert (world.ruling.basis, world.ruling.department, world.shares) == ("answer", MERCHANDISE, FOR)
    assert world.ruling.reason == "属实"


def test_an_answer_exactly_at_the_deadline_is_too_late() -> None:
    world = at(hours(24), World())
    assert world.send("confirm", MERCHANDISE, liable=[{"party": "customer"}], reason="迟").code == "late"
    assert (world.ruling.basis, world.ruling.at) == ("silence", START + hours(24))
    assert world.ruling.for_customer


def test_silence_gives_the_customer_what_was_asked_for_at_the_cost_of_the_silent_department() -> None:
    world = World(demand={"kind": "exchange"}).wait(hours=24)
    assert (world.stage, world.ruling.basis, world.shares) == ("executing", "silence", {MERCHANDISE: 100})
    assert world.case.execution is not None
    assert world.case.execution.remedy.kind == "exchange"
    assert (world.event("silence").department, world.case.missed) == (MERCHANDISE, True)


def test_silence_of_customer_service_on_its_own_case_rules_for_the_customer_too() -> None:
    world = World(cause="system").wait(hours=24)
    assert (world.ruling.basis, world.shares) == ("silence", {DESK: 100})


def test_the_clock_is_wall_clock_over_the_weekend() -> None:
    friday = START + timedelta(days=4)
    assert World(at=friday).wait(hours=24).ruling.at == friday + hours(24)


def test_a_department_is_reminded_once_four_hours_before_its_deadline() -> None:
    world = World().wait(hours=20, microseconds=-1)
    assert world.mails("reminded") == []
    world.wait(hours=3)
    assert [(mail.to, mail.at) for mail in world.mails("reminded")] == [(MERCHANDISE, START + hours(20))]
    assert world.view.on_due == "silence"


def test_nobody_is_reminded_after_the_deadline_has_passed_in_an_outage() -> None:
    world = World().outage(hours=30)
    assert (world.mails("reminded"), "reminded" in world.kinds()) == ([], False)


def test_an_outage_moves_neither_the_deadline_nor_the_ruling() -> None:
    world = World().outage(days=9)
    assert (world.ruling.basis, world.ruling.at) == ("silence", START + hours(24))


@pytest.mark.parametrize(
    ("first", "second", "basis", "shares"),
    [
        (FOR, None, "answer", FOR),
        (None, FOR, "answer", FOR),
        (AGAINST, None, "silence", {LOGISTICS: 100}),
        (None, AGAINST, "silence", {MERCHANDISE: 100}),
        (None, None, "silence", {MERCHANDISE: 50, LOGISTICS: 50}),
        (FOR, FOR, "answer", FOR),
        (FOR, {"merchant": 30, "customer": 70}, "answer", FOR),
    ],
)
def test_two_departments_answers_and_silence_make_one_ruling_for_the_customer(
    first: dict[str, int] | None, second: dict[str, int] | None, basis: str, shares: dict[str, int]
) -> None:
    world = World(cause="damage_unclear")
    for department, answer in ((MERCHANDISE, first), (LOGISTICS, second)):
        if answer:
            world.confirms(department, **answer)
    if first is None or second is None:
        world.wait(hours=24)
    assert (world.ruling.basis, world.shares, world.ruling.for_customer) == (basis, shares, True)
    named = MERCHANDISE if (first is not None) == (basis == "answer") else LOGISTICS
    assert world.ruling.department == named
    assert world.stage == ("verifying" if second == {"merchant": 30, "customer": 70} else "executing")


def test_the_case_waits_for_the_second_department_after_the_first_has_answered() -> None:
    world = World(cause="damage_unclear").confirms(MERCHANDISE)
    assert (world.stage, world.view.waiting_for, world.case.ruling) == ("asked", LOGISTICS, None)
    assert world.refuses("confirm", MERCHANDISE, liable=[{"party": "carrier"}], reason="改") == "already_answered"


def test_both_against_the_customer_is_a_refusal() -> None:
    world = World(cause="damage_unclear").confirms(MERCHANDISE, customer=100).confirms(LOGISTICS, customer=100)
    assert (world.stage, world.ruling.for_customer, world.case.out_of_rule) == ("refused", False, False)
    assert world.mails("refused_finding")[0].values["reason"] == "属实"


@pytest.mark.parametrize("second", [AGAINST, {"carrier": 100}, {"merchant": 50, "carrier": 50}])
def test_contradicting_determinations_go_to_the_panel_at_once(second: dict[str, int]) -> None:
    world = World(cause="damage_unclear").confirms(MERCHANDISE, **FOR).confirms(LOGISTICS, **second)
    assert (world.stage, world.case.contested, world.case.ruling) == ("panel", True, None)
    assert world.view.due == world.now + hours(24)


def test_other_shares_of_the_same_parties_pay_the_customer_and_leave_the_cost_to_the_panel() -> None:
    world = World(cause="damage_unclear").confirms(MERCHANDISE, merchant=20, carrier=80)
    world.confirms(LOGISTICS, merchant=80, carrier=20)
    assert (world.stage, world.case.cost_held, world.case.contested) == ("executing", True, True)
    world.does("decide", "panel", grant=True, liable=[{"party": "merchant", "percent": 100}], reason="定")
    assert (world.shares, world.case.cost_held) == ({"merchant": 100}, False)
