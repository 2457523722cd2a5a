"""A mail of ours that never arrived: the customer's clock runs on, the department is not to blame (S0-15, S0-16)."""

from datetime import timedelta

from tests.rules.builders import DESK, LOGISTICS, MERCHANDISE, START, World, hours

OURS = {"system": 100}


def test_an_undeliverable_mail_is_escalated_at_once_and_stops_no_clock() -> None:
    world = World()
    world.wait(minutes=1).mail_says(world.ask(MERCHANDISE).mail, delivered=False)
    assert world.ask(MERCHANDISE).deadline == START + hours(24)
    escalated = world.mails("undeliverable")
    assert [(mail.to, mail.values["department"]) for mail in escalated] == [(DESK, MERCHANDISE)]
    world.wait(hours=24)
    assert (world.ruling.basis, world.ruling.at, world.shares) == ("silence", START + hours(24), OURS)
    assert world.event("silence").data["undelivered"] == 1


def test_one_department_reached_and_one_not_share_only_by_their_own_silence() -> None:
    world = World(cause="damage_unclear")
    world.mail_says(world.ask(LOGISTICS).mail, delivered=False).wait(hours=24)
    assert (world.shares, world.ruling.department) == ({MERCHANDISE: 50, "system": 50}, MERCHANDISE)


def test_a_mail_that_arrived_after_all_leaves_the_silence_with_the_department() -> None:
    world = World()
    mail = world.ask(MERCHANDISE).mail
    world.mail_says(mail, delivered=False).wait(hours=1).mail_says(mail, delivered=True).wait(hours=24)
    assert world.shares == {MERCHANDISE: 100}


def test_a_mail_that_arrived_after_the_deadline_helped_nobody() -> None:
    world = World()
    mail = world.ask(MERCHANDISE).mail
    world.mail_says(mail, delivered=False).wait(hours=24).mail_says(mail, delivered=True)
    assert (world.shares, world.ask(MERCHANDISE).undelivered) == (OURS, True)


def test_a_failure_heard_of_after_the_ruling_moves_the_cost_from_the_department_and_nothing_else() -> None:
    world = World()
    mail = world.ask(MERCHANDISE).mail
    world.wait(hours=25).child()
    world.mail_says(mail, delivered=False)
    assert (world.shares, world.case.refunded, world.stage) == (OURS, 21_000, "feedback")
    assert world.mails("undeliverable") == []


def test_a_failure_heard_of_after_a_late_answer_does_not_undo_it() -> None:
    world = World()
    mail = world.ask(MERCHANDISE).mail
    world.wait(hours=25).confirms(merchant=100).mail_says(mail, delivered=False)
    assert world.shares == {"merchant": 100}


def test_a_mail_our_own_outage_held_back_blames_nobody() -> None:
    world = World(contact=None).outage(days=2)
    assert (world.ruling.at, world.shares) == (START + timedelta(minutes=30) + hours(24), OURS)


def test_a_notice_the_customer_never_got_is_on_the_record() -> None:
    world = World()
    world.mail_says(world.mails("acknowledged")[0].id, delivered=False)
    assert (world.event("undelivered").data["code"], world.mails("undeliverable")) == ("no_such_user", [])


def test_each_report_counts_once_and_one_about_no_mail_of_ours_leaves_no_trace() -> None:
    world = World()
    mail = world.ask(MERCHANDISE).mail
    for _ in range(3):
        world.mail_says(mail, delivered=False)
    assert world.kinds().count("undelivered") == 1
    before = world.case
    for name in ("T-1.999", "T-2.1", "nonsense", "T-1.", "T-1.0"):
        assert world.mail_says(name, delivered=False).case == before
