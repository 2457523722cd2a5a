"""The supervision meeting decided without a server: weeks, quorum, who may, what is carried (S0-22 to S0-27)."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from models.base import AT_THE_DOOR, in_one_line, problems
from models.case import Verdict
from models.language import Language
from models.meeting import (
    MEETING_COMMANDS,
    Agenda,
    AgendaCase,
    Call,
    CaseAnswer,
    DecideCase,
    FoundCase,
    ItemState,
    Meeting,
    MeetingStage,
    Minutes,
)
from models.names import Refused
from models.procedure import MeetingRules
from models.reporting import ENCLOSED, PERIOD
from rules.calendar import call_hours, call_time, session_hours, session_start, week_called, week_of
from rules.checks import Refusal
from rules.meeting import (
    begun,
    done,
    ended,
    looked,
    minutes_of,
    next_due,
    opened,
    reminded,
    result,
    to_look,
    undecided,
)
from rules.motions import decided, may_decide, order_for, receive
from rules.replies import Message, repeated
from tests.rules.builders import DESK, LEADERSHIP, LOGISTICS, PACK, PANEL, liable
from texts.meeting import page

RULES = PACK.meeting or pytest.fail("the packaged procedure holds a meeting")
START = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
"""Tuesday of week 48, 14:00 in Shanghai."""
WEEKLY = Call(procedure="marketplace", name="2026-W48")
OK = CaseAnswer(verdict=Verdict(accepted=True, code="accepted"))


def waiting(number: str, section: str = "C", carried: int = 0) -> AgendaCase:
    return AgendaCase.model_validate(
        {
            "number": number,
            "section": section,
            "department": PANEL if section == "C" else LEADERSHIP,
            "order": f"O-{number}",
            "cause": "quality",
            "demand": "refund",
            "amount": 21_000,
            "currency": "CNY",
            "since": START - timedelta(days=3),
            "carried": carried,
        }
    )


def agenda(*cases: AgendaCase) -> Agenda:
    return Agenda(procedure=PACK.ref, cases=cases)


def in_session(*cases: AgendaCase, attending: tuple[str, ...] = (PANEL, LEADERSHIP)) -> Meeting:
    drawn = agenda(*cases)
    meeting = opened(WEEKLY, drawn, PACK, START - timedelta(hours=24))
    meeting = begun(meeting, drawn, PACK, START).but(mails=())
    return said(meeting, "attend", DESK, members=list(attending))[0] if attending else meeting


def said(meeting: Meeting, name: str, department: str, at: datetime = START, **fields: Any) -> tuple[Meeting, Verdict]:
    command = MEETING_COMMANDS[name].model_validate({"actor": "somebody", **fields})
    return receive(meeting, PACK, Message(name, command, at, (department,)))


def decision(case: str, **fields: Any) -> DecideCase:
    return DecideCase.model_validate({"actor": "head", "case": case, "grant": True, "reason": "属实"} | fields)


def refusal(meeting: Meeting, command: DecideCase, department: str, found: FoundCase | None = None) -> Refused:
    with pytest.raises(Refusal) as caught:
        may_decide(meeting, PACK, command, found, (department,))
    return caught.value.code


@pytest.mark.parametrize(
    ("moment", "week"),
    [
        (datetime(2026, 11, 23, 15, 59, tzinfo=UTC), "2026-W48"),
        (datetime(2026, 11, 29, 15, 59, tzinfo=UTC), "2026-W48"),
        (datetime(2026, 11, 29, 16, 0, tzinfo=UTC), "2026-W49"),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), "2026-W53"),
        (datetime(2027, 1, 3, 16, 0, tzinfo=UTC), "2027-W01"),
    ],
)
def test_a_week_is_the_iso_week_on_the_wall_of_the_procedures_zone(moment: datetime, week: str) -> None:
    assert week_of(moment, "Asia/Shanghai") == week


@pytest.mark.parametrize(
    ("called", "week"),
    [
        (datetime(2026, 10, 24, 22, 30, tzinfo=UTC), "2026-W44"),  # Sunday 00:30, a day of 25 hours
        (datetime(2026, 3, 28, 22, 30, tzinfo=UTC), "2026-W13"),  # Saturday 23:30, the next day has 23 hours
        (datetime(2026, 10, 17, 22, 30, tzinfo=UTC), "2026-W43"),
    ],
)
def test_where_clocks_change_the_notice_is_one_on_the_wall(called: datetime, week: str) -> None:
    assert week_called(called, timedelta(hours=24), "Europe/Berlin") == week


def test_the_session_of_a_week_begins_at_the_procedures_hour() -> None:
    assert session_start("2026-W48", RULES, PACK.time_zone) == START


@pytest.mark.parametrize(
    ("weekday", "at", "notice", "called"),
    [
        ("tuesday", "14:00", "24h", (0, 14, 0)),
        ("monday", "09:30", "24h", (6, 9, 30)),
        ("monday", "00:15", "30m", (6, 23, 45)),
        ("friday", "10:00", "7d", (4, 10, 0)),
    ],
)
def test_the_members_are_called_the_notice_before_the_session(
    weekday: str, at: str, notice: str, called: tuple[int, int, int]
) -> None:
    rules = MeetingRules.model_validate(RULES.model_dump() | {"weekday": weekday, "at": at, "notice": notice})
    assert call_time(rules) == called


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"quorum": 9}, "quorum"),
        ({"may_decide": ["carrier"]}, "no member"),
        ({"sources": {}}, "sources"),
        ({"at": "25:00"}, "at"),
        ({"weekday": "someday"}, "weekday"),
    ],
)
def test_a_meeting_that_could_not_be_held_is_refused_with_its_field(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        MeetingRules.model_validate(RULES.model_dump() | change)
    assert told in in_one_line(problems(refused.value))


@pytest.mark.parametrize("name", ["2026-W54", "2026-48", "urgent.", "urgent.a-1", "urgent.T-1.0", "2026-W48.2"])
def test_a_name_that_is_no_meetings_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        Call(procedure="marketplace", name=name)


@pytest.mark.parametrize("name", ["2026-W٤٨", "2026-W４８", "urgent.T-1.２"])
def test_a_week_has_one_meeting_in_whatever_digits_it_is_written(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        Call(procedure="marketplace", name=name)


def test_the_agenda_goes_to_every_member_before_the_session() -> None:
    meeting = opened(WEEKLY, agenda(waiting("T-1")), PACK, START - timedelta(hours=24))
    assert [(mail.to, mail.template) for mail in meeting.mails] == [(to, "meeting_agenda") for to in RULES.members]
    assert len({mail.id for mail in meeting.mails}) == len(RULES.members)
    assert (meeting.stage, next_due(meeting, PACK)) == (MeetingStage.CALLED, START)


def test_the_weeks_agenda_brings_the_forms_of_the_week_before_and_an_urgent_session_none() -> None:
    called = START - timedelta(hours=24)
    for mail in opened(WEEKLY, agenda(), PACK, called).mails:
        assert (mail.values[ENCLOSED], mail.values[PERIOD]) == ("out_of_rule.pdf,disputes.pdf", "2026-11-16/2026-11-23")
    urgent = opened(Call(procedure="marketplace", name="urgent.C-1"), agenda(waiting("C-1")), PACK, called)
    assert not {ENCLOSED, PERIOD} & set(urgent.mails[0].values)


def test_a_missed_hour_is_made_up_for_at_once() -> None:
    late = START + timedelta(days=3)
    meeting = opened(WEEKLY, agenda(), PACK, late)
    assert (meeting.starts_at, meeting.ends_at) == (late, late + RULES.length)
    away = opened(WEEKLY, agenda(), PACK, START - timedelta(hours=1))
    assert begun(away, agenda(), PACK, late).ends_at == late + RULES.length


def test_an_announced_case_settled_before_the_session_stays_visible_and_a_new_one_joins() -> None:
    meeting = opened(WEEKLY, agenda(waiting("T-1"), waiting("T-2")), PACK, START - timedelta(hours=24))
    meeting = begun(meeting, agenda(waiting("T-2"), waiting("T-3")), PACK, START)
    states = {item.case.number: item.state for item in meeting.items}
    assert states == {"T-1": ItemState.ELSEWHERE, "T-2": ItemState.OPEN, "T-3": ItemState.OPEN}


def test_nothing_is_decided_before_the_session_and_nothing_without_a_quorum() -> None:
    called = opened(WEEKLY, agenda(waiting("T-1")), PACK, START - timedelta(hours=24))
    assert refusal(called, decision("T-1"), PANEL) is Refused.WRONG_STAGE
    alone = in_session(waiting("T-1"), attending=(PANEL,))
    assert refusal(alone, decision("T-1"), PANEL) is Refused.NO_QUORUM
    assert may_decide(in_session(waiting("T-1")), PACK, decision("T-1"), None, (PANEL,)).number == "T-1"


def test_the_same_member_noted_twice_counts_once() -> None:
    meeting = in_session(waiting("T-1"), attending=(PANEL,))
    meeting, _ = said(meeting, "attend", PANEL, mode="phone")
    assert [(entry.department, entry.mode) for entry in meeting.attendance] == [(PANEL, "phone")]
    assert refusal(meeting, decision("T-1"), PANEL) is Refused.NO_QUORUM


def test_each_case_is_decided_by_those_whose_decision_it_waits_for() -> None:
    meeting = in_session(waiting("T-A", "A"), waiting("T-C", "C"))
    assert refusal(meeting, decision("T-A"), PANEL) is Refused.WRONG_DEPARTMENT
    assert refusal(meeting, decision("T-C"), LEADERSHIP) is Refused.WRONG_DEPARTMENT
    assert refusal(meeting, decision("T-C"), DESK) is Refused.WRONG_DEPARTMENT
    assert may_decide(meeting, PACK, decision("T-A"), None, (LEADERSHIP,)).section == "A"
    with pytest.raises(Refusal, match="directory"):
        may_decide(meeting, PACK, decision("T-A"), None, ())


def test_a_case_that_came_before_the_panel_meanwhile_is_decided_too_a_closed_or_unknown_one_is_not() -> None:
    meeting = in_session()
    found = FoundCase(stage="panel", case=waiting("T-9"))
    assert may_decide(meeting, PACK, decision("T-9"), found, (PANEL,)).number == "T-9"
    assert refusal(meeting, decision("T-9"), PANEL, FoundCase(stage="closed")) is Refused.CLOSED
    assert refusal(meeting, decision("T-9"), PANEL, FoundCase(stage="asked")) is Refused.NOT_ON_AGENDA
    for unknown in (FoundCase(), None):
        with pytest.raises(Refusal, match="there is no such case"):
            may_decide(meeting, PACK, decision("T-9"), unknown, (PANEL,))


def test_a_decided_case_is_decided_once() -> None:
    meeting = in_session(waiting("T-1"))
    meeting = decided(meeting, decision("T-1"), waiting("T-1"), START, OK)
    item = meeting.item("T-1")
    assert item is not None
    assert (item.state, item.decision and item.decision.grant) == (ItemState.DECIDED, True)
    assert refusal(meeting, decision("T-1", reason="另议"), PANEL) is Refused.ALREADY_ANSWERED


def test_a_decision_left_with_a_case_that_does_not_answer_is_not_given_a_second_time() -> None:
    meeting = in_session(waiting("T-1"))
    left = decided(meeting, decision("T-1"), waiting("T-1"), START, OK.model_copy(update={"confirmed": False}))
    assert refusal(left, decision("T-1", reason="另议"), PANEL) is Refused.ALREADY_ANSWERED
    assert undecided(left) == ("T-1",)


def test_what_the_case_refuses_is_still_open_and_what_it_closed_is_settled() -> None:
    meeting = in_session(waiting("T-1"))
    no = CaseAnswer(verdict=Verdict(accepted=False, code=Refused.BAD_INPUT, reason="liable: is missing"))
    left = decided(meeting, decision("T-1"), waiting("T-1"), START, no)
    assert undecided(left) == ("T-1",)
    closed = CaseAnswer(verdict=Verdict(accepted=False, code=Refused.CLOSED, reason="the case is closed"))
    item = decided(meeting, decision("T-1"), waiting("T-1"), START, closed).item("T-1")
    assert item is not None
    assert item.state is ItemState.ELSEWHERE


def test_the_cases_command_has_the_same_id_for_the_same_decision_and_another_for_another() -> None:
    meeting = in_session(waiting("T-1"))
    first = order_for(meeting, decision("T-1", command_id="a"), waiting("T-1"))
    again = order_for(meeting, decision("T-1", command_id="b"), waiting("T-1"))
    other = order_for(meeting, decision("T-1", grant=False), waiting("T-1"))
    assert first == again
    assert first.decide.command_id != other.decide.command_id
    assert (first.decide.command_id or "").startswith("meeting-")
    assert (first.decide.actor, first.decide.department) == ("head", PANEL)


def test_what_still_waits_is_carried_and_the_minutes_go_to_every_member() -> None:
    meeting = in_session(waiting("T-1", carried=2), waiting("T-2"), waiting("T-3"))
    meeting = decided(meeting, decision("T-2"), waiting("T-2"), START, OK)
    meeting, verdict = said(meeting, "close", LEADERSHIP, note="已讨论")
    assert verdict.accepted
    meeting = ended(meeting, PACK, START + timedelta(hours=2), ["T-1"])
    states = {item.case.number: item.state for item in meeting.items}
    assert states == {"T-1": ItemState.CARRIED, "T-2": ItemState.DECIDED, "T-3": ItemState.ELSEWHERE}
    assert [mail.to for mail in meeting.mails if mail.template == "meeting_minutes"] == list(RULES.members)
    assert (meeting.note, meeting.closed_by) == ("已讨论", "somebody")
    assert (result(meeting).decided, result(meeting).carried) == (1, 1)
    assert done(meeting, PACK, START)


def test_after_the_session_nothing_is_said_but_reports() -> None:
    meeting = ended(in_session(waiting("T-1")), PACK, START + RULES.length, ["T-1"])
    assert meeting.closed_by is None
    assert refusal(meeting, decision("T-1"), PANEL) is Refused.CLOSED
    for name, fields in (("attend", {}), ("close", {}), ("action", _action())):
        assert said(meeting, name, PANEL, **fields)[1].code is Refused.CLOSED


def _action(**changes: Any) -> dict[str, Any]:
    return {"owner": LOGISTICS, "due": START + timedelta(days=7), "what": "加固包装"} | changes


def test_an_action_tells_its_owner_and_waits_for_the_owners_report() -> None:
    meeting, verdict = said(in_session(), "action", PANEL, **_action())
    assert verdict.accepted
    assert [(mail.to, mail.template) for mail in meeting.mails] == [(LOGISTICS, "meeting_action")]
    meeting = ended(meeting, PACK, START + timedelta(hours=1), [])
    assert not done(meeting, PACK, START + timedelta(days=30))
    assert next_due(meeting, PACK) == START + timedelta(days=7)
    assert said(meeting, "report", PANEL, action=1, report="x")[1].code is Refused.WRONG_DEPARTMENT
    assert said(meeting, "report", LOGISTICS, action=2, report="x")[1].code is Refused.BAD_INPUT
    meeting, verdict = said(meeting, "report", LOGISTICS, action=1, report="已执行")
    assert verdict.accepted
    assert done(meeting, PACK, START + timedelta(days=1))
    assert said(meeting, "report", LOGISTICS, action=1, report="y")[1].code is Refused.ALREADY_ANSWERED


@pytest.mark.parametrize(
    "change",
    [{"owner": "nobody"}, {"due": START}, {"due": START + timedelta(days=401)}],
    ids=["owner", "past", "too_far"],
)
def test_an_action_nobody_could_do_is_refused(change: dict[str, Any]) -> None:
    assert said(in_session(), "action", PANEL, **_action(**change))[1].code is Refused.BAD_INPUT


def test_a_message_sent_again_under_its_id_counts_once_and_another_under_it_is_refused() -> None:
    meeting, first = said(in_session(), "action", PANEL, command_id="m-1", **_action())
    again, second = said(meeting, "action", PANEL, command_id="m-1", **_action())
    assert (first.code, second.code, len(again.actions)) == ("accepted", "repeated", 1)
    assert said(meeting, "action", PANEL, command_id="m-1", **_action(what="其他"))[1].code is Refused.BAD_INPUT


def test_only_members_are_noted_as_attending() -> None:
    meeting = in_session(attending=())
    assert said(meeting, "attend", PANEL, members=["nobody"])[1].code is Refused.BAD_INPUT
    assert said(meeting, "close", DESK)[1].code is Refused.WRONG_DEPARTMENT


def test_a_stranger_to_the_decision_learns_nothing_of_a_case_and_gives_nobody_an_action() -> None:
    called = opened(WEEKLY, agenda(waiting("T-1")), PACK, START - timedelta(hours=24))
    over = decided(in_session(waiting("T-1")), decision("T-1"), waiting("T-1"), START, OK)
    for meeting in (called, in_session(waiting("T-1"), attending=()), over):
        assert refusal(meeting, decision("T-1"), LOGISTICS) is Refused.WRONG_DEPARTMENT
    assert said(in_session(), "action", LOGISTICS, **_action())[1].code is Refused.WRONG_DEPARTMENT


def test_whoever_attends_is_noted_before_the_session_or_in_it_and_makes_the_quorum_with_who_was_noted_earlier() -> None:
    called = opened(WEEKLY, agenda(waiting("T-1")), PACK, START - timedelta(hours=24))
    called, early = said(called, "attend", PANEL)
    assert early.accepted
    meeting = begun(called, agenda(waiting("T-1")), PACK, START)
    assert refusal(meeting, decision("T-1"), PANEL) is Refused.NO_QUORUM
    meeting, _ = said(meeting, "attend", LEADERSHIP, mode="phone")
    noted = [(entry.department, entry.mode, entry.noted_by) for entry in meeting.attendance]
    assert noted == [(PANEL, "in_person", "somebody"), (LEADERSHIP, "phone", "somebody")]
    assert may_decide(meeting, PACK, decision("T-1"), None, (PANEL,)).number == "T-1"


def test_the_case_is_told_what_is_given_and_who_bears_it_as_the_meeting_said_and_the_minutes_say_the_same() -> None:
    said_so = {"liable": liable(merchant=60, carrier=40), "demand": {"kind": "compensation", "amount": 500}}
    for grant in (decision("T-9", **said_so), decision("T-9", reason="另议", **said_so)):
        order = order_for(in_session(), grant, waiting("T-9")).decide
        assert (order.grant, order.reason, order.liable, order.demand) == (
            True, grant.reason, grant.liable, grant.demand,
        )  # fmt: skip
        meeting = decided(in_session(), grant, waiting("T-9"), START, OK)
        told = page(minutes_of(meeting), PACK, Language.EN)
        assert "granted, Compensation CNY 5.00, liable Merchant 60%, Carrier (EMS) 40%, “" in told
        item = meeting.item("T-9")
        assert item is not None
        assert item.decision is not None
        assert item.decision.model_dump() == order.model_dump(include=set(type(item.decision).model_fields)) | {
            "at": START
        }


def test_a_decision_sent_again_under_its_id_is_answered_as_before() -> None:
    meeting = decided(in_session(waiting("T-1")), decision("T-1", command_id="m-1"), waiting("T-1"), START, OK)
    again = repeated(meeting, "decide", decision("T-1", command_id="m-1"))
    assert again is not None
    assert again.code == "repeated"


def test_the_report_of_an_action_stands_in_the_minutes_with_who_gave_it_when() -> None:
    meeting, _ = said(in_session(), "action", PANEL, **_action())
    meeting, _ = said(meeting, "action", PANEL, **_action(what="改包装"))
    later = START + timedelta(days=2)
    meeting, _ = said(meeting, "report", LOGISTICS, later, action=2, report="已改")
    told = [(each.what, each.report, each.reported_by, each.reported_at) for each in minutes_of(meeting).actions]
    assert told == [("加固包装", None, None, None), ("改包装", "已改", "somebody", later)]


def test_nothing_more_is_decided_once_the_word_to_close_is_said() -> None:
    meeting, _ = said(in_session(waiting("T-1")), "close", LEADERSHIP)
    assert refusal(meeting, decision("T-1"), PANEL) is Refused.CLOSED
    assert said(meeting, "action", PANEL, **_action())[1].code is Refused.CLOSED
    again, verdict = said(meeting, "close", PANEL, note="x")
    assert (verdict.code, again.ending) == (Refused.CLOSED, meeting.ending)


def test_the_owner_of_an_action_is_told_what_until_when_under_which_number() -> None:
    meeting, _ = said(in_session(), "action", PANEL, **_action(rule_change=True))
    meeting, _ = said(meeting, "action", PANEL, **_action(what="改包装"))
    due = (START + timedelta(days=7)).isoformat()
    assert [mail.values for mail in meeting.mails] == [
        {"number": f"2026-W48/{number}", "reason": what, "due_at": due}
        for number, what in ((1, "加固包装"), (2, "改包装"))
    ]
    assert len({mail.id for mail in meeting.mails}) == 2
    assert [(action.rule_change, action.given_by, action.given_at) for action in meeting.actions] == [
        (True, "somebody", START),
        (False, "somebody", START),
    ]


def test_the_calls_of_a_span_are_those_the_schedule_makes_in_it() -> None:
    rules = RULES
    monday = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)  # 14:00 in Shanghai, a day before the session
    week = timedelta(days=7)
    assert call_hours(rules, PACK.time_zone, monday, monday + 2 * week) == [monday + week, monday + 2 * week]
    assert call_hours(rules, PACK.time_zone, monday - timedelta(seconds=1), monday) == [monday]
    assert session_hours(rules, PACK.time_zone, monday, monday + week) == [monday + timedelta(days=1)]


def test_the_owner_of_an_overdue_action_is_reminded_once_and_the_report_is_still_waited_for() -> None:
    due = START + timedelta(days=2)
    meeting, _ = said(in_session(), "action", LEADERSHIP, owner=LOGISTICS, due=due, what="x")
    over = ended(meeting, PACK, START + timedelta(hours=1), []).but(mails=())
    assert next_due(over, PACK) == due
    assert reminded(over, due - timedelta(seconds=1)) == over
    told = reminded(over, due)
    assert [(mail.to, mail.template) for mail in told.mails] == [(LOGISTICS, "meeting_overdue")]
    assert reminded(told, due + timedelta(days=1)) == told
    assert next_due(told, PACK) == due + RULES.reports
    assert (done(told, PACK, due), done(told, PACK, due + RULES.reports)) == (False, True)


def test_the_last_of_the_reports_is_waited_for() -> None:
    meeting = in_session()
    for days in (9, 2):
        meeting, _ = said(meeting, "action", PANEL, **_action(due=START + timedelta(days=days)))
    over = ended(meeting, PACK, START, [])
    assert (over.stage, over.closed_at, over.ending) == (MeetingStage.REPORTING, START, None)
    told = reminded(over, START + timedelta(days=10))
    assert next_due(told, PACK) == START + timedelta(days=9) + RULES.reports


def test_a_weekly_session_and_one_that_has_decided_its_case_itself_are_not_ended_by_a_look() -> None:
    look = START + timedelta(hours=1)
    assert not to_look(in_session(waiting("T-1")), look)
    drawn = agenda(waiting("C-1"))
    urgent = begun(opened(Call(procedure="marketplace", name="urgent.C-1"), drawn, PACK, START), drawn, PACK, START)
    over = ended(urgent, PACK, START, ["C-1"])
    assert (to_look(urgent, look), to_look(over, look)) == (True, False)
    itself = decided(urgent, decision("C-1"), waiting("C-1"), START, OK)
    assert looked(itself, look, []).ends_at == urgent.ends_at


def test_an_urgent_session_ends_when_its_case_has_been_decided_elsewhere() -> None:
    drawn = agenda(waiting("C-1"))
    called = opened(Call(procedure="marketplace", name="urgent.C-1"), drawn, PACK, START)
    meeting = begun(called, drawn, PACK, START)
    look = START + timedelta(hours=1)
    assert next_due(meeting, PACK) == look
    assert (to_look(meeting, look - timedelta(seconds=1)), to_look(meeting, look)) == (False, True)
    waits = looked(meeting, look, ["C-1"])
    assert (waits.ends_at, next_due(waits, PACK)) == (meeting.ends_at, look + timedelta(hours=1))
    assert looked(meeting, look, []).ends_at == look


def test_a_case_settled_elsewhere_before_the_session_is_not_said_to_be_unknown() -> None:
    drawn = agenda(waiting("C-1"))
    meeting = begun(opened(WEEKLY, drawn, PACK, START - timedelta(hours=24)), agenda(), PACK, START)
    meeting = said(meeting, "attend", DESK, members=[PANEL, LEADERSHIP])[0]
    with pytest.raises(Refusal, match="settled elsewhere"):
        may_decide(meeting, PACK, decision("C-1"), None, (PANEL,))


@pytest.mark.parametrize("due", [20270131, "20270131", "1801353600", 1801353600.5])
def test_a_day_written_as_a_number_is_refused_and_not_taken_for_seconds_since_1970(due: object) -> None:
    given = {"actor": "head", "owner": LOGISTICS, "what": "x", "due": due}
    with pytest.raises(ValidationError) as refused:
        MEETING_COMMANDS["action"].model_validate_json(json.dumps(given), context=AT_THE_DOOR)
    told = "due: must be a date and time such as 2026-01-31T09:00:00+08:00"
    assert in_one_line(problems(refused.value)) == told


def test_the_mails_of_a_meeting_fit_into_one_page_however_much_was_said() -> None:
    cases = [waiting(f"T-{place}", "AC"[place % 2]) for place in range(80)]
    meeting = in_session(*cases)
    for case in cases:
        meeting = decided(meeting, decision(case.number, reason="查" * 2_000), case, START, OK)
    mails = ended(meeting, PACK, START + timedelta(hours=2), []).mails
    assert len(mails) == len(RULES.members)
    assert sum(mail.size for mail in mails) < 2**20
    told = Minutes.model_validate_json(str(mails[0].values["minutes"]))
    assert {item.decision.reason[-2:] for item in told.items if item.decision} == {"查…"}


def test_a_mail_lists_the_leaderships_cases_before_the_panels_and_as_many_of_each_as_it_shows() -> None:
    cases = [waiting(f"T-{place}", "CA"[place % 2]) for place in range(100)]
    mail = opened(WEEKLY, agenda(*cases), PACK, START - timedelta(hours=24)).mails[0]
    shown = [item.case.number for item in Minutes.model_validate_json(str(mail.values["minutes"])).items]
    leaders, panels = ([f"T-{place}" for place in range(first, 100, 2)] for first in (1, 0))
    assert (shown, mail.values["cases"]) == ([*leaders[:40], *panels[:40]], 100)


def test_a_meeting_that_has_no_room_for_more_says_so_and_can_be_closed() -> None:
    meeting = in_session(waiting("T-1"))
    given: dict[str, Any] = {"owner": LOGISTICS, "due": START + timedelta(days=7), "what": "改" * 2_000}
    verdict = OK.verdict
    while verdict.accepted:
        meeting, verdict = said(meeting, "action", PANEL, **given)
    assert verdict.code == "too_much"
    assert len(meeting.model_dump_json().encode()) < 2**20 + 65_536
    assert refusal(meeting, decision("T-1", reason="查" * 2_000), PANEL) is Refused.TOO_MUCH
    assert said(meeting, "close", PANEL)[1].accepted
