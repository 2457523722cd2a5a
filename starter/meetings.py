"""The client's side of a meeting: call it, send it a message."""

from datetime import UTC, datetime
from typing import NamedTuple

from temporalio.client import Client

from models.case import Verdict
from models.commands import Command
from models.meeting import Call
from models.names import SUPERVISION_MEETING, TASK_QUEUE, meeting_id
from models.procedure import Procedure
from rules.calendar import week_of
from starter.clocks import own_time
from starter.dossiers import Dossiers
from starter.failures import NoSuchCase
from starter.messages import Tokens, no_token


class Called(NamedTuple):
    """A meeting's name, and whether this call started it."""

    name: str
    new: bool


class Meetings:
    """Meetings of one procedure."""

    def __init__(
        self, client: Client, procedure: Procedure, *, task_queue: str = TASK_QUEUE, tokens: Tokens = no_token
    ) -> None:
        self._client = client
        self._pack = procedure
        self._dossiers = Dossiers(client, task_queue=task_queue, tokens=tokens)

    async def call(self, week: str | None = None) -> Called:
        """Hold the meeting of an ISO week now, this week's by default; one that has been called stays as it is.

        Raises TryAgain when the server cannot be reached: calling again is safe; KeysNeeded before anything is sent.
        """
        name = week or week_of(datetime.now(UTC), self._pack.time_zone)
        call = Call(procedure=self._pack.name, name=name, at_once=True)
        run = await self._dossiers.start(SUPERVISION_MEETING, self._id(name), call, again=False)
        return Called(name, new=run is not None)

    async def now(self, name: str) -> datetime:
        """A meeting's own time: ahead of ours where its clock was forwarded."""
        return await own_time(self._client, self._client.get_workflow_handle(self._id(name)))

    async def send(self, name: str, message: str, command: Command, *, wait: float = 10.0) -> Verdict:
        """Send a message to a meeting and return its verdict. `wait` in seconds.

        Raises NoSuchCase for a meeting nobody has called; NotConfirmed as for a case.
        """
        try:
            return await self._dossiers.send(self._id(name), name, message, command, wait=wait)
        except NoSuchCase:
            raise NoSuchCase("no_meeting", name=name) from None

    def _id(self, name: str) -> str:
        return meeting_id(self._pack.name, name)
