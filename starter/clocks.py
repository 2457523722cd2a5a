"""Clocks of single workflows on the local stack, which may run ahead of ours."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from starter.calls import CALL_ERRORS, ClosedError, Trouble, meaning
from starter.failures import NoSuchCase, TryAgain

CHECK_EVERY, CHECKS = 3.0, 40
"""Seconds between two looks at a clock that has not arrived, and how many: a pending activity or task holds it."""
Handle = WorkflowHandle[Any, Any]


async def own_time(client: Client, handle: Handle) -> datetime:
    """A workflow's own time; ours where the server cannot tell."""
    with suppress(*CALL_ERRORS):
        return await TimeSkipper(client).get_current_time(handle)
    return datetime.now(UTC)


async def forward(client: Client, handle: Handle, by: timedelta, waits: Callable[[], Awaitable[bool]]) -> bool:
    """Let a workflow's clock run ahead; False when it ends first.

    `waits` says whether the case now waits for returned goods: the server holds its clock while a remedy runs, so it
    has then arrived as far as it can. Raises NoSuchCase, TryAgain when something else holds the clock.
    """
    task = asyncio.ensure_future(_forward(client, handle, by))
    try:
        for _ in range(CHECKS):
            done, _ = await asyncio.wait({task}, timeout=CHECK_EVERY)
            if done:
                return task.result()
            if await waits():
                return True
        raise TryAgain("clock_held", number=handle.id)
    except ClosedError:
        return False
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _forward(client: Client, handle: Handle, by: timedelta) -> bool:
    # A remedy that begins on the way must not inherit a clock that jumps to each of its own deadlines at once.
    skipper = TimeSkipper(client, config=TimeSkippingConfig(disable_propagation=True))
    try:
        return await skipper.fast_forward(handle, by)
    except CALL_ERRORS as error:
        match meaning(error):
            case Trouble.NO_CASE:
                raise NoSuchCase("no_case", number=handle.id) from None
            case Trouble.CLOSED:
                raise ClosedError from None
            case _:
                raise TryAgain("clock_held", number=handle.id) from None
