"""G4: the command line under argument vectors, settings, files, standard input and locales of every kind.

    python -m tests.lanes.shell --seed 7 --n 5000 [--processes 40]

No traceback, an exit code from the table, at most one clear line on standard error, nothing of what was typed in it.
"""

import argparse
import asyncio
import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from unittest import mock

from activities.store import Store
from procedures import HERE, load_packs
from starter.cli.app import run
from starter.main import tolerate
from tests.lanes.argv import CANARY, Author, Line, files
from tests.lanes.books import Clerk
from tests.lanes.common import Lane, main, options

CODES = {0, 2, 3, 4, 5, 75}
JUDGES = ("procedure", "check"), ("procedure", "test")
"""They tell a line per mistake where a procedure is not as it should be, and end with 1 where it can be used."""
FRESH = 200
"""Lines after which home and files are as at the beginning."""


async def shell(given: argparse.Namespace) -> Lane:
    """The lane."""
    lane = Lane("shell", given.seed, given.n)
    with tempfile.TemporaryDirectory(prefix="redress-shell-") as folder:
        place = Place(Path(folder))
        await place.furnish(lane)
        await asyncio.to_thread(_all_lines, lane, place, given.processes)
    return lane


class Place:
    """A folder to call the program in, with a home whose books hold a few cases, and files of every kind."""

    def __init__(self, root: Path) -> None:
        self._model, self.folder = root / "model", root / "here"
        self.files: list[Path] = []

    async def furnish(self, lane: Lane) -> None:
        """Make the model of it."""
        load_packs()
        home = self._model / "home"
        home.mkdir(parents=True)
        store = Store(f"sqlite:///{home / 'redress.db'}")
        await store.create()
        for index in range(4):
            await Clerk(lane, store, f"B-{index}").live()
        await store.close()
        self.files = files(self._model, Random(lane.seed))
        self.again()

    def again(self) -> None:
        """As at the beginning."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self._model, self.folder)

    def environment(self, line: Line) -> dict[str, str]:
        """Its own home, and no Temporal service."""
        kept = {name: os.environ[name] for name in ("PATH", "VIRTUAL_ENV") if name in os.environ}
        ours = {
            "HOME": str(self.folder),
            "REDRESS_HOME": str(self.folder / "home"),
            "TEMPORAL_ADDRESS": "127.0.0.1:1",
            "TEMPORAL_CONFIG_FILE": str(self.folder / "none.toml"),
        }
        return kept | ours | dict(line.environment) | {"PYTHONPATH": str(HERE.parent)}


def _all_lines(lane: Lane, place: Place, processes: int) -> None:
    author = Author(lane.dice, place.files)
    spent = []
    before = Path.cwd()
    for index in range(lane.n):
        if index % FRESH == 0:
            place.again()
        line = author.line()
        began = time.monotonic()
        alone = processes and index % max(1, lane.n // processes) == 0
        code, err = _process(place, line) if alone else _call(place, line)
        spent.append(time.monotonic() - began)
        lane.counts["as a process" if alone else "in this process"] += 1
        _judge(lane, line, code, err)
    os.chdir(before)
    lane.counts["p99 ms"] = int(sorted(spent)[len(spent) * 99 // 100] * 1_000)


def _judge(lane: Lane, line: Line, code: int, err: str) -> None:
    lane.counts[f"exit {code}"] += 1
    told = f"{[word[:60] for word in line.words]} {dict(line.environment)} -> {code}: {err[-300:]!r}"
    lane.must(
        code in CODES or (code == 1 and line.words[:2] in JUDGES and "unexpected" not in err), f"exit code: {told}"
    )
    lane.must("Traceback" not in err, f"traceback: {told}")
    lane.must(CANARY not in err, f"what was typed is repeated: {told}")
    failed = code in {2, 4, 75}
    lines = [text for text in err.splitlines() if text.startswith("redress: ")]
    wanted = max(1, len(lines)) if line.words[:2] in JUDGES else 1
    lane.must(not failed or len(lines) == wanted, f"not one line: {told}")
    bare = "FORCE_COLOR" not in line.environment  # which shows progress to a file too
    lane.must(not (failed and bare) or err.count("\n") == wanted, f"more than one line: {told}")


def _call(place: Place, line: Line) -> tuple[int, str]:
    """In this process: the last net of `run` shows as exit code 1."""
    os.chdir(place.folder)
    err = io.TextIOWrapper(io.BytesIO(), line.encoding, write_through=True)
    with mock.patch.dict(os.environ, place.environment(line), clear=True), _streams(line, err):
        try:
            code = run(list(line.words))
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
    return code, err.buffer.getvalue().decode(line.encoding, "replace")


@contextlib.contextmanager
def _streams(line: Line, err: io.TextIOWrapper) -> Iterator[None]:
    out = io.TextIOWrapper(io.BytesIO(), line.encoding, write_through=True)
    given = io.TextIOWrapper(io.BytesIO(line.stdin), line.encoding, "strict")
    kept = sys.stdin
    sys.stdin = given
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            tolerate()
            yield
    finally:
        sys.stdin = kept


def _process(place: Place, line: Line) -> tuple[int, str]:
    words = [word.replace("\x00", "") for word in line.words]
    done = subprocess.run(
        [sys.executable, "-m", "starter.main", *(word.encode("utf-8", "surrogateescape") for word in words)],
        cwd=place.folder, env=place.environment(line), input=line.stdin, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr.decode("utf-8", "replace")


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--processes", type=int, default=40, help="how many of them run as processes of their own")


if __name__ == "__main__":
    main(shell(options("shell", 5_000, _options)))
