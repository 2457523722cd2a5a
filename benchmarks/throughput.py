"""Closed cases per second and CPU per case, contender against contender in interleaved rounds."""

import asyncio
import itertools
import time
from collections.abc import Sequence

from benchmarks.contenders import Contender
from benchmarks.machine import middle

_serial = itertools.count(1)


async def rounds(contenders: Sequence[Contender], cases: int, at_once: int, times: int) -> dict[str, list[list[float]]]:
    """For each contender cases/s and CPU seconds per case, round by round; the order turns with each round."""
    found: dict[str, list[list[float]]] = {one.name: [] for one in contenders}
    for one in contenders:
        await _run(one, at_once, at_once)  # pollers, caches and statements warm
    for turn in range(times):
        for one in contenders if turn % 2 == 0 else reversed(contenders):
            found[one.name].append(await _run(one, cases, at_once))
    return found


async def _run(one: Contender, cases: int, at_once: int) -> list[float]:
    gate = asyncio.Semaphore(at_once)

    async def case() -> None:
        async with gate:
            await one.case(f"B-{next(_serial):07d}")

    spent, begun = one.cpu(), time.perf_counter()
    await asyncio.gather(*(case() for _ in range(cases)))
    lasted = time.perf_counter() - begun
    return [cases / lasted, (one.cpu() - spent) / cases]


def ratio(found: dict[str, list[list[float]]], ours: str, theirs: str, figure: int) -> float:
    """The median of our figure over theirs, round by round: drift of the machine cancels out."""
    pairs = zip(found[ours], found[theirs], strict=True)
    return middle([one[figure] / other[figure] for one, other in pairs])
