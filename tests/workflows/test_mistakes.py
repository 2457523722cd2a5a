"""A mistake in a deployed release stops the step it is made in, and the mended code goes on from there."""

import asyncio

from sqlmodel import select
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from activities.store import Store
from models.tables import EventRow
from tests.lanes.wedged import BookFails
from tests.support import office_at_work
from worker import WORKFLOWS, build_worker
from workflows.complaint import ComplaintWorkflow

FAILED = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED


async def test_a_mistake_in_what_is_done_beside_a_case_fails_the_step_and_nothing_is_missing_once_it_is_mended(
    env: WorkflowEnvironment, store: Store
) -> None:
    async with office_at_work(env, store) as office:
        case = await office.asked()
        await case.written()
        await office.rest()
        plain = Client(env.client.service_client, data_converter=env.client.data_converter)
        mistaken = [BookFails if kind is ComplaintWorkflow else kind for kind in WORKFLOWS]
        async with build_worker(plain, office.settings, office.parts, workflows=mistaken):
            await case.handle.signal("withdraw", {"actor": "nobody"})
            async with asyncio.timeout(30):
                while FAILED not in {event.event_type for event in (await case.history()).events}:
                    await asyncio.sleep(0.1)
        await office.work()
        await case.until("message_refused")
        await case.written()
        async with store.read() as session:
            kinds = (await session.exec(select(EventRow.kind).where(EventRow.number == case.number))).all()
        assert "message_refused" in kinds
