"""The client's side of a meeting: call it, send it a message."""

from datetime import UTC, datetime
from typing import NamedTuple

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from models.case import Verdict
from models.commands import Command
from models.meeting import Call
from models.names import SUPERVISION_MEETING, TASK_QUEUE, meeting_id
from models.procedure import Procedure
from rules.calendar import week_of
from starter.calls import RPC, patiently
from starter.clocks import own_time
from starter.failures import NoSuchCase
from starter.messages import Tokens, no_token, send
from starter.sealed import unless_sealed


class Called(NamedTuple):
    """A meeting's name, and whether this call started it."""

    name: str
    new: bool


class Meetings:
    """Meetings of one procedure."""

    def __init__(
        self, client: Client, procedure: Procedure, *, task_queue: str = TASK_QUEUE, tokens: Tokens = no_token
    ) -> None:
        self._tokens = tokens
        self._client = client
        self._pack = procedure
        self._task_queue = task_queue

    async def call(self, week: str | None = None) -> Called:
        """Hold the meeting of an ISO week now, this week's by default; one that has been called stays as it is.

        Raises TryAgain when the server cannot be reached: calling again is safe; KeysNeeded before anything is sent.
        """
        name = week or week_of(datetime.now(UTC), self._pack.time_zone)
        meeting = meeting_id(self._pack.name, name)
        call = Call(procedure=self._pack.name, name=name, at_once=True, token=self._tokens(meeting))
        await unless_sealed(self._client)
        try:
            await patiently(
                lambda: self._client.start_workflow(
                    SUPERVISION_MEETING,
                    call,
                    id=meeting,
                    task_queue=self._task_queue,
                    id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
                    id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                    static_summary=meeting,
                    rpc_timeout=RPC,
                )
            )
        except WorkflowAlreadyStartedError:
            return Called(name, new=False)
        return Called(name, new=True)

    async def now(self, name: str) -> datetime:
        """A meeting's own time: ahead of ours where its clock was forwarded."""
        return await own_time(self._client, self._client.get_workflow_handle(meeting_id(self._pack.name, name)))

    async def send(self, name: str, message: str, command: Command, *, wait: float = 10.0) -> Verdict:
        """Send a message to a meeting and return its verdict. `wait` in seconds.

        Raises NoSuchCase for a meeting nobody has called; NotConfirmed as for a case.
        """
        handle = self._client.get_workflow_handle(meeting_id(self._pack.name, name))
        try:
            proven = command.model_copy(update={"token": self._tokens(handle.id)})
            return await send(self._client, handle, name, message, proven, wait)
        except NoSuchCase:
            raise NoSuchCase("no_meeting", name=name) from None
