"""Following a child workflow from an activity: for a case that has gone on in a new run while its child worked."""

from datetime import timedelta

from temporalio import activity
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.service import RPCError

from activities.duties import FollowDuties
from activities.verdicts import is_gone
from models.remedy import RemedyResult

LOOKS = (1, 2, 5, 15, 30)
"""Seconds until the next look; the last from then on."""


class Follower(FollowDuties):
    """Looks after a child by its workflow id."""

    @activity.defn(name="await_remedy")
    async def await_remedy(self, child: str) -> RemedyResult:
        """The child's result; one that failed, was terminated, or is known no more comes back as `child_failed`.

        Raises a retryable ApplicationError while it works. Waiting here instead would hold one of the worker's places
        for activities, for weeks where goods are on their way: a hundred such cases, and no other got a word into SQL.
        """
        handle: WorkflowHandle[object, RemedyResult] = activity.client().get_workflow_handle(
            child, result_type=RemedyResult
        )
        try:
            if (await handle.describe()).status is WorkflowExecutionStatus.RUNNING:
                raise _at_work(activity.info().attempt)
            return await handle.result()
        except WorkflowFailureError:
            return RemedyResult(failure="child_failed")
        except RPCError as error:
            # Ended, and its history deleted, before the case heard of it: a person looks, and nothing is paid twice.
            if not is_gone(error):
                raise
            return RemedyResult(failure="child_failed")


def _at_work(attempt: int) -> ApplicationError:
    wait = timedelta(seconds=LOOKS[min(attempt, len(LOOKS)) - 1])
    benign = ApplicationErrorCategory.BENIGN
    return ApplicationError("the remedy is at work", type="try_again", next_retry_delay=wait, category=benign)
