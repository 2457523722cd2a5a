"""Meetings on a real server: held once, decisions resume their cases, the undecided are carried (S0-22 to S0-27)."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete
from sqlmodel import col, select
from temporalio.client import WorkflowFailureError

from models.meeting import Action, Call, ItemState, Minutes
from models.names import COMPLAINT, SUPERVISION_MEETING, VIEW, meeting_id
from models.tables import ActionRow, CaseRow, MailRow, MeetingItemRow, MeetingRow
from procedures import PACKS
from tests.support import GOODS_DEPT, LEADER, LOGISTICS, PANEL, SERVICE, OfCase, Office, cached, liable

_weeks = itertools.count(1)


class Sitting(OfCase):
    """One meeting, as its members see it."""

    def __init__(self, office: Office, name: str) -> None:
        super().__init__(office, name)
        self.handle = office.client.get_workflow_handle(meeting_id("marketplace", name))

    async def minutes(self) -> Minutes:
        """The meeting now."""
        return Minutes.model_validate(await self.handle.query(VIEW))

    async def once(self, stage: str) -> Minutes:
        """The meeting when it stands at a stage."""
        async with asyncio.timeout(20):
            while True:
                found = await self.handle.query(VIEW)
                if found is not None and found["stage"] == stage:
                    return Minutes.model_validate(found)
                await asyncio.sleep(0.02)

    async def result_of(self) -> dict[str, Any]:
        """How it ended."""
        async with asyncio.timeout(30):
            ended: dict[str, Any] = await self.handle.result()
            return ended

    async def begun(self, quorum: tuple[str, ...] = ("panel", "leadership")) -> "Sitting":
        """In session, with these members attending."""
        await self.once("in_session")
        await self.send("attend", SERVICE, members=list(quorum))
        return self


async def called(office: Office, *, week: str | None = None) -> Sitting:
    """A weekly meeting that begins at once."""
    number = next(_weeks)
    week = week or f"{2031 + id(office) % 900}-W{number % 52 + 1:02}"
    call = Call(procedure="marketplace", name=week, at_once=True)
    await office.begin(SUPERVISION_MEETING, call, meeting_id("marketplace", week))
    sitting = Sitting(office, week)
    office.follow(sitting)
    return sitting


async def contested(office: Office) -> OfCase:
    """A case before the panel, its row written."""
    case = await office.asked(cause="damage_unclear")
    await case.send("confirm", GOODS_DEPT, liable=liable(carrier=100), reason="运输所致")
    await case.send("confirm", LOGISTICS, liable=liable(merchant=100), reason="包装不当")
    await case.at("panel")
    await urgent_for(office, case)
    return case


async def urgent_for(office: Office, case: OfCase) -> Sitting:
    """The urgent session of a case, once it is called: the case's page has then been written."""
    sitting = Sitting(office, f"urgent.{case.number}")
    async with asyncio.timeout(20):
        while True:
            async with office.store.read() as session:
                row = await session.get(MeetingRow, sitting.handle.id)
            if row is not None:
                office.follow(sitting)
                return sitting
            await asyncio.sleep(0.05)


GRANT: dict[str, Any] = {"grant": True, "liable": liable(merchant=60, carrier=40), "reason": "共同承担"}


async def test_a_decision_of_the_meeting_resumes_its_case_with_the_final_plan(office: Office) -> None:
    case = await contested(office)
    sitting = await (await called(office)).begun()
    await sitting.send("decide", PANEL, case=case.number, **GRANT)
    seen = await case.at("feedback")
    assert seen.ruling is not None
    assert (seen.ruling.basis, seen.refunded) == ("panel", 21_000)
    item = (await sitting.minutes()).item(case.number)
    assert item is not None
    assert item.state is ItemState.DECIDED


async def test_a_decision_sent_twice_by_signal_and_update_counts_once(office: Office) -> None:
    case = await contested(office)
    sitting = await (await called(office)).begun()
    message = {"case": case.number, "command_id": "m-1", **GRANT}
    await sitting.signal("decide", PANEL, **message)
    assert (await sitting.send("decide", PANEL, **message))["code"] == "repeated"
    code, _ = await sitting.refusal("decide", PANEL, **(message | {"command_id": "m-2"}))
    assert code == "already_answered"
    await case.at("feedback")
    assert (await case.kinds()).count("decided") == 1


async def test_a_decision_for_a_case_that_does_not_answer_is_left_there_and_the_meeting_goes_on(office: Office) -> None:
    case = await contested(office)
    sitting = await (await called(office)).begun()
    await case.handle.terminate()
    with office.env.with_time_skipping_disabled():
        mute = await office.client.start_workflow(COMPLAINT, {}, id=case.handle.id, task_queue="nobody-is-here")
    try:
        await sitting.send("decide", PANEL, case=case.number, **GRANT)
        item = (await sitting.minutes()).item(case.number)
        assert item is not None
        assert item.state is ItemState.LEFT
    finally:
        await mute.terminate()


async def test_a_decision_for_a_closed_case_is_refused_with_its_reason(office: Office) -> None:
    case = await contested(office)
    sitting = await (await called(office)).begun()
    await case.send("withdraw", SERVICE)
    await case.result()
    code, reason = await sitting.refusal("decide", PANEL, case=case.number, **GRANT)
    assert (code, "file a new complaint" in reason) == ("closed", True)
    later = await (await called(office)).begun()
    assert await later.refusal("decide", PANEL, case=case.number, **GRANT) == (code, reason)


async def test_what_the_case_refuses_is_told_and_still_open(office: Office) -> None:
    case = await contested(office)
    sitting = await (await called(office)).begun()
    code, reason = await sitting.refusal("decide", PANEL, case=case.number, grant=True, reason="无责任方")
    assert (code, reason) == ("bad_input", "liable: is missing; the panel says who bears the cost")
    await sitting.send("decide", PANEL, case=case.number, **GRANT)
    await case.at("feedback")


async def test_an_undecided_case_is_carried_with_its_count_and_decided_by_the_next_meeting(office: Office) -> None:
    case = await office.start(order={"kind": "self_operated", "merchant": None}, cause="no_reason")
    await case.at("refused")
    await case.send("insist", SERVICE, reason="客户坚持")
    await _in_sql(office, case, "leadership")
    for times in (0, 1):
        sitting = await (await called(office)).begun()
        item = (await sitting.minutes()).item(case.number)
        assert item is not None
        assert (item.case.section, item.case.carried) == ("A", times)
        await sitting.send("close", PANEL)
        await sitting.result_of()
    last = await (await called(office)).begun()
    await last.send("decide", LEADER, case=case.number, grant=True, reason="特批")
    assert (await case.at("feedback")).refunded == 21_000
    item = (await last.minutes()).item(case.number)
    assert item is not None
    assert item.case.carried == 2


async def test_a_case_before_the_panel_is_called_an_urgent_session_at_once(office: Office) -> None:
    case = await contested(office)
    sitting = await (await urgent_for(office, case)).begun()
    minutes = await sitting.minutes()
    assert [(item.case.number, item.case.section) for item in minutes.items] == [(case.number, "C")]
    await sitting.send("decide", PANEL, case=case.number, **GRANT)
    await case.at("feedback")
    await sitting.send("close", PANEL)
    assert (await sitting.result_of())["decided"] == 1


async def test_a_session_nobody_closes_ends_by_itself_and_carries(office: Office) -> None:
    case = await contested(office)
    sitting = await called(office)
    await sitting.once("in_session")
    await sitting.forward(hours=24, minutes=1)
    assert (await sitting.result_of())["carried"] >= 1
    async with office.store.read() as session:
        row = await session.get(MeetingItemRow, (sitting.handle.id, case.number))
    assert row is not None
    assert row.state == "carried"


async def test_every_member_gets_agenda_and_minutes(office: Office) -> None:
    sitting = await (await called(office)).begun()
    await sitting.send("close", LEADER, note="已讨论")
    await sitting.result_of()
    async with office.store.read() as session:
        wanted = select(MailRow).where(col(MailRow.number) == sitting.handle.id)
        mails = (await session.exec(wanted)).all()
    pack = PACKS.newest("marketplace")
    assert pack is not None
    assert pack.meeting is not None
    for template in ("meeting_agenda", "meeting_minutes"):
        assert {mail.to for mail in mails if mail.template == template} == set(pack.meeting.members)
    assert {mail.procedure for mail in mails} == {pack.ref}


async def test_an_action_without_report_is_on_the_next_agenda_and_its_meeting_waits_for_it(office: Office) -> None:
    first = await (await called(office)).begun()
    due = (datetime.now(UTC) + timedelta(days=7)).isoformat()
    await first.send("action", PANEL, owner="logistics", due=due, what="加固包装", rule_change=True)
    await first.send("close", PANEL)
    await first.once("reporting")
    await _reported(office, first, reported=False)
    second = await (await called(office)).begun()
    earlier = (await second.minutes()).agenda.actions
    assert (first.number, "加固包装") in {(action.meeting, action.what) for action in earlier}
    code, _ = await first.refusal("report", PANEL, action=1, report="x")
    assert code == "wrong_department"
    await first.send("report", LOGISTICS, action=1, report="已执行")
    assert (await first.result_of())["unreported"] == 0


async def test_whatever_is_sent_the_meeting_goes_on(office: Office) -> None:
    sitting = await (await called(office)).begun()
    for name, argument in (("nonsense", {}), ("attend", {"actor": 1}), ("decide", []), ("close", {"actor": "nobody"})):
        await sitting.handle.signal(name, argument)
    code, _ = await sitting.refusal("confirm", PANEL)
    assert code == "unknown_command"
    code, _ = await sitting.refusal("close", "陌生人")
    assert code == "unknown_actor"
    assert (await sitting.minutes()).stage == "in_session"


async def test_a_flood_of_messages_goes_on_in_a_new_run_with_everything_kept(office: Office) -> None:
    sitting = await (await called(office)).begun()
    due = (datetime.now(UTC) + timedelta(days=7)).isoformat()
    await sitting.send("action", PANEL, owner="logistics", due=due, what="加固包装", command_id="a-1")
    first = (await sitting.handle.describe()).run_id
    for _ in range(25):
        await asyncio.gather(*(sitting.handle.signal("attend", {"actor": LEADER}) for _ in range(10)))
    async with asyncio.timeout(60):
        while (await sitting.handle.describe()).run_id == first:
            await asyncio.sleep(0.05)
    again = await sitting.send("action", PANEL, owner="logistics", due=due, what="加固包装", command_id="a-1")
    minutes = await sitting.minutes()
    assert (again["code"], len(minutes.actions)) == ("repeated", 1)
    assert {entry.department for entry in minutes.attendance} == {"panel", "leadership"}


async def _in_sql(office: Office, case: OfCase, stage: str) -> None:
    async with asyncio.timeout(20):
        while True:
            async with office.store.read() as session:
                row = await session.get(CaseRow, case.number)
            if row is not None and row.stage == stage:
                return
            await asyncio.sleep(0.02)


async def _reported(office: Office, sitting: Sitting, *, reported: bool) -> None:
    async with asyncio.timeout(20):
        while True:
            async with office.store.read() as session:
                row = await session.get(ActionRow, (sitting.handle.id, 1))
            if row is not None and (row.reported_at is not None) is reported:
                return
            await asyncio.sleep(0.02)


async def test_many_long_open_actions_do_not_keep_a_meeting_from_being_held_and_written_down(office: Office) -> None:
    due = datetime(2026, 1, 5, tzinfo=UTC)
    facts: dict[str, Any] = {"meeting": "2025-W40", "owner": "logistics", "due": due, "what": "改" * 500}
    given = [Action(number=n, given_by="x", given_at=due, **facts) for n in range(1, 201)]
    async with office.store.write() as session:
        session.add_all(
            ActionRow(
                meeting="meeting.marketplace.2025-W40", number=each.number, procedure="marketplace", owner=each.owner,
                due=each.due, action=each.model_dump(mode="json"),
            )
            for each in given
        )  # fmt: skip
    try:
        sitting = await called(office)
        await (await sitting.begun()).send("close", PANEL)
        await sitting.result_of()
        async with office.store.read() as session:
            row = await session.get(MeetingRow, sitting.handle.id)
        assert row is not None
        assert row.stage == "closed"
    finally:
        async with office.store.write() as session:
            await session.exec(delete(ActionRow).where(col(ActionRow.meeting) == "meeting.marketplace.2025-W40"))


@cached
async def test_a_start_that_has_failed_under_the_name_of_an_urgent_session_does_not_take_it_away(
    office: Office,
) -> None:
    case = await office.asked(cause="damage_unclear")
    name = f"urgent.{case.number}"
    await office.begin(SUPERVISION_MEETING, {"name": name}, meeting_id("marketplace", name))
    with pytest.raises(WorkflowFailureError):
        await Sitting(office, name).handle.result()
    await case.send("confirm", GOODS_DEPT, liable=liable(carrier=100), reason="运输所致")
    await case.send("confirm", LOGISTICS, liable=liable(merchant=100), reason="包装不当")
    await case.at("panel")
    assert (await (await urgent_for(office, case)).once("in_session")).name == name
