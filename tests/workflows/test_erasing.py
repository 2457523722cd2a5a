"""A customer is forgotten: in an open case, in a finished one, in SQL and in Temporal; money and figures stay."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, func, select, update
from temporalio.client import WorkflowExecution

from models.case import Verdict
from models.commands import Command
from models.complaint import Complaint
from models.names import case_id
from models.tables import ActionRow, AuditRow, CaseRow, EventRow, LedgerTxn, MailRow, MeetingItemRow, MeetingRow
from rules.forgetting import GONE
from starter.cases import Cases
from starter.erasing import Eraser
from starter.failures import NotAllowed
from tests.support import GOODS_DEPT, PANEL, SERVICE, OfCase, Office, cached, complaint_data, liable
from tests.workflows.test_meeting import GRANT, called, contested, urgent_for
from workflows.inbox import FLOOD

NAME, PHONE, WORDS, EMAIL = "canary-name", "13800138000", "canary-words", "canary@example.org"
CANARIES = (NAME, PHONE, WORDS, EMAIL)


async def _filed(office: Office, customer: str) -> OfCase:
    data = complaint_data(text=WORDS)
    data["complainant"] = {"id": customer, "name": NAME, "phone": PHONE, "email": EMAIL}
    return await office.start(data)


async def _kept(office: Office, numbers: list[str]) -> str:
    """All SQL has of these cases."""
    kept = ""
    async with office.store.read() as session:
        for table in (CaseRow, EventRow, MailRow):
            rows = await session.exec(select(table).where(col(table.number).in_(numbers)))
            kept += str([row.model_dump() for row in rows])
    return kept


@cached
async def test_a_customer_is_forgotten_everywhere_and_the_books_stay(office: Office, tmp_path: Path) -> None:
    customer = f"U-{uuid.uuid4().hex[:8]}"
    done, going = await _filed(office, customer), await _filed(office, customer)
    for case in (done, going):
        await case.at("asked")
    await done.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason=WORDS)
    await done.at("feedback")
    await done.send("feedback", SERVICE, satisfied=True, reason=WORDS)
    await done.result()
    before = await _kept(office, [done.number, going.number])
    assert all(word in before for word in (NAME, PHONE, WORDS, EMAIL))
    mails = tmp_path / "mails"
    mails.mkdir()
    (mails / "20260302T090000.000000Z-1.eml").write_bytes(f"X-Redress-Case: {done.number}\n\n{WORDS}".encode())
    (mails / "20260302T090000.000000Z-2.eml").write_bytes(b"X-Redress-Case: C-OTHER\n\nkept")

    eraser = Eraser(office.store, office.client, Cases(office.client), mails, SERVICE)
    stranger = Eraser(office.store, office.client, Cases(office.client), mails, GOODS_DEPT)
    with pytest.raises(NotAllowed, match=going.number):
        await stranger.erase(customer)
    first = (await going.handle.describe()).run_id
    erased = await eraser.erase(customer)
    assert (erased.cases, erased.histories >= 2) == (2, True)
    assert (await going.handle.describe()).run_id != first
    assert (await eraser.erase(customer)).cases == 0

    after = await _kept(office, [done.number, going.number])
    assert [word for word in (*CANARIES, f"'{customer}'") if word in after] == []
    assert [mail.name[-5:] for mail in mails.iterdir()] == ["2.eml"[-5:]]
    told = b"".join([event.SerializeToString() async for event in going.handle.fetch_history_events()])
    assert [word for word in CANARIES if word.encode() in told] == []
    async with office.store.read() as session:
        row = await session.get(CaseRow, done.number)
        booked = (await session.exec(select(func.count()).where(LedgerTxn.number == done.number))).one()
        wanted = select(AuditRow.actor).where(AuditRow.kind == "erasure", col(AuditRow.subject).in_([done.number]))
        audited = (await session.exec(wanted)).all()
    assert row is not None
    assert (row.refunded > 0, booked > 0, row.customer[:7], list(audited)) == (True, True, "erased-", [SERVICE])
    assert Complaint.model_validate(row.complaint).text == GONE
    assert (await going.view()).customer == row.customer
    await going.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="x")
    await going.at("feedback")
    await going.send("feedback", SERVICE, satisfied=True)
    assert (await going.result()).exit == "satisfied"
    office._cases.clear()  # their first runs are gone: nothing left to replay from the start


@cached
async def test_the_words_of_a_meetings_decision_are_gone_from_its_notices_and_those_on_others_stay(
    office: Office, tmp_path: Path
) -> None:
    customer = f"U-{uuid.uuid4().hex[:8]}"
    mine, other = await contested(office), await contested(office)
    async with office.store.write() as session:
        await session.exec(update(CaseRow).where(col(CaseRow.number) == mine.number).values(customer=customer))
    sitting = await (await called(office)).begun()
    await sitting.send("decide", PANEL, case=mine.number, **(GRANT | {"reason": WORDS}))
    await sitting.send("decide", PANEL, case=other.number, **(GRANT | {"reason": "canary-other"}))
    for case in (mine, other):
        await case.at("feedback")
    await sitting.send("close", PANEL)
    await sitting.result_of()
    await mine.send("feedback", SERVICE, satisfied=True)
    await mine.result()
    assert WORDS in await _told(office, sitting.handle.id)
    assert (
        await Eraser(office.store, office.client, Cases(office.client), tmp_path, SERVICE).erase(customer)
    ).cases == 1
    told = await _told(office, sitting.handle.id)
    assert (WORDS in told, "canary-other" in told, mine.number in told) == (False, True, True)


@cached
async def test_of_a_session_held_for_the_customers_case_alone_no_words_are_left_in_sql(
    office: Office, tmp_path: Path
) -> None:
    customer = f"U-{uuid.uuid4().hex[:8]}"
    mine = await contested(office)
    async with office.store.write() as session:
        await session.exec(update(CaseRow).where(col(CaseRow.number) == mine.number).values(customer=customer))
    sitting = await (await urgent_for(office, mine)).begun()
    due = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    await sitting.send("action", PANEL, owner="merchandise", due=due, what=WORDS)
    await sitting.send("decide", PANEL, case=mine.number, **(GRANT | {"reason": WORDS}))
    await sitting.send("close", PANEL, note=WORDS)
    await sitting.send("report", GOODS_DEPT, action=1, report=WORDS)
    await sitting.result_of()
    await mine.at("feedback")
    await mine.send("feedback", SERVICE, satisfied=True)
    await mine.result()
    assert WORDS in await _held(office, sitting.handle.id)
    await Eraser(office.store, office.client, Cases(office.client), tmp_path, SERVICE).erase(customer)
    told = await _held(office, sitting.handle.id)
    assert (WORDS in told, "merchandise" in told, mine.number in told) == (False, True, True)
    office._cases.clear()  # their histories are gone


async def _held(office: Office, meeting: str) -> str:
    """All SQL has of a session: what was noted, given and told."""
    async with office.store.read() as session:
        rows = [*await session.exec(select(MeetingRow).where(col(MeetingRow.id) == meeting))]
        actions = await session.exec(select(ActionRow).where(col(ActionRow.meeting) == meeting))
        return str([row.model_dump() for row in (*rows, *actions)]) + await _told(office, meeting)


class _Busy(Cases):
    """A case that so many write to, just before it shall forget, that it goes on in a new run."""

    async def send(self, number: str, name: str, command: Command, *, wait: float = 10.0) -> Verdict:
        handle = self.client.get_workflow_handle(case_id(number))
        first = (await handle.describe()).run_id
        await asyncio.gather(*(handle.signal("nobody_knows", {}) for _ in range(FLOOD + 10)))
        async with asyncio.timeout(30):
            while (await handle.describe()).run_id == first:
                await asyncio.sleep(0.05)
        return await super().send(number, name, command, wait=wait)


@cached
async def test_every_run_that_knew_the_customer_is_deleted_though_another_began_while_the_case_was_asked_to_forget(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = f"U-{uuid.uuid4().hex[:8]}"
    case = await _filed(office, customer)
    await case.at("asked")
    eraser = _Noted(office.store, office.client, _Busy(office.client), tmp_path, SERVICE)
    with monkeypatch.context() as lagging:
        lagging.setattr(office.client, "list_workflows", _nothing_yet)
        assert (await eraser.erase(customer)).histories >= 2
    async with asyncio.timeout(30):  # the list of runs lags
        while len(knowing := await _runs_that_know(office, case)) < 2:
            await asyncio.sleep(0.2)
    assert knowing <= eraser.deleted
    office._cases.clear()  # its first runs are gone
    await case.handle.terminate()


async def _nothing_yet(_: str) -> AsyncIterator[WorkflowExecution]:
    """A list of runs that has not heard of those that have just ended."""
    for none in list[WorkflowExecution]():
        yield none


class _Noted(Eraser):
    """Notes which runs it would have the server delete, which takes its time over it."""

    deleted: set[str]

    async def _delete(self, workflow_id: str, run_id: str) -> None:
        self.deleted = {*getattr(self, "deleted", ()), run_id}


async def _runs_that_know(office: Office, case: OfCase) -> set[str]:
    """The case's runs in whose histories the customer still stands."""
    found = set()
    async for run in office.client.list_workflows(f"WorkflowId = '{case.handle.id}'"):
        handle = office.client.get_workflow_handle(run.id, run_id=run.run_id)
        told = b"".join([event.SerializeToString() async for event in handle.fetch_history_events()])
        if any(word.encode() in told for word in CANARIES):
            found.add(run.run_id)
    return found


async def _told(office: Office, meeting: str) -> str:
    """What SQL has of a meeting: its agenda and its notices."""
    async with office.store.read() as session:
        items = await session.exec(select(MeetingItemRow).where(col(MeetingItemRow.meeting) == meeting))
        mails = await session.exec(select(MailRow).where(col(MailRow.number) == meeting))
        return str([row.model_dump() for row in (*items, *mails)])


@pytest.mark.parametrize("office", [False], ids=["cached"], indirect=True)
async def test_a_case_that_is_closed_in_sql_and_has_yet_to_end_is_forgotten_in_temporal_too(
    office: Office, tmp_path: Path
) -> None:
    customer = f"U-{uuid.uuid4().hex[:8]}"
    case = await _filed(office, customer)
    await case.at("asked")
    await case.written()
    async with office.store.write() as session:  # as a worker leaves it that dies between its last page and the end
        await session.exec(update(CaseRow).where(col(CaseRow.number) == case.number).values(stage="closed"))
    await Eraser(office.store, office.client, Cases(office.client), tmp_path, SERVICE).erase(customer)
    told = b"".join([event.SerializeToString() async for event in case.handle.fetch_history_events()])
    assert [word for word in CANARIES if word.encode() in told] == []
    office._cases.clear()  # its first run is gone
    await case.handle.terminate()


@pytest.mark.parametrize("office", [False], ids=["cached"], indirect=True)
async def test_a_case_that_has_ended_is_erased_by_whom_its_own_procedure_lets_and_by_nobody_else(
    office: Office, tmp_path: Path
) -> None:
    customer = f"U-{uuid.uuid4().hex[:8]}"
    case = await _filed(office, customer)
    await case.at("asked")
    await case.send("withdraw", SERVICE, reason=WORDS)
    await case.result()
    asked: list[str] = []

    def may(procedure: str) -> bool:
        asked.append(procedure)
        return False

    cases = Cases(office.client)
    with pytest.raises(NotAllowed):
        await Eraser(office.store, office.client, cases, tmp_path, GOODS_DEPT, may=may).erase(customer)
    assert NAME in await _kept(office, [case.number])
    async with office.store.read() as session:
        wanted = select(AuditRow.kind).where(AuditRow.subject == case.number, AuditRow.actor == GOODS_DEPT)
        assert ((await session.exec(wanted)).all(), asked) == (["denied"], ["marketplace.1"])
