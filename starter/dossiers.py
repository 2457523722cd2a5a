"""The client's side of meetings, incidents and corrective actions: start one, send it a message."""

from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from models.base import Contract
from models.case import Verdict
from models.commands import Command
from models.names import TASK_QUEUE
from starter.calls import RPC, patiently
from starter.failures import NoSuchCase
from starter.messages import Tokens, no_token, send
from starter.sealed import unless_sealed


class Dossiers:
    """Workflows of one Temporal namespace that people write to, by their workflow ids."""

    def __init__(self, client: Client, *, task_queue: str = TASK_QUEUE, tokens: Tokens = no_token) -> None:
        self._tokens = tokens
        self._client = client
        self._task_queue = task_queue

    async def start(self, kind: str, workflow_id: str, argument: Contract, *, again: bool) -> str | None:
        """The run started; None where one runs already, or, without `again`, has run. Raises TryAgain, KeysNeeded."""
        reuse = WorkflowIDReusePolicy.ALLOW_DUPLICATE if again else WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY
        proven = argument.model_copy(update={"token": self._tokens(workflow_id)})

        async def call() -> WorkflowHandle[Any, Any]:
            return await self._client.start_workflow(
                kind,
                proven.model_dump(mode="json", exclude_none=True),
                id=workflow_id,
                task_queue=self._task_queue,
                id_reuse_policy=reuse,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                static_summary=workflow_id,
                rpc_timeout=RPC,
            )

        await unless_sealed(self._client)
        try:
            return (await patiently(call)).first_execution_run_id
        except WorkflowAlreadyStartedError:
            return None

    async def send(self, workflow_id: str, number: str, name: str, command: Command, *, wait: float) -> Verdict:
        """Send a message and return its verdict. `wait` in seconds. Raises NoSuchCase; NotConfirmed as for a case."""
        handle = self._client.get_workflow_handle(workflow_id)
        try:
            proven = command.model_copy(update={"token": self._tokens(workflow_id)})
            return await send(self._client, handle, number, name, proven, wait)
        except NoSuchCase:
            raise NoSuchCase("no_case", number=number) from None
