"""How activities are tried: one factory per kind of work."""

from dataclasses import replace
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from models.names import CALENDAR_GAP, Queue, task_queue

MOMENT = timedelta(seconds=20)
"""How long a remedy's step goes unmentioned; a partner's answer may take half of it."""
CALL = timedelta(seconds=30)
"""The longest one call of a step may take: a look, a try and a look again, each within `Partner.timeout_seconds`."""
_FOREVER = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(minutes=1))


def at_once(summary: str) -> workflow.ActivityConfig:
    """A partner outside, as nearly always: done in a moment. After that somebody is told, and `partner` begins."""
    return partner(summary, MOMENT) | workflow.ActivityConfig(start_to_close_timeout=MOMENT)


def partner(summary: str, patience: timedelta) -> workflow.ActivityConfig:
    """A partner outside: tried for so long, then a person must look."""
    return workflow.ActivityConfig(
        task_queue=_of(Queue.PARTNERS),
        start_to_close_timeout=CALL,
        schedule_to_close_timeout=patience,
        retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5)),
        summary=summary,
    )


def wished(error: ActivityError, patience: timedelta) -> timedelta:
    """For how long a partner asks to be left alone, yet so that it is called once more before patience is over."""
    asked = error.cause.next_retry_delay if isinstance(error.cause, ApplicationError) else None
    return min(asked or timedelta(0), max(patience - CALL, timedelta(0)))


def look(summary: str) -> workflow.ActivityConfig:
    """A last look at a partner outside, which gives up by itself and tells so."""
    return insistent(summary) | workflow.ActivityConfig(task_queue=_of(Queue.PARTNERS), start_to_close_timeout=MOMENT)


def insistent(summary: str | None = None) -> workflow.ActivityConfig:
    """Within the service, tried until it works: what is asked of our own SQL, and what goes into the book.

    Never a local activity. One runs before Temporal has the step it belongs to: a worker killed in between would leave
    lines, bookings and notices of a course of events that never came about. And a query that comes while one runs ends
    the workflow task with the activity's result but without what follows from it, which no replay can do again.

    What every case does many times has no summary: each would be kept in each history, and the names say it.
    """
    return workflow.ActivityConfig(start_to_close_timeout=timedelta(seconds=10), retry_policy=_FOREVER, summary=summary)


def unless_unknown(summary: str) -> workflow.ActivityConfig:
    """The same, but working days nobody knows are an answer."""
    policy = replace(_FOREVER, non_retryable_error_types=[CALENDAR_GAP])
    return insistent(summary) | workflow.ActivityConfig(retry_policy=policy)


def telling(summary: str) -> workflow.ActivityConfig:
    """Another workflow is told something and answers: it may take a while, and is done until it works."""
    return insistent(summary) | workflow.ActivityConfig(start_to_close_timeout=timedelta(seconds=30))


def watching(summary: str, queue: Queue = Queue.RULINGS) -> workflow.ActivityConfig:
    """Long-running and heartbeating: moved to another worker when its own is gone."""
    return workflow.ActivityConfig(
        task_queue=_of(queue),
        start_to_close_timeout=timedelta(hours=1),
        heartbeat_timeout=timedelta(seconds=10),
        retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=10)),
        summary=summary,
    )


def sweeping(summary: str) -> workflow.ActivityConfig:
    """A look that is soon taken again anyhow: where it does not come to an end, the next one does."""
    return workflow.ActivityConfig(
        start_to_close_timeout=timedelta(minutes=8), retry_policy=RetryPolicy(maximum_attempts=2), summary=summary
    )


def _of(queue: Queue) -> str:
    return task_queue(workflow.info().task_queue, queue)
