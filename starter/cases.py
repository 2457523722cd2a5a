"""The client's side of a case: start it, send it a message, read it. The only sender, so the only one that retries."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

from models.case import Event, Verdict
from models.commands import Command
from models.complaint import Complaint
from models.names import COMPLAINT, SYSTEM, TASK_QUEUE, TIMELINE, VIEW, case_id
from models.stage import Stage
from models.views import CaseView
from starter.calls import CALL_ERRORS, RPC, Trouble, meaning, patiently, silent
from starter.failures import BadInput, NoSuchCase, TryAgain
from starter.listing import CaseLine, Filters
from starter.lists import Lists
from starter.messages import Standings, Tokens, no_standing, no_token, send

QUERY = timedelta(seconds=5)
T = TypeVar("T")


class Started(NamedTuple):
    """A filed complaint's number, and whether this call opened the case."""

    number: str
    new: bool


class Cases:
    """Cases of one Temporal namespace. `local` says the server is our local stack, whose clocks may be forwarded.

    `tokens` prove who sends and `standings` say for whom: with them a message is answered in one step. A complaint that
    names no procedure runs on `default_procedure`.
    """

    def __init__(
        self,
        client: Client,
        *,
        task_queue: str = TASK_QUEUE,
        default_procedure: str = "marketplace",
        local: bool = False,
        tokens: Tokens = no_token,
        standings: Standings = no_standing,
    ) -> None:
        self._client = client
        self._default_procedure = default_procedure
        self._tokens = tokens
        self._standings = standings
        self._task_queue = task_queue
        self._local = local
        self._may_send = False

    @property
    def client(self) -> Client:
        """The connection."""
        return self._client

    async def start(self, complaint: Complaint) -> Started:
        """File a complaint; the same one filed again, at once or a year later, is the same case.

        Raises TryAgain when the server cannot be reached: filing again is safe; KeysNeeded before anything is sent.
        """
        number = complaint.own_number()
        own: dict[str, object] = {"number": number}
        if (token := self._tokens(case_id(number))) is not None:
            own["token"] = token
        argument = complaint.model_copy(update=own).model_dump(mode="json", exclude_unset=True)
        await self._unless_sealed()
        try:
            await patiently(lambda: self._open(number, complaint, argument))
        except WorkflowAlreadyStartedError:
            return Started(number, new=False)
        return Started(number, new=True)

    async def _unless_sealed(self) -> None:
        """Raises KeysNeeded; asked once, since an import files thousands."""
        if not self._may_send:
            from starter.sealed import unless_sealed

            await unless_sealed(self._client)
            self._may_send = True

    async def taken_in(self, number: str, *, within: float = 4.0) -> bool:
        """Wait for the service to take a complaint in, `within` seconds; False where it has not by then.

        Raises NoSuchCase with the reason where it does not take it.
        """
        end = time.monotonic() + within
        while True:
            with suppress(TryAgain):
                await self.view(number)
                return True
            if time.monotonic() > end:
                return False
            await asyncio.sleep(0.2)

    async def _open(self, number: str, complaint: Complaint, argument: dict[str, Any]) -> None:
        # Only now: who reads does not wait for the rules.
        from starter.opening import expected, summary

        # The server tells a case that is already there (open or closed) only by refusing the second start. A start that
        # failed for bad input has left no case: its number is free.
        await self._client.start_workflow(
            COMPLAINT,
            argument,
            id=case_id(number),
            task_queue=self._task_queue,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            static_summary=summary(complaint, self._default_procedure),
            search_attributes=expected(number, complaint, self._default_procedure),
            rpc_timeout=RPC,
        )

    async def send(self, number: str, name: str, command: Command, *, wait: float = 10.0) -> Verdict:
        """Send a human action and return the case's verdict, refusals included. `wait` is in seconds.

        A resend under the same `command_id` does nothing twice. Raises NoSuchCase; NotConfirmed when nobody answered
        in `wait` - then the message is stored with the server as a signal, in time, and the case will judge it.
        """
        try:
            proof = {"token": self._tokens(case_id(number)), "standing": self._standings(command.actor)}
            proven = command.model_copy(update=proof)
            return await send(self._client, self._handle(number), number, name, proven, wait)
        except NoSuchCase:
            raise NoSuchCase("no_case", number=number) from None

    async def view(self, number: str) -> CaseView:
        """The case now. Raises NoSuchCase, also where it was not taken in; TryAgain when nobody answers."""
        found: CaseView | None = await self._query(number, VIEW, CaseView | None)  # type: ignore[arg-type]
        if found is None:
            await self._unless_refused(number)
            raise TryAgain("not_readable", number=number)
        return found

    async def timeline(self, number: str) -> list[Event]:
        """What happened, in order. Raises as `view`."""
        found = await self._query(number, TIMELINE, list[Event])
        if not found:
            await self._unless_refused(number)
        return found

    async def _unless_refused(self, number: str) -> None:
        """Raises NoSuchCase with the reason where the service did not take the complaint in: no case came of it."""
        handle = self._handle(number)
        if (await patiently(lambda: handle.describe(rpc_timeout=RPC))).status is not WorkflowExecutionStatus.FAILED:
            return
        try:
            await handle.result(rpc_timeout=RPC)
        except WorkflowFailureError as failed:
            if isinstance(failed.cause, ApplicationError):
                raise NoSuchCase("not_taken_in", number=number, problem=failed.cause.message) from None

    async def _query(self, number: str, name: str, kind: type[T]) -> T:
        handle = self._handle(number)
        try:
            answer: T = await handle.query(name, result_type=kind, rpc_timeout=QUERY)
        except CALL_ERRORS as error:
            match meaning(error):
                case Trouble.NO_CASE:
                    raise NoSuchCase("no_case", number=number) from None
                case Trouble.AMBIGUOUS:
                    raise TryAgain(silent(error), number=number) from None
                case _:
                    raise TryAgain("not_readable", number=number) from None
        return answer

    def listing(self, wanted: Filters, *, limit: int | None = None) -> AsyncIterator[CaseLine]:
        """See Lists."""
        return self._lists.listing(wanted, limit=limit)

    async def counts(self) -> dict[str, int]:
        """See Lists."""
        return await self._lists.counts()

    async def now(self, number: str) -> datetime:
        """The case's own time: ahead of ours where its clock was forwarded."""
        if not self._local:
            return datetime.now(UTC)
        from starter.clocks import own_time

        return await own_time(self._client, self._handle(number))

    async def clocks(self, listed: Sequence[CaseLine]) -> dict[str, datetime]:
        """See Lists."""
        return await self._lists.clocks(listed)

    @property
    def _lists(self) -> Lists:
        return Lists(self._client.service_client, self._client.namespace, local=self._local)

    def only_local(self) -> None:
        """Raises BadInput where the server is not our local stack: its clocks are everybody's."""
        if not self._local:
            raise BadInput("only_local")

    async def fast_forward(self, number: str, by: timedelta) -> bool:
        """Let the case's own clock run ahead; False when the case ends first.

        While a remedy is under way it is the remedy's clock: how long goods are waited for. Only on the local stack:
        BadInput elsewhere. A pending activity holds the clock: TryAgain after two minutes.
        """
        self.only_local()
        from starter.clocks import forward

        child = (await self.view(number)).child

        async def waits() -> bool:
            view = await self.view(number)
            return child is None and view.stage is Stage.EXECUTING and SYSTEM not in view.waiting_for.split(",")

        handle = self._client.get_workflow_handle(child) if child else self._handle(number)
        try:
            arrived = await forward(self._client, handle, by, waits)
        except TryAgain:
            raise TryAgain("clock_held", number=number) from None
        return arrived or child is not None

    def _handle(self, number: str) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(case_id(number))
