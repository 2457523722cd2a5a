"""Showing Temporal that a long activity is alive, whatever it waits for meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import activity

BEAT = 1.0
"""Between heartbeats (seconds)."""


@asynccontextmanager
async def beating() -> AsyncIterator[None]:
    """Heartbeats as long as the block runs. Inside an activity only."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(BEAT)

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
