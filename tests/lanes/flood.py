"""G10: thousands of messages to one case, honest ones between them: none lost, the count exact, the runs short.

python -m tests.lanes.flood --seed 7 --n 12000 [--updates 2500]
"""

import argparse
import asyncio
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from temporalio.client import RPCTimeoutOrCancelledError
from temporalio.service import RPCError

from activities.store import Store
from models.stage import Stage
from procedures import PACKS
from starter.calls import heed_cancellation
from tests.lanes.common import Lane, main, options, patient
from tests.server import local_environment
from tests.support import GOODS_DEPT, LOGISTICS, OfCase, Office, liable, office_at_work
from verify.oracle import Oracle
from workflows.inbox import FLOOD

SIGNALS_AT_ONCE, UPDATES_AT_ONCE = 40, 8
HONEST_EVERY = 0.5
"""Seconds between two messages of somebody who waits for the answer: some hundred samples, so that one in a hundred is
not the worst of all."""
PER_RUN = 5_000
"""Events of a run. A server suggests another one at 4,096."""
PER_HANDOVER = 2 * FLOOD
"""Messages in which a run must have handed over once, with something in hand for a busy machine."""
STANDING = {"standing": {"departments": ["merchandise"]}}
KEPT = {"liable": liable(merchant=100), "reason": "检测属实", "command_id": "kept-1"}


async def flood(given: argparse.Namespace) -> Lane:
    """The lane."""
    lane = Lane("flood", given.seed, given.n)
    with tempfile.TemporaryDirectory(prefix="redress-flood-") as folder:
        store = Store(f"sqlite+aiosqlite:///{Path(folder) / 'redress.db'}")
        await store.create()
        async with local_environment(renew_at=4_096) as env, office_at_work(env, store) as office:
            patient(office)
            await _pour(office, lane, given.updates, given.rate)
            office._cases.clear()
            await lane.replay(env.client)
            await lane.ask(Oracle(store, PACKS.pinned, client=env.client).violations())
        await store.close()
    return lane


async def _pour(office: Office, lane: Lane, updates: int, rate: int) -> None:
    case = await office.asked(cause="damage_unclear")
    due = (await case.view()).due
    await case.send("confirm", GOODS_DEPT, **KEPT)
    honest = asyncio.create_task(_honest(lane, case))
    await asyncio.gather(_signals(lane, case, rate), _updates(lane, case, updates))
    honest.cancel()
    with suppress(asyncio.CancelledError):
        await honest
    await _settled(case, lane.n)
    seen = await case.view()
    lane.must(seen.refusals == lane.n, f"{lane.n} signals to be refused, {seen.refusals} on record")
    lane.must((seen.stage, seen.due) == (Stage.ASKED, due), f"stage and clock: {seen.stage} {seen.due}, was {due}")
    lane.must(lane.counts["updates repeated"] == updates, f"{lane.counts['updates repeated']} of {updates} answered")
    await case.send("confirm", LOGISTICS, liable=liable(merchant=100), reason="外包装完好")
    after = await case.at("feedback", within=120)
    lane.must(after.refunded == 21_000, f"refunded {after.refunded}")
    runs = [len(history.events) for history in await case.histories()]
    lane.counts |= {"runs": len(runs), "events of the longest run": max(runs)}
    lane.must(max(runs) <= PER_RUN, f"a run has {max(runs)} events")
    least = (lane.n + updates) // PER_HANDOVER
    lane.must(len(runs) > least, f"{len(runs)} runs, one of them the refund's: the case must hand over {least} times")


async def _signals(lane: Lane, case: OfCase, rate: int) -> None:
    """Nonsense, each with a line on the record, so many a second."""
    places, began = asyncio.Semaphore(SIGNALS_AT_ONCE), time.monotonic()

    async def one(serial: int) -> None:
        await asyncio.sleep(began + serial / rate - time.monotonic())
        async with places:
            await _sent(lane, case, serial)

    await asyncio.gather(*(one(serial) for serial in range(lane.n)))


async def _sent(lane: Lane, case: OfCase, serial: int) -> None:
    """One signal, sent again where the server says that the run is about to hand over."""
    name = lane.dice.choice(("nonsense", "confirm", "decide"))
    while True:
        try:
            return await case.handle.signal(name, {"n": serial})
        except RPCError as error:
            if "is closing" not in error.message:
                lane.wrong.append(f"signal {serial}: the server refused it: {error.message}")
                return None
            lane.counts["signals sent again"] += 1
            await asyncio.sleep(0.5)


async def _updates(lane: Lane, case: OfCase, count: int) -> None:
    """An answer that was accepted, sent again and again: each time it is said so."""
    places = asyncio.Semaphore(UPDATES_AT_ONCE)

    async def one() -> None:
        async with places:
            verdict = await _again(lane, case)
            lane.counts[f"updates {verdict['code']}"] += 1

    await asyncio.gather(*(one() for _ in range(count)))


async def _again(lane: Lane, case: OfCase) -> dict[str, Any]:
    """The answer that was accepted, sent until it is answered; by half by the door, by half looked up."""
    while True:
        try:
            standing = STANDING if lane.dice.random() < 0.5 else {}
            return await case.send("confirm", GOODS_DEPT, **KEPT, **standing)
        except (RPCError, RPCTimeoutOrCancelledError) as error:
            heed_cancellation()
            lane.counts[f"sent again: {error.status.name if isinstance(error, RPCError) else 'TIMEOUT'}"] += 1
            await asyncio.sleep(0.5)


async def _honest(lane: Lane, case: OfCase) -> None:
    """Somebody who waits for each answer while the flood runs."""
    spent: list[float] = []
    try:
        while True:
            began = time.monotonic()
            verdict = await _again(lane, case)
            lane.must(verdict["code"] == "repeated", f"an honest message was answered with {verdict}")
            spent.append(time.monotonic() - began)
            await asyncio.sleep(HONEST_EVERY)
    finally:
        spent.sort()
        lane.counts["honest messages answered"] = len(spent)
        for share in (50, 90, 99):
            lane.counts[f"honest p{share} ms"] = int(1_000 * spent[len(spent) * share // 100]) if spent else 0


async def _settled(case: OfCase, refusals: int) -> None:
    """Until every signal is on record, or a minute has brought nothing new."""
    known, since = -1, time.monotonic()
    while known < refusals and time.monotonic() - since < 60:
        seen = (await case.view()).refusals
        if seen != known:
            known, since = seen, time.monotonic()
        await asyncio.sleep(0.5)


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--updates", type=int, default=2_500)
    parser.add_argument("--rate", type=int, default=50, help="signals a second, while the updates come as they can")


if __name__ == "__main__":
    main(flood(options("flood", 12_000, _options)))
