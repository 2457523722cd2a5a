"""The register against Temporal: cases without workflow and the reverse, wedged, slept over, unheard."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError

from activities.notfound import is_gone
from activities.store import Store
from models.audit import Invariant, Violation
from models.names import COMPLAINT, case_id, case_number
from models.stage import Stage
from rules.privacy import Marks
from verify.privacy import told_in_clear, told_in_event
from verify.reading import AT_ONCE, CASE, EVENT, rows
from workflows.attributes import DEADLINE, STAGE

PROBLEMS = SearchAttributeKey.for_keyword_list("TemporalReportedProblems")
"""Set by the server on a workflow whose tasks keep failing."""
GRACE = timedelta(minutes=2)
"""A deadline so long past, or a start so long unregistered, is no moment any more."""
_RUNNING = f"WorkflowType = '{COMPLAINT}' AND ExecutionStatus = 'Running'"
_ENDED = f"WorkflowType = '{COMPLAINT}' AND ExecutionStatus = 'Completed' AND {STAGE.name} = '{Stage.CLOSED}'"


def breach(invariant: Invariant, number: str, code: str, **facts: str | int) -> Violation:
    """One finding."""
    return Violation(invariant=invariant, number=number, code=code, facts=facts)


async def status_of(client: Client, workflow_id: str) -> WorkflowExecutionStatus | None:
    """How the latest run of a workflow stands; None for one the server does not know. Raises RPCError."""
    try:
        return (await client.get_workflow_handle(workflow_id).describe()).status
    except RPCError as error:
        if not is_gone(error):
            raise
        return None


class Service:
    """The Temporal side. A finding is true at the moment of looking: a caller looks twice (see Oracle)."""

    def __init__(self, client: Client, store: Store) -> None:
        self._client = client
        self._store = store

    async def running(self, now: datetime, *, stages_too: bool = False) -> AsyncIterator[Violation]:
        """Every running case: registered, not wedged, not past its deadline, not closed in SQL.

        `stages_too`: at the stage that SQL tells. A case in the middle of a step is not.
        """
        async for batch in self._batches(_RUNNING):
            stages = await self._stages(list(batch))
            for number, execution in batch.items():
                for wrong in _of_running(number, execution, stages.get(number), now):
                    yield wrong
                if stages_too and number in stages:
                    for wrong in _of_stages(number, execution, stages[number]):
                        yield wrong

    async def ended(self) -> AsyncIterator[Violation]:
        """Every case whose workflow has ended well and is still known to the server: SQL knows it."""
        async for batch in self._batches(_ENDED):
            stages = await self._stages(list(batch))
            for number in batch:
                if number not in stages:
                    yield breach(Invariant.ONE_CASE, number, "no_row")

    async def open_rows(self, numbers: Sequence[str]) -> AsyncIterator[Violation]:
        """Cases open in SQL: each has a running workflow. Where one has ended well, SQL is older than Temporal."""
        for number in numbers:
            status = await status_of(self._client, case_id(number))
            if status is None:
                yield breach(Invariant.ONE_CASE, number, "no_workflow")
            elif status is not WorkflowExecutionStatus.RUNNING:
                if not await _was_there(self._client, case_id(number)):
                    yield breach(Invariant.ONE_CASE, number, "no_workflow")
                elif status is not WorkflowExecutionStatus.COMPLETED:
                    yield breach(Invariant.ONE_CASE, number, "workflow_ended", status=status.name)
                elif (stage := (await self._stages([number]))[number]) != Stage.CLOSED:  # it may have ended meanwhile
                    yield breach(Invariant.ONE_END, number, "end_not_written", stage=stage)

    async def told(self, number: str, recorded: int, marks: Marks) -> list[Violation]:
        """What is wrong with the histories still kept of a case.

        They accepted more updates than actions of people stand in the record, or show in clear who the customer is.
        """
        accepted = 0
        found: list[Violation] = []
        async for run in self._client.list_workflows(f"WorkflowId = '{case_id(number)}'"):
            found += told_in_clear(number, marks, run)
            handle = self._client.get_workflow_handle(run.id, run_id=run.run_id)
            async for event in handle.fetch_history_events():
                found += told_in_event(number, marks, event) if marks else ()
                if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
                    outcome = event.workflow_execution_update_completed_event_attributes.outcome
                    accepted += await self._accepted(outcome)
        if accepted > recorded:
            code = "accepted_not_recorded"
            found.append(breach(Invariant.NOTHING_UNHEARD, number, code, told=accepted, recorded=recorded))
        return found

    async def _accepted(self, outcome: Any) -> bool:
        if not outcome.HasField("success"):
            return False
        (verdict,) = await self._client.data_converter.decode(outcome.success.payloads)
        return isinstance(verdict, dict) and verdict.get("code") in {"accepted", "late"}

    async def _batches(self, query: str) -> AsyncIterator[dict[str, WorkflowExecution]]:
        batch: dict[str, WorkflowExecution] = {}
        async for execution in self._client.list_workflows(query):
            number = case_number(execution.id)
            if number is None:
                continue
            batch[number] = execution
            if len(batch) == AT_ONCE:
                yield batch
                batch = {}
        if batch:
            yield batch

    async def _stages(self, numbers: list[str]) -> Mapping[str, str]:
        async with self._store.read() as session:
            asked = select(CASE.c.number, CASE.c.stage).where(CASE.c.number.in_(numbers))
            return dict(await rows(session, asked))

    async def recorded(self, numbers: Sequence[str]) -> Mapping[str, int]:
        """Lines of people's actions in the record of each case."""
        async with self._store.read() as session:
            asked = select(EVENT.c.number, func.count()).where(EVENT.c.number.in_(numbers), EVENT.c.actor.is_not(None))
            return {number: int(count) for number, count in await rows(session, asked.group_by(EVENT.c.number))}


async def lost(workflow_id: str) -> bool:
    """Whether Temporal has no run of a case besides the one that asks. Inside an activity only."""
    return not await _was_there(activity.client(), workflow_id, besides=activity.info().workflow_run_id)


async def _was_there(client: Client, workflow_id: str, *, besides: str | None = None) -> bool:
    """Whether a run is known that was the case."""
    runs = client.list_workflows(f"WorkflowId = '{workflow_id}'")
    return bool([run async for run in runs if run.run_id != besides and not _turned_away(run)])


def _turned_away(run: WorkflowExecution) -> bool:
    """Whether a start was no case of its own: bad, or another one's number. A case that ends is closed by then."""
    if run.status is WorkflowExecutionStatus.COMPLETED:
        return run.typed_search_attributes.get(STAGE) != Stage.CLOSED.value
    return run.status is WorkflowExecutionStatus.FAILED


def _of_running(number: str, execution: WorkflowExecution, stage: str | None, now: datetime) -> list[Violation]:
    found = []
    attributes = execution.typed_search_attributes
    if problems := attributes.get(PROBLEMS):
        found.append(breach(Invariant.ONE_END, number, "wedged", cause=str(problems[-1])[:120]))
    deadline = attributes.get(DEADLINE)
    if deadline is not None and deadline < now - GRACE:
        found.append(breach(Invariant.SILENCE_IS_SILENCE, number, "deadline_slept_over"))
    if stage is None and execution.start_time < now - GRACE:
        found.append(breach(Invariant.ONE_CASE, number, "no_row"))
    if stage == Stage.CLOSED:
        found.append(breach(Invariant.ONE_END, number, "still_running"))
    return found


def _of_stages(number: str, execution: WorkflowExecution, stage: str) -> list[Violation]:
    told = execution.typed_search_attributes.get(STAGE)
    if told is None or Stage.CLOSED in (told, stage) or told == stage:
        return []
    return [breach(Invariant.NOTHING_UNHEARD, number, "stage_differs", case=told, stage=stage)]
