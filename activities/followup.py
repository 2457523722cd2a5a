"""Following a child workflow from an activity: for a case that has gone on in a new run while its child worked."""

from temporalio import activity
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.service import RPCError

from activities.beating import beating
from activities.duties import FollowDuties
from activities.verdicts import is_gone
from models.remedy import RemedyResult


class Follower(FollowDuties):
    """Waits for a child by its workflow id."""

    @activity.defn(name="await_remedy")
    async def await_remedy(self, child: str) -> RemedyResult:
        """The child's result; one that failed, was terminated, or is known no more comes back as `child_failed`."""
        handle: WorkflowHandle[object, RemedyResult] = activity.client().get_workflow_handle(
            child, result_type=RemedyResult
        )
        try:
            async with beating():
                return await handle.result()
        except WorkflowFailureError:
            return RemedyResult(failure="child_failed")
        except RPCError as error:
            # Ended, and its history deleted, before the case heard of it: a person looks, and nothing is paid twice.
            if not is_gone(error):
                raise
            return RemedyResult(failure="child_failed")
