"""The leanest flow on the bare SDK as a contender: same effects, server, sandbox and tuning; a worker process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.apart import Place
from benchmarks.bare_flow import BareCase
from benchmarks.contenders import Contender
from benchmarks.processes import BARE, worker
from benchmarks.redress_flow import ended, parts
from benchmarks.stand import stand
from starter.calls import patiently


@asynccontextmanager
async def bare(place: Place, *, ordinary: bool = False) -> AsyncIterator[Contender]:
    """Local activities where nothing but our own database is asked."""
    async with stand(*place) as at, worker(at, BARE) as process:
        client = at.client

        async def case(number: str) -> None:
            handle = await client.start_workflow(
                BareCase.run, args=[number, ordinary], id=f"bare.{number}", task_queue="bare"
            )
            await patiently(lambda: handle.execute_update(BareCase.confirm, "merchant", id="confirm"))
            await ended(client, f"bare.{number}.refund")
            await patiently(lambda: handle.execute_update(BareCase.feedback, "satisfied", id="feedback"))
            await handle.result()

        yield Contender(case, lambda: parts(at, process.process.pid))


@asynccontextmanager
async def bare_ordinary(place: Place) -> AsyncIterator[Contender]:
    """The same with ordinary activities, as a flow must have them that answers questions (docs/reliability.md)."""
    async with bare(place, ordinary=True) as contender:
        yield contender
