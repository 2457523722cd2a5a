"""G12: the server is dark over many deadlines and a meeting's hour. Each silence is ruled once, at its own instant.

python -m tests.lanes.dark --seed 7 --n 200 [--answer 60]
"""

import argparse
import asyncio
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from sqlmodel import col, select
from temporalio.client import Client

from activities.store import Store
from models.complaint import Complaint
from models.tables import EventRow
from procedures import PACKS
from starter.cases import Cases
from starter.schedules import weekly
from starter.settings import Settings
from tests.builders import complaint_data
from tests.e2e.test_meeting_missed import at_hour, brought
from tests.lanes.common import Lane, main, options
from tests.lanes.town import manned
from verify.oracle import Oracle

AT_ONCE = 24
WITHIN = 60.0
"""Seconds after the restart by which every missed deadline must be ruled on."""
NOTICE = timedelta(days=21)


async def dark(given: argparse.Namespace) -> Lane:
    """The lane."""
    lane = Lane("dark", given.seed, given.n)
    answer = timedelta(seconds=given.answer)
    async with manned(lane.name, {"answer": given.answer}) as (town, store, client):
        began = datetime.now(UTC)
        await file_cases(lane, client, lane.n)
        last = max(deadlines_of(await lines(store, "asked", lane.n)).values())
        lane.must(began + answer > datetime.now(UTC), "too slow: deadlines passed before it was dark")
        hour = await _meeting(client, last)
        await town.strike_server(max(given.dark, (max(last, hour) - datetime.now(UTC)).total_seconds() + 1))
        await _caught_up(lane, store)
        await _held(lane, await town.client())
        await lane.replay(await town.client())
        await lane.ask(Oracle(store, PACKS.pinned, client=await town.client()).violations())
    return lane


async def file_cases(lane: Lane, client: Client, count: int, **changes: str) -> list[str]:
    """So many complaints, some at a time; their numbers."""
    cases, places = Cases(client), asyncio.Semaphore(AT_ONCE)
    numbers = [f"{lane.name.upper()[:1]}{lane.seed}-{serial}" for serial in range(count)]

    async def one(number: str) -> None:
        async with places:
            content = complaint_data(procedure="swift", number=number, **changes)
            await cases.start(Complaint.model_validate(content))

    await asyncio.gather(*(one(number) for number in numbers))
    return numbers


async def lines(store: Store, kind: str, count: int, *, within: float = 240.0) -> list[EventRow]:
    """The record's lines of a kind, once there are so many, or the time is up."""
    until = time.monotonic() + within
    while True:
        async with store.read() as session:
            found = list((await session.exec(select(EventRow).where(col(EventRow.kind) == kind))).all())
        if len(found) >= count or time.monotonic() > until:
            return found
        await asyncio.sleep(0.3)


def deadlines_of(asked: list[EventRow]) -> dict[str, datetime]:
    """When each case's departments must have answered."""
    return {line.number: datetime.fromisoformat(str(line.data["deadline_at"])) for line in asked}


async def _meeting(client: Client, last: datetime) -> datetime:
    """A meeting whose hour falls into the dark; that hour."""
    pack = PACKS.pinned("marketplace.1")
    if pack.meeting is None:
        raise RuntimeError("the marketplace has no meeting")
    rules = pack.meeting.model_copy(update={"notice": NOTICE})
    hour = max(last, datetime.now(UTC) + timedelta(seconds=10)).replace(microsecond=0)
    schedule = await client.create_schedule("meeting.soon", at_hour(hour, weekly(pack, rules, Settings().task_queue)))
    while (await schedule.describe()).info.next_action_times != [hour]:
        await asyncio.sleep(0.2)
    return hour


async def _caught_up(lane: Lane, store: Store) -> None:
    began = time.monotonic()
    silences = await lines(store, "silence", lane.n, within=WITHIN)
    lane.counts["ruled after ms"] = int(1_000 * (time.monotonic() - began))
    lane.counts["silences"] = len(silences)
    lane.must(len(silences) == lane.n, f"{len(silences)} of {lane.n} ruled within {WITHIN:.0f} s")
    twice = [number for number, times in Counter(line.number for line in silences).items() if times > 1]
    lane.must(not twice, f"ruled twice: {twice[:5]}")
    dues = deadlines_of(await lines(store, "asked", lane.n))
    moved = [line.number for line in silences if line.at != dues[line.number]]
    lane.must(not moved, f"not at the deadline's instant: {moved[:5]}")


async def _held(lane: Lane, client: Client) -> None:
    """The meeting was called once."""
    called = await brought(client, "meeting.soon")
    lane.counts["meetings called"] = len(called)
    lane.must(len(called) == 1, f"{len(called)} meetings called for one hour")


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--answer", type=int, default=60, help="seconds a department has: time to file all cases")
    parser.add_argument("--dark", type=float, default=30.0, help="seconds without a server, at least")


if __name__ == "__main__":
    main(dark(options("dark", 200, _options)))
