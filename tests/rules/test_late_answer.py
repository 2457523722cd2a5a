"""A late answer is kept as late and changes only who bears the cost (S0-16)."""

from typing import Any

from tests.rules.builders import DESK, LOGISTICS, MERCHANDISE, PANEL, World


def ruled_by_silence(**changes: Any) -> World:
    return World(**changes).wait(hours=24).child()


def late(world: World, department: str = MERCHANDISE, **percents: int) -> World:
    liable = [{"party": party, "percent": percent} for party, percent in percents.items()]
    verdict = world.send("confirm", department, liable=liable, reason="迟")
    assert (verdict.accepted, verdict.code) == (True, "late")
    return world


def test_a_late_answer_moves_the_cost_and_takes_nothing_from_the_customer() -> None:
    world = late(ruled_by_silence(), merchant=100)
    assert (world.shares, world.ruling.basis, world.case.refunded, world.stage) == (
        {"merchant": 100}, "silence", 21_000, "feedback",
    )  # fmt: skip
    assert world.view.asks[0].state == "late"


def test_a_late_answer_against_the_customer_is_kept_and_changes_nothing() -> None:
    world = late(ruled_by_silence(), customer=100)
    assert (world.shares, world.ruling.for_customer) == ({MERCHANDISE: 100}, True)
    assert world.event("answered_late").data["liable"] == "customer=100"


def test_mixed_liability_in_a_late_answer_is_the_merchants_too() -> None:
    assert late(ruled_by_silence(), merchant=50, customer=50).shares == {"merchant": 100}


def test_two_late_answers_that_differ_leave_the_cost_to_the_panel() -> None:
    world = late(ruled_by_silence(cause="damage_unclear"), MERCHANDISE, carrier=100)
    late(world, LOGISTICS, merchant=100)
    assert (world.shares, world.case.cost_held, world.stage) == ({"carrier": 100}, True, "feedback")
    assert PANEL in world.view.waiting_for.split(",")


def test_a_late_answer_beside_one_in_time_moves_nothing() -> None:
    world = World(cause="damage_unclear").confirms(MERCHANDISE, merchant=100).wait(hours=24)
    assert late(world, LOGISTICS, carrier=100).shares == {"merchant": 100}


def test_a_second_late_answer_and_one_while_others_are_still_asked_change_no_ruling() -> None:
    world = late(ruled_by_silence(), merchant=100)
    assert world.refuses("confirm", MERCHANDISE, liable=[{"party": "carrier"}], reason="改") == "already_answered"
    two = World(contact=None, cause="damage_unclear").wait(minutes=30)
    two.does("triage", DESK, handling="ask", ask=[MERCHANDISE], reason="x").wait(hours=23)
    two.does("triage", DESK, handling="ask", ask=[MERCHANDISE, LOGISTICS], reason="x").wait(hours=1)
    late(two, MERCHANDISE, merchant=100)
    assert (two.stage, two.case.ruling) == ("asked", None)


def test_an_answer_of_a_former_round_is_not_taken_for_one_of_this_round() -> None:
    world = ruled_by_silence()
    world.does("feedback", DESK, satisfied=False).does("contact", DESK).confirms(merchant=100)
    assert world.refuses("confirm", MERCHANDISE, liable=[{"party": "carrier"}], reason="重") == "already_answered"
    assert world.shares == {"merchant": 100}
