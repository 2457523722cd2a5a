"""What an operator ends or resets in Temporal itself: it goes on as it was, and no deadline moves for it."""

import asyncio
import uuid

import pytest
from sqlmodel import col, select, update
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest, ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.testing import WorkflowEnvironment

from activities.store import Store
from models.tables import AuditRow, CaseRow, EventRow
from procedures import PACKS
from tests.builders import complaint_data
from tests.support import GOODS_DEPT, RETURNS, SERVICE, Office, every_year, office_at_work, under_way
from tests.workflows.test_remedies import granted, paid_times
from tests.workflows.test_time import MERCHANT, asked, past
from verify.doctor import Doctor
from verify.oracle import Oracle

COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
SIGNALED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED


async def reset(client: Client, workflow_id: str, *, ahead_of_signals: bool = False, to_first: bool = False) -> None:
    """Back to the last step, to the last one before any signal came, or to the first one."""
    handle = client.get_workflow_handle(workflow_id)
    run_id = (await handle.describe()).run_id
    events = (await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()).events
    signals = [event.event_id for event in events if event.event_type == SIGNALED] if ahead_of_signals else []
    end = min(signals, default=events[-1].event_id + 1)
    steps = [event.event_id for event in events if event.event_type == COMPLETED and event.event_id < end]
    request = ResetWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id),
        reason="test",
        request_id=uuid.uuid4().hex,
        workflow_task_finish_event_id=steps[0 if to_first else -1],
    )
    await client.workflow_service.reset_workflow_execution(request)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(("late", "ends"), [(False, "answer:answered"), (True, "silence:late")])
async def test_an_answer_counts_from_when_the_server_first_had_it_however_often_its_case_is_reset(
    env: WorkflowEnvironment, store: Store, late: bool, ends: str, times: int
) -> None:
    async with office_at_work(env, store) as office:
        case, due = await asked(office, alone=True)
        if late:
            await past(due)
        await case.signal("confirm", GOODS_DEPT, **MERCHANT)
        if not late:
            await past(due)
        for _ in range(times):
            await reset(office.client, case.handle.id)
        await case.signal("nonsense", GOODS_DEPT)
        await office.work()
        seen = await case.at("feedback")
        refused = await case.until("message_refused")
    assert seen.ruling is not None
    assert f"{seen.ruling.basis}:{seen.asks[0].state}" == ends
    assert refused.at > due, "what came after the reset has its own time"


async def test_a_case_that_a_reset_has_take_another_course_is_listed_as_it_is_now_and_named(
    env: WorkflowEnvironment, store: Store
) -> None:
    async with office_at_work(env, store) as office:
        case, due = await asked(office)
        await case.send("confirm", GOODS_DEPT, **MERCHANT)
        await case.at("feedback")
        await case.written()
        await past(due)
        await reset(office.client, case.handle.id, to_first=True)
        await case.until("answered_late")
        seen = await case.at("feedback")
        await case.written()
        async with store.read() as session:
            row = await session.get_one(CaseRow, case.number)
            trail = (await session.exec(select(AuditRow).where(AuditRow.subject == case.number))).all()
        doctor = Doctor(store, office.client, PACKS, every_year)
        named = [found.code async for found in doctor.symptoms() if found.number == case.number]
        oracle = Oracle(store, PACKS.pinned, client=office.client, pause=0.5)
        assert [wrong async for wrong in oracle.violations() if wrong.number == case.number] == []
    assert seen.ruling is not None
    assert (row.basis, row.stage, named) == (seen.ruling.basis, "feedback", ["other_course"])
    assert {each.data["event"] for each in trail} >= {"answered", "silence", "answered_late", "other_course"}
    assert await paid_times(store, case) == 1


async def test_a_case_ended_in_temporal_goes_on_where_it_was_once_it_is_reset(office: Office) -> None:
    case = await office.asked()
    await case.written()
    await case.handle.terminate()
    await reset(office.client, case.handle.id)
    await case.send("confirm", GOODS_DEPT, **MERCHANT)
    await case.at("feedback")
    assert await paid_times(office.store, case) == 1


async def test_a_remedy_that_is_reset_believes_the_word_of_goods_its_case_has_passed_on_before(office: Office) -> None:
    case = await granted(office, demand={"kind": "return_and_refund"})
    child = (await case.at("executing")).child
    assert child is not None
    await under_way(office.client, child)
    await case.send("goods", RETURNS, accepted=True)
    await case.at("feedback")
    await reset(office.client, child, ahead_of_signals=True)
    async with asyncio.timeout(30):
        remedy = office.client.get_workflow_handle(child)
        while (await remedy.describe()).status is WorkflowExecutionStatus.RUNNING:
            await asyncio.sleep(0.1)
    assert (await remedy.describe()).status is WorkflowExecutionStatus.COMPLETED
    assert await paid_times(office.store, case) == 1
    async with office.store.read() as session:
        denied = select(AuditRow.seq).where(AuditRow.subject == case.number, AuditRow.kind == "denied")
        assert (await session.exec(denied)).all() == []


@pytest.mark.parametrize("office", [False], indirect=True, ids=["cached"])
async def test_a_case_that_temporal_has_lost_begins_anew_when_its_complaint_is_filed_again_and_its_record_goes_on(
    office: Office,
) -> None:
    filed = complaint_data()
    case = await office.start(filed)
    await case.at("asked")
    await case.written()
    before = await case.events()
    await deleted(office.client, case.handle.id)
    another = await office.start(filed | {"cause": "wrong_item"}, number=case.number)
    with pytest.raises(WorkflowFailureError):
        await another.result()
    doctor = Doctor(office.store, office.client, PACKS, every_year)
    named = [found.code async for found in doctor.symptoms() if found.number == case.number]
    assert named == ["no_workflow"], "to reset the one that was turned away would help nobody"
    again = await office.start(filed, number=case.number)
    due = (await again.at("asked")).due
    await again.written()
    await reset(office.client, case.handle.id, to_first=True)
    await again.until("asked")
    assert (await again.at("asked")).due == due
    await again.written()
    assert due is not None
    assert due > before[-1].at
    await again.send("confirm", GOODS_DEPT, **MERCHANT)
    await again.at("feedback")
    await again.written()
    oracle = Oracle(office.store, PACKS.pinned, client=office.client, pause=0.5)
    assert [wrong async for wrong in oracle.violations() if wrong.number == case.number] == []
    async with office.store.read() as session:
        mine = select(EventRow.kind).where(EventRow.number == case.number).order_by(col(EventRow.seq))
        kinds = list((await session.exec(mine)).all())
    assert kinds[: 2 * len(before)] == [event.kind for event in before] * 2
    assert await paid_times(office.store, case) == 1


async def deleted(client: Client, workflow_id: str) -> None:
    """Nothing is left of it, as after the restore of an older copy."""
    execution = WorkflowExecution(workflow_id=workflow_id)
    request = DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=execution)
    await client.workflow_service.delete_workflow_execution(request)
    async with asyncio.timeout(60):
        while [run async for run in client.list_workflows(f"WorkflowId = '{workflow_id}'")]:
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("office", [False], indirect=True, ids=["cached"])
async def test_a_case_whose_register_is_older_than_it_is_named_and_never_to_be_reset(office: Office) -> None:
    async def older(stage: str) -> None:
        async with office.store.write() as session:
            await session.exec(update(CaseRow).where(col(CaseRow.number) == case.number).values(stage=stage))

    async def checked() -> list[str]:
        oracle = Oracle(office.store, PACKS.pinned, client=office.client, pause=0.1)
        return [found.code async for found in oracle.violations() if found.number == case.number]

    async def told() -> list[str]:
        doctor = Doctor(office.store, office.client, PACKS, every_year)
        return [found.code async for found in doctor.symptoms() if found.number == case.number]

    case = await granted(office)
    await case.at("feedback")
    await case.written()
    assert await checked() == []
    await older("asked")
    assert await checked() == ["stage_differs"]
    await older("feedback")
    await case.send("feedback", SERVICE, satisfied=True)
    await case.result()
    assert (await checked(), await told()) == ([], [])
    await older("asked")
    assert "end_not_written" in await checked()
    assert {"end_not_written", "workflow_ended"} & {*await told()} == {"end_not_written"}
    await older("closed")
