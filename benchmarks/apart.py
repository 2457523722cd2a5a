"""A contender in a process of its own: nobody's idle workers take part in another's round, and its CPU is its alone.

The child reads `cases at_once` by line and answers each with its figures. The worker and the server it starts are its
own too.
"""

import asyncio
import importlib.util
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from benchmarks.contenders import Contender, Measured
from procedures import load_packs
from starter.main import spare_garbage


class Place(NamedTuple):
    """Where a contender works: an empty folder, the procedures, and who takes its mails."""

    folder: Path
    packs: Path
    smtp_port: int


CONTENDERS = {
    "redress": "redress_flow",
    "unsandboxed": "redress_flow",
    "unaudited": "redress_flow",
    "unguarded": "redress_flow",
    "bare": "bare_contender",
    "bare_ordinary": "bare_contender",
    "polling": "polling_flow",
    "dbos": "dbos_flow",
    "restate": "restate_flow",
}
"""The module below `benchmarks` with a function of the contender's name."""


@dataclass(frozen=True)
class Apart:
    """Asks the process and reads its figures."""

    name: str
    process: asyncio.subprocess.Process
    log: Path

    async def run(self, cases: int, at_once: int) -> Measured:
        """So many cases. Raises RuntimeError with the process's last line when it has ended."""
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("the process has no pipes")
        self.process.stdin.write(f"{cases} {at_once}\n".encode())
        while line := await self.process.stdout.readline():
            if line.startswith(b"["):
                return Measured(*json.loads(line))
        raise RuntimeError(f"{self.name} ended: {self.log.read_text(encoding='utf-8').strip().rpartition(chr(10))[2]}")


@asynccontextmanager
async def apart(name: str, which: str, place: Place, **env: str) -> AsyncIterator[Apart]:
    """The process of the contender `which`, ended at the end of its input."""
    await asyncio.to_thread(place.folder.mkdir)
    log, pipe = place.folder / "contender.log", asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "benchmarks.apart", which, *map(str, place))
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, stderr=errors, env=os.environ | env
        )
    try:
        yield Apart(name, process, log)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


async def serve(which: str, place: Place) -> None:
    """Be the contender until the input ends."""
    load_packs(place.packs)
    make = getattr(import_module(f"benchmarks.{CONTENDERS[which]}"), which)
    entered: AbstractAsyncContextManager[Contender] = make(place)
    async with entered as contender:
        lines = await _lines()
        while line := await lines.readline():
            cases, at_once = map(int, line.split())
            print(json.dumps(await contender.run(cases, at_once)), flush=True)  # noqa: T201 - the answer


def installed(package: str) -> bool:
    """Whether what only the bench uses is there."""
    return importlib.util.find_spec(package) is not None


async def _lines() -> asyncio.StreamReader:
    """The input, without a thread: DBOS takes the loop's executor for itself."""
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    return reader


if __name__ == "__main__":
    spare_garbage()
    asyncio.run(serve(sys.argv[1], Place(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))))
