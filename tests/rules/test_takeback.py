"""A refund the gateway takes back is owed again: out of the books, a person's task, paid once more and never twice."""

import pytest

from models.case import Event
from models.complaint import DemandKind
from models.names import remedy_id
from models.stage import Stage
from rules import memory
from rules.audit import RowFacts, breaches
from rules.remedy import order_for
from rules.takeback import attempts, reopened, stands
from tests.rules.builders import (
    DESK,
    HOTEL,
    LEADERSHIP,
    PACK,
    RETURNS,
    START,
    World,
    granted,
    hours,
    liable,
    offered,
    paid,
)
from tests.rules.test_disputes import contested, decided
from tests.rules.test_returns import offered as offered_compensation
from tests.rules.test_settlement import balances, ledger

BACK = {"reference": "P-1", "code": "account_closed"}


def taken(world: World) -> World:
    return world.does("taken_back", RETURNS, **BACK)


def test_it_becomes_the_cashiers_task_with_a_clock_and_the_customer_is_told() -> None:
    world = taken(paid())
    task = world.case.task
    assert task is not None
    assert (world.stage, task.kind, task.department, task.code) == ("task", "payment", RETURNS, "taken_back")
    assert task.due == world.now + hours(24)
    assert (world.view.refunded, world.event("taken_back").data["refunded"]) == (0, 21_000)
    assert [mail.to for mail in world.mails("taken_back")] == ["customer"]
    assert world.mails("task")[-1].to == RETURNS
    overdue = world.wait(hours=24)
    assert overdue.event("task_overdue").department == RETURNS
    assert overdue.stage == "task"


def test_the_record_says_who_told_that_it_came_back_under_which_number_and_the_customer_how_much() -> None:
    world = taken(paid())
    line = world.event("taken_back")
    assert (line.actor, line.department) == ("somebody", RETURNS)
    told = {"decision": 1, "refunded": 21_000, "currency": "CNY", "reference": "P-1", "code": "account_closed"}
    assert line.data == told
    assert world.mails("taken_back")[-1].values["refunded"] == 21_000


def test_its_bookings_are_reversed_and_made_anew_when_it_is_paid_again() -> None:
    world = taken(paid())
    assert balances(ledger(world)) == {}
    assert [posting.reverses for posting in ledger(world)[2:]] == [posting.id for posting in ledger(world)[:2]]
    world.does("resolve", RETURNS, outcome="retry").child(amount=21_000, reference="P-2", done=("pay",))
    assert balances(ledger(world)) == {"gateway": -21_000, "merchant:M-7": 21_000}
    assert (world.stage, world.view.refunded) == ("feedback", 21_000)


def test_it_is_paid_again_under_the_key_of_its_own_decision_and_nothing_else_is_done_again() -> None:
    world = granted(demand={"kind": "return_and_refund"})
    world.does("goods", RETURNS, accepted=True).child(amount=21_000, reference="P-1", done=("label", "goods", "pay"))
    taken(world).does("resolve", RETURNS, outcome="retry")
    order = order_for(world.case, world.pack)
    assert (order.decision, order.attempt, order.steps, order.amount) == (1, 2, ("pay",), 21_000)


def test_what_is_paid_again_is_on_record_as_what_it_was_whatever_was_asked_for_since() -> None:
    world = granted(demand={"kind": "compensation", "amount": 500}).child(amount=500, reference="P-1", done=("pay",))
    world.does("feedback", DESK, satisfied=False, reason="x", demand={"kind": "apology"}).confirms()
    taken(world).does("resolve", RETURNS, outcome="retry").child(amount=500, reference="P-2", done=("pay",))
    assert (world.case.demand.kind, world.event("executed").data["remedy"]) == ("apology", "compensation")
    assert [posting.kind for posting in ledger(world)] == ["compensation"] * 3


def test_the_freight_of_what_is_paid_again_is_the_first_times_whatever_was_asked_for_since() -> None:
    world = paid().does("feedback", DESK, satisfied=False, reason="x", demand={"kind": "refund"})
    taken(world).does("contact", DESK).confirms().does("resolve", RETURNS, outcome="retry")
    world.child(amount=21_000, reference="P-2", done=("pay",))
    assert [posting.kind for posting in ledger(world)] == ["refund", "freight"] * 3


def test_money_paid_by_other_means_is_booked_as_such() -> None:
    world = taken(paid()).does("resolve", RETURNS, outcome="settled", reference="BANK-7")
    assert balances(ledger(world)) == {"elsewhere": -21_000, "merchant:M-7": 21_000}
    assert world.view.refunded == 21_000


def test_a_payment_that_came_back_is_not_given_up_for_another_remedy() -> None:
    assert taken(paid()).refuses("resolve", RETURNS, outcome="refund_instead") == "bad_input"


def test_the_record_says_which_payment_that_came_back_was_given_up() -> None:
    world = taken(paid()).does("resolve", RETURNS, outcome="abandon", note="x")
    assert (world.event("resolved").data["payment"], world.view.refunded) == (1, 0)
    failed = granted().child(failure="account_closed", step="pay").does("resolve", RETURNS, outcome="abandon", note="x")
    assert "payment" not in failed.event("resolved").data


@pytest.mark.parametrize(
    ("hats", "code"), [(DESK, "wrong_department"), (LEADERSHIP, "wrong_department"), ((), "unknown_actor")]
)
def test_only_the_cashier_may_say_so(hats: str | tuple[str, ...], code: str) -> None:
    assert paid().refuses("taken_back", hats, **BACK) == code


def test_told_twice_it_counts_once_and_of_an_unknown_refund_nothing_happens() -> None:
    world = taken(paid())
    assert world.refuses("taken_back", RETURNS, **BACK) == "already_answered"
    assert paid().refuses("taken_back", RETURNS, reference="P-9", code="x") == "already_answered"
    assert granted().refuses("taken_back", RETURNS, **BACK) == "wrong_stage"


def test_what_was_paid_by_hand_is_not_the_gateways_to_take_back() -> None:
    world = granted().child(failure="account_closed", step="pay")
    world.does("resolve", RETURNS, outcome="settled", reference="P-1")
    assert world.refuses("taken_back", RETURNS, **BACK) == "already_answered"


def test_where_a_department_is_at_work_it_waits_and_no_clock_moves() -> None:
    world = paid().does("feedback", DESK, satisfied=False, reason="仍漏水")
    before = (world.case.asks, world.stage)
    taken(world)
    assert (world.case.asks, world.stage) == before
    assert (world.view.refunded, world.case.promised) == (0, 21_000)
    world.does("contact", DESK).confirms()  # nothing more is due than what is owed already
    assert (world.stage, world.case.task and world.case.task.code) == ("task", "taken_back")


def test_a_second_decision_gives_what_is_owed_besides_and_each_is_borne_under_its_own() -> None:
    part = {"kind": "refund", "amount": 4_000}
    world = granted(demand=part).child(amount=4_000, reference="P-1", done=("pay",))
    world.does("feedback", DESK, satisfied=False, reason="不够", demand={"kind": "refund", "amount": 10_000})
    taken(world).does("contact", DESK).confirms(carrier=100)
    assert order_for(world.case, world.pack).amount == 10_000
    world.child(amount=10_000, reference="P-2", done=("pay",)).does("resolve", RETURNS, outcome="retry")
    order = order_for(world.case, world.pack)
    assert (order.decision, order.amount) == (1, 4_000)
    world.child(amount=4_000, reference="P-3", done=("pay",))
    assert world.view.refunded == 14_000
    assert {name: amount for name, amount in balances(ledger(world)).items() if name != "gateway"} == {
        "merchant:M-7": 4_000,
        "carrier": 10_000,
    }


def test_an_earlier_refund_may_come_back_after_a_later_one_was_given() -> None:
    world = granted(demand={"kind": "refund", "amount": 4_000}).child(amount=4_000, reference="P-1", done=("pay",))
    world.does("feedback", DESK, satisfied=False, reason="不够", demand={"kind": "refund", "amount": 10_000})
    world.does("contact", DESK).confirms().child(amount=10_000, reference="P-2", done=("pay",))
    taken(world).does("resolve", RETURNS, outcome="retry")
    order = order_for(world.case, world.pack)
    assert (world.view.refunded, order.decision, order.amount) == (10_000, 1, 4_000)


def test_a_case_does_not_end_while_the_customer_is_owed_what_came_back() -> None:
    world = paid().does("feedback", DESK, satisfied=False, reason="仍漏水")
    taken(world).does("withdraw", DESK)
    assert (world.stage, world.exit) == ("task", None)
    world.does("resolve", RETURNS, outcome="retry").child(amount=21_000, reference="P-2", done=("pay",))
    assert (world.stage, world.exit) == ("closed", "withdrawn")


def test_a_case_that_waits_for_what_is_done_after_the_fact_goes_back_to_the_customer_where_the_money_came_back() -> (
    None
):
    world = (
        offered_compensation(1_000)
        .does("respond", DESK, version=1, accept=True)
        .child(amount=1_000, reference="P-1", done=("pay",))
    )
    world.does("feedback", DESK, satisfied=True)
    assert (world.stage, world.case.exit, world.view.waiting_for) == ("working", "satisfied", "service_manager")
    world.does("taken_back", "finance", **BACK)
    assert world.stage == "working"
    world.does("record", "service_manager", duty="countersign")
    assert (world.stage, world.case.exit, world.view.waiting_for) == ("task", None, "finance")
    world.does("resolve", "finance", outcome="retry").child(amount=1_000, reference="P-2", done=("pay",))
    assert (world.stage, world.does("withdraw", DESK).exit) == ("feedback", "withdrawn")


def test_two_payments_that_came_back_are_both_owed_and_made_anew_one_after_the_other() -> None:
    part = {"kind": "refund", "amount": 4_000}
    world = granted(demand=part).child(amount=4_000, reference="P-1", done=("pay",))
    world.does("feedback", DESK, satisfied=False, reason="不够", demand={"kind": "refund", "amount": 10_000})
    world.does("contact", DESK).confirms().child(amount=10_000, reference="P-2", done=("pay",))
    world.does("feedback", DESK, satisfied=False, reason="不够", demand={"kind": "refund", "amount": 7_000})
    for reference in ("P-1", "P-2"):
        world.does("taken_back", RETURNS, reference=reference, code="account_closed")
    world.does("withdraw", DESK)
    given = []
    for reference in ("P-3", "P-4"):
        given.append(order_for(world.does("resolve", RETURNS, outcome="retry").case, world.pack).amount)
        world.child(amount=given[-1], reference=reference, done=("pay",))
    assert (given, world.view.refunded, world.exit) == ([4_000, 10_000], 14_000, "withdrawn")


def test_a_case_that_had_ended_goes_on_with_the_task_and_ends_again() -> None:
    world = paid().does("feedback", DESK, satisfied=True)
    assert world.exit == "satisfied"
    world.wait(days=9)
    world.case = reopened(world.case, world.pack, world.case.given[0], "account_closed", world.now)
    world.settle()
    assert world.kinds()[-3:] == ["reopened", "taken_back", "task"]
    assert world.case.exit is None
    world.does("resolve", RETURNS, outcome="retry").child(amount=21_000, reference="P-2", done=("pay",))
    world.does("feedback", DESK, satisfied=True)
    assert world.exit == "satisfied"
    assert list(breaches(row(world), world.case.events)) == []


def test_what_an_ended_case_knew_of_offers_and_duties_is_in_its_record() -> None:
    fair, fields = {"demand": {"kind": "refund", "amount": 6_000}, "liable": liable(hotel=100)}, {"impact": "none"}
    world = offered().does("respond", "reception", version=1, accept=False, reason="too little")
    world.does("offer", "duty_manager", **fair, basis="rule 11", fields=fields)
    world.does("respond", "reception", version=2, accept=True).child().does("feedback", "reception", satisfied=True)
    case = world.does("record", "general_manager").case
    assert case.closed
    assert [offer.state for offer in case.offers] == ["countered", "accepted"]
    assert memory.offers(case.events, HOTEL) == case.offers
    kept = {"id", "duty", "department", "issued_at", "deadline", "report"}
    known = [work.model_dump(include=kept) for work in memory.works(case.events, HOTEL)]
    assert known == [work.model_dump(include=kept) for work in case.works]
    assert known


def test_an_offer_of_any_remedy_is_remembered_whatever_it_came_to() -> None:
    for kind in DemandKind:
        data: dict[str, str | int] = {"version": 1, "remedy": kind, "reason": "x"}
        (offer,) = memory.offers([Event(seq=1, at=START, kind="offered", data=data)], HOTEL)
        assert (offer.demand.kind, offer.amount) == (kind, 0)


def test_the_oracle_adds_what_came_back_up_and_finds_a_line_that_is_missing() -> None:
    world = taken(paid())
    assert list(breaches(row(world), world.case.events)) == []
    without: list[Event] = [event for event in world.case.events if event.kind != "taken_back"]
    renumbered = [event.model_copy(update={"seq": seq}) for seq, event in enumerate(without, 1)]
    assert "record_differs" in {wrong.code for wrong in breaches(row(world), renumbered)}


def test_a_refund_stands_as_often_as_it_was_made_and_not_taken_back_and_what_a_person_paid_is_no_refund() -> None:
    world = paid()
    assert (stands("P-1", world.case.events), stands("P-9", world.case.events)) == (True, False)
    taken(world).does("resolve", RETURNS, outcome="retry")
    assert not stands("P-1", world.case.events)
    world.child(amount=21_000, reference="P-1", done=("pay",))
    assert stands("P-1", world.case.events), "the news was early: it was found again"
    assert not stands("P-1", taken(world).does("resolve", RETURNS, outcome="settled", reference="P-1").case.events)


def test_the_tries_a_record_tells_of_are_counted_so_that_no_new_one_takes_the_place_of_an_earlier() -> None:
    def tried(world: World, decision: int = 1) -> int:
        return attempts("T-1", world.pack, DemandKind.REFUND, decision, world.case.events)

    world = paid()
    assert (tried(granted()), tried(world), tried(world, 2)) == (1, 1, 1)
    taken(world).does("resolve", RETURNS, outcome="retry").child(failure="refused", step="pay")
    world.does("resolve", RETURNS, outcome="retry")
    assert (tried(world), tried(world, 2)) == (3, 1)
    children = [remedy_id("T-1", decision, attempt, "Refund") for decision in (1, 11) for attempt in (1, 2)]
    lines = [world.event("executing").model_copy(update={"data": {"child": name}}) for name in children]
    assert attempts("T-1", world.pack, DemandKind.REFUND, 1, lines) == 2


def row(world: World) -> RowFacts:
    """The register's row as the case would write it."""
    return RowFacts(
        number="T-1",
        stage=world.stage,
        exit=world.exit,
        waiting_for="" if world.stage == Stage.CLOSED else world.view.waiting_for,
        refunded=world.case.refunded,
        paid=world.case.complaint.order.paid,
        currency=world.case.complaint.order.currency,
        version=world.case.event_count + world.case.mail_count,
        notices=world.case.mail_count,
    )


def test_money_given_instead_of_goods_that_comes_back_leaves_the_books_of_the_decision_it_was_given_under() -> None:
    world = granted(demand={"kind": "exchange"}).child(failure="out_of_stock", step="reserve")
    taken(world.does("resolve", RETURNS, outcome="refund_instead").child())
    assert balances(ledger(world)) == {}
    world.does("resolve", RETURNS, outcome="retry").child(amount=21_000, reference="P-2", done=("pay",))
    assert balances(ledger(world)) == {"gateway": -21_000, "merchant:M-7": 21_000}


def test_what_a_later_attempt_has_paid_is_paid_again_by_one_later_still() -> None:
    """An attempt the payment's own row knows would be answered as before: nothing would be paid."""
    world = granted().child(failure="account_closed", step="pay").does("resolve", RETURNS, outcome="retry").child()
    taken(world).does("resolve", RETURNS, outcome="retry")
    assert order_for(world.case, world.pack).attempt == 3


def test_each_of_two_refunds_that_came_back_while_a_department_was_at_work_is_owed() -> None:
    world = granted(demand={"kind": "refund", "amount": 4_000}).child(amount=4_000, reference="P-1", done=("pay",))
    world.does("feedback", DESK, satisfied=False, reason="不够", demand={"kind": "refund", "amount": 10_000})
    world.does("contact", DESK).confirms().child(amount=10_000, reference="P-2", done=("pay",))
    world.does("feedback", DESK, satisfied=False, reason="仍漏水").does(
        "taken_back", RETURNS, reference="P-2", code="x"
    )
    taken(world)
    assert (world.view.refunded, world.case.promised) == (0, 14_000)
    world.does("contact", DESK).confirms()
    given = []
    while world.stage == "task":
        world.does("resolve", RETURNS, outcome="retry")
        given.append((order_for(world.case, world.pack).decision, order_for(world.case, world.pack).amount))
        world.child(amount=given[-1][1], reference=f"P-{len(given) + 2}", done=("pay",))
    assert (given, world.view.refunded) == ([(2, 10_000), (1, 4_000)], 14_000)


def test_the_end_of_a_case_that_waited_for_its_cost_alone_is_open_again_once_money_came_back() -> None:
    world = contested(paid(), "merchant").does("feedback", DESK, satisfied=True)
    decided(taken(world), liable=liable(carrier=100))
    assert (world.stage, world.case.exit) == ("task", None)
    world.does("resolve", RETURNS, outcome="retry").child(amount=21_000, reference="P-2", done=("pay",))
    assert world.does("withdraw", DESK).exit == "withdrawn"


def test_a_refund_stands_as_often_as_the_gateway_gave_it_and_did_not_take_it_back() -> None:
    def lines(*kinds: str) -> list[Event]:
        data: dict[str, str | int] = {"reference": "P-1"}
        by_hand = data | {"elsewhere": 1}
        return [
            Event(seq=seq, at=START, kind=kind.removesuffix("*"), data=by_hand if kind.endswith("*") else data)
            for seq, kind in enumerate(kinds, 1)
        ]

    assert stands("P-1", lines("executed"))
    assert stands("P-1", lines("executed", "taken_back", "executed"))
    for kinds in ((), ("executed*",), ("executed", "taken_back"), ("executed", "taken_back", "executed*")):
        assert not stands("P-1", lines(*kinds))
    assert not stands("P-2", lines("executed"))


def test_how_often_a_decision_was_tried_is_told_by_its_children_alone() -> None:
    children = (
        "complaint.T-1.refund-1",
        "complaint.T-1.refund-1-2",
        "complaint.T-1.refund-12",
        "complaint.T-1.refund-2",
    )
    events = [Event(seq=n, at=START, kind="executing", data={"child": child}) for n, child in enumerate(children, 1)]
    assert [attempts("T-1", PACK, DemandKind.REFUND, decision, events) for decision in (1, 2, 3, 12)] == [2, 1, 1, 1]
