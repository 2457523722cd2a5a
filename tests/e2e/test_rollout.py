"""Two builds side by side, open cases on both: upgraded, rolled back, rolled forward; none is lost (ADR 12)."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from activities.store import Store
from procedures import load_packs
from starter.crew import Crew
from starter.rollout import RolloutError, make_current, ramp, rollout
from starter.settings import Settings, Tuning
from tests.e2e.next_build import PATCH, NextComplaint
from tests.support import GOODS_DEPT, SERVICE, OfCase, Office, liable
from tests.support import test_parts as make_parts
from worker import WORKFLOWS, build_worker

NEXT = [NextComplaint, *(one for one in WORKFLOWS if one.__name__ != "ComplaintWorkflow")]
ANSWER = {"liable": liable(merchant=100), "reason": "属实"}


@pytest.fixture
def branch(env: WorkflowEnvironment, store: Store) -> Office:
    """Where cases are started; its workers come and go with the test."""
    load_packs()
    return Office(env, Settings(task_queue=f"rollout-{uuid.uuid4().hex[:8]}"), make_parts(store))


@asynccontextmanager
async def build(office: Office, name: str, workflows: list[type]) -> AsyncIterator[Crew]:
    """Workers of one build."""
    tuning = Tuning(deployment=office.settings.task_queue, build_id=name)
    settings = office.settings.model_copy(update={"worker": tuning})
    client = Client(office.client.service_client, data_converter=office.client.data_converter)
    async with build_worker(client, settings, office.parts, workflows=workflows) as crew:
        yield crew


async def took_the_new_step(case: OfCase) -> bool:
    markers = [event.marker_recorded_event_attributes for event in (await case.history()).events]
    return any(PATCH in str(marker) for marker in markers)


async def finish(case: OfCase) -> int:
    """The case's money at its end."""
    await case.send("confirm", GOODS_DEPT, **ANSWER)
    await case.at("feedback")
    await case.send("feedback", SERVICE, satisfied=True)
    return (await case.result()).refunded


@pytest.mark.timeout(180)
async def test_cases_go_on_over_upgrade_and_rollback(branch: Office) -> None:
    deployment = branch.settings.task_queue
    assert await rollout(branch.client, deployment) is None
    async with build(branch, "1", WORKFLOWS):
        await make_current(branch.client, deployment, "1", unseen=True)
        early, untouched = await branch.asked(), await branch.asked()
        with pytest.raises(RolloutError, match=r"^build 2 cannot take cases \([^\n]*\); start its workers"):
            await make_current(branch.client, deployment, "2")
        async with build(branch, "2", NEXT):
            await seen(branch, "2")
            await ramp(branch.client, deployment, "2", 100)
            late = await branch.asked()
            assert await took_the_new_step(late)
            await make_current(branch.client, deployment, "2")
            assert await finish(early) == 21_000
            assert not await took_the_new_step(early)

            await make_current(branch.client, deployment, "1")
            assert await finish(untouched) == 21_000
            assert await finish(await branch.asked()) == 21_000
            await late.signal("confirm", GOODS_DEPT, **ANSWER)
            await waits_for_the_build_it_knows(late)
            await make_current(branch.client, deployment, "2")
            await late.at("feedback", within=40)
    state = await rollout(branch.client, deployment)
    assert state is not None
    assert (state.current, state.builds["2"]) == ("2", "current")


async def seen(office: Office, name: str) -> None:
    """Until the server knows the build's workers."""
    async with asyncio.timeout(30):
        while name not in getattr(await rollout(office.client, office.settings.task_queue), "builds", {}):
            await asyncio.sleep(0.1)


async def waits_for_the_build_it_knows(case: OfCase) -> None:
    """The older build cannot go on with it: it stays open, and what was sent to it stays."""
    async with asyncio.timeout(30):
        while True:
            kinds = [event.event_type for event in (await case.history()).events]
            if EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED in kinds:
                return
            await asyncio.sleep(0.1)
