"""By phone or in person before the mail (S0-04); the customer never pays for an omission."""

from datetime import timedelta

from tests.rules.builders import DESK, LOGISTICS, MERCHANDISE, START, World, hours

GRACE = timedelta(minutes=30)


def test_no_mail_goes_to_a_department_before_the_matter_was_explained() -> None:
    world = World(contact=None).wait(minutes=30, microseconds=-1)
    assert (world.stage, world.mails("asked")) == ("explaining", [])
    assert world.view.waiting_for == DESK


def test_a_recorded_explanation_lets_the_ask_out_at_once() -> None:
    world = World(contact=None).wait(minutes=3).does("contact", DESK, mode="in_person")
    assert (world.stage, world.ask(MERCHANDISE).issued_at) == ("asked", START + timedelta(minutes=3))
    contacted = world.event("contacted")
    assert (contacted.actor, contacted.department, contacted.data["mode"]) == ("somebody", DESK, "in_person")
    assert "no_pre_explanation" not in world.wait(hours=1).kinds()


def test_a_missed_explanation_is_a_recorded_violation_and_the_ask_goes_out() -> None:
    world = World(contact=None).wait(minutes=30)
    assert (world.event("no_pre_explanation").department, world.stage) == (DESK, "asked")
    assert world.case.missed


def test_an_explanation_the_complaint_tells_of_is_on_record_with_who_gave_it() -> None:
    contacted = World(contact={"by": "徐莉", "mode": "phone"}).event("contacted")
    assert (contacted.actor, contacted.data["mode"]) == ("徐莉", "phone")


def test_the_ask_is_issued_at_its_planned_instant_even_when_the_worker_comes_back_days_later() -> None:
    world = World(contact=None)
    world.now += timedelta(days=3)
    assert world.send("contact", DESK).code == "wrong_stage"
    assert world.ask(MERCHANDISE).issued_at == START + GRACE
    assert world.event("silence").at == world.ruling.at == START + GRACE + hours(24)


def test_a_department_that_answers_before_the_mail_needs_none_and_leaves_the_others_clock_alone() -> None:
    one = World(contact=None).confirms()
    assert (one.stage, one.mails("asked"), "no_pre_explanation" in one.kinds()) == ("executing", [], False)
    two = World(contact=None, cause="damage_unclear").confirms(MERCHANDISE)
    assert (two.stage, two.ask(LOGISTICS).issued_at) == ("explaining", None)
    two.wait(minutes=30)
    assert (two.ask(LOGISTICS).issued_at, two.view.waiting_for) == (START + GRACE, LOGISTICS)


def test_when_the_added_department_answers_first_nothing_is_left_to_explain() -> None:
    world = World(contact=None).wait(minutes=30)
    world.does("triage", DESK, handling="ask", ask=[MERCHANDISE, LOGISTICS], reason="两方")
    world.confirms(LOGISTICS)
    assert world.stage == "asked"
    assert world.wait(hours=1).kinds().count("no_pre_explanation") == 1
