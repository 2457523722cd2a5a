"""Courier complaints (document 001): taxonomy, simple and complex flows, liability, call-back and rework."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from models.language import Language
from models.span import WorkCalendar, WorkingDays, YearDays
from rules.spans import TypedGap, ends
from rules.triage import Facts, intake_problems, topics_of
from tests.builders import complaint
from tests.rules.builders import CALENDAR, COURIER, SELF_OPERATED, START, World, liable
from texts.mails import render_mail

DESK, SUPERVISOR, STATION, TRANSPORT, PANEL = "customer_service", "supervisor", "station", "transport", "panel"
DETAILS = {"sender": "张三", "recipient": "李四", "request": "尽快派送"}


def parcel(**changes: Any) -> World:
    facts: dict[str, Any] = {
        "cause": "delivery_delay",
        "order": SELF_OPERATED,
        "details": DETAILS,
        "demand": {"kind": "apology"},
        "contact": None,
    }
    return World(pack=COURIER, **(facts | changes))


def inquired(**changes: Any) -> World:
    """The simple flow up to the result: apologised, inquired, told."""
    world = parcel(**changes).does("record", DESK, duty="respond")
    return world.does("record", DESK, fields={"system_record": "滞留"}, liable=liable(courier_person=100), note="属实")


def told(**changes: Any) -> World:
    return inquired(**changes).does("record", DESK, fields={"result": "今日派送"})


def lost(**changes: Any) -> World:
    """The complex flow up to the meeting."""
    demand = {"kind": "compensation", "amount": 20_000}
    return parcel(cause="lost", demand=demand, **changes).does("record", DESK)


def wd(days: int, at: Any = START) -> Any:
    return ends(at, WorkingDays(days), COURIER.time_zone, CALENDAR)


@pytest.mark.parametrize("field", ["sender", "recipient", "request"])
def test_s1_03_intake_holds_sender_recipient_and_request_or_is_refused_by_field(field: str) -> None:
    details = {name: value for name, value in DETAILS.items() if name != field}
    found = intake_problems(COURIER, complaint(cause="lost", details=details), START)
    assert [problem.line() for problem in found] == [f"details.{field}: is missing; add it"]


@pytest.mark.parametrize(("channel", "more"), [("walk_in", "received_by"), ("email", "mailbox"), ("hotline", None)])
def test_s1_02_each_channel_asks_for_its_own_fields(channel: str, more: str | None) -> None:
    found = intake_problems(COURIER, complaint(cause="lost", channel=channel, details=DETAILS), START)
    assert [problem.field for problem in found] == ([f"details.{more}"] if more else [])


def test_c_x2_runs_from_the_mail_although_nobody_has_answered_at_once_before_midnight() -> None:
    late = START + timedelta(hours=13, minutes=50)  # 23:50
    world = parcel(at=late, channel="email", details=DETAILS | {"mailbox": "complaints"}).wait(hours=1)
    (reply,) = [work for work in world.case.works if work.duty == "reply_mail"]
    assert (reply.issued_at, reply.deadline) == (late, wd(1, late))


def test_s1_04_the_record_says_time_channel_and_how_far_it_is_and_never_who_sent_the_parcel() -> None:
    world = told()
    filed = world.event("filed")
    assert (filed.at, filed.data["channel"], filed.data["severity"]) == (START, "hotline", "simple")
    assert world.view.works[-1].state == "done"
    assert "张三" not in world.view.model_dump_json() + str([event.data for event in world.case.events])


def test_s1_06_the_taxonomy_has_three_classes_and_nine_types_and_is_closed() -> None:
    classes = {name for name, topic in COURIER.topics.items() if topic.under is None}
    types = {name for name, topic in COURIER.topics.items() if topic.under is not None}
    assert (len(classes), len(types)) == (3, 9)
    assert {topics_of(COURIER, cause)[-1] for cause in COURIER.causes} == classes
    assert {topics_of(COURIER, cause)[0] for cause in COURIER.causes} == types


@pytest.mark.parametrize(
    ("changes", "severity", "route"),
    [
        ({}, "simple", "simple"),
        ({"cause": "lost"}, "complex", "complex"),
        ({"severity": "complex"}, "complex", "complex"),
        ({"cause": "lost", "severity": "simple"}, "simple", "simple"),
    ],
)
def test_s1_05_type_and_severity_are_judged_at_intake_and_the_agent_may_say_another(
    changes: dict[str, Any], severity: str, route: str
) -> None:
    world = parcel(**changes)
    assert (world.case.severity, world.case.route) == (severity, route)
    assert bool(world.mails("major")) is (route == "complex")  # reported to the superior in time
    for mail in world.mails("major"):
        assert "重大" not in "".join(render_mail(mail.template, mail.values, COURIER, Language.ZH))  # 复杂投诉


def test_s1_05_an_agent_sends_a_simple_case_down_the_complex_flow() -> None:
    world = parcel().does("record", DESK, duty="respond")
    world.does("triage", DESK, route="complex", reason="涉及两个部门")
    assert (world.case.route, world.view.waiting_for) == ("complex", DESK)
    assert world.event("rerouted").data == {"route": "complex", "reason": "涉及两个部门"}
    assert world.refuses("triage", DESK, route="no_such_way", reason="x") == "bad_input"


def test_s1_07_the_simple_flow_answers_inquires_within_c_x3_tells_the_result_within_c_x4_and_asks() -> None:
    world = parcel()
    assert world.view.due == START + timedelta(minutes=30)
    world.does("record", DESK, duty="respond")
    assert world.mails("duty_done")
    assert world.view.due == START + timedelta(hours=4)
    world.does("record", DESK, fields={"system_record": "滞留"}, liable=liable(courier_person=100))
    assert world.view.due == wd(2)
    world.does("record", DESK, fields={"result": "今日派送", "expected_on": "2026-03-03"})
    assert (world.stage, world.ruling.basis, world.shares) == ("feedback", "investigation", {"courier_person": 100})
    assert world.does("feedback", DESK, satisfied=True).exit == "satisfied"


def test_s1_07_c_x3_runs_from_the_complaint_and_in_another_round_from_its_turn() -> None:
    world = parcel().wait(minutes=20).does("record", DESK, duty="respond")
    assert world.view.due == START + timedelta(hours=4)
    again = told().wait(hours=1).does("feedback", DESK, satisfied=False, reason="仍未送达")
    assert again.does("record", DESK, duty="respond").view.due == again.now + timedelta(hours=4)


def test_s1_07_the_customer_reads_the_result_and_when_the_rest_is_expected() -> None:
    world = inquired().does("record", DESK, fields={"result": "今日派送", "expected_on": "2026-03-03"})
    said = world.mails("duty_done")[-1]
    _, body = render_mail(said.template, said.values, COURIER, Language.ZH)
    assert "处理结果：今日派送\n预计处理时间：2026-03-03" in body


def test_s1_08_the_customer_reads_the_plans_measures_and_milestones_and_no_colleagues_name() -> None:
    world = lost().does("record", SUPERVISOR, fields={"decisions": "站点查"})
    world.does("record", STATION, fields={"finding": "丢失", "waybill": "f/1", "logistics_record": "f/2"})
    plan = {"measures": "赔偿", "owner": "赵六", "milestones": "三日内"}
    world.does("record", SUPERVISOR, fields=plan, liable=liable(station=100))
    told_ = world.mails("duty_done")[-1].values
    assert (told_["field.measures"], told_["field.milestones"]) == ("赔偿", "三日内")
    assert "赵六" not in str(told_)


def test_s1_07_a_result_that_takes_longer_is_told_with_regular_progress() -> None:
    world = inquired().wait(hours=30)
    assert [mail.values["duty"] for mail in world.mails("progress")] == ["give_result"]
    told_again = world.wait(hours=24).mails("progress")
    assert [mail.values["due_at"] for mail in told_again] == [wd(2).isoformat()] * 2


def test_s1_07_a_clock_nobody_keeps_goes_up_the_ladder_and_is_never_dropped() -> None:
    world = parcel().does("record", DESK, duty="respond").wait(hours=4)
    assert (world.event("duty_missed").department, world.case.missed) == (DESK, True)
    assert {mail.to for mail in world.mails("duty_overdue")} == {DESK, SUPERVISOR}
    assert {mail.values["duty"] for mail in world.mails("duty_overdue")} == {"investigate"}
    world.wait(hours=4)
    assert "leadership" in {mail.to for mail in world.mails("duty_overdue")}
    missed = world.wait(days=10).kinds().count("duty_missed")
    assert 10 <= missed <= 14  # at the top once a day, not every four hours
    world.does("record", SUPERVISOR, fields={"system_record": "滞留"}, liable=liable(station=100))
    assert world.view.works[-1].duty == "give_result"


def test_a_time_limit_typed_into_a_year_nobody_knows_is_refused_and_one_on_the_wall_clock_is_not() -> None:
    world = lost()
    said: dict[str, Any] = {"fields": {"decisions": "分头查"}, "assign": [{"department": STATION, "within": "250wd"}]}
    with pytest.raises(TypedGap, match="2027") as refused:
        world.send("record", SUPERVISOR, **said)
    assert refused.value.reason.startswith("assign.0.within: needs the working days of 2027")
    said["assign"] = [{"department": STATION, "within": "350d"}]
    assert world.does("record", SUPERVISOR, **said).view.waiting_for == STATION


@pytest.mark.parametrize("by", ["60wd", "250wd", "400d", "11d"])
def test_more_time_than_allowed_is_refused_without_asking_for_the_days_of_another_year(by: str) -> None:
    world = lost()
    assign = [{"department": STATION}, {"department": TRANSPORT}]
    world.does("record", SUPERVISOR, fields={"decisions": "分头查"}, assign=assign)
    world.case = world.case.but(calendar=WorkCalendar(years={2026: YearDays()}))
    more = {"of": TRANSPORT, "asked_by": "Hugo", "reason": "typed too fast"}
    assert world.refuses("extend", SUPERVISOR, by=by, **more) == "too_much"
    world.does("extend", SUPERVISOR, by="3wd", **more)


def test_s1_08_the_meeting_fixes_duties_and_time_limits_and_the_departments_inquire_in_parallel() -> None:
    world = lost()
    assert world.view.due == START + timedelta(hours=4)  # C-X5
    assign = [{"department": STATION}, {"department": TRANSPORT, "within": "2wd"}]
    world.does("record", SUPERVISOR, fields={"decisions": "分头查"}, assign=assign)
    assert {work.department: work.deadline for work in world.view.works if work.state == "waiting"} == {
        STATION: wd(3),  # C-X6
        TRANSPORT: wd(2),
    }
    assert world.refuses("record", STATION, fields={"finding": "已装车"}) == "bad_input"  # no evidence
    misspelt = world.send("record", STATION, duty="investigat", fields={"finding": "已装车"})
    assert (misspelt.code, "use one of investigate" in misspelt.reason) == ("bad_input", True)
    evidence = {"finding": "已装车", "waybill": "f/1", "logistics_record": "f/2"}
    world.does("record", STATION, fields=evidence)
    assert world.view.waiting_for == TRANSPORT
    world.does("record", TRANSPORT, fields=evidence)
    assert world.view.works[-1].duty == "plan"


def test_s1_08_a_plan_has_measures_owner_and_milestones_and_is_carried_out_and_told_within_c_x7() -> None:
    world = lost().does("record", SUPERVISOR, fields={"decisions": "站点查"})
    world.does("record", STATION, fields={"finding": "丢失", "waybill": "f/1", "logistics_record": "f/2"})
    plan = {"measures": "赔偿", "owner": "站长", "milestones": "三日内"}
    for field in plan:
        short = {name: value for name, value in plan.items() if name != field}
        assert world.refuses("record", SUPERVISOR, fields=short, liable=liable(station=100)) == "bad_input"
    assert world.refuses("record", SUPERVISOR, fields=plan) == "bad_input"  # who is liable
    world.does("record", SUPERVISOR, fields=plan, liable=liable(station=100))
    assert (world.stage, world.view.due) == ("executing", wd(3))
    world.child()
    assert (world.view.works[-1].duty, world.view.due) == ("tell_result", wd(1))
    assert world.does("record", DESK, duty="tell_result").stage == "feedback"


@pytest.mark.parametrize(
    ("clause", "cause", "hints"),
    [
        ("S1-09", "rude", {"courier_person"}),
        ("S1-09", "packaging", {"courier_person"}),
        ("ours", "data_leak", {"station"}),
        ("S1-10", "transit_delay", {"station", "transport_company", "transport"}),
        ("S1-11", "lost", {"courier_person", "station", "transport_company"}),
        ("ours", "wrong_number", {"customer_service"}),
    ],
)
def test_s1_09_to_s1_12_whoever_determines_is_told_who_usually_is_liable(
    clause: str, cause: str, hints: set[str]
) -> None:
    assert clause in COURIER.causes[cause].source
    world = parcel(cause=cause, severity="simple").does("record", DESK, duty="respond")
    assert set(str(world.mails("duty")[-1].values["hints"]).split(",")) == hints
    world.does("record", DESK, fields={"system_record": "x"}, liable=liable(customer=100), note="不属实")
    assert world.does("record", DESK, fields={"result": "不属实"}).stage == "refused"  # a hint decides nothing


def test_s1_13_the_customer_is_called_back_within_c_x8_and_a_call_not_made_is_a_breach() -> None:
    world = told()
    assert world.view.due == wd(2)
    world.until(wd(2))
    assert world.event("not_called_back").department == DESK
    called = told().does("feedback", DESK, reached=False, reason="无人接听")
    later = told().wait(hours=30).does("feedback", DESK, reached=False, reason="无人接听")
    assert later.case.due == ends(later.now, COURIER.callbacks.every, COURIER.time_zone, CALENDAR)
    called.wait(days=9)
    assert "not_called_back" not in called.kinds()[: called.kinds().index("feedback_asked") + 2]


def test_s1_13_who_is_not_satisfied_is_examined_again_with_c_x9_and_after_two_rounds_by_the_panel() -> None:
    world = told().does("feedback", DESK, satisfied=False, reason="仍未送达")
    assert (world.stage, world.case.round) == ("working", 2)
    for round_ in (2, 3):
        world.does("record", DESK, duty="respond")
        world.does("record", DESK, fields={"system_record": "x"}, liable=liable(station=100))
        assert world.view.due == wd(2, world.now)  # C-X9
        world.does("record", DESK, fields={"result": "再派"})
        assert world.case.round == round_
        world.does("feedback", DESK, satisfied=False, reason="仍未送达")
    assert (world.stage, world.view.waiting_for) == ("panel", PANEL)


def test_s1_13_a_call_that_was_made_in_one_round_is_not_taken_for_one_of_the_next() -> None:
    world = told().does("feedback", DESK, reached=False, reason="无人接听")
    world.does("feedback", DESK, satisfied=False, reason="仍未送达").does("record", DESK, duty="respond")
    assert world.event("rework").data["round"] == 2
    world.does("record", DESK, fields={"system_record": "x"}, liable=liable(station=100))
    world.does("record", DESK, fields={"result": "再派"})
    assert (world.stage, "not_called_back" in world.kinds()) == ("feedback", False)
    breach = world.until(world.case.due or START).event("not_called_back")
    assert (breach.department, breach.data["times"], world.case.missed) == (DESK, 1, True)


def test_what_is_given_a_second_time_because_the_first_came_back_is_not_told_by_a_duty_again() -> None:
    world = lost().does("record", SUPERVISOR, fields={"decisions": "站点查"})
    world.does("record", STATION, fields={"finding": "丢失", "waybill": "f/1", "logistics_record": "f/2"})
    plan = {"measures": "赔偿", "owner": "站长", "milestones": "三日内"}
    world.does("record", SUPERVISOR, fields=plan, liable=liable(station=100)).child()
    world.does("record", DESK, duty="tell_result")
    world.does("taken_back", COURIER.cashier, reference="P-1", code="account_closed")
    world.does("resolve", COURIER.cashier, outcome="retry").child(amount=20_000, reference="P-2", done=("pay",))
    assert (world.stage, [work.duty for work in world.case.works].count("tell_result")) == ("feedback", 1)


def test_of_a_result_nobody_gives_the_customer_hears_by_the_hour_and_in_the_end_once_a_day() -> None:
    world = inquired()
    often = COURIER.duties["give_result"].model_copy(update={"progress": timedelta(hours=1)})
    world.pack = COURIER.model_copy(update={"duties": COURIER.duties | {"give_result": often}})
    told_at = [mail.at for mail in world.wait(days=30).mails("progress")]
    gaps = [(after - before) / timedelta(hours=1) for before, after in pairwise(told_at)]
    assert (gaps[:20], gaps[-5:]) == ([1] * 20, [24] * 5)


def test_a_duty_nobody_could_have_heard_of_goes_up_no_ladder() -> None:
    world = parcel()
    world.handing_over = False
    world.does("record", DESK, duty="respond").outage(hours=5)
    assert ("duty_missed" in world.kinds(), world.mails("duty_overdue"), world.view.waiting_for) == (False, [], DESK)


def test_whom_a_duty_was_escalated_to_may_report_it() -> None:
    world = parcel().does("record", DESK, duty="respond").wait(hours=8)
    world.does("record", "leadership", fields={"system_record": "滞留"}, liable=liable(station=100))
    assert world.view.works[-1].duty == "give_result"


def test_c_x1_to_c_x9_stand_in_the_pack_as_parameters_marked_as_ours() -> None:
    assert [f"c_x{n}" for n in range(1, 10)] == list(COURIER.parameters)
    assert all(
        part.source == f"{name.upper().replace('_', '-')}, value ours" for name, part in COURIER.parameters.items()
    )
    assert COURIER.parameters["c_x1"].value == 3


def test_facts_of_a_case_are_those_of_its_intake() -> None:
    world = parcel()
    assert Facts.of(world.case).severity == "simple"
