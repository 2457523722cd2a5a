"""Closed cases per second and CPU per case, contender against contender in interleaved rounds."""

from collections.abc import Callable, Sequence

from benchmarks.contenders import Measured, Runner
from benchmarks.machine import middle


async def rounds(contenders: Sequence[Runner], cases: int, at_once: int, times: int) -> dict[str, list[Measured]]:
    """What each contender took, round by round; the order turns with each round."""
    found: dict[str, list[Measured]] = {one.name: [] for one in contenders}
    for one in contenders:
        await one.run(at_once, at_once)  # pollers, caches and statements warm
    for turn in range(times):
        for one in contenders if turn % 2 == 0 else list(reversed(contenders)):
            found[one.name].append(await one.run(cases, at_once))
    return found


def ratio(ours: Sequence[Measured], theirs: Sequence[Measured], figure: Callable[[Measured], float]) -> float:
    """The median of our figure over theirs, round by round: drift of the machine cancels out."""
    return middle([figure(one) / figure(other) for one, other in zip(ours, theirs, strict=True)])


def rate(round_: Measured) -> float:
    """Cases per second."""
    return round_.rate


def spent(round_: Measured) -> float:
    """CPU seconds per case."""
    return round_.spent


def parts(found: Sequence[Measured]) -> dict[str, float]:
    """CPU seconds per case of each part, medians."""
    return {part: middle([one.cpu[part] for one in found]) for part in found[0].cpu}
