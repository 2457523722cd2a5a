"""G14: the local server's first start interrupted, a second server, a locked file, no room: every home stays usable.

python -m tests.lanes.starts --seed 7 --n 40
"""

import argparse
import asyncio
import contextlib
import resource
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from temporalio.client import Client
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from procedures import HERE
from starter.localserver import LocalServer
from starter.serverprocess import LocalServerError
from tests.lanes.common import Lane, main, options
from tests.stack.test_localserver import ONE_SERVER

HEALS = 30.0
"""Seconds after which a server must be of use again."""
LOCKED = 4.0
"""Seconds another program holds the file."""


async def starts(given: argparse.Namespace) -> Lane:
    """The lane."""
    lane = Lane("starts", given.seed, given.n)
    with tempfile.TemporaryDirectory(prefix="redress-starts-") as folder:
        for index in range(given.n):
            home = Path(folder) / f"home-{index}"
            home.mkdir()
            await _interrupted(lane, home)
            if index == 0:
                await _in_trouble(lane, home)
    return lane


async def _interrupted(lane: Lane, home: Path) -> None:
    """Its owner is killed 1 to 400 ms after the file's birth; then it is started as if nothing had been."""
    moment = lane.dice.uniform(0.001, 0.4)
    owner = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", ONE_SERVER, str(home)), cwd=HERE.parent, stdout=asyncio.subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while not any(home.glob("temporal.db*")) and time.monotonic() < until:
        await asyncio.sleep(0.001)
    await asyncio.sleep(moment)
    owner.kill()
    await owner.wait()
    lane.counts["starts killed"] += 1
    began = time.monotonic()
    try:
        async with _server(home) as server:
            await _taken(await Client.connect(server.address), "case-1")
    except (LocalServerError, RPCError, TimeoutError) as error:
        lane.wrong.append(f"killed after {moment * 1_000:.0f} ms: unusable: {error}")
    _slowest(lane, "slowest start after a kill, ms", time.monotonic() - began)


async def _in_trouble(lane: Lane, home: Path) -> None:
    async with _server(home) as server:
        client = await Client.connect(server.address)
        await _second(lane, home)
        await _locked(lane, server, client)
        await _no_room(lane, server, client)
    async with _server(home) as server:
        client = await Client.connect(server.address)
        for case in ("case-1", "under-lock", "after-lock", "after-room"):
            with contextlib.suppress(RPCError):
                await client.get_workflow_handle(case).describe()
                continue
            lane.wrong.append(f"{case}: acknowledged and lost")


async def _second(lane: Lane, home: Path) -> None:
    try:
        async with _server(home):
            lane.wrong.append("a second server runs on the same file")
    except LocalServerError as refused:
        lane.must("\n" not in str(refused), f"not one line: {refused}")
        lane.counts["second servers refused"] += 1


async def _locked(lane: Lane, server: LocalServer, client: Client) -> None:
    """Another program holds the file for a while: what is asked meanwhile waits and is done."""
    with contextlib.closing(sqlite3.connect(server.store, isolation_level=None, timeout=10)) as other:
        other.execute("BEGIN EXCLUSIVE")
        asked = asyncio.create_task(_taken(client, "under-lock"))
        await asyncio.sleep(LOCKED)
        other.execute("ROLLBACK")
    began = time.monotonic()
    await asked
    await _taken(client, "after-lock")
    _slowest(lane, "after the lock, ms", time.monotonic() - began)


async def _no_room(lane: Lane, server: LocalServer, client: Client) -> None:
    """Its files cannot grow, as on a full disk: new work waits; with room again it is taken."""
    if server._process is None:
        raise RuntimeError("the server does not run")
    pid = server._process._process.pid
    wal = server.store.with_name(server.store.name + "-wal")
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (wal.stat().st_size, resource.RLIM_INFINITY))
    refused = 0
    for serial in range(40):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                try:
                    await client.start_workflow("Nobody", id=f"no-room-{serial}", task_queue="nobody")
                    continue
                except RPCError:
                    pass
        refused += 1
        if refused == 2:
            break
    lane.counts["refused without room"] = refused
    lane.must(refused, "the files grew all the same: nothing was tried")
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    began = time.monotonic()
    await _taken(client, "after-room")
    _slowest(lane, "after there was room, ms", time.monotonic() - began)


async def _taken(client: Client, case: str) -> None:
    """Start a workflow, as often as it takes. Raises TimeoutError."""
    async with asyncio.timeout(HEALS):
        while True:
            try:
                await client.start_workflow("Nobody", id=case, task_queue="nobody")
            except RPCError:
                await asyncio.sleep(0.2)
                continue
            except WorkflowAlreadyStartedError:
                pass  # at an earlier try whose answer was lost
            await client.get_workflow_handle(case).describe()
            return


def _slowest(lane: Lane, what: str, seconds: float) -> None:
    lane.counts[what] = max(lane.counts[what], int(seconds * 1_000))
    lane.must(seconds <= HEALS, f"{what}: {seconds:.0f} s")


def _server(home: Path) -> LocalServer:
    return LocalServer(home, port=0, ui_port=None, http_port=0)


if __name__ == "__main__":
    main(starts(options("starts", 40)))
