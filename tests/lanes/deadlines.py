"""G13: answers around their deadlines while no worker is there: what the server had in time counts, late ones do not.

python -m tests.lanes.deadlines --seed 7 --n 500 [--answer 60]
"""

import argparse
import asyncio
import signal
from datetime import UTC, datetime, timedelta

from temporalio.client import Client

from activities.store import Store
from models.names import case_id
from procedures import PACKS
from tests.builders import GOODS_DEPT, LOGISTICS, liable
from tests.lanes.common import Lane, main, options
from tests.lanes.dark import deadlines_of, file_cases, lines
from tests.lanes.town import manned, send
from verify.oracle import Oracle

AROUND = 4.0
"""Seconds before and after a deadline in which the answers come."""
ANSWER = {"liable": liable(merchant=100), "reason": "检测属实"}
BOTH = (GOODS_DEPT, LOGISTICS)


async def deadlines(given: argparse.Namespace) -> Lane:
    """The lane."""
    lane = Lane("deadlines", given.seed, given.n)
    async with manned(lane.name, {"answer": given.answer}) as (town, store, client):
        numbers = await file_cases(lane, client, lane.n // 2, cause="damage_unclear")
        dues = deadlines_of(await lines(store, "asked", lane.n))
        for pid in town.workers:
            send(pid, signal.SIGKILL)
        wide = min(dues.values()) - timedelta(seconds=AROUND)
        lane.must(datetime.now(UTC) < wide, "too slow: deadlines passed before the workers were gone")
        await asyncio.gather(*(_answer(lane, client, number, dues[number]) for number in numbers))
        town.bury()
        await town.hire("", 0, 0)
        await _judged(lane, store, client, dues)
        await lane.replay(client)
        await lane.ask(Oracle(store, PACKS.pinned, client=client).violations())
    return lane


async def _answer(lane: Lane, client: Client, number: str, due: datetime) -> None:
    """Both departments, each at an instant of its own."""

    async def one(actor: str) -> None:
        at = due + timedelta(seconds=lane.dice.uniform(-AROUND, AROUND))
        await asyncio.sleep(max(0.0, (at - datetime.now(UTC)).total_seconds()))
        await client.get_workflow_handle(case_id(number)).signal("confirm", {"actor": actor, **ANSWER})

    await asyncio.gather(*(one(actor) for actor in BOTH))


async def _judged(lane: Lane, store: Store, client: Client, dues: dict[str, datetime]) -> None:
    """Each answer's line beside the instant the server wrote down for it."""
    receipts = {}
    for number in dues:
        history = await client.get_workflow_handle(case_id(number)).fetch_history()
        for event in history.events:
            if event.HasField("workflow_execution_signaled_event_attributes"):
                payload = event.workflow_execution_signaled_event_attributes.input.payloads[0]
                who = next(actor for actor in BOTH if actor in payload.data.decode())
                receipts[number, who] = event.event_time.ToDatetime(tzinfo=UTC)
    expected = {key: receipt < dues[key[0]] for key, receipt in receipts.items()}
    timely = sum(expected.values())
    found = {(line.number, line.actor): True for line in await lines(store, "answered", timely, within=90)}
    found |= {
        (line.number, line.actor): False
        for line in await lines(store, "answered_late", len(expected) - timely, within=90)
    }
    honoured = [key for key, in_time in expected.items() if not in_time and found.get(key)]
    refused = [key for key, in_time in expected.items() if in_time and found.get(key) is False]
    unheard = [key for key in expected if key not in found]
    lane.counts |= {"in time": timely, "late": len(expected) - timely}
    lane.must(len(expected) == 2 * len(dues), f"{len(expected)} of {2 * len(dues)} answers reached the server")
    lane.must(not honoured, f"late and honoured: {honoured[:5]}")
    lane.must(not refused, f"in time and refused: {refused[:5]}")
    lane.must(not unheard, f"no line: {len(unheard)} {unheard[:5]}")


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--answer", type=int, default=60, help="seconds a department has: time to file all cases")


if __name__ == "__main__":
    main(deadlines(options("deadlines", 500, _options)))
