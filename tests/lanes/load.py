"""G18: hundreds of cases stand open, and as many are started a second as a busy hour brings; people write meanwhile.

python -m tests.lanes.load --seed 7 --n 500 [--rate 50] [--seconds 60] [--rounds 1]

With more rounds than one, each round's cases are closed before the next begins, and the memory of the worker must not
grow from round to round.
"""

import argparse
import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

from temporalio.client import Client

from activities.store import Store
from models.complaint import Complaint
from models.names import case_id
from procedures import PACKS
from starter.cases import Cases
from starter.failures import TryAgain
from tests.builders import GOODS_DEPT, SERVICE, complaint_data, liable
from tests.lanes.common import Lane, main, options
from tests.lanes.dark import AT_ONCE, file_cases, lines
from tests.lanes.town import manned
from verify.oracle import Oracle

ANSWER = {"actor": GOODS_DEPT, "liable": liable(merchant=100), "reason": "检测属实"}
CONTENT = {"actor": SERVICE, "satisfied": True}
CLOCKS = {"answer": 86_400, "task": 86_400, "panel": 86_400}
MEASURED = 200
"""Messages timed at rest, one after another."""
AT_REST_MS = 2_000
"""99 of 100 of them must be answered within it."""
PATIENCE = 900.0
"""Seconds given to the worker for what a round has brought."""
GROWTH = 1.0
"""Megabytes the worker may grow in an hour; judged where the rounds after the first took an hour."""
HOUR = 3_600.0


async def load(given: argparse.Namespace) -> Lane:
    """The lane."""
    lane = Lane("load", given.seed, given.n)
    async with manned(lane.name, CLOCKS) as (town, store, client):
        standing = await file_cases(lane, client, lane.n)
        await _have(lane, store, "asked", standing)
        sizes: list[tuple[float, float]] = []
        for serial in range(given.rounds):
            numbers = [f"L{lane.seed}-{serial}-{place}" for place in range(given.rate * given.seconds)]
            began = time.monotonic()
            await _wave(lane, client, numbers, given.rate, standing)
            await _have(lane, store, "asked", numbers)
            lane.counts["asked after ms"] = int(1_000 * (time.monotonic() - began))
            answered = await _at_rest(lane, client, numbers)
            if given.rounds > 1:
                await _each(numbers[answered:], lambda number: _update(client, number, "confirm", ANSWER))
                await _have(lane, store, "feedback_asked", numbers)
                await _each(numbers, lambda number: _update(client, number, "feedback", CONTENT))
                await _have(lane, store, "closed", numbers)
            sizes.append((time.monotonic(), _resident(town.workers[0])))
        _grown(lane, sizes)
        await lane.ask(Oracle(store, PACKS.pinned, client=client).violations())
    return lane


async def _have(lane: Lane, store: Store, kind: str, numbers: list[str]) -> None:
    """Each of these cases has come so far."""
    until, missing = time.monotonic() + PATIENCE, set(numbers)
    while missing and time.monotonic() < until:
        await asyncio.sleep(1)
        missing -= {line.number for line in await lines(store, kind, 0)}
    lane.must(not missing, f"{len(missing)} cases have no line `{kind}` after {PATIENCE:.0f} s: {sorted(missing)[:5]}")


async def _wave(lane: Lane, client: Client, numbers: list[str], rate: int, standing: list[str]) -> None:
    """So many starts a second, and every second an answer in one of the cases that stand open."""
    cases, began = Cases(client), time.monotonic()

    async def one(place: int, number: str) -> None:
        await asyncio.sleep(max(0.0, began + place / rate - time.monotonic()))
        content = Complaint.model_validate(complaint_data(procedure="swift", number=number))
        while True:
            try:
                await cases.start(content)
            except TryAgain:
                lane.counts["starts sent again"] += 1
            else:
                return

    wave = asyncio.gather(*(one(place, number) for place, number in enumerate(numbers)))
    spent: list[float] = []
    while not wave.done() and standing:
        spent.append(await _update(client, standing.pop(), "confirm", ANSWER))
        await asyncio.sleep(1)
    await wave
    lane.counts["starts a second"] = round(len(numbers) / (time.monotonic() - began))
    lane.counts["under load p99 ms"] = _p99(spent)


async def _at_rest(lane: Lane, client: Client, numbers: list[str]) -> int:
    """Time the answers in the first cases of a round; how many."""
    spent = [await _update(client, number, "confirm", ANSWER) for number in numbers[:MEASURED]]
    lane.counts["at rest p99 ms"] = _p99(spent)
    lane.must(_p99(spent) < AT_REST_MS, f"99 of 100 messages at rest were answered within {_p99(spent)} ms")
    return len(spent)


async def _each(numbers: Iterable[str], do: Callable[[str], Coroutine[Any, Any, float]]) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(number: str) -> None:
        async with places:
            await do(number)

    await asyncio.gather(*(one(number) for number in numbers))


async def _update(client: Client, number: str, name: str, content: dict[str, Any]) -> float:
    """Send it; the seconds until it is known to be accepted."""
    began = time.monotonic()
    await client.get_workflow_handle(case_id(number)).execute_update(name, content)
    return time.monotonic() - began


def _grown(lane: Lane, sizes: list[tuple[float, float]]) -> None:
    """What the worker has grown in an hour, the first round left out: in it the caches fill."""
    lane.counts["worker MB"] = round(sizes[-1][1])
    spent = sizes[-1][0] - sizes[0][0]
    if spent > 0:
        an_hour = (sizes[-1][1] - sizes[0][1]) * HOUR / spent
        lane.counts["worker grows MB an hour"] = round(an_hour)
        lane.must(spent < HOUR or an_hour < GROWTH, f"the worker grows {an_hour:.1f} MB an hour")


def _resident(pid: int) -> float:
    """The memory of a process, in megabytes."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * 4_096 / 1e6


def _p99(spent: list[float]) -> int:
    """Milliseconds."""
    return int(1_000 * sorted(spent)[len(spent) * 99 // 100]) if spent else 0


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rate", type=int, default=50, help="starts a second")
    parser.add_argument("--seconds", type=int, default=60, help="for so long")
    parser.add_argument("--rounds", type=int, default=1, help="the same again; the cases of each are closed")


if __name__ == "__main__":
    main(load(options("load", 500, _options)))
