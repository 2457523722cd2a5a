"""From a confirmation sent to the ruling known and to the refund executed, against a bare update's round trip."""

import asyncio
import time
from collections.abc import Awaitable

from benchmarks.bare_flow import BareWait
from benchmarks.effects import ANSWER, sample
from benchmarks.redress_flow import ended
from benchmarks.stand import Stand
from models.names import remedy_id


async def ours(stand: Stand, number: str) -> tuple[float, float]:
    """Seconds to the ruling and to the refund, of one case at rest."""
    cases = stand.cases()
    await cases.start(sample(number))
    await cases.taken_in(number, within=120)  # then its first step is done
    await asyncio.sleep(0.3)
    sent = time.perf_counter()
    await cases.send(number, "confirm", ANSWER, wait=120)
    ruled = time.perf_counter()
    await ended(stand.client, remedy_id(number, 1, 1, "Refund"))
    return ruled - sent, time.perf_counter() - sent


async def under_load(stand: Stand, load: Awaitable[object], prefix: str) -> list[tuple[float, float]]:
    """As `ours`, one case after the other for as long as the load lasts."""
    going = asyncio.ensure_future(load)
    found: list[tuple[float, float]] = []
    while not going.done():
        found.append(await ours(stand, f"{prefix}{len(found):05d}"))
    await going
    return found


async def theirs(stand: Stand, number: str) -> float:
    """Seconds of a bare update's round trip to a waiting workflow."""
    handle = await stand.client.start_workflow(
        BareWait.run, args=[number, 3600.0], id=f"wait.{number}", task_queue="bare"
    )
    await handle.execute_update(BareWait.confirm, "hello")
    await asyncio.sleep(0.3)
    sent = time.perf_counter()
    await handle.execute_update(BareWait.confirm, "hello")
    took = time.perf_counter() - sent
    await handle.terminate()
    return took
