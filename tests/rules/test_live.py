"""Live-commerce mediation (document 003): minutes and hours, opinions, offers, evaluation."""

from datetime import timedelta
from typing import Any

import pytest

from procedures import HERE, read_pack
from rules.triage import intake_problems
from tests.builders import complaint
from tests.rules.builders import START, World, liable

LIVE = read_pack(HERE / "live.procedure.toml")
DESK, GROUP, OPERATIONS, LEGAL, QC, MANAGEMENT = (
    "customer_service", "mediation", "operations", "legal", "quality_control", "management",
)  # fmt: skip
DETAILS = {"happened_on": "2026-03-01", "place": "直播间 7", "expects": "退款"}
PLAN = {"claim": "退款合理", "impact": "一单"}


def dispute(**changes: Any) -> World:
    facts: dict[str, Any] = {"cause": "return_refused", "details": DETAILS, "contact": None}
    return World(pack=LIVE, **(facts | changes))


def classified(**changes: Any) -> World:
    return dispute(**changes).does("record", DESK, fields={"class": "returns"})


def to_offer(**changes: Any) -> World:
    return classified(**changes).does("record", DESK, fields={"customer_says": "未拆封", "live_rules": "七日可退"})


def offering(amount: int = 10_000, **changes: Any) -> World:
    return propose(to_offer(**changes), amount)


def propose(world: World, amount: int) -> World:
    demand = {"kind": "refund", "amount": amount}
    return world.does("offer", GROUP, demand=demand, basis="规则第三条", liable=liable(company=100), fields=PLAN)


@pytest.mark.parametrize("field", list(DETAILS))
def test_s3_03_the_record_holds_time_place_and_what_the_customer_expects(field: str) -> None:
    details = {name: value for name, value in DETAILS.items() if name != field}
    found = intake_problems(LIVE, complaint(cause="quality", channel="online", details=details), START)
    assert [problem.line() for problem in found] == [f"details.{field}: is missing; add it"]


def test_s3_04_a_dispute_is_classified_and_entered_within_ten_minutes() -> None:
    world = dispute()
    assert world.view.due == START + timedelta(minutes=10)
    assert world.refuses("record", DESK, fields={"class": "weather"}) == "bad_input"
    assert world.wait(minutes=10).event("duty_missed").data["duty"] == "classify"
    assert world.view.waiting_for == DESK  # gone on without it


def test_s3_05_an_ordinary_dispute_is_checked_with_customer_and_live_rules_within_30_minutes() -> None:
    world = classified()
    assert world.view.due == START + timedelta(minutes=30)
    world.wait(minutes=20)
    assert world.mails("duty_reminded")[-1].to == DESK


def test_s3_05_the_30_minutes_run_from_the_dispute_however_long_its_classification_took() -> None:
    world = dispute().wait(minutes=9)
    world.does("record", DESK, fields={"class": "returns"})
    assert world.view.due == START + timedelta(minutes=30)
    assert dispute().wait(minutes=10).view.due == START + timedelta(minutes=30)  # classified by nobody


def test_a_clock_since_the_dispute_that_is_over_before_its_turn_begins_with_its_turn() -> None:
    world = dispute(cause="quality").wait(minutes=45)
    world.does("triage", DESK, route="ordinary", reason="不涉及质量").does("record", DESK, fields={"class": "returns"})
    assert world.view.due == START + timedelta(minutes=75)
    assert world.kinds().count("duty_missed") == 1  # the classification alone


def test_s3_06_a_quality_dispute_is_tested_within_the_hour_with_defect_and_severity() -> None:
    world = classified(cause="quality")
    assert (world.view.waiting_for, world.view.due) == (QC, START + timedelta(hours=1))
    assert world.refuses("record", QC, fields={"defect": True, "test_report": "qc/1"}) == "bad_input"
    world.does("record", QC, fields={"defect": True, "severity": "minor", "test_report": "qc/1"})
    assert world.event("recorded").data["field.severity"] == "minor"
    assert (world.stage, world.view.waiting_for) == ("offering", GROUP)


def test_s3_06_a_critical_defect_makes_it_major_without_doing_again_what_was_done() -> None:
    world = classified(cause="quality")
    world.does("record", QC, fields={"defect": True, "severity": "critical", "test_report": "qc/1"})
    assert (world.case.route, world.view.waiting_for) == ("major", GROUP)
    assert MANAGEMENT in {mail.to for mail in world.mails("major")}
    world.does("record", GROUP, fields={"inquiry_plan": "停播"})
    world.does("record", OPERATIONS, fields={"finding": "批次问题"})
    assert [work.duty for work in world.view.works if work.state == "waiting"] == ["legal_opinion"]


def test_s3_01_everyone_reports_to_the_leader_and_the_major_dispute_to_management_at_once() -> None:
    world = dispute(cause="injury")
    assert {mail.to for mail in world.mails("major")} == {GROUP, MANAGEMENT}
    assert LIVE.ladder[0] == GROUP


def test_s3_02_legal_and_quality_give_their_opinions_and_operations_the_facts() -> None:
    assert {LIVE.duties["legal_opinion"].department, LIVE.duties["test"].department} == {LEGAL, QC}
    assert LIVE.duties["inquire"].department == OPERATIONS


def test_s3_07_the_group_meets_at_once_and_the_inquiry_is_finished_within_24_hours() -> None:
    world = classified(cause="false_advertising")
    assign = [{"department": OPERATIONS}, {"department": LEGAL}]
    world.does("record", GROUP, fields={"inquiry_plan": "分头查"}, assign=assign)
    assert world.view.waiting_for == f"{OPERATIONS},{LEGAL}"
    assert world.view.due == START + timedelta(hours=24)
    assert world.wait(hours=8).mails("progress")  # S3-12: the customer hears how far it is


def test_s3_08_a_plan_is_offered_within_two_hours_and_cites_its_basis() -> None:
    world = to_offer()
    assert world.view.due == START + timedelta(hours=2)
    world = offering()
    offered = world.mails("offer")[-1]
    assert (offered.values["reason"], offered.values["amount"]) == ("规则第三条", 10_000)
    late = to_offer().wait(hours=2)
    assert late.event("task_overdue").department == GROUP


def test_s3_09_a_customer_who_is_not_satisfied_gets_another_offer_and_after_three_management_decides() -> None:
    world = offering()
    for version, amount in ((1, 12_000), (2, 14_000)):
        world.does("respond", DESK, version=version, accept=False, reason="再多些")
        assert world.mails("offer_wanted")[-1].values["reason"] == "再多些"
        propose(world, amount)
    assert [offer.state for offer in world.view.offers] == ["countered", "countered", "waiting"]
    assert world.refuses("respond", DESK, version=1, accept=True) == "bad_input"
    world.does("respond", DESK, version=3, accept=False)
    assert (world.stage, world.view.waiting_for) == ("panel", MANAGEMENT)


def test_s3_10_an_agreement_is_carried_out_at_once_by_whoever_has_to() -> None:
    world = offering().does("respond", DESK, version=1, accept=True)
    assert (world.stage, world.ruling.basis, world.shares) == ("executing", "settlement", {"company": 100})
    assert world.child().case.refunded == 10_000


def test_s3_10_a_return_is_followed_by_logistics() -> None:
    world = to_offer()
    world.does(
        "offer", GROUP, demand={"kind": "return_and_refund"}, basis="x", liable=liable(supplier=100), fields=PLAN
    )
    world.does("respond", DESK, version=1, accept=True)
    assert (world.stage, world.view.waiting_for) == ("executing", "returns_centre")


def test_s3_11_the_call_back_is_due_within_24_hours_and_the_group_writes_its_evaluation() -> None:
    world = offering().does("respond", DESK, version=1, accept=True).child()
    assert (world.stage, world.view.due) == ("feedback", world.now + timedelta(hours=24))
    world.does("feedback", DESK, satisfied=True)
    assert (world.stage, world.view.waiting_for) == ("working", GROUP)  # the evaluation is still to be entered
    world.does("record", GROUP, fields={"evaluation": "处理及时"})
    assert (world.exit, world.event("recorded").data["field.evaluation"]) == ("satisfied", "处理及时")
    missed = offering().does("respond", DESK, version=1, accept=True).child().wait(hours=24)
    assert "not_called_back" in missed.kinds()


def test_s3_17_the_supplier_can_be_liable_and_is_settled_with() -> None:
    assert LIVE.parties["supplier"].settles == "merchant"
    assert LIVE.causes["quality"].liable == ("supplier",)


@pytest.mark.parametrize("field", ["claim", "impact"])
def test_s3_18_a_plan_weighs_the_customers_claim_and_the_companys_impact(field: str) -> None:
    fields = {name: value for name, value in PLAN.items() if name != field}
    demand = {"kind": "refund", "amount": 1_000}
    world = to_offer()
    assert (
        world.refuses("offer", GROUP, demand=demand, basis="x", liable=liable(company=100), fields=fields)
        == "bad_input"
    )


def test_an_offer_nobody_answers_lapses_under_a_name_of_its_own() -> None:
    world = offering().wait(days=3)
    assert (world.exit, world.case.refunded, world.view.offers[-1].state) == ("offer_lapsed", 0, "lapsed")


def test_what_nobody_bears_is_not_offered() -> None:
    world = to_offer()
    demand = {"kind": "refund", "amount": 1_000}
    assert world.refuses("offer", GROUP, demand=demand, basis="x", fields=PLAN) == "bad_input"
    assert (
        world.refuses("offer", GROUP, demand=demand, basis="x", fields=PLAN, liable=liable(customer=100)) == "bad_input"
    )


def test_an_offer_overtaken_by_another_route_lapses_and_the_next_one_can_be_made() -> None:
    world = offering().does("triage", DESK, route="quality", reason="实为质量问题")
    world.does("record", DESK, fields={"class": "quality"})
    world.does("record", QC, fields={"defect": True, "severity": "minor", "test_report": "qc/1"})
    assert world.stage == "offering"
    propose(world, 5_000)
    assert [(offer.version, offer.state) for offer in world.view.offers] == [(1, "lapsed"), (2, "waiting")]
    assert world.refuses("respond", DESK, version=1, accept=True) == "bad_input"
    assert world.does("respond", DESK, version=2, accept=True).view.ruling is not None
