"""A file of complaints under one procedure: imported, every duty of every case answered or left, all carried to an end.

    python -m tests.lanes.walk --pack courier --seed 7 --n 890 [--file complaints.csv]

What a user has: `redress dev`, `redress import` with the procedure's example mapping, the client of programs; at the
end `redress check` and `redress reconcile`. A file of fewer rows is taken again under other orders.
"""

import argparse
import asyncio
import csv
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from subprocess import PIPE, STDOUT

from models.commands import COMMANDS
from models.procedure import Procedure
from models.stage import Stage
from models.views import CaseView
from procedures import HERE, PACKS, load_packs
from procedures.directory import read_directory
from starter.cases import Cases
from starter.cli.importer import SOME_REJECTED
from starter.connection import connect
from starter.failures import NoSuchCase, NotConfirmed, TryAgain
from starter.importing import prepare, read_table
from starter.mapping import read_mapping
from starter.settings import load_settings
from starter.stackfile import running_stack
from tests.lanes.common import Lane, main, options
from tests.lanes.people import Patience, People, Say, Silence

ROOT = HERE.parent
EXAMPLES = ROOT / "examples"
UP = 90.0
"""Seconds the local stack may take to come."""
STEPS, WAITS = 200, 600
"""Turns a case may take, and looks (0.3 s each) at one at which the service is at work."""
NEXT_YEARS = "[2027]\noff = []\n[2028]\noff = []\n"
"""Clocks that are run ahead may reach years nobody has published."""


class Walk:
    """The people of every case."""

    def __init__(self, lane: Lane, pack: Procedure, cases: Cases) -> None:
        self._lane = lane
        self._pack = pack
        self._cases = cases
        self._directory = read_directory(HERE)

    async def life(self, number: str) -> None:
        """One case to its end."""
        today = (await self._cases.now(number)).date()
        people = People(self._pack, self._directory, Random(f"{self._lane.seed}:{number}"), today)
        for _ in range(STEPS):
            view = await self._view(number)
            if view is None:
                return
            if view.stage is Stage.CLOSED:
                self._lane.counts[f"exit {view.exit}"] += 1
                return
            await self._do(view, people)
        self._lane.must(False, f"{number}: has not ended after {STEPS} turns")

    async def _view(self, number: str) -> CaseView | None:
        for _ in range(WAITS):
            try:
                return await self._cases.view(number)
            except (NoSuchCase, TryAgain):
                await asyncio.sleep(0.3)
        self._lane.must(False, f"{number}: cannot be read")
        return None

    async def _do(self, view: CaseView, people: People) -> None:
        match people.turn(view):
            case Say() as said:
                await self._say(view, people, said)
            case Silence():
                await self._wait(view)
            case Patience():
                await self._goes_on(view)

    async def _say(self, view: CaseView, people: People, said: Say) -> None:
        actor = people.actor(said.name, said.department)
        if actor is None:
            self._lane.must(False, f"{view.number}: nobody left to {said.name} for {said.department}")
            return await self._wait(view)
        fields = {"actor": actor, "department": said.department, **said.fields}
        try:
            verdict = await self._cases.send(view.number, said.name, COMMANDS[said.name].model_validate(fields))
        except (NotConfirmed, TryAgain):
            self._lane.counts["not confirmed"] += 1
            people.unheard = True
            return None
        self._lane.counts[said.name if verdict.accepted else f"{said.name}: {verdict.code}"] += 1
        fair = people.told(said, actor, verdict)
        self._lane.must(fair, f"{view.number} at {view.stage}: {said.name} for {said.department}: {verdict.reason}")
        return None

    async def _wait(self, view: CaseView) -> None:
        """Nobody says anything: the case's next clock runs out, or that of the goods."""
        if view.stage is Stage.EXECUTING:
            span = self._pack.clocks.goods.within
        elif view.due is not None:
            span = view.due - await self._cases.now(view.number)
        else:
            self._lane.must(False, f"{view.number} at {view.stage}: waits for {view.waiting_for} without a clock")
            return
        self._lane.counts["silence"] += 1
        try:
            await self._cases.fast_forward(view.number, max(span, timedelta()) + timedelta(seconds=1))
        except TryAgain:
            self._lane.counts["clock held"] += 1

    async def _goes_on(self, view: CaseView) -> None:
        for _ in range(WAITS):
            await asyncio.sleep(0.3)
            now = await self._view(view.number)
            if now is None or now.stage is not view.stage or now.waiting_for != view.waiting_for:
                return
        self._lane.must(False, f"{view.number} at {view.stage}: nothing goes on by itself")


def rows(file: Path, count: int, portion: int, folder: Path) -> list[Path]:
    """So many rows of the file, again under other orders where it has fewer, as files of a portion each."""
    with file.open(encoding="utf-8-sig", newline="") as source:
        read = list(csv.DictReader(source))
    made = [read[place % len(read)] | _again(read, place) for place in range(count)]
    files = []
    for begin in range(0, count, portion):
        files.append(folder / f"rows-{begin}.csv")
        with files[-1].open("w", encoding="utf-8", newline="") as target:
            writer = csv.DictWriter(target, list(read[0]))
            writer.writeheader()
            writer.writerows(made[begin : begin + portion])
    return files


def _again(read: list[dict[str, str]], place: int) -> dict[str, str]:
    row, turn = read[place % len(read)], place // len(read)
    return {"order_id": f"{row['order_id']}-{turn}"} if turn else {}


async def redress(*words: str) -> tuple[int, str]:
    """One command line; its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "starter.main", *words), cwd=ROOT, stdout=PIPE, stderr=STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


@asynccontextmanager
async def stack(home: Path) -> AsyncIterator[None]:
    """`redress dev` on a home of its own, with free ports."""
    (home / "years.toml").write_text(NEXT_YEARS, encoding="utf-8")
    ports = {f"REDRESS_LOCAL__{name}": "0" for name in ("PORT", "UI_PORT", "HTTP_PORT", "SMTP_PORT")}
    observe = {"REDRESS_OBSERVE__HEALTH_PORT": "0", "REDRESS_OBSERVE__METRICS_PORT": "0"}
    os.environ |= ports | observe | {"REDRESS_HOME": str(home), "REDRESS_CALENDAR_FILE": str(home / "years.toml")}
    with (home / "dev.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "starter.main", "dev"), cwd=ROOT, stdout=log, stderr=STDOUT
        )
        try:
            async with asyncio.timeout(UP):
                while running_stack(home) is None:
                    if process.returncode is not None:
                        raise RuntimeError((home / "dev.log").read_text(encoding="utf-8"))
                    await asyncio.sleep(0.2)
            yield
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
            await process.wait()


async def walk(given: argparse.Namespace) -> Lane:
    """The lane."""
    lane = Lane("walk", given.seed, given.n)
    load_packs()
    pack = PACKS.newest(given.pack)
    if pack is None:
        raise SystemExit(f"{given.pack}: is not a procedure")
    mapping = EXAMPLES / f"{pack.name}.mapping.toml"
    with tempfile.TemporaryDirectory(prefix="redress-walk-") as folder:
        home = Path(folder)
        files = rows(given.file, given.n, given.portion, home)
        async with stack(home):
            for file in files:
                # A procedure with clocks of minutes would otherwise run them all out while most cases wait their turn.
                await _all(lane, pack, await _filed(lane, file, mapping), given.at_once)
            for verb in ("check", "reconcile"):
                code, said = await redress(verb)
                lane.must(code == 0, f"{verb}: {code} {said[-500:]}")
                lane.said.append(f"{verb}: {said.strip().splitlines()[-1]}")
        lane.said += _complaints(home / "dev.log")
    return lane


async def _filed(lane: Lane, file: Path, mapping: Path) -> list[str]:
    """The numbers of the cases the import has made, one of each good row."""
    good, bad = prepare(read_table(file), read_mapping(mapping))
    code, said = await redress("import", str(file), "--mapping", str(mapping))
    lane.must(code == (SOME_REJECTED if bad else 0), f"import: {code} {said[-300:]}")
    lane.counts["rows rejected"] += len(bad)
    return [complaint.own_number() for _, complaint in good]


async def _all(lane: Lane, pack: Procedure, numbers: list[str], at_once: int) -> None:
    people = Walk(lane, pack, Cases(await connect(load_settings()), local=True))
    room = asyncio.Semaphore(at_once)

    async def one(number: str) -> None:
        async with room:
            await people.life(number)
            lane.counts["cases"] += 1
            if lane.counts["cases"] % 50 == 0:
                sys.stderr.write(f"{lane.counts['cases']}/{lane.n}\n")

    await asyncio.gather(*(one(number) for number in numbers))


def _complaints(log: Path) -> list[str]:
    """What the worker complained of."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return sorted({line for line in lines if "ERROR" in line or "WARN" in line or "Traceback" in line})[:10]


def _more(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pack", default="courier")
    parser.add_argument("--file", type=Path, default=EXAMPLES / "complaints.csv")
    parser.add_argument("--at-once", type=int, default=12, help="cases played at the same time")
    parser.add_argument("--portion", type=int, default=100, help="rows imported before their cases are played")


if __name__ == "__main__":
    main(walk(options("walk", 12, _more)))
