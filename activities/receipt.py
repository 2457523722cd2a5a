"""What the server says of a run's signals, by their place among all of them: when it received each, and from whom.

A reset gives the new run anew what had come since the point it goes back to, as received at the reset and from nobody.
What counts is how the run before got it: an outage that a reset ends moves no deadline.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from temporalio import activity
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent
from temporalio.service import RPCError

from activities.notfound import is_gone

_RESET = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW
"""Why the step a reset goes back to counts as failed."""
_Received = AsyncIterator[tuple[HistoryEvent, HistoryEvent]]
"""A run's signals as they stand in its history, and as a run of this workflow first received them."""


async def signal_times(run: str | None, wanted: set[int]) -> dict[int, datetime]:
    """Receipt times of a run's signals by their place among all its signals; of this run where none is named.

    Without a wish nothing is fetched. A run that is deleted has none. Inside an activity only.
    """
    times: dict[int, datetime] = {}
    if not wanted:
        return times
    try:
        async for place, signal in signals(run):
            if place in wanted:
                times[place] = signal.event_time.ToDatetime(tzinfo=UTC)
            if len(times) == len(wanted):
                break
    except RPCError as error:
        if not is_gone(error):
            raise
    return times


async def signals(run: str | None) -> AsyncIterator[tuple[int, HistoryEvent]]:
    """Each signal of a run as it was first received, with its place; of this run where none is named."""
    place = 0
    async for _, first in _received(run or activity.info().workflow_run_id):
        yield place, first
        place += 1


def sender(signal: HistoryEvent) -> str:
    """The id of the workflow a signal came from; empty where a client sent it."""
    return signal.workflow_execution_signaled_event_attributes.external_workflow_execution.workflow_id


async def history_of(run: str) -> AsyncIterator[HistoryEvent]:
    """The events of a run of the workflow that asks. Inside an activity only. Raises RPCError."""
    if (workflow_id := activity.info().workflow_id) is None:
        return
    async for event in activity.client().get_workflow_handle(workflow_id, run_id=run).fetch_history_events():
        yield event


def made_of(failed_task: HistoryEvent) -> str | None:
    """The run that this one was made of, where a reset is why the step counts as failed."""
    failed = failed_task.workflow_task_failed_event_attributes
    return failed.base_run_id if failed.cause == _RESET else None


async def _received(run: str | None) -> _Received:
    if run is None:
        return
    before: _Received | None = None
    async for event in history_of(run):
        match event.event_type:
            case EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
                base = made_of(event)
                before = _since(event.event_id, base) if base is not None else None
            case EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
                before = None  # what a reset gives anew stands ahead of its first step
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
                yield event, await _first(before, event) if before is not None else event


async def _since(event_id: int, run: str) -> _Received:
    """What a run received from an event on."""
    async for event, first in _received(run):
        if event.event_id >= event_id:
            yield event, first


async def _first(before: _Received, signal: HistoryEvent) -> HistoryEvent:
    """The same signal as the run before the reset had it; the signal itself where that run is deleted or had none."""
    try:
        async for event, first in before:
            if _said(event) == _said(signal):
                return first
    except RPCError as error:
        if not is_gone(error):
            raise
    return signal


def _said(signal: HistoryEvent) -> tuple[str, bytes]:
    attributes = signal.workflow_execution_signaled_event_attributes
    return attributes.signal_name, attributes.input.SerializeToString(deterministic=True)
