"""A worker of the bare flow in a process of its own, with the settings of redress's."""

import asyncio
import os
from collections.abc import Awaitable, Callable

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from activities.store import Store
from benchmarks.bare_flow import BareCase, BareRefund, BareWait
from benchmarks.effects import Effects, post_office
from procedures import load_packs
from starter.main import spare_garbage
from starter.settings import load_settings
from worker import RESTRICTIONS, tuned


async def serve() -> None:
    """Work until the process is killed."""
    load_packs()
    settings = load_settings()
    store = Store(f"sqlite+aiosqlite:///{settings.home / 'bare.db'}")
    await store.create()
    effects = Effects(store)
    rows = {"bare_open": effects.open, "bare_told": effects.told, "bare_closed": effects.closed}
    rows |= {"bare_pay": effects.pay, "bare_row": effects.open}
    async with (
        post_office(store, settings.smtp.port),
        Worker(
            await Client.connect(os.environ["TEMPORAL_ADDRESS"]),
            task_queue="bare",
            workflows=[BareCase, BareRefund, BareWait],
            activities=[activity.defn(name=name)(_plain(do)) for name, do in rows.items()],
            workflow_runner=SandboxedWorkflowRunner(RESTRICTIONS),
            **tuned(settings.worker),
        ),
    ):
        await asyncio.Event().wait()


def _plain(do: Callable[[str], Awaitable[None]]) -> Callable[[str], Awaitable[None]]:
    """A function of its own: a method cannot be named an activity."""

    async def run(number: str) -> None:
        await do(number)

    return run


if __name__ == "__main__":
    spare_garbage()
    asyncio.run(serve())
