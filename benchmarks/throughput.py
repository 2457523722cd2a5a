"""Closed cases per second and CPU per case, contender against contender in interleaved rounds."""

from collections.abc import Sequence

from benchmarks.contenders import Runner
from benchmarks.machine import middle


async def rounds(contenders: Sequence[Runner], cases: int, at_once: int, times: int) -> dict[str, list[list[float]]]:
    """For each contender cases/s and CPU seconds per case, round by round; the order turns with each round."""
    found: dict[str, list[list[float]]] = {one.name: [] for one in contenders}
    for one in contenders:
        await one.run(at_once, at_once)  # pollers, caches and statements warm
    for turn in range(times):
        for one in contenders if turn % 2 == 0 else list(reversed(contenders)):
            found[one.name].append(await one.run(cases, at_once))
    return found


def ratio(found: dict[str, list[list[float]]], ours: str, theirs: str, figure: int) -> float:
    """The median of our figure over theirs, round by round: drift of the machine cancels out."""
    pairs = zip(found[ours], found[theirs], strict=True)
    return middle([one[figure] / other[figure] for one, other in pairs])
