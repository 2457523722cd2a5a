"""An 8D report without server and database: its gates, its clocks, what does not count (S2-15 to S2-37)."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from models.base import AT_THE_DOOR, in_one_line, problems
from models.case import Verdict
from models.corrective import Corrective, CorrectiveEntry
from models.corrective_forms import CORRECTIVE_COMMANDS, CloseReport
from models.language import Language
from models.ledger import Posting
from models.quality_complaint import QualityComplaint
from models.span import WorkCalendar, YearDays
from rules import corrective as rules
from rules.corrective_acts import precheck, receive
from rules.corrective_checks import complaint_days
from rules.corrective_costs import transfers
from rules.replies import Message
from tests.eightd import CHECK, COMPLAINT, D1, D2, D3, D4, D5, D6, D7, D8, FINAL
from tests.quality import quality_pack
from texts.corrective import web_details
from texts.mails import TEMPLATES, render_mail

PACK = quality_pack("quality")
FRIDAY = datetime(2026, 3, 6, 2, 0, tzinfo=UTC)
"""10:00 in Shanghai, before a weekend."""
QUALITY, HEAD, BOSS, SALES = "merchandise", "panel", "leadership", "customer_service"


def begun(**changes: Any) -> Corrective:
    complaint = QualityComplaint.model_validate_json(json.dumps(COMPLAINT | changes))
    calendar = WorkCalendar(years={2026: YearDays(), 2027: YearDays()})
    entry = CorrectiveEntry(number="8D20260306001", procedure=PACK.ref, calendar=calendar)
    return rules.opened(complaint, entry, PACK, FRIDAY)


def test_the_defect_as_a_customer_calls_it_hides_no_link_on_the_reports_page_in_the_web_ui() -> None:
    shown = web_details(rules.view_of(begun(defect="[漏水](https://stranger.example)")), PACK)
    assert r"\[漏水\](https://stranger.example)" in shown


def said(state: Corrective, name: str, content: dict[str, Any], hat: str = QUALITY, actor: str = "耿焰",
         at: datetime = FRIDAY) -> tuple[Corrective, Verdict]:  # fmt: skip
    command = CORRECTIVE_COMMANDS[name].model_validate_json(json.dumps({"actor": actor, **content}))
    return receive(state, PACK, Message(name, command, at, (hat,)))


def done(state: Corrective, name: str, content: dict[str, Any], **who: Any) -> Corrective:
    state, verdict = said(state, name, content, **who)
    assert verdict.accepted, verdict.reason
    return state


def through(last: str, state: Corrective | None = None) -> Corrective:
    """A report filled in up to and with a gate."""
    state = state or begun()
    steps = {"d1": D1, "d2": D2, "d3": D3, "d4": D4, "d5": D5, "d6": D6, "check": CHECK, "d7": D7, "d8": D8}
    for name, content in steps.items():
        if getattr(state, name, None) is None:
            state = done(state, name, content)
        if name == last:
            return state
    raise AssertionError(last)


def approved() -> Corrective:
    return done(through("d8"), "approve", {}, hat=HEAD, actor="售后团队负责人")


def timers(state: Corrective) -> dict[str, timedelta]:
    return {timer.name: timer.due - FRIDAY for timer in state.timers}


def test_intake_takes_only_its_channels_and_every_field() -> None:
    with pytest.raises(ValidationError):
        begun(channel="walk_in")
    for name in ("defect", "shipped_on", "found_where", "conditions", "disposition", "similar", "evidence"):
        with pytest.raises(ValidationError):
            QualityComplaint.model_validate({key: value for key, value in COMPLAINT.items() if key != name})
    with pytest.raises(ValidationError, match="more than `quantity`"):
        begun(defective=501)


def test_a_first_reply_is_due_in_one_working_day_and_the_written_one_in_three() -> None:
    due = {timer.name: timer.due for timer in begun().timers}
    assert due["first_reply"] == datetime(2026, 3, 9, 16, 0, tzinfo=UTC)
    assert due["written_reply"] == datetime(2026, 3, 11, 16, 0, tzinfo=UTC)
    assert due["temporary"] == FRIDAY + timedelta(hours=24)


def test_an_urgent_complaint_is_answered_in_writing_within_24_hours_and_the_heads_are_told() -> None:
    state = begun(urgent=True)
    assert timers(state) == {"temporary": timedelta(hours=24), "written_reply": timedelta(hours=24)}
    assert {mail.to for mail in state.mails} == {QUALITY, HEAD, BOSS}


def test_the_customers_shorter_limit_wins_a_longer_one_does_not() -> None:
    assert timers(begun(urgent=True, answer_hours=8))["written_reply"] == timedelta(hours=8)
    assert timers(begun(urgent=True, answer_hours=72))["written_reply"] == timedelta(hours=24)
    assert timers(begun(answer_hours=5))["first_reply"] == timedelta(hours=5)


@pytest.mark.parametrize("special", ["batch", "performance", "level"])
def test_a_special_case_is_contained_within_4_hours_with_the_customer_contacted(special: str) -> None:
    state = begun(special=special)
    assert timers(state)["containment"] == timedelta(hours=4)
    untold = done(state, "d3", D3 | {"customer_contacted": False})
    assert next(timer for timer in untold.timers if timer.name == "containment").met_at is None
    told = done(state, "d3", D3, at=FRIDAY + timedelta(hours=3))
    assert next(timer for timer in told.timers if timer.name == "containment").in_time


def test_a_substance_over_its_limit_has_top_priority_and_needs_something_to_trace() -> None:
    state = begun(substance=True, contracts=["HT-1"])
    assert timers(state) == {"containment": timedelta(hours=4), "written_reply": timedelta(hours=24)}
    assert {mail.to for mail in state.mails} == {QUALITY, HEAD, BOSS}
    with pytest.raises(ValidationError, match="to trace a substance"):
        begun(substance=True, lots=[])


def test_what_makes_a_complaint_special_stands_in_its_notice_and_nothing_else_does() -> None:
    plain, special = begun().mails[0].values, begun(special="batch", urgent=True, claim=True).mails[0].values
    marks = {"substance", "urgent", "claim", "on_site", "special"}
    assert marks & set(plain) == set()
    assert {name: value for name, value in special.items() if name in marks} == {
        "urgent": "urgent", "claim": "claim", "special": "batch",
    }  # fmt: skip


@pytest.mark.parametrize("flag", ["claim", "on_site"])
def test_a_claim_and_a_matter_on_site_are_told_to_sales_as_well(flag: str) -> None:
    assert SALES in {mail.to for mail in begun(**{flag: True}).mails}


def test_a_recall_is_decided_by_the_heads_and_told_to_everybody_who_must_act() -> None:
    state = through("d3", begun(substance=True))
    content = {"recall": True, "lots": ["L-7"], "reason": "超标"}
    assert said(state, "recall", content)[1].code == "wrong_department"
    state = done(state, "recall", content, hat=BOSS, actor="集团领导")
    assert {mail.to for mail in state.mails if mail.template == "corrective_recall"} == {QUALITY, SALES, HEAD, BOSS}
    assert state.to_trace == ("L-7",)


def test_a_missed_clock_is_told_every_day_until_it_is_met() -> None:
    state = begun(special="batch")
    for hours in (4, 28):
        state = rules.pass_time(state, PACK, FRIDAY + timedelta(hours=hours))
        assert rules.next_due(state) == FRIDAY + timedelta(hours=hours + 24)
        assert rules.pass_time(state, PACK, FRIDAY + timedelta(hours=hours, minutes=59)) == state
    missed = [mail.to for mail in state.mails if mail.values.get("timer") == "containment"]
    assert missed == [QUALITY, HEAD, BOSS] * 2
    state = done(state, "d3", D3, at=FRIDAY + timedelta(hours=29))
    timer = next(timer for timer in state.timers if timer.name == "containment")
    assert (timer.missed, timer.in_time, rules.next_due(state)) == (2, False, state.timers[1].due)


def test_team_problem_and_containment_come_in_any_order_and_before_the_causes() -> None:
    state = begun()
    assert said(state, "d4", D4)[1].code == "wrong_stage"
    state = done(state, "d3", D3)
    assert state.stage == "d1"
    state = done(done(state, "d2", D2), "d1", D1)
    assert state.stage == "d4"


GATES: list[tuple[str, set[str]]] = [
    ("", {"d1", "d2", "d3"}),
    ("d3", {"d1", "d2", "d3", "d4"}),
    ("d4", {"d4", "d5"}),
    ("d5", {"d6"}),
    ("d6", {"check"}),
    ("check", {"d7"}),
    ("d7", {"d8"}),
    ("d8", {"approve"}),
]


@pytest.mark.parametrize(("last", "may"), GATES)
def test_what_belongs_to_another_gate_is_refused_whichever_it_is(last: str, may: set[str]) -> None:
    state = through(last) if last else begun()
    contents = {"d1": D1, "d2": D2, "d3": D3, "d4": D4, "d5": D5, "d6": D6, "check": CHECK, "d7": D7, "d8": D8}
    codes = {name: said(state, name, content)[1].code for name, content in contents.items()}
    codes["approve"] = said(state, "approve", {}, hat=HEAD, actor="售后团队负责人")[1].code
    codes["feedback"] = said(state, "feedback", {"satisfied": True}, hat=SALES)[1].code
    assert codes == {name: "accepted" if name in may else "wrong_stage" for name in codes}


def test_a_trace_is_kept_with_the_recall_that_was_decided_against_and_nobody_is_told() -> None:
    content = {"recall": False, "lots": ["L-8"], "reason": "未超标"}
    state = done(through("d3", begun(substance=True)), "recall", content, hat=BOSS, actor="集团领导")
    assert state.recall is not None
    assert (state.recall.reason, state.to_trace, state.said["recall"].actor) == ("未超标", ("L-8",), "集团领导")
    assert [mail for mail in state.mails if mail.template == "corrective_recall"] == []


def test_a_team_has_a_leader_who_belongs_to_it() -> None:
    with pytest.raises(ValidationError, match="none of the `members`"):
        said(begun(), "d1", D1 | {"leader": "别人"})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"whys": ["a", "b", "c", "d"]}, "has 4 of 5 questions"),
        ({"whys": ["a", "b", "c", "d", "A."]}, "says the same twice"),
        ({"root": "漏 水"}, "repeats the symptom"),
        ({"root": "密封失效！"}, "repeats the symptom"),
        ({"root": "密封圈变形"}, "repeats the symptom"),
    ],
)
def test_a_symptom_or_too_few_whys_are_no_root_cause(change: dict[str, Any], told: str) -> None:
    causes = [D4["causes"][0] | change]
    _, verdict = said(through("d3"), "d4", D4 | {"causes": causes})
    assert (verdict.code, told in verdict.reason) == ("bad_input", True)


def test_every_root_cause_needs_an_action_with_a_date() -> None:
    two = D4 | {"causes": [D4["causes"][0], D4["causes"][0] | {"root": "设定值没有防呆"}]}
    state = done(through("d3"), "d4", two)
    assert "root cause 2 has no action" in said(state, "d5", D5)[1].reason
    second = {"steps": [D5["steps"][0] | {"cause": 2}]}
    assert "root cause 1 has no action" in said(state, "d5", second)[1].reason
    strange = {"steps": [D5["steps"][0] | {"cause": 3}]}
    assert "no such root cause" in said(state, "d5", strange)[1].reason


@pytest.mark.parametrize(
    "what", ["加强检验", "出货前全检", "每月稽核一次", "More inspection before shipping", "An audit"]
)
def test_more_inspection_or_an_audit_is_no_improvement(what: str) -> None:
    step = D5["steps"][0] | {"what": what}
    _, verdict = said(through("d4"), "d5", {"steps": [step]})
    assert (verdict.code, "is no improvement" in verdict.reason, verdict.reason.count("\n")) == ("bad_input", True, 0)
    assert not said(through("check"), "d7", D7 | {"measures": [what]})[1].accepted


def test_measures_without_effect_lead_back_to_the_root_cause() -> None:
    state = done(through("d6"), "check", CHECK | {"reached": False, "note": "仍有滴漏"})
    assert (state.stage, state.d4, state.d3 is not None, len(state.rounds)) == ("d4", None, True, 1)
    assert state.rounds[0].reason == "仍有滴漏"
    failed = state.rounds[0]
    assert failed.steps is not None
    assert (failed.causes.reach, failed.steps.steps[0].owner, failed.done[0].evidence) == (
        "同模具三款产品",
        "王工",
        "DOC-1",
    )
    assert (failed.at, failed.check and failed.check.reached) == (FRIDAY, False)
    assert [mail.to for mail in state.mails if mail.template == "corrective_again"] == [QUALITY]
    assert through("d8", state).stage == "approval"


def test_every_round_is_told_and_counted_however_many_there_have_been() -> None:
    state = begun()
    for _ in range(rules.KEPT_ROUNDS + 3):
        state = done(through("d5", state), "send_back", {"reason": "不充分"})
    told = [mail.id for mail in state.mails if mail.template == "corrective_again"]
    assert (len(told), len(set(told))) == (13, 13)
    assert (len(state.rounds), rules.result(state).rounds) == (10, 14)


def test_the_effect_is_to_be_checked_within_its_clock_after_the_last_action() -> None:
    state = done(through("d5"), "d6", D6, at=FRIDAY + timedelta(days=9))
    assert timers(state)["effectiveness"] == timedelta(days=39)


def test_the_analysis_can_be_sent_back_by_quality_and_by_an_approver_only() -> None:
    state = through("d5")
    assert said(state, "send_back", {"reason": "不充分"}, hat="logistics")[1].code == "wrong_department"
    assert done(state, "send_back", {"reason": "不充分"}).stage == "d4"
    assert done(through("d8"), "send_back", {"reason": "不充分"}, hat=BOSS, actor="集团领导").stage == "d4"


def test_a_report_is_valid_only_after_an_approver_who_neither_asked_for_nor_wrote_it() -> None:
    state = through("d8")
    assert {mail.to for mail in state.mails if mail.template == "corrective_approval"} == {HEAD, BOSS}
    assert said(state, "reply", FINAL)[1].code == "wrong_stage"
    assert said(state, "approve", {}, hat=QUALITY)[1].code == "wrong_department"
    for actor in (COMPLAINT["requester"], "耿焰"):
        assert "somebody else must approve" in said(state, "approve", {}, hat=HEAD, actor=actor)[1].reason
    state = approved()
    assert {mail.to for mail in state.mails if mail.template == "corrective_copy"} == {QUALITY, BOSS}


@pytest.mark.parametrize(
    ("percents", "told"), [([60], "the percents must add up to 100"), ([50, 50], "names a party twice; name it once")]
)
def test_the_breakdown_of_liability_is_the_whole_and_names_each_party_once(percents: list[int], told: str) -> None:
    liability = [{"party": "supplier", "percent": percent} for percent in percents]
    with pytest.raises(ValidationError) as refused:
        CloseReport.model_validate(D8 | {"actor": "Wei", "liability": liability}, context=AT_THE_DOOR)
    assert in_one_line(problems(refused.value)) == f"liability: {told}"


@pytest.mark.parametrize(
    ("gate", "day", "told"),
    [
        ("d3", "2026-01-30", "measures.0.on: is before the goods were shipped; correct it"),
        ("d3", "2026-03-08", "measures.0.on: has not come yet; give the day on which it was done"),
        ("d5", "2026-03-04", "steps.0.due: is before the report was opened; correct it"),
        ("d5", "2027-04-11", "steps.0.due: is more than 400 days away; give an earlier date"),
        ("d6", "2026-02-28", "done.0.on: is before the complaint was reported; correct it"),
        ("d6", "2036-03-10", "done.0.on: has not come yet; give the day on which it was done"),
    ],
)
def test_a_day_that_cannot_be_is_refused_with_its_field(gate: str, day: str, told: str) -> None:
    name, content, last = {"d3": ("measures", D3, "d2"), "d5": ("steps", D5, "d4"), "d6": ("done", D6, "d5")}[gate]
    key = "due" if gate == "d5" else "on"
    state, given = through(last), content | {name: [content[name][0] | {key: day}]}
    _, verdict = said(state, gate, given)
    assert (verdict.code, verdict.reason) == ("bad_input", told)
    command = CORRECTIVE_COMMANDS[gate].model_validate_json(json.dumps({"actor": "耿焰", **given}))
    refused = precheck(state, PACK, gate, command, FRIDAY)
    assert refused == verdict, "at the door too"


@pytest.mark.parametrize(
    ("gate", "day"), [("d3", "2026-03-07"), ("d5", "2026-03-05"), ("d5", "2027-04-10"), ("d6", "2026-03-07")]
)
def test_a_day_that_is_there_in_some_zone_is_taken(gate: str, day: str) -> None:
    name, content, last = {"d3": ("measures", D3, "d2"), "d5": ("steps", D5, "d4"), "d6": ("done", D6, "d5")}[gate]
    key = "due" if gate == "d5" else "on"
    done(through(last), gate, content | {name: [content[name][0] | {key: day}]})


def test_a_complaint_is_not_reported_before_its_goods_were_shipped_nor_in_days_to_come() -> None:
    def wrong(**changes: Any) -> str:
        complaint = QualityComplaint.model_validate_json(json.dumps(COMPLAINT | changes))
        return in_one_line(complaint_days(complaint, FRIDAY, PACK.time_zone))

    assert wrong() == ""
    assert wrong(reported_on="2026-03-07") == ""
    assert wrong(reported_on="2026-03-08") == "reported_on: has not come yet; correct it"
    assert wrong(shipped_on="2026-03-03") == "shipped_on: is after the day of the report; correct one of them"


def test_a_satisfied_customer_closes_it_and_a_dissatisfied_one_leads_back_to_the_root_cause() -> None:
    state = done(approved(), "reply", FINAL)
    assert "returns_centre" in {mail.to for mail in state.mails if mail.template == "corrective_copy"}
    back = done(state, "feedback", {"satisfied": False, "reason": "仍漏"}, hat=SALES, actor="徐莉")
    assert (back.stage, back.approved, back.rounds[0].reason) == ("d4", None, "仍漏")
    over = done(state, "feedback", {"satisfied": True}, hat=SALES, actor="徐莉")
    assert (over.stage, over.closed_at, rules.next_due(over)) == ("closed", FRIDAY, None)
    assert said(over, "d1", D1)[1].code == "closed"
    assert over.completion == (1, 1)


def test_replies_stop_their_clocks() -> None:
    state = done(begun(), "reply", {"kind": "first", "note": "已受理"})
    assert [timer.name for timer in state.timers if timer.met_at] == ["first_reply"]
    state = done(state, "reply", {"kind": "written", "note": "初步分析"}, hat=SALES, actor="徐莉")
    assert [timer.name for timer in state.timers if timer.met_at] == ["first_reply", "written_reply"]


def test_a_written_reply_stands_for_the_first_one_and_a_final_one_for_both() -> None:
    for kind in ("written", "final"):
        state = begun() if kind == "written" else approved()
        state = done(state, "reply", FINAL | {"kind": kind})
        assert {timer.name for timer in state.timers if timer.met_at} >= {"first_reply", "written_reply"}


def test_a_report_sent_again_under_its_id_counts_once() -> None:
    content = {"kind": "first", "note": "已受理", "command_id": "m-1"}
    state = done(begun(), "reply", content)
    again, verdict = said(state, "reply", content)
    assert (verdict.code, again) == ("repeated", state)


def test_temporary_measures_are_in_time_once_the_customer_was_contacted() -> None:
    state = done(begun(), "d3", D3, at=FRIDAY + timedelta(hours=24))
    temporary = next(timer for timer in state.timers if timer.name == "temporary")
    assert (temporary.met_at, temporary.in_time) == (FRIDAY + timedelta(hours=24), True)


def test_what_the_problem_names_is_traced() -> None:
    assert done(begun(), "d2", D2 | {"lots": ["L-8", "L-9"]}).to_trace == ("L-8", "L-9")


def test_actions_are_reported_one_by_one_and_a_later_word_on_one_takes_the_place_of_the_earlier() -> None:
    steps = {"steps": [D5["steps"][0], D5["steps"][0] | {"what": "压装力监控"}]}
    state = done(through("d4"), "d5", steps)
    first = D6["done"][0]
    for evidence in ("DOC-1", "DOC-2"):
        state = done(state, "d6", {"done": [first | {"evidence": evidence}]})
        assert (state.stage, state.completion) == ("d6", (1, 2))
    assert "effectiveness" not in timers(state)
    state = done(state, "d6", {"done": [first | {"step": 2, "evidence": "DOC-3"}]})
    assert [(each.step, each.evidence) for each in state.done] == [(1, "DOC-2"), (2, "DOC-3")]
    assert (state.stage, timers(state)["effectiveness"]) == ("check", timedelta(days=30))
    assert "D5 has 2" in said(done(through("d4"), "d5", steps), "d6", {"done": [first | {"step": 3}]})[1].reason


def test_who_wrote_each_gate_stands_in_the_report() -> None:
    state = done(begun(), "d1", D1, hat="logistics", actor="王工")
    state = done(state, "d2", D2)
    assert {gate: (each.actor, each.department) for gate, each in state.said.items()} == {
        "d1": ("王工", "logistics"),
        "d2": ("耿焰", QUALITY),
    }


def test_a_suppliers_cost_is_moved_from_whoever_bore_it_in_balance_and_only_after_approval() -> None:
    assert transfers(rules.view_of(through("d8")), PACK) == []
    (posting,) = transfers(rules.view_of(approved()), PACK)
    assert {(entry.party, entry.amount) for entry in posting.entries} == {
        ("operations", -120_050), ("supplier:SUP-3", 120_050),
    }  # fmt: skip
    assert (posting.kind, posting.clause, sum(entry.amount for entry in posting.entries)) == ("transfer", "S2-22", 0)
    assert (posting.id, posting.contested, posting.reverses) == ("8D20260306001:1:1", False, None)


def anew(state: Corrective, *costs: dict[str, Any]) -> Corrective:
    """The customer is not satisfied; the report is made and approved anew with these costs."""
    state = done(
        done(state, "reply", FINAL), "feedback", {"satisfied": False, "reason": "仍漏"}, hat=SALES, actor="徐莉"
    )
    state = done(through("d7", state), "d8", D8 | {"costs": list(costs)})
    return done(state, "approve", {}, hat=HEAD, actor="售后团队负责人")


def borne(state: Corrective, booked: dict[str, Posting]) -> dict[str, int]:
    """Who bears what, once the page of this state is written: a transaction that is known is not booked again."""
    for posting in transfers(rules.view_of(state), PACK):
        booked.setdefault(posting.id, posting)
    sums: dict[str, int] = {}
    for posting in booked.values():
        back = any(entry.party != "operations" and entry.amount < 0 for entry in posting.entries)
        assert back is (posting.reverses is not None)
        if posting.reverses:
            old = {(entry.party, -entry.amount) for entry in booked[posting.reverses].entries}
            assert {(entry.party, entry.amount) for entry in posting.entries} == old
        for entry in posting.entries:
            sums[entry.party] = sums.get(entry.party, 0) + entry.amount
    return {party: amount for party, amount in sums.items() if amount}


def test_a_suppliers_cost_is_moved_once_however_many_reports_name_it_and_as_the_last_approved_one_has_it() -> None:
    first, booked = D8["costs"][0], dict[str, Posting]()
    state = approved()
    assert borne(state, booked)["supplier:SUP-3"] == 120_050
    for _ in range(rules.KEPT_ROUNDS + 2):
        state = anew(state, first)
        assert (borne(state, booked)["supplier:SUP-3"], len(booked)) == (120_050, 1)
    state = anew(state, first, first)
    assert borne(state, booked)["supplier:SUP-3"] == 240_100, "two costs that read alike are two"
    state = anew(state, first | {"amount": 50_000}, first | {"supplier": "SUP-4"})
    parties = {"operations": -170_050, "supplier:SUP-3": 50_000, "supplier:SUP-4": 120_050}
    assert borne(state, booked) == parties
    back = done(done(state, "reply", FINAL), "feedback", {"satisfied": False, "reason": "x"}, hat=SALES, actor="徐莉")
    assert borne(back, booked) == parties, "a report that is under way moves nothing"
    assert borne(anew(state), booked) == {}
    assert borne(anew(anew(state), first), booked)["supplier:SUP-3"] == 120_050


@pytest.mark.parametrize("lang", Language)
def test_every_notice_of_a_corrective_action_is_whole_in_both_languages(lang: Language) -> None:
    special = begun(urgent=True, substance=True, claim=True, on_site=True, special="batch")
    late = rules.pass_time(special, PACK, FRIDAY + timedelta(days=9))
    recalled = done(late, "recall", {"recall": True, "lots": ["L-7"], "reason": "超标"}, hat=BOSS, actor="集团领导")
    again = done(through("d8", recalled), "send_back", {"reason": "不充分"})
    closing = done(through("d8", again), "approve", {}, hat=HEAD, actor="售后团队负责人")
    mails = (*begun().mails, *closing.mails)
    assert {mail.template for mail in mails} == {name for name in TEMPLATES if name.startswith("corrective_")}
    for mail in mails:
        subject, body = render_mail(mail.template, mail.values, PACK, lang)
        assert "–" not in subject + body
        assert "substance" not in body.replace("a substance", "").replace("substance over", "")


def test_a_report_sent_back_ten_times_with_all_that_can_be_said_still_fits_into_its_book() -> None:
    long = "改" * 2_000
    steps = {"steps": [D5["steps"][0] | {"what": long}] * 30}
    acts = {"done": [{"step": place, "on": "2026-03-06", "evidence": long} for place in range(1, 31)]}
    state = through("d4")
    for _ in range(10):
        state = done(done(state, "d5", steps), "d6", acts)
        state = done(done(state.but(mails=()), "send_back", {"reason": long}), "d4", D4)
    assert state.round == 11
    assert len(state.model_dump_json().encode()) < 2**20
