"""DBOS as a contender: a child process that measures itself."""

import asyncio
import importlib.util
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


def installed() -> bool:
    """Whether DBOS is there; only the bench uses it."""
    return importlib.util.find_spec("dbos") is not None


@dataclass(frozen=True)
class DbosProcess:
    """Asks the process and reads its figures."""

    process: asyncio.subprocess.Process
    name: str = "DBOS on PostgreSQL"

    async def run(self, cases: int, at_once: int) -> list[float]:
        """So many cases: cases per second, CPU seconds per case."""
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("the process has no pipes")
        self.process.stdin.write(f"{cases} {at_once}\n".encode())
        while line := await self.process.stdout.readline():
            if line.startswith(b"["):
                figures: list[float] = json.loads(line)
                return figures
        raise RuntimeError("DBOS ended")


@asynccontextmanager
async def dbos(smtp_port: int) -> AsyncIterator[DbosProcess]:
    """The process, ended at the end of its input; its notices go to that port."""
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "benchmarks.dbos_flow", str(smtp_port))
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL)
    yield DbosProcess(process)
    if process.stdin is not None:
        process.stdin.close()
    await process.wait()
