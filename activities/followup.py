"""Following a child workflow from an activity: for a case that has gone on in a new run while its child worked."""

import asyncio

from temporalio import activity
from temporalio.client import WorkflowFailureError, WorkflowHandle

from activities.duties import FollowDuties
from models.remedy import RemedyResult

BEAT = 3.0
"""Between heartbeats (seconds)."""


class Follower(FollowDuties):
    """Waits for a child by its workflow id."""

    @activity.defn(name="await_remedy")
    async def await_remedy(self, child: str) -> RemedyResult:
        """The child's result; a child that failed or was terminated comes back as `child_failed`."""
        handle: WorkflowHandle[object, RemedyResult] = activity.client().get_workflow_handle(
            child, result_type=RemedyResult
        )
        waiting = asyncio.ensure_future(handle.result())
        try:
            while not waiting.done():
                activity.heartbeat()
                await asyncio.wait([waiting], timeout=BEAT)
            return await waiting
        except WorkflowFailureError:
            return RemedyResult(failure="child_failed")
        finally:
            waiting.cancel()
