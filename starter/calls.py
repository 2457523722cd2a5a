"""What the answers and errors of a Temporal service mean to a sender."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from enum import Enum, auto
from typing import Any, Self, TypeVar

from temporalio.exceptions import TemporalError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.notfound import has_ended, is_gone
from starter.failures import NoSuchCase, NotAllowed, TryAgain

PAUSES = (0.2, 0.5, 1.0, 2.0)
"""Seconds between tries of an ambiguous call."""
CALL_ERRORS = (TemporalError, OSError, RuntimeError)
"""What a call to a Temporal service raises; RuntimeError is its client core."""
RPC = timedelta(seconds=10)
"""How long one call may take."""
T = TypeVar("T")

AMBIGUOUS = {
    RPCStatusCode.UNKNOWN,
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.FAILED_PRECONDITION,
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.CANCELLED,
    RPCStatusCode.ABORTED,
    RPCStatusCode.RESOURCE_EXHAUSTED,
    RPCStatusCode.INTERNAL,
}
"""It may have been done or not: only the same message under the same id is safe."""


class Trouble(Enum):
    """What an error means."""

    NO_CASE = auto()
    CLOSED = auto()
    AMBIGUOUS = auto()
    REFUSED = auto()


def meaning(error: BaseException) -> Trouble:
    """What an error of a call about one case means."""
    if not isinstance(error, RPCError):
        return Trouble.AMBIGUOUS if isinstance(error, _unanswered()) else Trouble.REFUSED
    if has_ended(error):
        return Trouble.CLOSED
    if error.status is RPCStatusCode.NOT_FOUND:
        return Trouble.NO_CASE if is_gone(error) else Trouble.AMBIGUOUS
    return Trouble.AMBIGUOUS if error.status in AMBIGUOUS else Trouble.REFUSED


def _unanswered() -> tuple[type[Exception], ...]:
    """How it is told that no answer came."""
    # Only now: who lists cases does without the SDK's client.
    from temporalio.client import RPCTimeoutOrCancelledError

    return (RPCTimeoutOrCancelledError, OSError)


def silent(error: BaseException) -> str:
    """Who does not answer a question about a case, by the failure that says so."""
    if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
        return "no_namespace"
    away = isinstance(error, RPCError) and error.status is RPCStatusCode.UNAVAILABLE
    return "server_away" if away else "no_worker"


class ClosedError(Exception):
    """The case has ended."""


def heed_cancellation() -> None:
    """Raises CancelledError where this task is being cancelled: the SDK hides that of an update behind an error."""
    if (task := asyncio.current_task()) is not None and task.cancelling():
        raise asyncio.CancelledError from None


async def patiently(call: Callable[[], Awaitable[T]]) -> T:
    """The call, again while its failure leaves open whether it was done. It must be safe to repeat.

    Raises NoSuchCase, ClosedError, NotAllowed, TryAgain; WorkflowAlreadyStartedError passes through.
    """
    passing: tuple[type[Exception], ...] = (RPCError, *_unanswered())
    for pause in (*PAUSES, 0.0):
        try:
            return await call()
        except WorkflowAlreadyStartedError:
            raise
        except passing as error:
            heed_cancellation()
            _stop_unless_ambiguous(error)
        await asyncio.sleep(pause)
    raise TryAgain("server_away")


def _stop_unless_ambiguous(error: Exception) -> None:
    match meaning(error):
        case Trouble.NO_CASE:
            raise NoSuchCase("no_case", number="") from None
        case Trouble.CLOSED:
            raise ClosedError from None
        case Trouble.REFUSED:
            status = error.status.name if isinstance(error, RPCError) else type(error).__name__
            raise NotAllowed("server_refuses", status=status) from None
        case Trouble.AMBIGUOUS:
            return


class Within:
    """Runs one call for at most so many seconds; TryAgain after that. A cancel from outside stays a cancel.

    `asyncio.timeout` will not do: the SDK turns the cancellation of an update into an error of its own.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._task: asyncio.Future[Any] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def run(self, call: Awaitable[T]) -> T:
        """The call's result. Raises TryAgain when it takes too long."""
        self._task = task = asyncio.ensure_future(call)
        done, _ = await asyncio.wait({task}, timeout=self._seconds)
        if not done:
            raise TryAgain("server_away")
        return task.result()
