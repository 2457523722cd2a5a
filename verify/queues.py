"""Task queues whose cases wait for a worker that is not there."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType, WorkerVersioningMode
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue, TaskQueueVersioningInfo
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from models.audit import NO_CASE, Symptom
from models.names import Queue, task_queue

POLLED = timedelta(minutes=2)
"""A worker asks its task queue more often than this."""
_ASKED = {Queue.RULINGS: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW}
"""What a queue's workers ask for; those of the others do activities only."""


async def unserved(client: Client, base: str, now: datetime) -> AsyncIterator[Symptom]:
    """Task queues that no worker asks, or none of the build that their cases are given to. Raises RPCError.

    The server gives cases to a build whose workers have ended, without a word.
    """
    for queue in Queue:
        name, kind = task_queue(base, queue), _ASKED.get(queue, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)
        request = DescribeTaskQueueRequest(
            namespace=client.namespace, task_queue=TaskQueue(name=name), task_queue_type=kind
        )
        told = await client.workflow_service.describe_task_queue(request, retry=True)
        lately = [one for one in told.pollers if one.last_access_time.ToDatetime(UTC) > now - POLLED]
        if not lately:
            yield Symptom(code="no_worker", number=NO_CASE, facts={"queue": name})
            continue
        for build in sorted(_given_to(told.versioning_info) - {_build(one) for one in lately}):
            yield Symptom(code="no_worker_of_build", number=NO_CASE, facts={"queue": name, "build": build})


def _given_to(routing: TaskQueueVersioningInfo) -> set[str]:
    """The builds that take cases, or a share of them; an empty name stands for workers without versioning."""
    ramping = routing.ramping_deployment_version.build_id if routing.ramping_version_percentage else ""
    return {routing.current_deployment_version.build_id, *filter(None, [ramping])}


def _build(poller: PollerInfo) -> str:
    """The build a worker is of, by the same names."""
    options = poller.deployment_options
    versioned = options.worker_versioning_mode == WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED
    return options.build_id if versioned else ""
