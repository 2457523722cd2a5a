"""The client's side of a refund taken back: tell the service, and hear what became of the news."""

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError

from models.case import Verdict
from models.commands import TakenBack
from models.names import REFUND_TAKEN_BACK, TASK_QUEUE, Refused, taken_back_id
from starter.calls import Within
from starter.dossiers import Dossiers
from starter.failures import NotConfirmed, TryAgain
from starter.messages import Tokens, no_token


async def tell_taken_back(
    client: Client, told: TakenBack, *, task_queue: str = TASK_QUEUE, tokens: Tokens = no_token, wait: float
) -> Verdict:
    """Start the news of a refund, or join it where it is being told, and return its verdict, a refusal included.

    `wait` in seconds. Raises NotConfirmed where the case has not answered by then: the service goes on telling it.
    TryAgain where the server cannot be reached: telling again is safe.
    """
    workflow_id = taken_back_id(told.reference)
    dossiers = Dossiers(client, task_queue=task_queue, tokens=tokens)
    await dossiers.start(REFUND_TAKEN_BACK, workflow_id, told, again=True)
    handle: WorkflowHandle[object, Verdict] = client.get_workflow_handle(workflow_id, result_type=Verdict)
    try:
        async with Within(wait) as within:
            return await within.run(handle.result())
    except TryAgain:
        raise NotConfirmed("not_confirmed", command_id=workflow_id, number=told.reference) from None
    except WorkflowFailureError as error:
        return _refusal(error.cause)


def _refusal(cause: BaseException) -> Verdict:
    if isinstance(cause, ApplicationError) and cause.type in set(Refused):
        return Verdict(accepted=False, code=Refused(cause.type), reason=cause.message[:500])
    return Verdict(accepted=False, code=Refused.BAD_INPUT, reason="the news could not be told; look at its workflow")
