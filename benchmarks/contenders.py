"""What a contender is: one whole case by its number, and what all that works for it has used."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

_serial = itertools.count(1)


async def bounded(do: Callable[[str], Awaitable[None]], numbers: Sequence[str], at_once: int) -> None:
    """Each number once, so many of them together."""
    gate = asyncio.Semaphore(at_once)

    async def one(number: str) -> None:
        async with gate:
            await do(number)

    await asyncio.gather(*map(one, numbers))


class Measured(NamedTuple):
    """What one round of cases took."""

    rate: float
    """Cases per second."""
    cpu: Mapping[str, float]
    """CPU seconds per case of each part: the client, the worker, the server."""

    @property
    def spent(self) -> float:
        """CPU seconds per case of all parts."""
        return sum(self.cpu.values())


class Runner(Protocol):
    """Whatever can be measured."""

    @property
    def name(self) -> str:
        """What it is called."""

    async def run(self, cases: int, at_once: int) -> Measured:
        """So many cases."""


@dataclass(frozen=True)
class Contender:
    """One whole case by its number: filed, answered, refunded, told, satisfied, closed."""

    case: Callable[[str], Awaitable[None]]
    cpu: Callable[[], Mapping[str, float]]
    """CPU seconds so far of each part that works for it."""

    async def run(self, cases: int, at_once: int) -> Measured:
        """So many cases, `at_once` of them under way together."""
        numbers = [f"B-{next(_serial):07d}" for _ in range(cases)]
        before, begun = self.cpu(), time.perf_counter()
        await bounded(self.case, numbers, at_once)
        lasted, after = time.perf_counter() - begun, self.cpu()
        return Measured(cases / lasted, {part: (after[part] - before[part]) / cases for part in before})
