"""An agent corrects the triage with a reason; what runs keeps its clock (S0-31)."""

from typing import Any

import pytest

from tests.rules.builders import (
    DESK,
    LOGISTICS,
    MERCHANDISE,
    PANEL,
    SELF_OPERATED,
    START,
    World,
    found_against,
    granted,
    hours,
    paid,
)


def corrected(world: World, handling: str, *ask: str) -> World:
    return world.does("triage", DESK, handling=handling, ask=list(ask), reason="更正")


@pytest.mark.parametrize(
    "changes",
    [{"negotiation": "not_tried"}, {"contact": None}, {}, {"order": SELF_OPERATED, "cause": "other"}],
    ids=["negotiating", "explaining", "asked", "refused"],
)
def test_a_triage_is_corrected_at_every_stage_before_a_determination(changes: dict[str, Any]) -> None:
    assert corrected(World(**changes), "grant").stage == "executing"
    refused = corrected(World(**changes), "refuse")
    assert (refused.stage, refused.case.out_of_rule, refused.case.direct) == ("refused", True, True)
    own = corrected(World(**changes), "own")
    assert ([ask.department for ask in own.case.asks], own.stage) == ([DESK], "asked")
    asked = corrected(World(**changes), "ask", LOGISTICS)
    assert [ask.department for ask in asked.case.asks] == [LOGISTICS]
    assert (asked.case.route, asked.case.direct) == ("by_hand", False)


def test_the_reason_of_a_refusal_by_hand_reaches_the_customer() -> None:
    assert corrected(World(), "refuse").mails("refused_rule")[0].values["reason"] == "更正"


def test_a_running_ask_keeps_its_clock_and_a_dropped_one_is_taken_back() -> None:
    world = corrected(World(cause="damage_unclear").wait(hours=5), "ask", LOGISTICS)
    assert world.ask(LOGISTICS).deadline == START + hours(24)
    assert [mail.to for mail in world.mails("ask_withdrawn")] == [MERCHANDISE]
    assert world.refuses("confirm", MERCHANDISE, liable=[{"party": "merchant"}], reason="x") == "not_asked"


def test_an_added_department_has_its_own_clock_and_the_first_ones_deadline_still_rules() -> None:
    world = corrected(World(contact=None).wait(minutes=30).wait(hours=23, minutes=50), "ask", MERCHANDISE, LOGISTICS)
    assert (world.stage, set(world.view.waiting_for.split(","))) == ("explaining", {DESK, MERCHANDISE})
    assert world.view.due == START + hours(24.5)
    world.wait(minutes=10)
    assert world.ask(MERCHANDISE).silent
    late = world.send("confirm", MERCHANDISE, liable=[{"party": "customer"}], reason="迟")
    assert late.code == "late"
    world.wait(minutes=20)
    assert world.ask(LOGISTICS).deadline == START + hours(24 + 24) + (world.now - START - hours(24))


def test_the_late_answer_of_a_department_that_is_asked_no_more_is_kept_as_late() -> None:
    world = corrected(World().wait(hours=23), "ask", MERCHANDISE, LOGISTICS).wait(hours=1)
    assert world.ask(MERCHANDISE).silent
    corrected(world, "ask", LOGISTICS)
    late = world.send("confirm", MERCHANDISE, liable=[{"party": "merchant"}], reason="迟")
    assert (late.code, world.event("answered_late").department) == ("late", MERCHANDISE)
    assert world.refuses("confirm", MERCHANDISE, liable=[{"party": "merchant"}], reason="x") == "already_answered"


def test_an_answer_given_stands_when_the_triage_is_corrected_to_that_department() -> None:
    world = World(cause="damage_unclear").confirms(MERCHANDISE, merchant=100)
    corrected(world, "ask", MERCHANDISE)
    assert (world.stage, world.shares) == ("executing", {"merchant": 100})


def test_a_department_asked_again_after_its_ask_was_taken_back_has_a_new_ask_beside_the_old() -> None:
    world = corrected(corrected(World().wait(hours=1), "ask", LOGISTICS), "ask", MERCHANDISE)
    assert [ask.id for ask in (*world.case.past_asks, *world.case.asks)] == [
        "1-merchandise", "1-logistics", "1-merchandise-2",
    ]  # fmt: skip
    world.mail_says(world.case.past_asks[0].mail, delivered=False)
    assert not world.ask(MERCHANDISE).undelivered
    assert world.confirms().stage == "executing"


def test_a_department_named_twice_is_asked_once() -> None:
    assert len(corrected(World(), "ask", LOGISTICS, LOGISTICS).case.asks) == 1


@pytest.mark.parametrize("department", ["returns_centre", "panel", "nobody"])
def test_who_could_not_bear_the_cost_of_silence_cannot_be_asked(department: str) -> None:
    assert World().refuses("triage", DESK, handling="ask", ask=[department], reason="x") == "bad_input"


def test_a_determination_is_not_undone_by_triage() -> None:
    for world in (found_against(), granted(), paid(), found_against().does("contest", DESK, by="customer", reason="x")):
        assert world.refuses("triage", DESK, handling="grant", reason="x") == "wrong_stage"
    assert World().refuses("triage", PANEL, handling="grant", reason="x") == "wrong_department"
