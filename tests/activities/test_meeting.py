"""A meeting's agenda from live rows, its page in SQL, and its mails through the one mailroom."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.casebook import Casebook
from activities.doorkeeper import Doorkeeper
from activities.identity import Gate
from activities.mailroom import MailDesk
from activities.meeting import MeetingDesk, UrgentCalls
from activities.post import SmtpPost
from activities.store import Store
from models.case import Event
from models.directory import Directory, Person, Team
from models.meeting import Agenda, AgendaWish, Call, GiveAction, Item, ItemState, Meeting, MeetingPage, ReportAction
from models.pages import CaseSummary, Page
from models.stage import Stage
from models.tables import ActionRow, MailRow, MeetingItemRow, MeetingRow
from procedures import PACKS, load_packs
from reports.enclosing import Enclosing
from rules.meeting import begun, ended, minutes_of, opened
from rules.motions import receive
from rules.replies import Message
from tests.activities.bookkeeping import executed, ruled
from tests.activities.postoffice import PostOffice
from tests.support import everybody
from texts.mails import render_mail

NAME = "2026-W10"
MEETING = f"meeting.marketplace.{NAME}"


@pytest.fixture
def desk(store: Store, clock: Any) -> MeetingDesk:
    load_packs()
    door = Doorkeeper(store, Gate(), everybody)
    return MeetingDesk(store, PACKS, on_mail=lambda: None, door=door, clock=clock)


@pytest.fixture
def filed(casebook: Casebook, enter: Callable[..., Any], summary: Callable[..., CaseSummary]) -> Callable[..., Any]:
    """Enters a case that stands somewhere."""

    async def file(number: str, version: int = 1, events: tuple[Event, ...] = (), **changes: Any) -> None:
        await enter(number)
        await casebook.write_down(Page(summary=summary(number, version, **changes), events=events))

    return file


def wish(clock: Any, name: str = NAME) -> AgendaWish:
    return AgendaWish(call=Call(procedure="marketplace", name=name), at=clock.now + timedelta(hours=1))


async def test_the_five_items_are_drawn_from_what_stands_in_sql(
    desk: MeetingDesk, filed: Callable[..., Any], clock: Any
) -> None:
    await filed("C-LEAD", stage=Stage.LEADERSHIP, out_of_rule=True)
    await filed("C-PANEL", stage=Stage.PANEL, contested=True)
    await filed("C-HELD", stage=Stage.FEEDBACK, contested=True, cost_held=True)
    await filed("C-ELSE", stage=Stage.ASKED)
    await filed("C-OVER", stage=Stage.CLOSED, cost_held=True, exit="satisfied")
    agenda = await desk.draw_agenda(wish(clock))
    listed = [(case.section, case.number, case.department) for case in agenda.cases]
    assert listed == [("A", "C-LEAD", "leadership"), ("C", "C-HELD", "panel"), ("C", "C-PANEL", "panel")]
    assert (agenda.out_of_rule.total.count, agenda.contested.total.count) == (1, 2)
    assert [(tally.key, tally.count) for tally in agenda.contested.causes] == [("quality", 2)]
    assert [(tally.key, tally.count) for tally in agenda.contested.products] == [("CUP", 2)]
    urgent = await desk.draw_agenda(wish(clock, "urgent.C-PANEL"))
    assert [case.number for case in urgent.cases] == ["C-PANEL"]


async def test_costs_are_those_of_the_ledger_by_bearer_and_determining_department(
    desk: MeetingDesk, filed: Callable[..., Any], clock: Any
) -> None:
    await filed("C-1", events=(ruled(1, clock.now, liable="merchant=60,carrier=40"), executed(2, 101, clock.now)),
                decided_by="merchandise")  # fmt: skip
    await filed("C-2", events=(ruled(1, clock.now), executed(2, 500, clock.now),
                               Event(seq=3, at=clock.now, kind="cost_held", data={"decision": 1})))  # fmt: skip
    before = clock.now - timedelta(days=8)
    await filed("C-OLD", events=(ruled(1, before), executed(2, 900, before)))
    costs = {
        (cost.party, cost.department): (cost.amount, cost.cases) for cost in (await desk.draw_agenda(wish(clock))).costs
    }
    assert costs == {
        ("merchant:M-1", "merchandise"): (61, 1),
        ("carrier", "merchandise"): (40, 1),
        ("held", ""): (500, 1),
    }


async def test_the_week_before_is_counted_apart_and_older_cases_not_at_all(
    desk: MeetingDesk, filed: Callable[..., Any], clock: Any
) -> None:
    await filed("C-1", stage=Stage.PANEL, contested=True)
    for days, counted in ((1, (1, 0)), (8, (0, 1)), (15, (0, 0))):
        at = AgendaWish(call=Call(procedure="marketplace", name=NAME), at=clock.now + timedelta(days=days))
        total = (await desk.draw_agenda(at)).contested.total
        assert (total.count, total.before) == counted


async def test_a_procedure_without_a_meeting_is_refused(desk: MeetingDesk, clock: Any) -> None:
    with pytest.raises(ApplicationError, match="holds no meeting; use one of marketplace"):
        await desk.draw_agenda(AgendaWish(call=Call(procedure="nothing", name=NAME), at=clock.now))


async def test_a_case_is_found_with_what_it_waits_for(desk: MeetingDesk, filed: Callable[..., Any]) -> None:
    await filed("C-1", stage=Stage.PANEL)
    await filed("C-2", stage=Stage.ASKED)
    found = await desk.find_case("C-1")
    assert (found.stage, found.case and found.case.section) == ("panel", "C")
    assert (await desk.find_case("C-2")).model_dump() == {"stage": "asked", "case": None}
    assert (await desk.find_case("C-3")).stage is None
    assert await desk.still_waiting(["C-1", "C-2", "C-3"]) == ["C-1"]


def page(meeting: Meeting) -> MeetingPage:
    return MeetingPage(
        meeting_id=MEETING,
        minutes=minutes_of(meeting.but(items=(), actions=())),
        items=tuple(enumerate(meeting.items)),
        actions=meeting.actions,
        mails=meeting.mails,
    )


def session(agenda: Agenda, clock: Any) -> Meeting:
    pack = PACKS.pinned(agenda.procedure)
    meeting = begun(opened(Call(procedure="marketplace", name=NAME), agenda, pack, clock.now), agenda, pack, clock.now)
    action = GiveAction(actor="Mo", owner="logistics", due=clock.now + timedelta(days=7), what="Pack better")
    return receive(meeting, pack, Message("action", action, clock.now, ("panel",)))[0]


async def test_a_page_written_twice_is_one_and_what_is_carried_is_counted(
    desk: MeetingDesk, store: Store, filed: Callable[..., Any], clock: Any
) -> None:
    await filed("C-1", stage=Stage.PANEL)
    agenda = await desk.draw_agenda(wish(clock))
    meeting = session(agenda, clock)
    await desk.write_meeting(page(meeting))
    over = ended(meeting, PACKS.pinned(agenda.procedure), clock.now, ["C-1"])
    for _ in range(2):
        await desk.write_meeting(page(over))
    async with store.read() as reading:
        rows = [len((await reading.exec(select(table))).all()) for table in (MeetingRow, MeetingItemRow, ActionRow)]
        mails = (await reading.exec(select(MailRow))).all()
    assert rows == [1, 1, 1]
    assert len(mails) == 6 + 1 + 6
    assert over.items == (Item(case=agenda.cases[0], state=ItemState.CARRIED),)
    later = await desk.draw_agenda(wish(clock, "2026-W11"))
    assert [case.carried for case in later.cases] == [1]
    assert [(action.meeting, action.owner) for action in later.actions] == [(NAME, "logistics")]


async def test_a_page_that_comes_late_opens_no_session_case_or_action_again(
    desk: MeetingDesk, store: Store, filed: Callable[..., Any], clock: Any
) -> None:
    await filed("C-1", stage=Stage.PANEL)
    agenda = await desk.draw_agenda(wish(clock))
    meeting = session(agenda, clock)
    over = ended(meeting, PACKS.pinned(agenda.procedure), clock.now, ["C-1"])
    report = ReportAction(actor="Mo", action=1, report="done")
    over = receive(over, PACKS.pinned(agenda.procedure), Message("report", report, clock.now, ("logistics",)))[0]
    for each in (meeting, over, meeting):
        await desk.write_meeting(page(each))
    async with store.read() as reading:
        stages = (await reading.exec(select(MeetingRow.stage))).all()
        states = (await reading.exec(select(MeetingItemRow.state))).all()
        reported = (await reading.exec(select(ActionRow.reported_at))).all()
    assert (stages, states, reported) == (["reporting"], ["carried"], [clock.now])


async def test_members_read_the_agenda_in_their_language_and_nobody_is_told_of_a_mail_that_fails(
    desk: MeetingDesk, store: Store, filed: Callable[..., Any], clock: Any, post_office: PostOffice
) -> None:
    await filed("C-1", stage=Stage.PANEL, contested=True)
    post_office.directory = Directory.model_validate(
        {
            "departments": {
                name: Team(owners=(Person(name=name, email=f"{name}@example.com"),))
                for name in ("leadership", "panel", "merchandise", "logistics", "returns_centre", "customer_service")
            }
        }
    )
    post_office.server.refuse = {"logistics@example.com": "550 5.1.1 no such user"}
    agenda = await desk.draw_agenda(wish(clock))
    pack = PACKS.pinned(agenda.procedure)
    await desk.write_meeting(page(opened(Call(procedure="marketplace", name=NAME), agenda, pack, clock.now)))
    mailroom = MailDesk(
        store, PACKS,
        post=SmtpPost("127.0.0.1", post_office.port, sender="redress@shop.example", timeout=5),
        chat=post_office.rooms,
        directory_reader=lambda: post_office.directory,
        render=render_mail,
        printer=Enclosing(store.url, PACKS.pinned, lambda: post_office.directory),
        herald=post_office.listener,
        clock=clock,
    )  # fmt: skip
    assert await mailroom.deliver_once() == 5
    (message,) = (mail for to, mail in post_office.server.mails if to == ["panel@example.com"])
    plain = message.get_body(("plain",))
    assert plain is not None
    body = plain.get_content()
    files = {part.get_filename() or "": part.get_content() for part in message.iter_attachments()}
    assert sorted(name.split(" ")[0] for name in files) == ["已处理争议投诉汇总表", "规则外退换货需求汇总表"]
    assert all(name.endswith(".pdf") and content.startswith(b"%PDF") for name, content in files.items())
    for words in ("A. 规则外投诉", "C. 无法判断的争议投诉", "C-1 · 订单 O-1", "E. 各部门", "redress meeting attend"):
        assert words in body
    assert post_office.listener.heard == []
    failed = await post_office.row(f"{MEETING}.agenda-logistics")
    assert (failed.failed_at is None, failed.code, failed.next_try_at) == (False, "smtp_550", None)


class Calling:
    """A Temporal client that notes what it is asked to start."""

    def __init__(self) -> None:
        self.started: list[str] = []

    async def start_workflow(self, _name: str, _call: Call, *, id: str, **_: Any) -> None:  # noqa: A002 - the SDK's name
        self.started.append(id)


async def test_a_flood_of_contested_cases_calls_no_more_urgent_sessions_than_the_procedure_wants(
    store: Store, desk: MeetingDesk, filed: Callable[..., Any]
) -> None:
    client = Calling()
    env = ActivityEnvironment(client=client)  # type: ignore[arg-type]
    calls = UrgentCalls(store, PACKS)
    rules = PACKS.pinned("marketplace.1").meeting
    assert rules is not None
    for number in range(rules.urgent_at_once + 2):
        await filed(f"C-{number}", stage=Stage.PANEL, contested=True)
        await env.run(calls, f"C-{number}")
    assert client.started == [f"meeting.marketplace.urgent.C-{number}" for number in range(rules.urgent_at_once)]
