"""Starts by somebody who passes the command line by: no state is taken from whoever is not an earlier run."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowFailureError
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, ChildWorkflowError
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.store import Store
from models.case import Basis, Case, Ruling
from models.commands import Share
from models.complaint import DemandKind
from models.names import (
    COMPLAINT,
    MAILROOM,
    MEETING_CALL,
    REFUND,
    REFUND_TAKEN_BACK,
    REPORT_ROUND,
    SUPERVISION_MEETING,
    case_id,
)
from models.remedy import RemedyOrder
from models.tables import RefundIntent
from procedures import PACKS
from rules.intake import open_case
from rules.remedy import execute
from tests.support import Office, complaint, complaint_data, new_number, office_at_work

_ENDS = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
}


def _granted(number: str) -> Case:
    """A case as its run would hand it over amid a refund that nobody has decided."""
    pack, at = PACKS.pinned("marketplace.1"), datetime.now(UTC)
    case = open_case(complaint(number=number), pack, number, at, None)
    liable = (Share(party="merchant"),)
    ruling = Ruling(decision=1, at=at, basis=Basis.PANEL, for_customer=True, liable=liable)
    return execute(case.but(ruling=ruling, decisions=1, asks=()), pack, at)


async def _refused(office: Office, number: str, **how: Any) -> str:
    """Why the last run of such a start is refused."""
    state = _granted(number)
    with office.env.with_time_skipping_disabled():
        handle = await office.client.start_workflow(
            COMPLAINT, args=[None, state, []], id=case_id(number), task_queue=office.settings.task_queue, **how
        )
    runs = {handle.first_execution_run_id}
    async with asyncio.timeout(30):
        while (run := (await handle.describe()).run_id) in runs:
            await asyncio.sleep(0.1)
    await office.work()
    try:
        async with asyncio.timeout(15):
            while (last := (await _history(office, handle.id, run))[-1]).event_type not in _ENDS:
                await asyncio.sleep(0.1)
    finally:
        with suppress(RPCError):  # ended already
            await handle.terminate()
    ends = last.workflow_execution_failed_event_attributes, last.workflow_execution_continued_as_new_event_attributes
    return "".join(end.failure.message for end in ends)


HERE = {"procedure": "marketplace", "time_zone": "Asia/Shanghai"}
NOWHERE = HERE | {"time_zone": "Mars/Olympus"}
STARTS: list[tuple[str, list[Any], str]] = [
    (MAILROOM, [], "workflow id: must be redress.mailroom"),
    (REPORT_ROUND, [], "(start): takes 1 argument, got 0"),
    (REPORT_ROUND, [{"procedure": "marketplace"}], "name: is missing"),
    (REPORT_ROUND, [NOWHERE | {"name": "weekly", "every": "week"}], "time_zone: is not a time zone"),
    (MEETING_CALL, ["13800138000"], "(start): must be a JSON object"),
    (MEETING_CALL, [NOWHERE | {"notice": "PT24H"}], "time_zone: is not a time zone"),
    (SUPERVISION_MEETING, [{"procedure": "marketplace", "name": "2026-W48"}], "workflow id: must be meeting.market"),
    (REFUND_TAKEN_BACK, [{"actor": "x", "reference": "RF-1", "code": "x"}], "workflow id: must be takenback.RF-1"),
]


@pytest.mark.parametrize(("kind", "args", "why"), STARTS)
async def test_a_strangers_start_of_what_the_service_starts_itself_fails_in_one_line_and_stays_in_nobodys_way(
    office: Office, kind: str, args: list[Any], why: str
) -> None:
    with office.env.with_time_skipping_disabled():
        handle = await office.client.start_workflow(
            kind, args=args, id=f"stranger.{new_number()}", task_queue=office.settings.task_queue
        )
    try:
        with pytest.raises(WorkflowFailureError) as failed:
            async with asyncio.timeout(15):
                await handle.result()
    finally:
        with suppress(RPCError):  # ended already
            await handle.terminate()
    cause = failed.value.cause
    assert isinstance(cause, ApplicationError)
    assert (cause.type, cause.message.startswith(why)) == ("bad_input", True), cause.message


async def _history(office: Office, workflow_id: str, run: str) -> Sequence[HistoryEvent]:
    return (await office.client.get_workflow_handle(workflow_id, run_id=run).fetch_history()).events


async def test_a_state_made_up_by_a_stranger_is_not_taken_for_an_earlier_runs_where_the_server_repeats_the_start(
    env: WorkflowEnvironment, store: Store
) -> None:
    async with office_at_work(env, store) as office:
        await office.rest()  # the first run of a start with a retry policy ends before anybody has read it
        retried, scheduled = new_number(), new_number()
        policy = RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_interval=timedelta(milliseconds=100))
        again = await _refused(office, retried, retry_policy=policy, run_timeout=timedelta(seconds=5))
        assert again == "retry policy: is not taken with a state; start it anew without one"
        await office.rest()
        every = await _refused(office, scheduled, cron_schedule="@every 1s", run_timeout=timedelta(seconds=5))
        assert every.startswith("cron schedule: is not taken")
        async with store.read() as session:
            paid = (await session.exec(select(RefundIntent.number))).all()
        assert not {retried, scheduled} & set(paid)


@pytest.mark.parametrize("limit", ["execution_timeout", "run_timeout"])
async def test_a_start_whose_end_the_server_would_set_fails_in_one_line_and_leaves_the_number_free(
    office: Office, limit: str
) -> None:
    number = new_number()
    with office.env.with_time_skipping_disabled():
        limited: dict[str, Any] = {limit: timedelta(hours=1)}
        handle = await office.client.start_workflow(
            COMPLAINT,
            complaint_data(),
            id=case_id(number),
            task_queue=office.settings.task_queue,
            **limited,
        )
    with pytest.raises(WorkflowFailureError) as failed:
        async with asyncio.timeout(15):
            await handle.result()
    cause = failed.value.cause
    assert isinstance(cause, ApplicationError)
    assert (cause.type, cause.message.startswith("timeout: is not taken")) == ("bad_input", True), cause.message
    case = await office.start(number=number)
    await case.at("asked")


@workflow.defn(name="Neighbour")
class _Neighbour:
    """A workflow of another program in the namespace, on a queue and a worker of its own."""

    @workflow.run
    async def run(self, order: RemedyOrder, queue: str) -> None:
        """Have a remedy carried out."""
        child = f"{workflow.info().workflow_id}.refund"
        await workflow.execute_child_workflow(REFUND, order, id=child, task_queue=queue)


async def test_a_remedy_that_another_workflow_than_its_case_starts_pays_nothing(office: Office) -> None:
    number = new_number()
    order = RemedyOrder(
        number=number, order=f"O-{number}", decision=1, attempt=1, kind=DemandKind.REFUND, steps=("pay",), amount=100,
        paid=100, currency="CNY", payment_within=timedelta(hours=1),
    )  # fmt: skip
    queue, ours = f"neighbour.{number}", office.settings.task_queue
    async with Worker(
        office.client, task_queue=queue, workflows=[_Neighbour], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        with office.env.with_time_skipping_disabled():
            handle = await office.client.start_workflow("Neighbour", args=[order, ours], id=queue, task_queue=queue)
        with pytest.raises(WorkflowFailureError) as failed:
            async with asyncio.timeout(15):
                await handle.result()
    child = failed.value.cause
    assert isinstance(child, ChildWorkflowError)
    assert isinstance(child.cause, ApplicationError)
    assert child.cause.message.startswith("(start): a remedy is started by its case only")
    async with office.store.read() as session:
        assert (await session.exec(select(RefundIntent).where(RefundIntent.number == number))).all() == []
