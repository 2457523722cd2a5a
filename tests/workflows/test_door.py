"""An update that says for whom its sender acts: true, it is answered in one step; false, it costs the case nothing."""

import asyncio
import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select
from temporalio.api.enums.v1 import EventType
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.door import Door
from activities.identity import Gate, KeyFile
from activities.store import Store
from models.commands import Confirm, Standing
from models.directory import Directory
from models.names import SUPERVISION_MEETING, case_id, meeting_id
from models.pages import Knock
from models.tables import AuditRow
from procedures import DIRECTORY
from procedures.directory import read_directory
from starter.cases import Cases
from starter.issuer import Issuer
from tests.support import GOODS_DEPT, PANEL, SERVICE, OfCase, Office, everybody, liable, new_number, office_at_work
from worker import RUNNER
from workflows.complaint import ComplaintWorkflow
from workflows.inbox import for_another_run

SAID: dict[str, Any] = {"liable": liable(merchant=100), "reason": "密封圈缺失"}
TRUE = {"departments": ["merchandise"]}
STRANGER = "陌生人"


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a loaded machine a denial may take longer to note than a step may wait; the SDK bears two seconds."""
    monkeypatch.setattr("activities.door.PATIENCE", 1.5)


async def _denials(store: Store, number: str) -> list[tuple[str, str, str]]:
    async with store.read() as session:
        of_case = select(AuditRow).where(AuditRow.subject == number, AuditRow.kind == "denied")
        found = of_case.order_by(col(AuditRow.seq))
        return [(row.actor, str(row.data["code"]), str(row.data["message"])) for row in await session.exec(found)]


async def _activities(case: OfCase) -> list[str]:
    scheduled = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    return [
        event.activity_task_scheduled_event_attributes.activity_type.name
        for event in (await case.history()).events
        if event.event_type == scheduled
    ]


async def test_who_says_truly_for_whom_he_acts_is_answered_without_a_question_to_anybody(office: Office) -> None:
    said, unsaid = await office.asked(), await office.asked()
    assert (await said.send("confirm", GOODS_DEPT, **SAID, standing=TRUE))["code"] == "accepted"
    assert (await unsaid.send("confirm", GOODS_DEPT, **SAID))["code"] == "accepted"
    answers = [
        [(event.actor, event.department, event.data) for event in await case.events() if event.kind == "answered"]
        for case in (said, unsaid)
    ]
    assert answers[0] == answers[1]
    assert [department for _, department, _ in answers[0]] == ["merchandise"]
    assert "examine" not in await _activities(said)
    assert "examine" in await _activities(unsaid)


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize(
    ("actor", "standing"),
    [
        (GOODS_DEPT, {"departments": ["panel"]}),
        (GOODS_DEPT, {"departments": ["merchandise", "panel"]}),
        (STRANGER, TRUE),
    ],
)
async def test_who_claims_another_standing_is_refused_audited_and_costs_no_event(
    office: Office, actor: str, standing: dict[str, Any]
) -> None:
    case = await office.asked()
    await case.written()
    before = len((await case.history()).events)
    refused = await case.refusal("confirm", actor, **SAID, command_id="m-1", standing=standing)
    assert refused == ("wrong_standing", "standing: is more than the directory says of the actor; leave it out")
    assert len((await case.history()).events) == before
    known = actor if actor != STRANGER else ""
    assert await _denials(office.store, case.number) == [(known, "wrong_standing", "confirm")]
    assert (await case.send("confirm", GOODS_DEPT, **SAID, command_id="m-1"))["code"] == "accepted"


async def test_who_claims_less_than_the_directory_says_is_let_in(env: WorkflowEnvironment, store: Store) -> None:
    people = everybody().model_dump()
    people["departments"]["panel"]["owners"] += people["departments"]["merchandise"]["owners"][:1]
    both = Directory.model_validate(people)
    async with office_at_work(env, store, directory=lambda: both) as office:
        case = await office.asked()
        assert (await case.send("confirm", GOODS_DEPT, **SAID, standing=TRUE))["code"] == "accepted"


@pytest.mark.parametrize(
    ("mine", "theirs", "within"),
    [
        (None, None, True),
        ({"CNY": 5}, None, True),
        (None, {"CNY": 5}, False),
        ({"CNY": 5}, {"CNY": 5}, True),
        ({"CNY": 6}, {"CNY": 5}, False),
        ({"EUR": 1}, {"CNY": 5}, False),
        ({}, {"CNY": 5}, True),
    ],
)
def test_a_standing_is_within_another_that_lets_out_no_less(
    mine: dict[str, int] | None, theirs: dict[str, int] | None, *, within: bool
) -> None:
    own = Standing(departments=("panel", "logistics"), limits=theirs)
    assert Standing(departments=("panel",), limits=mine).within(own) is within
    assert not Standing(departments=("panel", "merchandise"), limits=mine).within(own)


async def test_forgeries_while_the_database_hangs_hold_up_nobody_and_leave_nothing(
    env: WorkflowEnvironment, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    async with office_at_work(env, store) as office:
        case = await office.asked()
        await case.written()
        async with store.write():
            refused = await asyncio.gather(
                *(case.refusal("confirm", STRANGER, **SAID, command_id=f"f-{n}", standing=TRUE) for n in range(9))
            )
            assert set(refused) == {("wrong_standing", "standing: could not be looked up now; leave it out")}
            assert (await case.view()).stage == "asked"
            assert (await case.send("confirm", GOODS_DEPT, **SAID, standing=TRUE))["code"] == "accepted"
        await case.at("feedback")
        assert await _denials(store, case.number) == [], "none of them was told that it is denied"
    assert [line.getMessage() for line in caplog.records if line.name.startswith("sqlalchemy")] == []


def test_what_a_signal_says_of_its_sender_is_not_handed_to_the_next_run() -> None:
    message = Confirm.model_validate({"actor": GOODS_DEPT, **SAID, "token": "a.b.c", "standing": TRUE})
    assert json.loads(for_another_run(message) or "").keys() >= {"actor", "liable", "token"}
    assert "standing" not in json.loads(for_another_run(message) or "")
    assert for_another_run(None) is None


@pytest.mark.usefixtures("unhurried")
async def test_a_flood_of_denials_does_not_fill_the_audit_trail(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.door.NOTED_DENIALS", 2)
    case = await office.asked()
    for n in range(4):
        await case.refusal("confirm", STRANGER, **SAID, command_id=f"f-{n}", standing=TRUE)
    assert len(await _denials(office.store, case.number)) == 2


async def test_a_resend_with_or_without_it_is_the_same_message(office: Office) -> None:
    case = await office.asked()
    await case.send("confirm", GOODS_DEPT, **SAID, command_id="m-1", standing=TRUE)
    assert (await case.send("confirm", GOODS_DEPT, **SAID, command_id="m-1"))["code"] == "repeated"


@pytest.mark.usefixtures("unhurried")
async def test_a_token_is_looked_at_first_and_a_forged_one_is_audited(
    env: WorkflowEnvironment, store: Store, tmp_path: Path
) -> None:
    issuer, forger = (Issuer(tmp_path / str(uuid.uuid4())) for _ in range(2))
    issuer.ensure()
    forger.ensure()
    gate = Gate(KeyFile(issuer.public), required=True, issuer="redress", own_key=b"w" * 32)
    async with office_at_work(env, store, gate=gate) as office:
        case = await office.start(token=issuer.sign("storefront"))
        await case.at("asked")
        name = case_id(case.number)
        for token in (None, forger.sign(GOODS_DEPT, name), issuer.sign(SERVICE, name), issuer.sign(GOODS_DEPT, "x")):
            proof = {} if token is None else {"token": token}
            assert (await case.refusal("confirm", GOODS_DEPT, **SAID, **proof, standing=TRUE))[0] == "not_proven"
        assert await _denials(store, case.number) == [(GOODS_DEPT, "not_proven", "confirm")] * 4
        assert "message_refused" not in await case.kinds()
        own = issuer.sign(GOODS_DEPT, name)
        assert (await case.send("confirm", GOODS_DEPT, **SAID, token=own, standing=TRUE))["code"] == "accepted"


async def test_a_limit_is_part_of_the_standing(env: WorkflowEnvironment, store: Store) -> None:
    data = read_directory(DIRECTORY).model_dump()
    data["departments"]["panel"]["owners"][0]["limits"] = {"CNY": 10_000}
    limited = Directory.model_validate(data)
    async with office_at_work(env, store, directory=lambda: limited) as office:
        case = await office.asked()
        await case.send("confirm", GOODS_DEPT, liable=liable(customer=100), reason="x")
        await case.send("contest", SERVICE, by="customer", reason="x")
        await case.at("panel")
        decision = {"grant": True, "reason": "x", "liable": liable(merchant=100)}
        unlimited = {"departments": ["panel"]}
        assert (await case.refusal("decide", PANEL, **decision, standing=unlimited))[0] == "wrong_standing"
        own = {"departments": ["panel"], "limits": {"CNY": 10_000}}
        assert (await case.refusal("decide", PANEL, **decision, standing=own))[0] == "over_limit"


async def test_a_signal_is_examined_whatever_it_says_of_its_sender(office: Office) -> None:
    case = await office.asked()
    await case.signal("confirm", STRANGER, **SAID, standing=TRUE)
    assert (await case.until("message_refused")).data["code"] == "unknown_actor"


async def test_a_meeting_has_no_door_and_examines_everybody(office: Office) -> None:
    week = f"urgent.{new_number()}"
    meeting = meeting_id("marketplace", week)
    await office.begin(SUPERVISION_MEETING, {"procedure": "marketplace", "name": week, "at_once": True}, meeting)
    case = OfCase(office, "none")
    case.handle = office.client.get_workflow_handle(meeting)
    said = {"department": "panel", "standing": {"departments": ["panel"]}}
    assert (await case.refusal("attend", STRANGER, **said))[0] in {"unknown_actor", "wrong_department"}


async def test_a_sender_with_an_old_directory_is_heard_all_the_same(office: Office) -> None:
    case = await office.asked()
    moved = everybody().model_copy(update={"departments": {"panel": everybody().departments["merchandise"]}})
    cases = Cases(office.client, standings=moved.standing_of)
    verdict = await cases.send(case.number, "confirm", Confirm(actor=GOODS_DEPT, **SAID), wait=30)
    assert verdict.code == "accepted"


async def test_a_worker_without_a_door_lets_nobody_in_by_it(office: Office) -> None:
    case = await office.asked()
    await office.rest()
    async with Worker(
        office.client, task_queue=office.settings.task_queue, workflows=[ComplaintWorkflow], workflow_runner=RUNNER
    ):
        refused = await case.refusal("confirm", GOODS_DEPT, **SAID, standing=TRUE)
    assert refused == ("wrong_standing", "standing: nobody looks it up here; leave it out")
    await office.work()
    assert (await case.send("confirm", GOODS_DEPT, **SAID))["code"] == "accepted"


async def test_a_denial_that_cannot_be_noted_is_left_to_the_case(tmp_path: Path) -> None:
    nowhere = Store(f"sqlite+aiosqlite:///{tmp_path}/none/none.db")
    door = Door(nowhere, Gate(), everybody, asyncio.get_running_loop())
    command = Confirm(actor=STRANGER, **SAID, standing=TRUE)
    knock = Knock("C-1", case_id("C-1"), "run", "u-1", "confirm", command, datetime.now(UTC))
    refused = await asyncio.to_thread(door, knock)
    assert refused is not None
    assert (refused.code, refused.reason) == ("wrong_standing", "standing: could not be looked up now; leave it out")
    await nowhere.close()
