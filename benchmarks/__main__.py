"""`make bench`: the short form. FULL=1: more cases and rounds. TINY=1: only whether it runs."""

import asyncio
import os
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

from activities.store import Store
from benchmarks import dbos_process, herd, latency, startup
from benchmarks.contenders import Runner, bare, polling, redress
from benchmarks.counts import Cost, cost
from benchmarks.goals import Goal, table, write
from benchmarks.machine import load, middle, quantile
from benchmarks.paths import PATHS
from benchmarks.stand import Stand, stand
from benchmarks.throughput import ratio, rounds
from tests.server import local_environment
from tests.support import office_at_work


class Size(NamedTuple):
    """How much is measured."""

    cases: int
    at_once: int
    rounds: int
    herd: int
    seconds: int
    pairs: int


SIZES = {
    "tiny": Size(3, 3, 1, 3, 5, 1),
    "short": Size(20, 10, 5, 100, 60, 7),
    "full": Size(400, 100, 7, 10_000, 900, 21),
}


async def costs(folder: Path) -> list[Goal]:
    """Part 1: exact."""
    store = Store(f"sqlite+aiosqlite:///{folder / 'costs.db'}")
    await store.create()
    spent: dict[str, Cost] = {}
    async with local_environment() as env, office_at_work(env, store) as office:
        for name, path in PATHS.items():
            spent[name] = cost(await (await path(office)).histories())
    await store.close()
    bounds = {"answered": Cost(50, 99, 9_000, 14), "silence": Cost(50, 99, 9_000, 14)}
    goals = []
    for name, found in spent.items():
        bound = bounds.get(name)
        for unit in ("events", "actions", "bytes"):
            limit = getattr(bound, unit) if bound else None
            goals.append(Goal(f"{name}: {unit}", getattr(found, unit), unit, limit))
        goals.append(Goal(f"{name}: workflow tasks", found.tasks, "tasks"))
    goals.append(Goal("a contested round adds", spent["contested"].events - spent["agreed"].events, "events", 16))
    return goals


async def speed(contenders: list[Runner], size: Size) -> list[Goal]:
    """Part 2: interleaved; the first contender is measured twice as A/A."""
    ours = contenders[0]
    again = _Again(ours)
    found = await rounds([*contenders, again], size.cases, size.at_once, size.rounds)
    goals = [
        Goal("A/A: cases/s, redress against itself", ratio(found, ours.name, again.name, 0), "x", note="noise"),
        Goal("A/A: CPU per case", ratio(found, ours.name, again.name, 1), "x", note="noise"),
    ]
    for one in contenders:
        goals.append(Goal(f"{one.name}: cases/s", middle([x[0] for x in found[one.name]]), "/s"))
        goals.append(Goal(f"{one.name}: CPU per case", middle([x[1] for x in found[one.name]]) * 1000, "ms"))
    for other in contenders[1:]:
        faster, dearer = (ratio(found, ours.name, other.name, figure) for figure in (0, 1))
        least, most = (0.9, 1.15) if other.name == "bare SDK" else (None, None)
        goals.append(Goal(f"cases/s against {other.name}", faster, "x", least, at_most=False))
        goals.append(Goal(f"CPU per case against {other.name}", dearer, "x", most))
        if "DBOS" in other.name:
            goals.append(Goal("closed cases per CPU second against DBOS", 1 / dearer, "x", 1.0, at_most=False))
    return goals


class _Again(NamedTuple):
    """The same contender under another name."""

    ours: Runner
    name: str = "redress again"

    async def run(self, cases: int, at_once: int) -> list[float]:
        """As the contender's."""
        return await self.ours.run(cases, at_once)


async def reaction(at: Stand, size: Size) -> list[Goal]:
    """Part 3, at rest."""
    ruled, paid, round_trip = [], [], []
    for turn in range(size.pairs):
        first, second = await latency.ours(at, f"L-{turn:05d}")
        ruled.append(first)
        paid.append(second)
        round_trip.append(await latency.theirs(at, f"L-{turn:05d}"))
    pairs = [one / other for one, other in zip(ruled, round_trip, strict=True)]
    return [
        Goal("confirmation to ruling against a bare update", middle(pairs), "x", 2.0),
        Goal("confirmation to ruling, p50", middle(ruled) * 1000, "ms"),
        Goal("confirmation to refund executed, p50", middle(paid) * 1000, "ms"),
        Goal("confirmation to refund executed, worst", quantile(paid, 0.99) * 1000, "ms"),
    ]


async def midnight(at: Stand, size: Size) -> list[Goal]:
    """Part 4."""
    bare_last = await herd.theirs(at, size.herd, "W-", size.seconds)
    our_last = await herd.ours(at, size.herd, "H-", size.seconds)
    note = f"{size.herd} at once; ours ruled, refunded and written, theirs one row each; nothing missed"
    return [
        Goal("herd: the last of ours against the last bare one", our_last / max(bare_last, 0.2), "x", 2.0, note=note)
    ]


def beginnings(size: Size, folder: Path) -> list[Goal]:
    """Part 6: the command line."""
    verbs = {"redress --help": (["--help"], 0.5), "redress list": (["list"], 1.3)}
    verbs["redress inbox"] = (["inbox", "merchandise"], 1.3)
    return [
        Goal(
            f"{name}: CPU to start against importing the client",
            startup.ratio([startup.REDRESS, *arguments], size.pairs, folder),
            "x",
            bound,
        )
        for name, (arguments, bound) in verbs.items()
    ]


async def main(size: Size) -> None:
    """All parts, then the table."""
    goals = [Goal("load of the machine at the start", load(), "processes", note="2 cores")]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        goals += await costs(folder)
        goals += beginnings(size, folder / "compiled")
        async with AsyncExitStack() as running:
            at = await running.enter_async_context(stand(folder, herd.hasty_pack(folder / "packs", size.seconds)))
            contenders: list[Runner] = [await running.enter_async_context(one(at)) for one in (redress, bare, polling)]
            if dbos_process.installed():
                contenders.append(await running.enter_async_context(dbos_process.dbos()))
            goals += await reaction(at, size)
            goals += await speed(contenders, size)
            goals += await midnight(at, size)
    goals.append(Goal("load of the machine at the end", load(), "processes", note="2 cores"))
    write(goals)
    print(table(goals))  # noqa: T201 - what a terminal is for


if __name__ == "__main__":
    chosen = "full" if os.environ.get("FULL") else "tiny" if os.environ.get("TINY") else "short"
    asyncio.run(main(SIZES[chosen]))
