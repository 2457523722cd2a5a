"""Complaints and returns (document 002): forms, working days, money limits, call-backs by type, major complaints."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from models.commands import Share
from models.corrective import Corrective, CorrectiveEntry
from models.corrective_forms import CORRECTIVE_COMMANDS, FindCauses
from models.incident import INCIDENT_COMMANDS, Incident, OpenIncident, Progress, Registered
from models.language import Language
from models.procedure import Procedure
from models.quality_complaint import QualityComplaint
from models.span import WorkingDays
from models.steps import Band
from rules.approving import band_of
from rules.checks import Refusal
from rules.closing import ask_customer
from rules.corrective import opened, rules_of
from rules.corrective_acts import receive
from rules.corrective_checks import root_causes
from rules.duties import whose
from rules.incident import opened as opened_incident
from rules.incident import pass_time
from rules.incident_acts import receive as incident_receives
from rules.replies import Message
from rules.spans import ends
from rules.triage import intake_problems
from tests.builders import complaint
from tests.eightd import CHECK, COMPLAINT, D1, D2, D3, D4, D5, D7, D8, FINAL
from tests.rules.builders import CALENDAR, RETURNS_PACK, START, World, liable
from texts.events import event_line

DESK, CHIEF, MANAGER, STORE_HEAD = "customer_service", "section_chief", "service_manager", "store_head"
RECEIPT = {
    "return_reason": "开胶",
    "receipt_amount": 21_000,
    "purchased_on": "2026-02-20",
    "purchased_at": "一号店",
    "quantity": 1,
    "style": "A-17",
}


def complained(**changes: Any) -> World:
    facts: dict[str, Any] = {"cause": "quality", "channel": "email", "contact": None, "demand": {"kind": "refund"}}
    return World(pack=RETURNS_PACK, **(facts | changes))


def investigated(party: str = "supplier", **changes: Any) -> World:
    """Replied to, and found true on the investigation form."""
    world = complained(**changes)
    world.does("record", DESK, duty="reply", fields={"progress": "调查中", "expected_on": "2026-03-09"})
    fields = {"finding": "开裂", "valid": True, "responsible": "商品部"}
    return world.does("record", DESK, duty="investigate", fields=fields, liable=liable(**{party: 100}))


def offered(amount: int, party: str = "supplier", by: str = "merchandise", **changes: Any) -> World:
    world = investigated(party, demand={"kind": "compensation", "amount": amount}, **changes)
    return makes_offer(world, amount, by)


def makes_offer(world: World, amount: int, by: str = "merchandise") -> World:
    demand = {"kind": "compensation", "amount": amount}
    return world.does("offer", by, demand=demand, basis="退货规定", fields={"solution": "补偿"})


def settled(**changes: Any) -> World:
    """A complaint whose offer was accepted and carried out."""
    world = offered(1_000, **changes)
    return world.does("respond", DESK, version=1, accept=True).child()


def wd(days: int) -> Any:
    return ends(START, WorkingDays(days), RETURNS_PACK.time_zone, CALENDAR)


def test_s2_06_each_channel_is_taken_in_and_recorded_at_once() -> None:
    assert {"phone", "email", "wechat", "walk_in"} <= set(RETURNS_PACK.channels)
    assert complained(channel="wechat").event("filed").data["channel"] == "wechat"


def test_s2_07_the_customer_hears_within_5_working_days_how_it_goes_on_and_until_when() -> None:
    world = complained()
    reply = next(work for work in world.case.works if work.duty == "reply")
    assert reply.deadline == wd(5)
    world.does("record", DESK, duty="reply", fields={"progress": "调查中", "expected_on": "2026-03-09"})
    assert [mail.values["duty"] for mail in world.mails("duty_done")] == ["reply"]
    told = world.mails("duty_done")[-1].values
    assert (told["field.progress"], told["field.expected_on"]) == ("调查中", "2026-03-09")


def test_s2_08_what_is_not_true_is_told_and_what_is_true_finds_its_department() -> None:
    false = complained().does("record", DESK, duty="investigate", fields={"finding": "录音核实", "valid": False})
    assert false.stage == "refused"
    assert [mail.values["reason"] for mail in false.mails("refused_finding")] == ["录音核实"]
    fields = {"finding": "录音核实", "valid": True, "responsible": "无"}
    theirs = complained().does("record", DESK, duty="investigate", fields=fields, liable=liable(customer=100))
    assert [mail.values["reason"] for mail in theirs.mails("refused_finding")] == ["录音核实"]
    noted = complained().does("record", DESK, duty="investigate", fields=fields | {"valid": False}, note="服务规范")
    assert [mail.values["reason"] for mail in noted.mails("refused_finding")] == ["服务规范"]
    assert investigated().view.waiting_for == "merchandise"
    assert investigated("carrier").view.waiting_for == "logistics"


def test_where_one_of_two_liable_parties_has_no_department_the_others_answers() -> None:
    named = [Share(party=name, percent=50) for name in ("supplier", "carrier")]
    alone = RETURNS_PACK.parties["supplier"].model_copy(update={"department": None})
    pack = RETURNS_PACK.model_copy(update={"parties": RETURNS_PACK.parties | {"supplier": alone}})
    case = complained().case.but(found=tuple(named))
    assert whose(case, pack, "liable") == "logistics"
    assert whose(case.but(found=tuple(named[:1])), pack, "liable") == DESK


def test_s2_09_the_department_answers_within_3_working_days_and_gets_back_what_is_not_accepted() -> None:
    world = investigated()
    assert world.view.due == wd(3)
    makes_offer(world, 1_000).does("respond", DESK, version=1, accept=False, reason="太少")
    assert (world.stage, world.view.waiting_for) == ("offering", "merchandise")
    makes_offer(world, 1_500).does("respond", DESK, version=2, accept=True)
    assert (world.stage, world.ruling.basis) == ("executing", "settlement")


def never_agreed() -> World:
    """Three offers, none of them accepted."""
    world = offered(1_000)
    for version in (1, 2):
        world.does("respond", DESK, version=version, accept=False)
        makes_offer(world, 1_000 + version)
    world.does("respond", DESK, version=3, accept=False)
    return world


def test_s2_47_a_customer_who_never_agrees_goes_to_the_superior() -> None:
    world = never_agreed()
    assert (world.stage, world.view.waiting_for) == ("panel", STORE_HEAD)


def test_s2_59_nothing_is_offered_before_the_inquiry() -> None:
    demand = {"kind": "compensation", "amount": 1_000}
    refused = complained().refuses("offer", "merchandise", demand=demand, basis="x", fields={"solution": "y"})
    assert refused in {"wrong_stage", "wrong_department"}


def test_s2_10_the_call_back_is_due_5_working_days_after_the_execution() -> None:
    world = settled(cause="attitude")
    assert world.stage == "feedback"
    assert world.case.due == wd(5)


def test_s2_11_engineering_quality_is_called_back_at_least_twice_and_service_once() -> None:
    engineering = settled(cause="engineering").does("feedback", DESK, satisfied=True)
    assert engineering.stage == "feedback"
    engineering.until(engineering.case.due or START)
    engineering.does("feedback", DESK, satisfied=True)
    assert engineering.case.exit == "satisfied"
    service = settled(cause="attitude").does("feedback", DESK, satisfied=True)
    assert service.case.exit == "satisfied"


def test_s2_11_who_was_satisfied_and_is_not_reached_at_the_next_call_stays_satisfied() -> None:
    world = settled(cause="engineering").does("feedback", DESK, satisfied=True)
    while world.stage == "feedback":
        world.until(world.case.due or START)
        if world.stage == "feedback":
            world.does("feedback", DESK, reached=False, reason="无人接听")
    assert world.case.exit == "satisfied"


@pytest.mark.parametrize("words", [{"satisfied": True}, {"reached": False, "reason": "无人接听"}])
def test_s2_11_a_further_word_of_the_same_call_moves_the_next_one_no_further(words: dict[str, Any]) -> None:
    world = settled(cause="engineering").does("feedback", DESK, **words)
    due = world.case.due
    assert world.wait(hours=30).does("feedback", DESK, **words).case.due == due


def test_s2_11_who_was_satisfied_before_another_round_is_asked_anew() -> None:
    world = settled(cause="engineering").does("feedback", DESK, satisfied=True)
    world.until(world.case.due or START).does("feedback", DESK, satisfied=False, reason="又坏了")
    assert (world.case.round, world.stage) == (2, "working")
    again = ask_customer(world.case, world.pack, world.now)
    assert (again.stage, again.satisfied) == ("feedback", False)


def test_s2_12_the_call_backs_opinion_stands_in_the_record() -> None:
    world = settled(cause="attitude").does("feedback", DESK, satisfied=True, reason="处理及时")
    assert world.event("feedback").data["reason"] == "处理及时"


def test_s2_13_who_is_not_satisfied_is_examined_again_from_the_inquiry_on() -> None:
    world = settled().does("feedback", DESK, satisfied=False, reason="又坏了")
    assert (world.stage, world.case.round) == ("working", 2)
    assert [work.duty for work in world.case.works if work.open and not work.aside] == ["investigate"]


def test_a_duty_aside_stands_in_its_departments_inbox_whatever_else_the_case_waits_for() -> None:
    world = settled(channel="online")
    assert (world.stage, world.view.waiting_for) == (
        "feedback",
        "customer,customer_service,merchandise,service_manager",
    )
    world.does("record", "merchandise", duty="explain", fields={"explanation": "批次不良"})
    assert world.view.waiting_for == "customer,customer_service,service_manager"


def test_s2_14_the_way_to_the_appraisal_asks_nobody_again_for_what_is_waited_for_already() -> None:
    world = complained(channel="online", demand={"kind": "exchange"}, details=RECEIPT)
    world.does("record", DESK, duty="inspect", fields={"receipt_confirmed": True, "condition": "undecidable"})
    waiting = [work.duty for work in world.view.works if work.state == "waiting"]
    assert waiting == ["answer_online", "explain", "reply", "appraise"]


@pytest.mark.parametrize("field", sorted(RECEIPT))
def test_s2_14_goods_are_taken_back_with_the_receipts_five_facts_and_the_reason(field: str) -> None:
    details = {name: value for name, value in RECEIPT.items() if name != field}
    goods = complaint(cause="quality", channel="walk_in", demand={"kind": "return_and_refund"}, details=details)
    found = intake_problems(RETURNS_PACK, goods, START)
    assert [problem.line() for problem in found] == [f"details.{field}: is missing; add it"]


def test_s2_14_quality_nobody_can_decide_is_appraised() -> None:
    world = complained(channel="walk_in", demand={"kind": "return_and_refund"}, details=RECEIPT)
    world.does("record", DESK, duty="inspect", fields={"receipt_confirmed": True, "condition": "undecidable"})
    assert (world.case.route, world.view.waiting_for) == ("appraisal", f"quality_control,{DESK}")
    world.does("record", "quality_control", fields={"defect": True, "appraisal": "粘合不良"})
    assert [work.duty for work in world.case.works if work.open and not work.aside] == ["investigate"]


@pytest.mark.parametrize(
    ("party", "amount", "approver"),
    [
        ("supplier", 2_000, None),
        ("supplier", 2_001, CHIEF),
        ("supplier", 10_000, CHIEF),
        ("supplier", 10_001, MANAGER),
        ("store", 1, "service_director"),
        ("store", 50_000, "service_director"),
        ("store", 50_001, "hr_director"),
        ("store", 500_000, "hr_director"),
        ("store", 500_001, "general_manager"),
    ],
)
def test_s2_38_to_s2_41_the_limits_hold_by_amount_and_by_who_pays_the_limit_itself_below(
    party: str, amount: int, approver: str | None
) -> None:
    band = _band(RETURNS_PACK, amount, party)
    assert band.by == approver


def test_s2_38_two_liable_parties_need_the_higher_authority() -> None:
    shares = [Share(party="supplier", percent=50), Share(party="store", percent=50)]
    band = band_of(RETURNS_PACK, 2_000, shares)
    assert band is not None
    assert band.by == "service_director"


def _band(pack: Procedure, amount: int, party: str) -> Band:
    band = band_of(pack, amount, [Share(party=party)])
    assert band is not None
    return band


def test_s2_38_the_approver_is_never_who_made_the_offer() -> None:
    world = offered(2_001)
    assert (world.stage, world.view.waiting_for) == ("approving", CHIEF)
    assert world.refuses("approve", CHIEF, approve=True) == "same_person"
    assert world.does("approve", CHIEF, actor="当班课长", approve=True).stage == "offering"


def test_s2_38_an_offer_nobody_approves_goes_up_the_ladder_of_who_would_pay_it() -> None:
    world = offered(2_001)
    world.until(world.view.due or START)
    assert world.view.waiting_for == f"{CHIEF},{MANAGER}"


@pytest.mark.parametrize(("amount", "slips"), [(2_000, 1), (10_000, 1), (10_001, 0)])
def test_s2_39_petty_cash_up_to_100_yuan_is_countersigned_afterwards(amount: int, slips: int) -> None:
    world = offered(amount)
    if world.stage == "approving":
        world.does("approve", world.view.waiting_for, actor="上级", approve=True)
    world.does("respond", DESK, version=1, accept=True).child().does("feedback", DESK, satisfied=True)
    assert [work.duty for work in world.case.works if work.open] == ["countersign"] * slips
    if slips:
        assert world.case.closed is False
        assert world.does("record", MANAGER, duty="countersign").exit == "satisfied"


@pytest.mark.parametrize(
    ("kind", "amount"),
    [("refund", 5_000), ("refund", 10_000), ("apology", None), ("repair", None)],
)
def test_s2_39_what_takes_nothing_from_the_petty_cash_has_no_slip(kind: str, amount: int | None) -> None:
    paid: dict[str, Any] = {"order": {"paid": 9_000}} if amount is None else {}
    demand = {"kind": kind, "amount": amount} if amount else {"kind": kind}
    world = investigated(demand=demand, **paid)
    world.does("offer", "merchandise", demand=demand, basis="退货规定", fields={"solution": "退"})
    if world.stage == "approving":
        world.does("approve", world.view.waiting_for, actor="上级", approve=True)
    world.does("respond", DESK, version=1, accept=True)
    assert "countersign" not in [work.duty for work in world.case.works]


@pytest.mark.parametrize("cause", ["injury", "food_poisoning", "hurt_in_store", "valuables_lost", "media", "extortion"])
def test_s2_42_a_major_complaint_is_reported_at_once_and_the_manager_coordinates(cause: str) -> None:
    world = complained(cause=cause)
    assert {mail.to for mail in world.mails("major")} == {STORE_HEAD, "operations_centre", MANAGER}
    assert world.view.waiting_for.startswith(MANAGER) or MANAGER in world.view.waiting_for
    assert world.case.severity == "major"


def test_s2_42_a_matter_of_law_gets_an_opinion_of_the_legal_department() -> None:
    world = complained(cause="injury", details={"legal_matter": True})
    world.does("record", MANAGER, fields={"facts": "送医"})
    assert "legal" in world.view.waiting_for
    world = complained(cause="injury").does("record", MANAGER, fields={"facts": "送医"})
    assert "legal" not in world.view.waiting_for


@pytest.mark.parametrize(
    ("channel", "duty", "span"),
    [
        ("online", "answer_online", timedelta(hours=24)),
        ("online", "explain", timedelta(hours=48)),
        ("phone", "answer_caller", timedelta(days=3)),
        ("walk_in", "answer_caller", timedelta(days=3)),
    ],
)
def test_s2_44_s2_50_s2_52_each_channel_has_its_time_to_be_answered(channel: str, duty: str, span: timedelta) -> None:
    world = complained(channel=channel)
    work = next(work for work in world.case.works if work.duty == duty)
    assert work.deadline - START == span
    world.until(work.deadline)
    assert ("duty_missed", duty) in {(event.kind, event.data.get("duty")) for event in world.case.events}


@pytest.mark.parametrize(
    ("cause", "department"), [("quality", "merchandise"), ("late", "logistics"), ("attitude", CHIEF)]
)
def test_s2_52_the_department_the_cause_points_to_explains(cause: str, department: str) -> None:
    world = complained(channel="online", cause=cause)
    assert [work.department for work in world.case.works if work.duty.startswith("explain")] == [department]


def test_s2_52_every_cause_has_one_department_that_explains() -> None:
    for cause in RETURNS_PACK.causes:
        given = [work.duty for work in complained(channel="online", cause=cause).case.works]
        assert sum(duty.startswith("explain") for duty in given) == 1, cause


def test_s2_45_the_weeks_record_goes_out_on_monday_and_the_months_by_the_fifth() -> None:
    weekly, monthly = RETURNS_PACK.sending["weekly"], RETURNS_PACK.sending["monthly"]
    assert (weekly.weekday, "hq_hr_service" in weekly.to) == ("monday", True)
    assert (monthly.day, "hq_admin_service" in monthly.to) == (4, True)
    assert "metrics" in weekly.reports  # the one that lists every complaint, disputed or not


def test_s2_48_an_important_complaint_leaves_a_rectification_with_a_due_date_and_its_result() -> None:
    world = offered(600_000, "store", order={"paid": 700_000})
    world.does("approve", "general_manager", actor="总经理", approve=True)
    world.does("respond", DESK, version=1, accept=True).child()
    world.does("feedback", DESK, satisfied=True)
    assert [work.duty for work in world.case.works if work.open] == ["rectify"]
    done = world.does("record", "merchandise", fields={"measure": "更换供应商", "done_on": "2026-03-20"})
    assert done.exit == "satisfied"


def test_s2_49_there_are_five_classes() -> None:
    assert {name for name, topic in RETURNS_PACK.topics.items() if topic.under is None} == {
        "quality", "attitude", "delay", "after_sales", "other",
    }  # fmt: skip


def test_s2_52_a_case_is_satisfied_only_by_the_customers_word() -> None:
    world = settled().wait(days=40)
    assert world.case.exit == "no_feedback"


def test_s2_55_the_kind_of_customer_is_kept_and_only_the_three_kinds_are_known() -> None:
    wrong = complaint(cause="quality", channel="email", details={"customer_kind": "passer_by"})
    assert [problem.field for problem in intake_problems(RETURNS_PACK, wrong, START)] == ["details.customer_kind"]


def test_s2_60_every_way_of_making_good_is_there() -> None:
    assert {"apology", "compensation", "exchange", "repair", "refund"} <= {kind.value for kind in RETURNS_PACK.remedies}


def test_s2_47_the_record_names_who_decides_in_this_procedure_and_no_panel_of_another() -> None:
    world = never_agreed()
    assert event_line(world.event("panel"), RETURNS_PACK, Language.ZH).startswith("提请决定：店总")


@pytest.mark.parametrize(("amount", "severity"), [(500_000, "ordinary"), (500_001, "important")])
def test_s2_48_more_than_5000_yuan_is_important(amount: int, severity: str) -> None:
    demand = {"kind": "compensation", "amount": amount}
    assert complained(demand=demand, order={"paid": 700_000}).case.severity == severity


def reported(**changes: Any) -> Corrective:
    """A quality complaint under the pack of ours, whose clocks the text gives (S2-20 to S2-24, S2-32)."""
    entry = CorrectiveEntry(number="8D20260302001", procedure=RETURNS_PACK.ref, calendar=CALENDAR)
    return opened(QualityComplaint.model_validate_json(json.dumps(COMPLAINT | changes)), entry, RETURNS_PACK, START)


@pytest.mark.parametrize(
    ("changes", "due"),
    [
        ({}, {"temporary": START + timedelta(hours=24), "first_reply": wd(1), "written_reply": wd(3)}),
        ({"special": "batch"}, {"containment": START + timedelta(hours=4)}),
        ({"urgent": True}, {"written_reply": START + timedelta(hours=24)}),
    ],
    ids=["ordinary", "special", "urgent"],
)
def test_s2_20_to_s2_32_our_packs_own_8d_clocks_are_those_of_the_text(
    changes: dict[str, Any], due: dict[str, datetime]
) -> None:
    found = {timer.name: timer.due for timer in reported(**changes).timers}
    assert due.items() <= found.items()


def test_s2_33_our_pack_asks_why_five_times() -> None:
    whys = D4["causes"][0]["whys"]
    asked = {"actor": "耿焰", **D4, "causes": [D4["causes"][0] | {"whys": whys[:4]}]}
    rules = rules_of(RETURNS_PACK)
    with pytest.raises(Refusal, match="has 4 of 5"):
        root_causes(reported(), rules, FindCauses.model_validate_json(json.dumps(asked)))
    root_causes(reported(), rules, FindCauses.model_validate_json(json.dumps({"actor": "耿焰", **D4})))


def test_s2_01_s2_02_s2_05_our_packs_own_batch_plan_keeps_its_clocks() -> None:
    plan = RETURNS_PACK.incident
    assert plan is not None
    day = timedelta(hours=24)
    assert (plan.verification.within, plan.decision.within, plan.situation.within) == (day, day, day)
    assert plan.review.within == timedelta(days=180)
    assert [(mark.by, mark.cases, mark.within.days) for mark in plan.thresholds] == [
        (("product",), 20, 7),
        (("lot",), 10, 14),
        (("merchant", "cause"), 50, 7),
    ]


def written(last: str, state: Corrective) -> Corrective:
    """A report filled in by quality control up to and with a gate."""
    done = {"done": [{"step": 1, "on": START.date().isoformat(), "evidence": "DOC-1"}]}
    steps = {"d1": D1, "d2": D2, "d3": D3, "d4": D4, "d5": D5, "d6": done, "check": CHECK, "d7": D7, "d8": D8}
    for name, content in steps.items():
        state = says(state, name, content, "quality_control")
        if name == last:
            return state
    raise AssertionError(last)


def says(state: Corrective, name: str, content: dict[str, Any], hat: str, actor: str = "耿焰") -> Corrective:
    command = CORRECTIVE_COMMANDS[name].model_validate_json(json.dumps({"actor": actor, **content}))
    state, verdict = receive(state, RETURNS_PACK, Message(name, command, START, (hat,)))
    assert verdict.accepted, verdict.reason
    return state


def told(state: Corrective | Incident, template: str) -> set[str]:
    return {mail.to for mail in state.mails if mail.template == template}


@pytest.mark.parametrize("approver", ["quality_manager", "general_manager"])
def test_s2_17_s2_18_s2_36_our_packs_own_report_is_approved_copied_and_answered_as_the_text_says(approver: str) -> None:
    state = written("d8", reported())
    assert told(state, "corrective_approval") == {"quality_manager", "general_manager"}
    approve = CORRECTIVE_COMMANDS["approve"].model_validate({"actor": "上级"})
    for stranger in ("quality_control", "production", "sales", MANAGER):
        _, verdict = receive(state, RETURNS_PACK, Message("approve", approve, START, (stranger,)))
        assert verdict.code == "wrong_department"
    state = says(state, "approve", {}, approver, actor="上级")
    assert told(state, "corrective_copy") == {"quality_control", "production"}
    state = says(state, "reply", FINAL, "sales")
    assert told(state, "corrective_copy") == {"quality_control", "production", "enterprise_management"}


def test_s2_25_s2_27_our_pack_tells_sales_of_a_claim_and_the_heads_of_a_substance_and_of_a_recall() -> None:
    assert told(reported(), "corrective_opened") == {"quality_control"}
    assert told(reported(claim=True), "corrective_opened") == {"quality_control", "sales"}
    heads = {"quality_control", "quality_manager", "production", "sales", "general_manager"}
    state = reported(substance=True, contracts=["HT-1"])
    assert told(state, "corrective_opened") == heads
    recalled = says(state, "recall", {"recall": True, "lots": ["L-7"], "reason": "超标"}, "general_manager")
    assert told(recalled, "corrective_recall") == heads


def test_s2_34_our_packs_own_measures_are_checked_within_30_days() -> None:
    clock = {timer.name: timer for timer in written("d6", reported()).timers}["effectiveness"]
    assert clock.due == START + timedelta(days=30)


LEADING = {"general_manager", "deputy_general_manager", MANAGER, "logistics", "finance", "quality_control"}
HANDLING = {MANAGER, "logistics", DESK, "finance", "quality_control"}


def begun_incident() -> Incident:
    wish = OpenIncident.model_validate(
        {"procedure": "returns", "scope": {"product": "S-1"}, "reason": "漏水", "opened_by": "x"}
    )
    entry = Registered(number="IN20260302001", procedure=RETURNS_PACK.ref, progress=Progress(cases=5, linked=5))
    return opened_incident(wish, entry, RETURNS_PACK, START)


def in_incident(state: Incident, name: str, hat: str, **fields: Any) -> tuple[Incident, str]:
    command = INCIDENT_COMMANDS[name].model_validate({"actor": "x", **fields})
    state, verdict = incident_receives(state, RETURNS_PACK, Message(name, command, START, (hat,)))
    return state, verdict.code


def test_s2_01_s2_02_our_packs_own_batch_plan_names_who_leads_who_handles_who_inspects_and_who_decides() -> None:
    state = begun_incident()
    assert told(state, "incident_opened") == LEADING | HANDLING
    assert told(pass_time(state, RETURNS_PACK, START + timedelta(hours=24)), "incident_situation") == LEADING
    found = {"confirmed": True, "defect": "密封圈缺失", "inspected": 10, "defective": 4}
    for stranger in (DESK, MANAGER, "general_manager"):
        assert in_incident(state, "verify", stranger, **found)[1] == "wrong_department"
    state, _ = in_incident(state, "verify", "quality_control", **found)
    grant = {"grant": True, "liable": liable(supplier=100), "reason": "整批不良"}
    for stranger in (DESK, "logistics", "deputy_general_manager", "quality_control"):
        assert in_incident(state, "decide", stranger, **grant)[1] == "wrong_department"
    for decider in ("general_manager", MANAGER):
        decided, code = in_incident(state, "decide", decider, **grant)
        assert (code, told(decided, "incident_decided")) == ("accepted", HANDLING)
