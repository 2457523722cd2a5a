"""Sending a person's message to a case or a meeting: an update, or a signal where nobody answers in time."""

from collections.abc import Callable
from secrets import token_hex
from typing import Any

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle

from activities.verdicts import ask, ended
from models.case import Verdict
from models.commands import Command, Standing
from models.names import Refused
from starter.calls import RPC, ClosedError, Within, patiently
from starter.failures import NoSuchCase, NotConfirmed, TryAgain
from starter.sealed import unless_sealed
from starter.wire import SEALED_WORDS, KeysNeeded

Tokens = Callable[[str | None], str | None]
"""A token for a message to a workflow, or one good for any (None); None where the sender has not logged in."""


def no_token(to: str | None) -> str | None:
    """The sender has not logged in."""
    return None


Standings = Callable[[str], Standing | None]
"""For whom a sender may act, by its name; None where that is not known here."""


def no_standing(actor: str) -> Standing | None:
    """Nothing is known: the case asks."""
    return None


async def send(
    client: Client, handle: WorkflowHandle[Any, Any], number: str, name: str, command: Command, wait: float
) -> Verdict:
    """The verdict, refusals included. `number` is how people call the receiver, `wait` in seconds.

    A resend under the same `command_id` does nothing twice. Raises NoSuchCase; NotConfirmed when nobody answered in
    `wait` - then the message is stored with the server as a signal, in time, and will be judged. KeysNeeded where the
    service would not read it.
    """
    command_id = command.command_id or token_hex(8)
    message = command.model_copy(update={"command_id": command_id}).model_dump(mode="json", exclude_none=True)
    plain = {field: value for field, value in message.items() if field != "standing"}
    try:
        async with Within(wait) as clock:
            verdict = await clock.run(_asked(handle, name, message, command_id))
            if command.standing is None or not _for_its_standing(verdict):
                return verdict
            # The directory has changed, or the worker does not know the field yet: the case finds out for itself.
            return await clock.run(_asked(handle, name, plain, command_id))
    except TryAgain:
        pass
    except ClosedError:
        return ended(handle.id)
    except NoSuchCase:
        # A server may say so of one that ends at this very moment.
        if (await patiently(lambda: handle.describe(rpc_timeout=RPC))).status is WorkflowExecutionStatus.RUNNING:
            raise
        return ended(handle.id)
    await unless_sealed(client)
    try:
        await patiently(lambda: handle.signal(name, plain, rpc_timeout=RPC))  # a signal has no door
    except ClosedError:
        return ended(handle.id)
    except TryAgain:
        raise NotConfirmed("not_sent", command_id=command_id, number=number) from None
    raise NotConfirmed("not_confirmed", command_id=command_id, number=number)


async def _asked(handle: WorkflowHandle[Any, Any], name: str, message: dict[str, Any], command_id: str) -> Verdict:
    verdict = await patiently(lambda: ask(handle, name, message, command_id))
    if verdict.reason == SEALED_WORDS:
        raise KeysNeeded
    return verdict


def _for_its_standing(verdict: Verdict) -> bool:
    return verdict.code == Refused.WRONG_STANDING or verdict.reason.startswith("standing: ")
