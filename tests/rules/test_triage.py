"""Which way a complaint takes (S0-02, S0-03, S0-06, S0-09, S0-11, S0-12, S0-31, S0-32)."""

import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.procedure import Procedure
from procedures import HERE, read_pack
from rules.triage import is_in_rule
from tests.builders import complaint
from tests.rules.builders import DESK, LOGISTICS, MERCHANDISE, PACK, SELF_OPERATED, START, World, hours

DELIVERED = {"delivered_at": START.isoformat()}
DISPUTE = {"happened_on": "2026-03-01", "place": "直播间 7", "expects": "退款"}
PARCEL = {"sender": "寄件人", "recipient": "收件人", "request": "尽快派送"}


def of(name: str, cause: str, details: dict[str, Any], **changes: Any) -> World:
    """A case of another procedure."""
    pack = read_pack(HERE / f"{name}.procedure.toml")
    return World(pack=pack, cause=cause, details=details, contact=None, **changes)


@pytest.mark.parametrize("cause", ["customer_service", "hotline_11185", "operations", "system"])
@pytest.mark.parametrize("order", [{}, SELF_OPERATED])
def test_customer_service_itself_rules_on_our_own_faults_and_no_other_department_is_asked(
    cause: str, order: dict[str, Any]
) -> None:
    world = World(cause=cause, order=order, contact=None, negotiation="not_tried")
    assert [ask.department for ask in world.case.asks] == [DESK]
    assert (world.stage, world.case.direct) == ("asked", True)
    assert {mail.to for mail in world.sent} == {"customer", DESK}
    assert len(world.mails("asked_own")) == 1
    assert world.confirms(DESK, **{cause: 100}).shares == {cause: 100}


@pytest.mark.parametrize("cause", ["quality", "not_as_described", "wrong_item", "no_reason"])
def test_a_dispute_about_goods_is_the_merchandise_departments_however_late_the_parcel_was(cause: str) -> None:
    late = {"promised_at": START.isoformat(), "delivered_at": (START + hours(50)).isoformat()}
    for order in ({}, late, {"promised_at": (START - hours(1)).isoformat()}):
        world = World(cause=cause, order=order)
        assert [ask.department for ask in world.case.asks] == [MERCHANDISE]
        assert not world.case.direct


@pytest.mark.parametrize("cause", ["damaged", "missing_items", "misdelivered", "late", "lost"])
def test_a_dispute_with_the_carrier_is_the_logistics_departments(cause: str) -> None:
    world = World(cause=cause, negotiation="not_tried")
    assert [ask.department for ask in world.case.asks] == [LOGISTICS]


@pytest.mark.parametrize(
    ("order", "route"),
    [
        ({"promised_at": START.isoformat(), "delivered_at": (START + timedelta(seconds=1)).isoformat()}, "late"),
        ({"promised_at": START.isoformat(), "delivered_at": START.isoformat()}, "goods"),
        ({"promised_at": (START - timedelta(seconds=1)).isoformat()}, "undelivered"),
        ({"promised_at": START.isoformat()}, "goods"),
        ({"delivered_at": START.isoformat()}, "goods"),
        ({}, "goods"),
    ],
)
def test_where_the_cause_says_nothing_the_delivery_decides(order: dict[str, Any], route: str) -> None:
    assert World(cause="other", order=order).case.route == route


def test_the_ask_says_content_dispute_deadline_and_amount_to_the_department() -> None:
    world = World(cause="damaged", order={"carrier": "EMS"})
    (asked,) = world.mails("asked")
    values, ask = asked.values, world.ask(LOGISTICS)
    assert (asked.to, asked.ask, asked.id) == (LOGISTICS, ask.id, ask.mail)
    assert (values["text"], values["cause"]) == ("水壶漏水", "damaged")
    assert (values["amount"], values["currency"]) == (21_000, "CNY")
    assert (values["carrier"], values["merchant"]) == ("EMS", "M-7")
    assert values["deadline_at"] == (START + hours(24)).isoformat()


@pytest.mark.parametrize(
    ("cause", "demand", "after", "inside"),
    [
        ("quality", "refund", timedelta(days=15), True),
        ("quality", "refund", timedelta(days=15, microseconds=1), False),
        ("no_reason", "exchange", timedelta(days=7), True),
        ("no_reason", "exchange", timedelta(days=7, microseconds=1), False),
        ("no_reason", "refund", timedelta(days=1), False),
        ("lost", "refund", timedelta(days=300), True),
        ("other", "refund", timedelta(0), False),
    ],
)
def test_the_rules_windows_end_exactly_at_their_length(cause: str, demand: str, after: timedelta, inside: bool) -> None:
    case = complaint(cause=cause, demand={"kind": demand}, order=SELF_OPERATED | DELIVERED)
    assert is_in_rule(PACK, case, START + after) is inside


def test_the_window_is_measured_to_the_customers_complaint_not_to_our_intake() -> None:
    filed = (START + timedelta(days=7)).isoformat()
    case = complaint(cause="no_reason", demand={"kind": "exchange"}, order=SELF_OPERATED | DELIVERED, filed_at=filed)
    assert is_in_rule(PACK, case, START + timedelta(days=9))


def test_what_never_arrived_cannot_be_returned_too_late() -> None:
    assert is_in_rule(PACK, complaint(cause="quality", order=SELF_OPERATED), START + timedelta(days=99))


def test_a_self_operated_order_within_the_rules_is_handled_directly_and_nobody_is_asked() -> None:
    world = World(order=SELF_OPERATED, contact=None)
    assert (world.stage, world.case.route, world.case.direct, world.case.out_of_rule) == (
        "executing", "in_rule", True, False,
    )  # fmt: skip
    assert (world.case.asks, world.ruling.basis, world.ruling.for_customer) == ((), "in_rule", True)


def test_a_self_operated_order_outside_the_rules_is_explained_and_politely_refused_and_kept() -> None:
    world = World(order=SELF_OPERATED, cause="other", contact=None)
    assert (world.stage, world.case.out_of_rule, world.case.contested) == ("refused", True, False)
    until = START + timedelta(days=7)
    assert [mail.values["due_at"] for mail in world.mails("refused_rule")] == [until.isoformat()]
    assert (world.view.due, world.event("refused").data["why"]) == (until, "refused_rule")


def test_out_of_rule_and_contested_are_two_flags_and_a_case_may_have_both() -> None:
    world = World(order=SELF_OPERATED, cause="other")
    world.does("triage", DESK, handling="ask", ask=[MERCHANDISE], reason="需认定").confirms(customer=100)
    world.does("contest", DESK, by="customer", reason="不服")
    assert (world.case.out_of_rule, world.case.contested) == (False, True)
    both = World(order=SELF_OPERATED, cause="other").does("insist", DESK, reason="坚持")
    both.does("decide", "leadership", grant=True, liable=[{"party": "merchant"}], reason="照顾").child()
    assert (both.case.out_of_rule, both.case.contested) == (True, False)
    again = World(cause="damage_unclear").confirms(MERCHANDISE, carrier=100).confirms(LOGISTICS, merchant=100)
    assert (again.case.out_of_rule, again.case.contested) == (False, True)


def test_the_customer_is_acknowledged_first_with_number_next_step_and_clock() -> None:
    first = World().sent[0]
    assert (first.to, first.template, first.values["stage"]) == ("customer", "acknowledged", "asked")
    assert first.values["due_at"] == (START + hours(24)).isoformat()


@pytest.mark.parametrize(
    ("world", "stage", "within"),
    [
        (lambda: World(cause="damaged", contact=None), "explaining", timedelta(hours=24, minutes=30)),
        (lambda: World(cause="system"), "asked", timedelta(hours=24)),
        (lambda: World(order=SELF_OPERATED, demand={"kind": "refund"}), "executing", timedelta(hours=14)),
        (lambda: of("live", "return_refused", DISPUTE), "working", timedelta(hours=2, minutes=30)),
        (lambda: of("live", "quality", DISPUTE), "working", timedelta(hours=3, minutes=10)),
        (lambda: of("live", "false_advertising", DISPUTE), "working", timedelta(hours=31, minutes=10)),
        (lambda: of("courier", "delivery_delay", PARCEL), "working", timedelta(minutes=30)),
        (lambda: of("returns", "quality", {}, channel="online"), "working", timedelta(hours=24)),
        (lambda: of("returns", "injury", {}, channel="phone"), "working", timedelta(days=3)),
        (lambda: of("returns", "quality", {}, channel="wechat"), "working", timedelta(days=7, hours=14)),
    ],
    ids=["explained first", "own", "in rule", "live", "tested", "complex", "courier", "web shop", "caller", "others"],
)
def test_the_customer_is_told_when_to_hear_from_us_not_when_a_step_of_ours_ends(
    world: Callable[[], World], stage: str, within: timedelta
) -> None:
    first = world().sent[0]
    assert (first.template, first.values["stage"]) == ("acknowledged", stage)
    assert first.values["due_at"] == (START + within).isoformat()


def test_where_the_working_days_of_the_year_are_unknown_no_hour_is_promised_and_no_case_waits() -> None:
    text = (HERE / "returns.procedure.toml").read_text(encoding="utf-8").replace("tells_customer = true\n", "")
    slow = Procedure.model_validate(tomllib.loads(text.replace('make = "3wd"', 'make = "6wd"')))
    world = World(pack=slow, at=datetime(2026, 12, 23, 2, 0, tzinfo=UTC), channel="email", contact=None)
    assert (world.stage, "due_at" in world.sent[0].values) == ("working", False)


@pytest.mark.parametrize(
    ("changes", "days", "told"),
    [
        ({"cause": "quality"}, 16, {"outside": "late", "after": 16 * 86_400, "limit": 15 * 86_400}),
        ({"cause": "no_reason"}, 1, {"outside": "demand", "allowed": "return_and_refund,exchange"}),
        ({"cause": "other"}, 1, {"outside": "cause"}),
    ],
)
def test_s0_12_who_is_refused_by_the_rules_is_told_which_one(
    changes: dict[str, Any], days: int, told: dict[str, Any]
) -> None:
    delivered = (START - timedelta(days=days)).isoformat()
    world = World(order=SELF_OPERATED | {"delivered_at": delivered}, **changes)
    (mail,) = world.mails("refused_rule")
    assert {name: mail.values.get(name) for name in told} == told
    assert mail.values["cause"] == changes["cause"]
    by_hand = World().does("triage", DESK, handling="refuse", reason="已过保修")
    (said,) = by_hand.mails("refused_rule")
    assert (said.values["reason"], "outside" in said.values) == ("已过保修", False)


def test_a_platform_order_is_guided_to_negotiate_first_and_nobody_is_asked_yet() -> None:
    world = World(negotiation="not_tried")
    assert (world.stage, world.case.asks, world.view.waiting_for) == ("negotiating", (), DESK)
    assert [mail.values["due_at"] for mail in world.mails("negotiate")] == [(START + hours(48)).isoformat()]
    assert World(negotiation="failed").stage == "asked"


def test_a_negotiation_whose_time_is_up_becomes_a_platform_dispute() -> None:
    world = World(negotiation="not_tried").wait(hours=48, microseconds=-1)
    assert world.stage == "negotiating"
    world.wait(microseconds=1)
    assert (world.stage, world.ask(MERCHANDISE).issued_at) == ("asked", START + hours(48))


def test_a_failed_negotiation_becomes_a_platform_dispute_at_once() -> None:
    world = World(negotiation="not_tried").wait(hours=3).does("negotiated", DESK, agreed=False, note="商家拒绝")
    assert world.event("negotiation_failed").data["reason"] == "商家拒绝"
    assert (world.stage, world.ask(MERCHANDISE).issued_at) == ("asked", START + hours(3))


def test_an_agreement_ends_the_case_as_negotiated() -> None:
    assert World(negotiation="not_tried").does("negotiated", DESK, agreed=True).exit == "negotiated"


def test_an_explanation_given_during_the_negotiation_counts_before_the_ask() -> None:
    world = World(negotiation="not_tried", contact=None).does("contact", DESK)
    assert world.stage == "negotiating"
    assert world.wait(hours=48).stage == "asked"
    assert "no_pre_explanation" not in world.kinds()
    without = World(negotiation="not_tried", contact=None).wait(hours=48)
    assert without.stage == "explaining"
