"""What histories cost, counted exactly: events, workflow tasks, bytes, and actions as Temporal Cloud bills them."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

_BILLED = {
    "WORKFLOW_EXECUTION_STARTED": 1,
    "WORKFLOW_EXECUTION_CONTINUED_AS_NEW": 1,
    "TIMER_STARTED": 1,
    "WORKFLOW_EXECUTION_SIGNALED": 1,
    "WORKFLOW_EXECUTION_UPDATE_ACCEPTED": 1,
    "ACTIVITY_TASK_SCHEDULED": 1,
    "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED": 1,
    "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES": 1,
    "START_CHILD_WORKFLOW_EXECUTION_INITIATED": 1,
}
"""Actions per event. A child is two: one here, one for its own start. Local activities are one per workflow task."""


class Cost(NamedTuple):
    """Of one case, parent and children together."""

    events: int
    tasks: int
    """Workflow tasks."""
    bytes: int
    """Of history, as serialized events."""
    actions: int


def name(event: HistoryEvent) -> str:
    """The event's type without its prefix."""
    return EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")


def ours(history: WorkflowHistory) -> list[HistoryEvent]:
    """The events a case makes in real time: those of a clock moved on by a test or a trial are left out."""
    skipping = {"WORKFLOW_EXECUTION_OPTIONS_UPDATED", "WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED"}
    return [event for event in history.events if name(event) not in skipping]


def events(histories: Sequence[WorkflowHistory]) -> Counter[str]:
    """How many events of each type."""
    return Counter(name(event) for history in histories for event in ours(history))


def cost(histories: Sequence[WorkflowHistory]) -> Cost:
    """What a case and its children cost."""
    counted = events(histories)
    actions = sum(_BILLED.get(kind, 0) * times for kind, times in counted.items())
    return Cost(
        events=counted.total(),
        tasks=counted["WORKFLOW_TASK_COMPLETED"],
        bytes=sum(event.ByteSize() for history in histories for event in ours(history)),
        actions=actions + sum(_local_batches(history) for history in histories),
    )


def _local_batches(history: WorkflowHistory) -> int:
    """Workflow tasks that ran local activities, however many."""
    return len(
        {
            event.marker_recorded_event_attributes.workflow_task_completed_event_id
            for event in history.events
            if event.marker_recorded_event_attributes.marker_name == "core_local_activity"
        }
    )
