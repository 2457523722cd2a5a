"""A worker of the bare flow in a process of its own: the measure of a worker's memory. Settings as redress's."""

import asyncio
import os

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from activities.store import Store
from benchmarks.bare_flow import BareCase, BareRefund, BareWait
from benchmarks.effects import Effects
from procedures import load_packs
from starter.settings import load_settings
from worker import RUNNER


async def serve() -> None:
    """Work until the process is killed."""
    load_packs()
    settings = load_settings()
    store = Store(f"sqlite+aiosqlite:///{settings.home / 'bare.db'}")
    await store.create()
    effects = Effects(store)

    @activity.defn(name="bare_row")
    async def row(number: str) -> None:
        await effects.open(number)

    async with Worker(
        await Client.connect(os.environ["TEMPORAL_ADDRESS"]),
        task_queue="bare",
        workflows=[BareCase, BareRefund, BareWait],
        activities=[row],
        workflow_runner=RUNNER,
        max_cached_workflows=settings.worker.max_cached_workflows,
    ):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
