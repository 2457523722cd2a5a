"""`make bench`: the short form. FULL=1: more cases and rounds. TINY=1: only whether it runs. PARTS=name: only these.

Each size may be given by its name: `BENCH_HERD=1000 BENCH_OPEN=10000 make bench PARTS="midnight crowds"`.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

from activities.store import Store
from benchmarks import herd, latency, long_history, open_cases, restate_flow, startup, writes
from benchmarks.apart import Place, apart, installed
from benchmarks.contenders import Contender, Measured, Runner
from benchmarks.counts import Cost
from benchmarks.goals import RESULTS, Goal, keep, kept, table
from benchmarks.machine import load, middle, quantile
from benchmarks.paths import PATHS
from benchmarks.processes import BARE, worker
from benchmarks.protections import VARIANTS, Variant
from benchmarks.redress_flow import whole_case
from benchmarks.reports import reports
from benchmarks.stand import Stand, mail_sink, stand
from benchmarks.throughput import parts, rate, ratio, rounds, spent
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
    open: int
    burst: int
    ended: int
    """Cases in SQL that are reported on."""


CONTENDERS = {
    "redress": "redress",
    "bare SDK": "bare",
    "bare SDK, ordinary activities": "bare_ordinary",
    "SQL polling loop": "polling",
    "DBOS on PostgreSQL": "dbos",
    "Restate": "restate",
}
SIZES = {
    "tiny": Size(3, 3, 1, 3, 5, 1, 5, 3, 20),
    "short": Size(24, 8, 5, 100, 60, 5, 360, 60, 2_000),
    "full": Size(400, 100, 7, 10_000, 900, 21, 20_000, 1_000, 100_000),
}


async def costs(folder: Path, packs: Path, size: Size) -> list[Goal]:
    """Part 1: exact."""
    store = Store(f"sqlite+aiosqlite:///{folder / 'costs.db'}")
    await store.create()
    async with local_environment() as env, office_at_work(env, store) as office:
        found = {name: await writes.spent(path, office) for name, path in PATHS.items()}
    await store.close()
    bounds = {"answered": Cost(50, 99, 9_000, 14), "silence": Cost(50, 99, 9_000, 14)}
    goals = []
    for name, (cost, written) in found.items():
        bound = bounds.get(name)
        for unit in ("events", "actions", "bytes"):
            limit = getattr(bound, unit) if bound else None
            goals.append(Goal(f"{name}: {unit}", getattr(cost, unit), unit, limit))
        goals.append(Goal(f"{name}: workflow tasks", cost.tasks, "tasks"))
        goals.append(
            Goal(f"{name}: SQL statements", written.statements, "statements", note=f"{written.commits} commits")
        )
        goals.append(Goal(f"{name}: mails", written.mails, "mails"))
    added = found["contested"][0].events - found["agreed"][0].events
    goals.append(Goal("a contested round adds", added, "events", 16))
    return goals


async def side_by_side(folder: Path, packs: Path, size: Size) -> list[Goal]:
    """Part 2: everybody on one machine in one run, each in processes of its own; redress is measured twice as A/A."""
    async with AsyncExitStack() as running:
        port = await running.enter_async_context(mail_sink())
        contenders: list[Runner] = []
        for name, which in _present().items():
            place = Place(folder / which, packs, port)
            contenders.append(await running.enter_async_context(apart(name, which, place)))
        found = await rounds([*contenders, _Again(contenders[0])], size.cases, size.at_once, size.rounds)
    ours, again = found["redress"], found.pop("redress again")
    goals = [
        Goal("A/A: cases/s, redress against itself", ratio(ours, again, rate), "x", note="noise"),
        Goal("A/A: CPU per case", ratio(ours, again, spent), "x", note="noise"),
    ]
    for name, measured in found.items():
        by_part = ", ".join(f"{part} {used * 1000:.3g}" for part, used in parts(measured).items())
        goals.append(Goal(f"{name}: cases/s", middle([one.rate for one in measured]), "/s"))
        goals.append(Goal(f"{name}: CPU per case", middle([one.spent for one in measured]) * 1000, "ms", note=by_part))
    server = middle([one.cpu["server"] / one.spent for one in ours])
    goals.append(Goal("redress: the server's share of the CPU", server, "of all"))
    for name in list(found)[1:]:
        faster, dearer = ratio(ours, found[name], rate), ratio(ours, found[name], spent)
        least, most = (0.9, 1.15) if name == "bare SDK" else (None, None)
        goals.append(Goal(f"cases/s against {name}", faster, "x", least, at_most=False))
        goals.append(Goal(f"CPU per case against {name}", dearer, "x", most))
        if "DBOS" in name:
            goals.append(Goal("closed cases per CPU second against DBOS", 1 / dearer, "x", 1.0, at_most=False))
    return goals


def _present() -> dict[str, str]:
    """Who can be measured here, redress first; who cannot is named."""
    contenders = dict(CONTENDERS)
    if not installed("dbos"):
        contenders.pop("DBOS on PostgreSQL")
        sys.stderr.write("bench: DBOS is not measured: the package dbos is not installed; pip install '.[bench]'\n")
    if (lack := restate_flow.missing()) is not None:
        contenders.pop("Restate")
        sys.stderr.write(f"bench: Restate is not measured: {lack}\n")
    return contenders


class _Again(NamedTuple):
    """The same contender under another name."""

    ours: Runner
    name: str = "redress again"

    async def run(self, cases: int, at_once: int) -> Measured:
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


async def under_load(at: Stand, size: Size) -> list[Goal]:
    """Part 3, while the flow runs at full tilt."""
    load = Contender(whole_case(at), dict).run(size.cases * size.rounds, size.at_once)
    found = await latency.under_load(at, load, "U-")
    goals = []
    for name, values in (("ruling", [one[0] for one in found]), ("refund executed", [one[1] for one in found])):
        note = f"{len(values)} cases beside {size.at_once} at a time"
        goals.append(Goal(f"under load: confirmation to {name}, p50", middle(values) * 1000, "ms", note=note))
        goals.append(Goal(f"under load: confirmation to {name}, p99", quantile(values, 0.99) * 1000, "ms", note=note))
    return goals


async def midnight(folder: Path, packs: Path, size: Size) -> list[Goal]:
    """Part 4: on a server of its own, for a worker has more to do at its start the more procedures it has."""
    spans = herd.hasty_packs(packs, size.seconds)
    async with mail_sink() as port, stand(folder / "midnight", packs, port) as at, worker(at), worker(at, BARE):
        bare = await herd.theirs(at, size.herd, "W-", size.seconds)
        late = await herd.ours(at, size.herd, "H-", spans)
    note = f"{size.herd} deadlines within {late.spread:.1f} s, bare {bare.spread:.1f} s; nothing missed"
    return [
        Goal("herd: the last ruling against the last bare row", late.ruled / bare.ruled, "x", 2.0, note=note),
        Goal("herd: the last refunded and written against it", late.done / bare.ruled, "x", note=note),
        Goal("herd: the last ruling", late.ruled, "s", note=note),
    ]


async def reactions(folder: Path, packs: Path, size: Size) -> list[Goal]:
    """Part 3: redress and the bare flow on one server, a worker process each."""
    async with mail_sink() as port, stand(folder / "reactions", packs, port) as at, worker(at), worker(at, BARE):
        return await reaction(at, size) + await under_load(at, size)


async def crowds(folder: Path, packs: Path, size: Size) -> list[Goal]:
    """Parts 5, 6 and 7: on a server that has seen nothing else."""
    cached = min(size.open, open_cases.CACHED)
    async with mail_sink() as port, stand(folder / "bare", packs, port) as at:
        bare = await open_cases.growth(at, size.open, bare=True)
        few = await open_cases.growth(at, cached, bare=True, prefix="C")
    async with mail_sink() as port, stand(folder / "crowds", packs, port) as at:
        goals = await open_cases.memory(at, size.open, bare)
        goals.append(await open_cases.cached(at, cached, few))
        goals += await open_cases.lists(at, size.open)
        goals += await open_cases.killed(at, size.burst)
        goals += await long_history.growth(at, size.rounds)
        return goals + await open_cases.scale_out(at, size.cases * 2, size.at_once * 2)


async def protections(folder: Path, packs: Path, size: Size) -> list[Goal]:
    """What each costs, interleaved with the product as it is shipped."""
    async with AsyncExitStack() as running:
        port = await running.enter_async_context(mail_sink())
        contenders: list[Runner] = []
        for name, (which, env) in {"shipped": Variant("redress", {}), **VARIANTS}.items():
            place = Place(folder / name.replace(" ", "_"), packs, port)
            contenders.append(await running.enter_async_context(apart(name, which, place, **env)))
        found = await rounds(contenders, size.cases, size.at_once, size.rounds)
    shipped = found.pop("shipped")
    return [
        Goal(f"{name}: CPU per case against shipped", ratio(other, shipped, spent), "x")
        for name, other in found.items()
    ]


async def beginnings(folder: Path, packs: Path, size: Size) -> list[Goal]:
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


async def machine(folder: Path, packs: Path, size: Size) -> list[Goal]:
    """How busy the machine is with other things."""
    return [Goal("load of the machine", load(), "processes", note=f"{os.cpu_count()} cores")]


async def books(folder: Path, packs: Path, size: Size) -> list[Goal]:
    """Part 6: every report over many ended cases."""
    return [goal async for goal in reports(folder / "reports", size.ended)]


Part = Callable[[Path, Path, Size], Awaitable[list[Goal]]]
PARTS: dict[str, Part] = {
    part.__name__: part
    for part in (machine, costs, beginnings, side_by_side, reactions, midnight, crowds, books, protections)
}


async def main(size: Size, wanted: list[str], results: Path) -> None:
    """The parts, each written down when it is done; then the table."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is started here is compiled once, as an install is
    for name in wanted or PARTS:
        sys.stderr.write(f"bench: {name}\n")
        with tempfile.TemporaryDirectory() as place:
            (packs := Path(place, "packs")).mkdir()
            keep(await PARTS[name](Path(place), packs, size), results)
    print(table(kept(results)))  # noqa: T201 - what a terminal is for


if __name__ == "__main__":
    chosen = "full" if os.environ.get("FULL") else "tiny" if os.environ.get("TINY") else "short"
    named = {name: f"BENCH_{name.upper()}" for name in Size._fields}
    wished = {name: int(os.environ[variable]) for name, variable in named.items() if variable in os.environ}
    with tempfile.TemporaryDirectory() as passing:
        # Figures of so few cases say nothing and are not kept.
        written = Path(passing, "results.json") if chosen == "tiny" else RESULTS
        asyncio.run(main(SIZES[chosen]._replace(**wished), sys.argv[1:], written))
