"""Many open cases: memory, a killed worker, a burst after a restart, lists, and several workers."""

import time
from typing import NamedTuple

from activities.store import Store
from benchmarks.bare_flow import BareWait
from benchmarks.contenders import bounded
from benchmarks.effects import ANSWER, sample
from benchmarks.goals import Goal
from benchmarks.herd import written
from benchmarks.machine import content_kb, cpu_seconds, memory_mb, middle
from benchmarks.processes import BARE, SHIPPED, Working, command, since, worker
from benchmarks.redress_flow import whole_case
from benchmarks.stand import Stand
from starter.calls import patiently

WAIT = 86_400.0
AT_ONCE = 50
PER = 10_000
CACHED = 800
"""So many open cases are all in the cache of a worker, which holds 1,000."""
WARM = 120
"""Cases before memory is looked at: until then a worker grows by what it has once (statements, texts, connections)."""


class Growth(NamedTuple):
    """What so many open cases took."""

    worker: float
    """MB."""
    server: float
    """MB."""
    rate: float
    """Starts a second, each until its departments are asked."""
    dearer: float
    """CPU of worker and server for a start of the last quarter, against one of the first."""


async def memory(at: Stand, how_many: int, bare: Growth) -> list[Goal]:
    """Growth of worker and server by so many open cases, against as many bare waiting workflows on another server."""
    ours = await growth(at, how_many, bare=False)
    note = f"growth by {how_many} open, scaled; the same cache and sandbox policy"
    goals = []
    for name, mine, theirs in (("worker", ours.worker, bare.worker), ("server", ours.server, bare.server)):
        scaled = mine * PER / how_many
        goals.append(Goal(f"10,000 open cases: {name}", scaled, "MB", note=note))
        goals.append(Goal(f"open cases: {name}'s memory against bare", mine / max(theirs, 0.1), "x", 1.2))
    note = f"until {how_many} were open, at most {AT_ONCE} at once"
    return [
        *goals,
        Goal("open cases: starts", ours.rate, "/s", note=note),
        Goal("open cases: CPU of a start, the last quarter's against the first's", ours.dearer, "x", 1.2, note=note),
    ]


async def cached(at: Stand, how_many: int, bare: Growth) -> Goal:
    """The worker's growth where it puts no case away, against as many bare waiting workflows."""
    ours = await growth(at, how_many, bare=False, prefix="C")
    note = f"growth by {how_many} open, none put away"
    against = ours.worker / max(bare.worker, 0.1)
    return Goal("open cases, all cached: worker's memory against bare", against, "x", note=note)


async def growth(at: Stand, how_many: int, *, bare: bool, prefix: str = "M") -> Growth:
    """What they take; of a server only where it has held nothing else: what it once took it does not give back."""
    start = _start_bare if bare else _start_case
    async with worker(at, BARE if bare else SHIPPED) as process:
        await start(at, [f"{prefix}-{bare:d}0{one:06d}" for one in range(min(WARM, how_many))])
        before, begun = (process.memory, memory_mb(at.server)), time.perf_counter()
        used = [process.cpu + cpu_seconds(at.server)]
        for quarter in range(1, 5):
            await start(at, [f"{prefix}-{bare:d}{quarter}{one:06d}" for one in range(how_many // 4)])
            used.append(process.cpu + cpu_seconds(at.server))
        took = since(begun)
        grown = process.memory - before[0], memory_mb(at.server) - before[1]
    return Growth(*grown, rate=how_many / took, dearer=(used[4] - used[3]) / (used[1] - used[0]))


async def _start_bare(at: Stand, numbers: list[str]) -> None:
    async def one(number: str) -> None:
        name = f"wait.{number}"
        handle = await at.client.start_workflow(BareWait.run, args=[number, WAIT], id=name, task_queue="bare")
        await patiently(lambda: handle.execute_update(BareWait.confirm, "hello", id="hello"))

    await bounded(one, numbers, AT_ONCE)


async def _start_case(at: Stand, numbers: list[str]) -> None:
    cases = at.cases()

    async def one(number: str) -> None:
        await cases.start(sample(number))

    await bounded(one, numbers, AT_ONCE)
    store = Store(at.settings.database)
    await written(store, numbers[0][:4], len(numbers), "asked")
    await store.close()


async def killed(at: Stand, burst: int) -> list[Goal]:
    """A worker that held all cases is killed beside another; then the other too, and a new one meets a burst."""
    numbers = [f"K-{one:07d}" for one in range(burst)]
    first_through = []
    async with worker(at) as holder:
        await _start_case(at, [f"K-A{one:06d}" for one in range(3)])
        async with worker(at) as heir:
            first_through.append(await _confirmed_after(at, holder, "K-A000001"))
            await _start_case(at, numbers)
            await heir.kill()
        async with worker(at):
            begun = time.perf_counter()
            await bounded(lambda number: _confirm(at, number), numbers, AT_ONCE)
            took = since(begun)
    return [
        Goal(
            "after kill -9 of the worker: first confirmation", middle(first_through), "s", 2.0, note="another is there"
        ),
        Goal(
            f"burst of {burst} confirmations after kill and restart", burst / took, "/s", note="every case is replayed"
        ),
    ]


async def _confirmed_after(at: Stand, victim: Working, number: str) -> float:
    await victim.kill()
    begun = time.perf_counter()
    await _confirm(at, number)
    return since(begun)


async def _confirm(at: Stand, number: str) -> None:
    verdict = await at.cases().send(number, "confirm", ANSWER, wait=300)
    if not verdict.accepted:
        raise RuntimeError(f"{number}: {verdict.code}")


async def lists(at: Stand, how_many: int) -> list[Goal]:
    """`list` and `inbox` over all open cases: the whole program, its start included."""
    goals = []
    for name, arguments in {
        "list": ("list", "--limit", str(how_many), "--json"),
        "inbox": ("inbox", "merchandise", "--limit", str(how_many), "--json"),
    }.items():
        spent, peak = await command(at, *arguments)
        goals.append(Goal(f"{name} over {how_many} open cases: CPU", spent, "s"))
        goals.append(Goal(f"{name} over {how_many} open cases: peak memory", peak, "MB", 200.0))
    return goals


async def scale_out(at: Stand, cases: int, at_once: int) -> list[Goal]:
    """The whole flow with 1, 2 and 4 worker processes on one machine and one server; what the cases leave on disk."""
    goals = []
    alone = 0.0
    files = {"redress's": at.settings.home / "redress.db", "the server's": at.folder / "temporal" / "temporal.db"}
    before = {name: content_kb(file) for name, file in files.items()}
    for processes in (1, 2, 4):
        rate, share = await _with(at, processes, cases, at_once)
        alone = alone or rate
        note = f"the server takes {share:.0%} of the CPU; {rate:.2g} cases/s"
        goals.append(Goal(f"{processes} worker processes: cases/s against one", rate / alone, "x", note=note))
    for name, file in files.items():
        left = (content_kb(file) - before[name]) / (3 * cases)
        goals.append(Goal(f"a closed case in {name} file", left, "kB", note=f"{3 * cases} cases, indexes included"))
    return goals


async def _with(at: Stand, processes: int, cases: int, at_once: int) -> tuple[float, float]:
    running = [worker(at) for _ in range(processes)]
    workers = [await one.__aenter__() for one in running]
    try:
        used = [cpu_seconds(at.server), *(one.cpu for one in workers)]
        begun = time.perf_counter()
        await bounded(whole_case(at), [f"S-{processes}{number:06d}" for number in range(cases)], at_once)
        took = since(begun)
        spent = [
            now - was for now, was in zip([cpu_seconds(at.server), *(one.cpu for one in workers)], used, strict=True)
        ]
    finally:
        for each in running:
            await each.__aexit__(None, None, None)
    return cases / took, spent[0] / sum(spent)
