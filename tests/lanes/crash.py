"""G1: cases under workers and a server that are killed and paused at random and at every named point.

    python -m tests.lanes.crash --seed 7 --n 60 --kills 40 [--minutes 30]

Cases keep coming until `n` are filed and as many kills and pauses done as are wanted. Then the oracle.
"""

import argparse
import asyncio
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from itertools import count as numbered
from pathlib import Path
from random import Random
from typing import Any

from sqlmodel import col, select
from temporalio.service import RPCError

from activities.store import Store
from models.case import Verdict
from models.commands import COMMANDS
from models.complaint import Complaint
from models.names import COMPLAINT
from models.stage import Stage
from models.tables import CaseRow, EventRow, MailRow
from procedures import DIRECTORY, PACKS, load_packs
from procedures.directory import read_directory
from starter.cases import Cases
from starter.failures import Failure, NoSuchCase
from starter.messages import Standings
from tests.builders import GOODS_DEPT, LOGISTICS, PANEL, RETURNS, SERVICE, complaint_data, liable
from tests.lanes.common import Lane, main, options
from tests.lanes.points import POINTS, hits
from tests.lanes.town import Town, send
from verify.oracle import Oracle

AT_ONCE = 24
KINDS = ("answered", "silent", "disputed", "exchange")
RUNNING = f"WorkflowType = '{COMPLAINT}' AND ExecutionStatus = 'Running'"
MERCHANT = {"liable": liable(merchant=100), "reason": "检测属实"}


class Desk:
    """The people: they file, answer, decide and are asked, each until told."""

    def __init__(self, cases: Cases, lane: Lane) -> None:
        self._cases = cases
        self._lane = lane
        self.told: list[tuple[str, str]] = []
        """Number and actor of every determination that was answered with "accepted"."""

    async def life(self, number: str, kind: str) -> None:
        """One case from its filing to its end."""
        changes: dict[str, Any] = {"procedure": "swift", "number": number}
        if kind == "disputed":
            changes["cause"] = "damage_unclear"
        if kind == "exchange":
            changes["demand"] = {"kind": "exchange"}
        complaint = Complaint.model_validate(complaint_data(**changes))
        await self._until(lambda: self._cases.start(complaint))
        if kind != "silent":
            await self.say(number, "confirm", GOODS_DEPT, **MERCHANT)
        if kind == "disputed":
            await self.say(number, "confirm", LOGISTICS, liable=liable(carrier=100), reason="外包装完好")
            await self.say(number, "decide", PANEL, grant=True, liable=liable(merchant=100), reason="监督小组决定")
        if kind == "exchange":
            await self.say(number, "goods", RETURNS, accepted=True)
        await self.say(number, "feedback", SERVICE, satisfied=True)
        self._lane.counts[f"case {kind}"] += 1

    async def say(self, number: str, name: str, actor: str, **fields: Any) -> None:
        """Say it until it is accepted, or the case has moved past it."""
        command = COMMANDS[name].model_validate({"actor": actor, "command_id": f"{name}-{actor_id(actor)}", **fields})
        while True:
            verdict: Verdict = await self._until(partial(self._cases.send, number, name, command, wait=6.0))
            if verdict.accepted:
                if name == "confirm" and verdict.code == "accepted":
                    self.told.append((number, actor))
                return
            if verdict.code == "closed" or (name in {"confirm", "decide"} and await self._past(number)):
                return
            command = command.model_copy(update={"command_id": f"{name}-{self._lane.dice.getrandbits(40):x}"})
            await asyncio.sleep(0.5)

    async def _past(self, number: str) -> bool:
        """A determination is late by now: the case has ruled without it."""
        return (await self._until(lambda: self._cases.view(number))).stage not in {
            Stage.EXPLAINING,
            Stage.ASKED,
            Stage.PANEL,
        }

    async def _until(self, call: Callable[[], Awaitable[Any]]) -> Any:
        while True:
            try:
                return await call()
            except NoSuchCase:
                self._lane.counts["client: no such case yet"] += 1
            except (Failure, RPCError) as error:
                self._lane.counts[f"client: {type(error).__name__}"] += 1
            await asyncio.sleep(0.3)


def by_half(dice: Random) -> Standings:
    """Half of the messages say for whom their sender acts, the others have the case find out."""
    people = read_directory(DIRECTORY)
    return lambda actor: people.standing_of(actor) if dice.random() < 0.5 else None


def actor_id(actor: str) -> str:
    """An actor's name as part of a command id."""
    return actor.encode().hex()[:12]


class Chaos:
    """Keeps the workers at work and strikes them, and the server, by the seed."""

    def __init__(self, town: Town, lane: Lane, given: argparse.Namespace) -> None:
        self._town = town
        self._lane = lane
        self._dice = Random(lane.seed + 1)
        self._workers: int = given.workers
        self._kills: int = given.kills
        self._pauses: int = given.pauses
        self._longest: float = given.longest_pause
        self._server_every: float = given.server_every
        self._paused: dict[int, float] = {}

    async def run(self) -> None:
        """Until cancelled."""
        next_server = time.monotonic() + self._server_every
        while True:
            self._lane.counts["worker deaths"] += self._town.bury()
            while len(self._town.workers) < self._workers:
                await self._hire()
            if self.more:
                self._strike()
                if self._server_every and time.monotonic() > next_server:
                    await self._town.strike_server(self._dice.random() * 1.5)
                    self._lane.counts["server kills"] += 1
                    next_server = time.monotonic() + self._server_every * (0.5 + self._dice.random())
            self._wake()
            await asyncio.sleep(0.25)

    @property
    def more(self) -> bool:
        """Whether deaths or pauses are wanting yet."""
        return self._lane.counts["worker deaths"] < self._kills or self._lane.counts["pauses"] < self._pauses

    async def _hire(self) -> None:
        """Mined at the point that has killed least so far, while there is killing to be done."""
        known = hits(self._town.crashes)
        least = min(known[point] for point in POINTS)
        point = self._dice.choice([point for point in POINTS if known[point] <= least + 1]) if self.more else ""
        await self._town.hire(point, self._dice.randint(1, 4), self._dice.getrandbits(30))

    def _strike(self) -> None:
        victims = [pid for pid in self._town.workers if pid not in self._paused]
        if not victims:
            return
        dice = self._dice.random()
        # The deaths keep pace with the cases: so many for each that is over.
        over = sum(count for what, count in self._lane.counts.items() if what.startswith("case "))
        share = min(1.0, (over + AT_ONCE / 2) / self._lane.n)
        kill = 0.25 if self._lane.counts["worker deaths"] < share * self._kills else 0.02 if self._kills else 0.0
        if dice < kill and send(self._dice.choice(victims), signal.SIGKILL):
            self._lane.counts["killed from outside"] += 1
        elif dice > (0.85 if self._lane.counts["pauses"] < share * self._pauses else 0.98):
            pid = self._dice.choice(victims)
            if send(pid, signal.SIGSTOP):
                self._paused[pid] = time.monotonic() + self._dice.uniform(1, self._longest)
                self._lane.counts["pauses"] += 1

    def _wake(self) -> None:
        for pid, until in list(self._paused.items()):
            if time.monotonic() > until or not self.more:
                send(pid, signal.SIGCONT)
                del self._paused[pid]


async def crash(given: argparse.Namespace) -> Lane:
    """The lane."""
    lane = Lane("crash", given.seed, given.n)
    with tempfile.TemporaryDirectory(prefix="redress-crash-") as folder:
        async with Town(Path(folder)) as town:
            load_packs(town.home / "packs")
            desk = Desk(Cases(await town.client(), standings=by_half(lane.dice)), lane)
            chaos = Chaos(town, lane, given)
            striking = asyncio.create_task(chaos.run())
            await _before(striking, _all_lives(desk, lane, given, chaos))
            striking.cancel()
            await _last_word(town, lane, desk)
            lane.said = sorted(set(town.log().splitlines()))[:10]
    return lane


async def _all_lives(desk: Desk, lane: Lane, given: argparse.Namespace, chaos: Chaos) -> None:
    """A few at a time, until all are filed and enough was struck, or the time is up; all are carried to their end."""
    places = asyncio.Semaphore(given.at_once)
    end = time.monotonic() + given.minutes * 60

    async def one(serial: int) -> None:
        async with places:
            if time.monotonic() > end:
                return
            lane.counts["cases filed"] += 1
            await desk.life(f"L{lane.seed}-{serial}", KINDS[serial % len(KINDS)])

    await asyncio.gather(*(one(serial) for serial in range(given.n)))
    serials = numbered(given.n)
    while chaos.more and time.monotonic() < end:
        await asyncio.gather(*(one(next(serials)) for _ in KINDS))


async def _before(watched: "asyncio.Task[None]", work: Coroutine[Any, Any, None]) -> None:
    """The work done, unless what is watched ends first: then its error."""
    doing = asyncio.create_task(work)
    await asyncio.wait({watched, doing}, return_when=asyncio.FIRST_COMPLETED)
    if watched.done():
        doing.cancel()
        await watched
    await doing


async def _last_word(town: Town, lane: Lane, desk: Desk) -> None:
    await _quiet(town)
    for point, count in hits(town.crashes).items():
        lane.counts[f"crash {point}"] = count
    store = Store(town.database)
    try:
        await lane.replay(await town.client())
        await lane.ask(Oracle(store, PACKS.pinned, client=await town.client()).violations())
        async with store.read() as session:
            asked = select(EventRow.number, EventRow.actor).where(col(EventRow.kind) == "answered")
            answered = {(number, actor) for number, actor in await session.exec(asked)}
            closed = (await session.exec(select(EventRow.number).where(col(EventRow.kind) == "closed"))).all()
    finally:
        await store.close()
    lane.must(len(closed) == lane.counts["cases filed"], f"{lane.counts['cases filed']} filed, {len(closed)} closed")
    lane.must(set(desk.told) <= answered, f"told and not applied: {sorted(set(desk.told) - answered)[:5]}")
    mails = Counter(town.mails())
    lane.counts["mails"] = len(mails)
    lane.counts["mails sent again under their id"] = sum(mails.values()) - len(mails)


async def _quiet(town: Town) -> None:
    """Two workers that are not mined, the outbox empty, and every case ended."""
    for pid in town.workers:
        send(pid, signal.SIGKILL)
    await asyncio.sleep(0.5)
    town.bury()
    for _ in range(2):
        await town.hire("", 0, 0)
    store, client = Store(town.database), await town.client()
    end = time.monotonic() + 90
    while time.monotonic() < end:
        async with store.read() as session:
            waiting = (await session.exec(select(MailRow.id).where(col(MailRow.next_try_at).is_not(None)))).first()
            unwritten = (await session.exec(select(CaseRow.number).where(col(CaseRow.stage) != Stage.CLOSED))).first()
        # A case ends when the server knows its last page stands: 10 s later, where its worker died in between.
        if waiting is None and unwritten is None and not [run async for run in client.list_workflows(RUNNING)]:
            break
        await asyncio.sleep(0.5)
    await store.close()


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kills", type=int, default=40, help="worker deaths, after which the rest runs in peace")
    parser.add_argument("--pauses", type=int, default=0, help="pauses of workers at least, kills or not")
    parser.add_argument("--longest-pause", type=float, default=12.0, help="seconds; pauses last 1 to so many")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="cases under way at the same time")
    parser.add_argument("--server-every", type=float, default=8.0, help="seconds between kills of the server; 0 none")
    parser.add_argument("--minutes", type=float, default=600.0, help="no case is filed after so long")


if __name__ == "__main__":
    main(crash(options("crash", 60, _options)))
