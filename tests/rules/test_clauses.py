"""What the four documents say and only the packs' data holds, written down once more from the documents.

A pack's own cases hold its clocks and routes; here stands what no single case shows: lists, who is told, who meets.
"""

from datetime import timedelta
from typing import Any

import pytest

from models.commands import Share
from models.complaint import DemandKind
from models.procedure import Procedure
from procedures import DIRECTORY, HERE, read_pack
from procedures.directory import read_directory
from rules.approving import band_of
from rules.triage import is_in_rule, topics_of
from tests.builders import complaint
from tests.rules.builders import COURIER, PACK, RETURNS_PACK, SELF_OPERATED, START

LIVE = read_pack(HERE / "live.procedure.toml")
PACKS = {pack.name: pack for pack in (PACK, COURIER, LIVE, RETURNS_PACK)}
ALL_PACKS = pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)


def titles(pack: Procedure, names: tuple[str, ...]) -> list[str]:
    return [pack.departments[name].title.zh for name in names]


# --- 客户投诉快速处理机制


def test_s0_10_s0_22_the_panel_has_the_heads_of_group_marketplace_after_sales_and_departments() -> None:
    meeting = PACK.meeting
    assert meeting is not None
    assert set(meeting.members) == set(PACK.departments)
    assert set(meeting.may_decide) == {"leadership", "panel"}
    directory = read_directory(DIRECTORY)
    heads = [person.name for name in ("leadership", "panel") for person in directory.departments[name].owners]
    assert heads == ["集团领导", "售后团队负责人", "邮乐领导"]


def test_s0_13_s0_20_s0_21_leadership_and_departments_get_the_forms_every_week_and_the_analysis_every_month() -> None:
    weekly, monthly, meeting = PACK.sending["weekly"], PACK.sending["monthly"], PACK.meeting
    assert (weekly.every, set(weekly.reports)) == ("week", {"out_of_rule", "disputes", "breaches"})
    assert (monthly.every, set(monthly.reports)) == (
        "month",
        {"out_of_rule", "disputes", "breaches", "metrics", "causes"},
    )
    assert set(weekly.to) == set(monthly.to) == set(PACK.departments)
    assert meeting is not None
    assert set(meeting.forms) == {"out_of_rule", "disputes"}


@pytest.mark.parametrize(
    "cause", ["quality", "not_as_described", "wrong_item", "damaged", "missing_items", "damage_unclear"]
)
@pytest.mark.parametrize(("late", "inside"), [(timedelta(0), True), (timedelta(microseconds=1), False)])
def test_s0_12_faulty_goods_are_taken_back_for_15_days_and_no_instant_longer(
    cause: str, late: timedelta, *, inside: bool
) -> None:
    order = SELF_OPERATED | {"delivered_at": (START - timedelta(days=15) - late).isoformat()}
    assert is_in_rule(PACK, complaint(order=order, cause=cause), START) is inside


@pytest.mark.parametrize("kind", [kind for kind in DemandKind if kind is not DemandKind.COMPENSATION])
def test_s0_12_a_change_of_mind_is_a_return_or_an_exchange_within_7_days(kind: DemandKind) -> None:
    for late, within in ((timedelta(0), True), (timedelta(microseconds=1), False)):
        order = SELF_OPERATED | {"delivered_at": (START - timedelta(days=7) - late).isoformat()}
        wish = complaint(order=order, cause="no_reason", demand={"kind": kind})
        assert is_in_rule(PACK, wish, START) is (within and kind in ("return_and_refund", "exchange"))


@pytest.mark.parametrize("cause", ["misdelivered", "late", "lost"])
def test_s0_12_what_the_carrier_brought_late_or_to_nobody_is_in_rule_whenever_it_is_told(cause: str) -> None:
    order = SELF_OPERATED | {"delivered_at": (START - timedelta(days=300)).isoformat()}
    assert is_in_rule(PACK, complaint(order=order, cause=cause), START)


@pytest.mark.parametrize(
    ("name", "settles"),
    [
        ("marketplace", {"merchant": "merchant", "carrier": "carrier"}),
        ("courier", {"transport_company": "carrier"}),
        ("live", {"supplier": "merchant", "carrier": "carrier"}),
        ("returns", {"supplier": "merchant", "carrier": "carrier"}),
    ],
)
def test_s0_19_s1_11_s3_17_s2_22_costs_are_settled_with_those_outside_the_house(
    name: str, settles: dict[str, str]
) -> None:
    assert {party: found.settles for party, found in PACKS[name].parties.items() if found.settles} == settles


@ALL_PACKS
def test_s0_17_s3_10_s2_51_goods_are_back_before_money_or_new_goods_go_out(pack: Procedure) -> None:
    steps: dict[str, tuple[str, ...]] = {
        "refund": ("pay",),
        "compensation": ("pay",),
        "return_and_refund": ("label", "goods", "pay"),
        "exchange": ("reserve", "label", "goods", "ship"),
        "reship": ("reserve", "ship"),
        "repair": ("label", "goods", "ship"),
        "apology": (),
    }
    assert {kind: remedy.steps for kind, remedy in pack.remedies.items()} == {
        kind: steps[kind] for kind in pack.remedies
    }


# --- every procedure with duties


@pytest.mark.parametrize(("name", "optional"), [("courier", {"respond"}), ("live", {"classify"}), ("returns", set())])
def test_a_clock_of_the_document_that_is_missed_goes_up_the_ladder(name: str, optional: set[str]) -> None:
    by = {duty: PACKS[name].duties[duty].on_silence for duty in PACKS[name].duties}
    assert {duty for duty, silence in by.items() if silence != "escalate"} == optional


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "courier",
            {
                "respond": set(),
                "give_result": {"result", "expected_on"},
                "plan": {"measures", "milestones"},
                "tell_result": set(),
            },
        ),
        ("live", {}),
        ("returns", {"answer_online": set(), "answer_caller": set(), "reply": {"progress", "expected_on"}}),
    ],
)
def test_s1_07_s1_08_s2_07_s2_44_s2_50_the_customer_is_told_of_these_and_reads_this(
    name: str, told: dict[str, set[str]]
) -> None:
    duties = {duty: found for duty, found in PACKS[name].duties.items() if found.tells_customer}
    assert {duty: {field.name for field in found.form if field.told} for duty, found in duties.items()} == told


# --- 快递投诉管理办法

TAXONOMY = {
    "服务质量类": {
        "延误": ["揽收延误", "运输延误", "派送延误"],
        "丢失损毁": ["丢失", "损毁"],
        "服务态度": ["服务态度恶劣"],
        "信息错误": ["单号查询错误", "物流轨迹更新不及时", "客户信息泄露"],
    },
    "快递产品类": {
        "包装问题": ["包装不符合要求"],
        "增值服务未履行": ["保价未赔", "代收货款未及时交付"],
        "快递费用争议": ["收取标准", "计算方式", "支付方式"],
    },
    "其他类": {
        "特殊要求未满足": ["指定时间未满足", "指定地点未满足"],
        "其他不合理情况": ["被退回原因不明", "其他"],
    },
}


def test_s1_06_every_cause_stands_under_its_type_and_class() -> None:
    found: dict[str, dict[str, list[str]]] = {}
    for name, cause in COURIER.causes.items():
        kind, of = (COURIER.topics[topic].title.zh for topic in topics_of(COURIER, name))
        found.setdefault(of, {}).setdefault(kind, []).append(cause.title.zh)
    assert found == TAXONOMY


@pytest.mark.parametrize(
    ("party", "causes"),
    [
        (
            "courier_person",
            {"pickup_delay", "delivery_delay", "lost", "damaged", "rude", "packaging", "tracking", "wrong_place"},
        ),
        ("station", {"transit_delay", "delivery_delay", "lost", "damaged", "wrong_place"}),
        ("transport_company", {"transit_delay", "lost", "damaged"}),
        ("transport", {"transit_delay"}),
    ],
)
def test_s1_09_to_s1_11_who_is_liable_for_what_by_the_document(party: str, causes: set[str]) -> None:
    hinted = {name for name, cause in COURIER.causes.items() if party in cause.liable}
    ours = {name for name in hinted if "ours" in COURIER.causes[name].source}
    assert hinted - ours == causes


def test_s1_09_to_s1_12_every_party_of_the_house_has_the_department_that_answers_for_it() -> None:
    answers = {name: party.department for name, party in COURIER.parties.items() if party.department}
    assert answers == {
        "courier_person": "station",
        "station": "station",
        "transport_company": "transport",
        "transport": "transport",
        "customer_service": "customer_service",
    }


def test_s1_14_to_s1_17_the_superior_gets_figures_causes_and_breaches_every_month() -> None:
    (monthly,) = COURIER.sending.values()
    assert (monthly.every, set(monthly.reports), monthly.to) == (
        "month",
        {"metrics", "causes", "breaches"},
        ("supervisor",),
    )


# --- 直播带货公司售后纠纷调解细则


def test_s3_01_s3_11_every_dispute_is_evaluated_and_the_grave_ones_are_told_at_once() -> None:
    assert {route.name: route.after for route in LIVE.routes} == dict.fromkeys(
        ("major", "complex", "quality", "ordinary"), ("evaluate",)
    )
    told = {route.name: set(route.tell) for route in LIVE.routes if route.tell}
    assert told == {"major": {"mediation", "management"}, "complex": {"mediation"}}


def test_s3_04_the_classes_are_those_of_the_document() -> None:
    classes = {name: topics_of(LIVE, name) for name in LIVE.causes}
    assert classes == {
        "quality": ["quality"],
        "injury": ["quality"],
        "return_refused": ["returns"],
        "exchange": ["returns"],
        "late": ["returns"],
        "false_advertising": ["advertising"],
        "price_promise": ["advertising"],
        "other": [],
    }
    assert [topic.title.zh for topic in LIVE.topics.values()] == ["产品质量问题", "退换货问题", "虚假宣传问题"]


@pytest.mark.parametrize("name", ["live", "returns"])
def test_s3_12_s2_09_an_accepted_offer_binds(name: str) -> None:
    offers = PACKS[name].offers
    assert offers is not None
    assert offers.binding


def test_s3_14_s3_15_group_and_management_get_figures_breaches_and_spot_checks_every_month() -> None:
    (monthly,) = LIVE.sending.values()
    assert (monthly.every, set(monthly.reports)) == ("month", {"metrics", "breaches", "spot_checks"})
    assert set(monthly.to) == {"mediation", "management"}


# --- 客户投诉及退货处理规范


def test_s2_01_both_bodies_are_those_of_the_plan() -> None:
    plan = RETURNS_PACK.incident
    assert plan is not None
    bodies: dict[str, Any] = {
        body.title.zh: (titles(RETURNS_PACK, (body.head, body.deputy or "")), set(body.members))
        for body in (plan.leading, plan.handling)
    }
    assert bodies["预案领导小组"][0] == ["总经理", "副总经理"]
    assert bodies["预案领导小组"][1] >= {"service_manager", "logistics", "finance", "quality_control"}
    heads, members = bodies["处理小组"]
    assert heads == ["客服经（副）理", "物流部"]
    assert members == {"customer_service", "logistics", "finance", "quality_control"}
    assert set(plan.may_decide) == {plan.leading.head, plan.handling.head}
    assert plan.inspectors == ("quality_control",)


def test_s2_42_a_major_complaint_is_told_to_the_head_of_the_store_the_operations_centre_and_customer_service() -> None:
    told = {route.name: titles(RETURNS_PACK, route.tell) for route in RETURNS_PACK.routes if route.tell}
    assert told == {"major": ["店总", "营运管理中心", "客服经（副）理"]}


def test_s2_45_s2_48_s2_58_week_and_month_go_to_those_the_document_names() -> None:
    weekly, monthly = RETURNS_PACK.sending["weekly"], RETURNS_PACK.sending["monthly"]
    assert titles(RETURNS_PACK, weekly.to) == ["店总", "总部人事部顾客服务科"]
    assert titles(RETURNS_PACK, monthly.to) == ["店总", "总部行政部顾客服务科", "总经理"]
    assert {"metrics", "causes"} <= set(monthly.reports)  # S2-58: 种类, 原因, 处理结果


def test_s2_49_the_five_classes_and_what_stands_under_each() -> None:
    found: dict[str, set[str]] = {}
    for name in RETURNS_PACK.causes:
        found.setdefault(RETURNS_PACK.topics[topics_of(RETURNS_PACK, name)[-1]].title.zh, set()).add(name)
    assert found == {
        "产品质量问题": {"quality", "engineering", "injury", "food_poisoning"},
        "服务态度不好": {"attitude"},
        "配送延迟": {"late"},
        "售后服务不满意": {"wrong_sale", "no_reason", "after_sales"},
        "其他": {"hurt_in_store", "valuables_lost", "media", "extortion", "other"},
    }


def test_s2_48_what_is_major_or_important_is_put_right_on_every_route() -> None:
    assert set(RETURNS_PACK.duties["rectify"].when.severities) == {"major", "important"}
    assert {route.after for route in RETURNS_PACK.routes} == {("rectify",)}
    assert [field.name for field in RETURNS_PACK.duties["rectify"].form if field.required] == ["measure", "done_on"]


def test_s2_50_s2_52_every_route_has_the_clocks_to_answer_and_to_explain() -> None:
    answers = ("answer_online", "explain", "explain_delivery", "explain_service", "answer_caller", "reply")
    assert all(route.before[:6] == answers for route in RETURNS_PACK.routes)


def test_s2_39_money_of_the_petty_cash_is_signed_for_by_the_manager_in_both_bands_up_to_100_yuan() -> None:
    signed = [(band.up_to, band.countersign) for band in RETURNS_PACK.approvals if band.countersign]
    assert signed == [(2_000, "countersign"), (10_000, "countersign")]
    assert RETURNS_PACK.duties["countersign"].department == "service_manager"


@pytest.mark.parametrize("party", ["supplier", "carrier", "store", "service"])
def test_s2_38_s2_40_s2_41_every_party_has_its_bands_and_each_limit_is_in_the_lower_one(party: str) -> None:
    ours = [(1, "service_director"), (50_000, "service_director"), (50_001, "hr_director"), (500_000, "hr_director")]
    theirs = [(2_000, None), (2_001, "section_chief"), (10_000, "section_chief"), (10_001, "service_manager")]
    bands = [*ours, (500_001, "general_manager")] if party in ("store", "service") else theirs
    for amount, by in bands:
        band = band_of(RETURNS_PACK, amount, [Share(party=party)])
        assert band is not None
        assert band.by == by
