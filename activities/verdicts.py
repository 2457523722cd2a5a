"""Sending an update to a case or a meeting and hearing its verdict, a refusal included. For activities and clients."""

import asyncio
import hashlib
import json
from typing import Any

from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from activities.notfound import has_ended, is_gone
from models.case import Verdict
from models.names import Refused
from rules.checks import case_closed, corrective_closed, incident_closed, meeting_over

CLOSED = Verdict(accepted=False, code=Refused.CLOSED, reason=case_closed().reason)


def ended(workflow_id: str) -> Verdict:
    """The answer of what takes no messages any more: a case, or a meeting, an incident, an 8D report."""
    kind = workflow_id.partition(".")[0]
    return Verdict(accepted=False, code=Refused.CLOSED, reason=_ENDED.get(kind, case_closed)().reason)


_ENDED = {"meeting": meeting_over, "incident": incident_closed, "drill": incident_closed, "8d": corrective_closed}
"""What a workflow's id begins with -> what it says when it has ended."""


async def ask(
    handle: WorkflowHandle[Any, Any], name: str, message: dict[str, Any], command_id: str, update_id: str | None = None
) -> Verdict:
    """The verdict on one message. Raises RPCError and the like where nobody can say."""
    known = update_id or _update_id(command_id, name, message)
    try:
        verdict: Verdict = await handle.execute_update(name, message, id=known, result_type=Verdict)
    except WorkflowUpdateFailedError as error:
        return _refusal(error.cause)
    except RPCError as error:
        if has_ended(error):
            return ended(handle.id)
        raise
    return verdict


async def ask_within(
    handle: WorkflowHandle[Any, Any], name: str, message: dict[str, Any], within: float, update_id: str | None = None
) -> Verdict | None:
    """The verdict; None where there is none `within` seconds. The message's `command_id` makes a second copy harmless.

    `update_id`: where the answer to an earlier copy would not do. Raises RPCError where the server cannot say.
    """
    asking = asyncio.ensure_future(ask(handle, name, message, message["command_id"], update_id))
    try:
        # Not asyncio.timeout: the SDK turns the cancellation of an update into an error of its own.
        done, _ = await asyncio.wait({asking}, timeout=within)
        return asking.result() if done else None
    except RPCError as error:
        if is_gone(error):
            return CLOSED
        raise
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def ask_or_leave(
    handle: WorkflowHandle[Any, Any], name: str, message: dict[str, Any], within: float
) -> tuple[Verdict, bool]:
    """The verdict, and whether the case gave it: one that does not answer `within` seconds keeps the message.

    Raises RPCError where the server cannot say.
    """
    if (verdict := await ask_within(handle, name, message, within)) is not None:
        return verdict, True
    try:
        await handle.signal(name, message)
    except RPCError as error:
        if is_gone(error):
            return CLOSED, True
        raise
    return Verdict(accepted=True, code="accepted"), False


def _update_id(command_id: str, name: str, message: dict[str, Any]) -> str:
    """The server gives a known update id its first answer unseen; another message must not pass for the first."""
    content = json.dumps([name, message], sort_keys=True).encode()
    return f"{command_id}:{hashlib.sha256(content).hexdigest()[:16]}"


def _refusal(cause: BaseException) -> Verdict:
    if isinstance(cause, ApplicationError):
        if cause.type in set(Refused):
            return Verdict(accepted=False, code=Refused(cause.type), reason=cause.message[:500])
        if cause.type == "AcceptedUpdateCompletedWorkflow":
            return CLOSED
    # Not a refusal of ours: its text might hold what was sent.
    kind = getattr(cause, "type", None) or type(cause).__name__
    return Verdict(accepted=False, code=Refused.BAD_INPUT, reason=f"not readable for the case ({kind})")
