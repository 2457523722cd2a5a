"""A changed procedure over past cases: what stays, what ends otherwise, what nobody can know."""

from datetime import timedelta
from typing import Any

import pytest

from models.commands import shares_text
from models.procedure import Procedure
from models.span import WorkCalendar, WorkingDays
from procedures.workdays import Workdays
from rules.past import Past
from rules.replay import Undecided
from rules.simulation import Compared, Tally, compare
from rules.view import summary
from tests.rules.builders import (
    COURIER,
    DESK,
    LEADERSHIP,
    LOGISTICS,
    MERCHANDISE,
    PACK,
    PANEL,
    RETURNS,
    SELF_OPERATED,
    World,
    found_against,
    granted,
    liable,
    paid,
)
from tests.rules.test_courier import parcel, told
from tests.rules.test_live import offering

DAYS = Workdays()


def past(world: World) -> Past:
    """The case as the register and the record keep it, once it has ended."""
    world.wait(days=90)
    assert world.case.closed, world.stage
    row = summary(world.case, world.pack)
    return Past(
        number=row.number,
        procedure=row.procedure,
        opened_at=world.case.opened_at,
        complaint=world.case.complaint,
        events=world.case.events,
        ended_at=world.case.stage_since,
        route=row.route,
        basis=row.basis,
        exit=row.exit,
        liable=shares_text(row.liable),
        refunded=row.refunded,
    )


def under(world: World, pack: Procedure) -> Compared:
    return compare(past(world), world.pack, pack, DAYS)


def answer_within(hours: float) -> Procedure:
    clock = PACK.clocks.answer
    assert clock is not None
    changed = clock.model_copy(update={"within": timedelta(hours=hours)})
    return PACK.model_copy(update={"version": 2, "clocks": PACK.clocks.model_copy(update={"answer": changed})})


def satisfied(world: World) -> World:
    return world.wait(hours=1).does("feedback", DESK, satisfied=True)


def panel_gives(world: World, **fields: Any) -> World:
    return world.wait(hours=2).does("decide", PANEL, grant=True, liable=liable(carrier=100), reason="查明", **fields)


def shared() -> World:
    return World(cause="damaged").confirms(LOGISTICS, carrier=50, customer=50)


def unanswered() -> World:
    """The customer was not answered at once; the rest went its way."""
    world = parcel().wait(hours=1)
    world.does("record", DESK, fields={"system_record": "滞留"}, liable=liable(station=100))
    return world.does("record", DESK, fields={"result": "今日派送"})


ENDED: list[Any] = [
    lambda: satisfied(paid()),
    lambda: World().wait(hours=24).child(),
    lambda: World().wait(hours=30).confirms(carrier=100).child(),
    found_against,
    lambda: granted().wait(hours=1).child(failure="refused", step="pay").does(
        "resolve", RETURNS, outcome="retry").child(),
    lambda: World(order=SELF_OPERATED, cause="other").does("insist", DESK, reason="x").does(
        "decide", LEADERSHIP, grant=True, liable=liable(merchant=100), reason="y").child(),
    lambda: panel_gives(found_against().does("contest", DESK, by="customer", reason="x")).child(),
    lambda: panel_gives(
        found_against().does("contest", DESK, by="customer", reason="x"), demand={"kind": "refund", "amount": 700}
    ).child(),
    lambda: panel_gives(paid().does("contest", DESK, by="merchant", reason="x")),
    lambda: shared().wait(hours=1).does("verify", DESK).child(),
    lambda: shared().wait(hours=99).child(),
    lambda: World(demand={"kind": "return_and_refund"}).confirms().wait(days=2).does(
        "goods", RETURNS, accepted=True).child(),
    lambda: World(negotiation="not_tried").wait(hours=1).does("negotiated", DESK, agreed=True),
    lambda: World(negotiation="not_tried").wait(hours=1).does("negotiated", DESK, agreed=False).confirms().child(),
    lambda: World(negotiation="not_tried").wait(days=30).child(),
    lambda: World().wait(hours=1).does("withdraw", DESK),
    lambda: paid().wait(hours=1).does("feedback", DESK, satisfied=False, reason="不够").wait(hours=1),
    lambda: World().wait(hours=1).does("triage", DESK, handling="ask", ask=[LOGISTICS], reason="物流").confirms(
        LOGISTICS, carrier=100).child(),
    lambda: satisfied(told()),
    lambda: satisfied(unanswered()),
    lambda: satisfied(offering().wait(hours=1).does("respond", DESK, version=1, accept=True).child()).does(
        "record", "mediation", fields={"evaluation": "x"}),
]  # fmt: skip


@pytest.mark.parametrize("world", ENDED)
def test_an_unchanged_procedure_changes_nothing(world: Any) -> None:
    played = world()
    found = under(played, played.pack)
    assert found.old == found.new
    assert found.old_costs == found.new_costs


def test_a_shorter_answer_clock_turns_a_timely_answer_into_silence_and_moves_the_cost() -> None:
    found = under(World().wait(hours=20).confirms(customer=100), answer_within(12))
    assert (found.old.basis, found.old.exit, found.old.refunded) == ("answer", "refusal_accepted", 0)
    assert (found.new.basis, found.new.liable, found.new.refunded) == ("silence", "merchandise=100", 21_000)
    assert (found.old_costs, found.new_costs) == ({}, {("CNY", MERCHANDISE): 21_000})
    tally = Tally()
    tally.add(found)
    assert (tally.same, tally.otherwise, tally.new["CNY", MERCHANDISE]) == (0, 1, 21_000)


def test_an_answer_within_the_shorter_clock_stays_an_answer() -> None:
    world = World().wait(hours=10).confirms(carrier=100).wait(minutes=5).child()
    found = under(satisfied(world), answer_within(12))
    assert found.old == found.new
    assert found.new_costs == {("CNY", "carrier"): 21_000}
    tally = Tally()
    tally.add(found)
    assert (tally.same, tally.otherwise, dict(tally.old)) == (1, 0, {("CNY", "carrier"): 21_000})


def undecided(world: World, pack: Procedure) -> str:
    with pytest.raises(Undecided) as why:
        under(world, pack)
    return why.value.code


def test_whom_the_record_never_asked_is_not_taken_for_silent() -> None:
    routes = tuple(
        route.model_copy(update={"ask": (LOGISTICS,)}) if route.ask == (MERCHANDISE,) else route
        for route in PACK.routes
    )
    assert undecided(World().wait(hours=24).child(), PACK.model_copy(update={"routes": routes})) == "asks"
    assert undecided(satisfied(paid()), PACK.model_copy(update={"routes": routes})) == "refuses"


def test_who_might_have_answered_after_the_case_had_ended_is_not_taken_for_silent() -> None:
    world = World().wait(hours=24).child()
    assert undecided(satisfied(world), answer_within(72)) == "longer"


def courier(**duty: Any) -> Procedure:
    """The courier's procedure with its first answer to the customer changed."""
    changed = COURIER.duties["respond"].model_copy(update=duty)
    return COURIER.model_copy(update={"version": 2, "duties": COURIER.duties | {"respond": changed}})


def test_whom_the_record_never_gave_a_duty_is_not_taken_for_silent() -> None:
    assert undecided(satisfied(unanswered()), courier(department="supervisor")) == "asks"
    found = under(satisfied(unanswered()), courier(within=timedelta(minutes=40)))
    assert found.old == found.new


def test_a_complaint_that_the_changed_procedure_would_not_take_in_is_undecided() -> None:
    causes = {name: cause for name, cause in PACK.causes.items() if name != "quality"}
    assert undecided(satisfied(paid()), PACK.model_copy(update={"causes": causes})) == "intake"
    assert undecided(satisfied(paid()), PACK.model_copy(update={"channels": ("walk_in",)})) == "intake"
    remedies = {kind: remedy for kind, remedy in PACK.remedies.items() if kind != "refund"}
    assert undecided(satisfied(paid()), PACK.model_copy(update={"remedies": remedies})) == "intake"


def test_goods_that_nobody_has_sent_back_are_not_taken_for_returned() -> None:
    kept = World(demand={"kind": "return_and_refund"}).wait(hours=20).confirms(customer=100)
    assert undecided(kept, answer_within(12)) == "goods"
    asked_back = (
        World(demand={"kind": "return_and_refund"}).confirms().wait(days=2).does("goods", RETURNS, accepted=True)
    )
    found = under(asked_back.child(), answer_within(12))
    assert found.old == found.new


def test_words_said_before_a_later_step_would_have_asked_for_them_are_not_taken_for_said_there() -> None:
    verified_late = PACK.clocks.verification
    assert verified_late is not None
    slow = verified_late.model_copy(update={"within": timedelta(hours=48)})
    pack = PACK.model_copy(update={"version": 2, "clocks": PACK.clocks.model_copy(update={"verification": slow})})
    world = shared().wait(hours=5).child().wait(hours=1).does("feedback", DESK, satisfied=True)
    assert undecided(world, pack) == "early"


def test_what_waits_for_a_persons_decision_at_its_end_is_not_taken_for_decided() -> None:
    rework = PACK.rework.model_copy(update={"times": 0})
    world = paid().wait(hours=1).does("feedback", DESK, satisfied=False, reason="不够").does("contact", DESK).confirms()
    assert undecided(satisfied(world), PACK.model_copy(update={"version": 2, "rework": rework})) == "waits"


def test_a_case_is_not_compared_where_the_changed_procedure_counts_days_nobody_knows() -> None:
    clock = PACK.clocks.answer
    assert clock is not None
    days = PACK.clocks.model_copy(update={"answer": clock.model_copy(update={"within": WorkingDays(1)})})
    told = past(satisfied(paid()))
    with pytest.raises(Undecided, match="calendar"):
        compare(told, PACK, PACK.model_copy(update={"version": 2, "clocks": days}), lambda year: WorkCalendar())


def test_a_case_that_went_on_otherwise_than_its_procedure_says_is_not_played_again() -> None:
    world = paid().does("taken_back", RETURNS, reference="P-1", code="account_closed")
    world.does("resolve", RETURNS, outcome="retry").child(amount=21_000, reference="P-2", done=("pay",))
    assert undecided(satisfied(world), PACK) == "lost"


def test_a_record_that_does_not_tell_how_its_own_case_ended_is_not_compared() -> None:
    told_otherwise = past(satisfied(paid()))
    without = tuple(event for event in told_otherwise.events if event.kind != "feedback")
    with pytest.raises(Undecided, match="record"):
        compare(Past(**{**vars(told_otherwise), "events": without}), PACK, PACK, DAYS)
