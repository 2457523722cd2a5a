"""G6: PostgreSQL killed under the load of many cases' pages and payments. What was acknowledged stands, and balances.

    python -m tests.lanes.ledger --seed 7 --n 3

`n` kills of every process of the server (SIGKILL), some seconds of load before each and after the last.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import select
from temporalio.exceptions import ApplicationError

from activities.store import Store, StoreError
from models.pages import Page
from models.tables import EventRow
from procedures import PACKS, load_packs
from tests.activities.cluster import NOBODY, cluster
from tests.lanes.books import Clerk
from tests.lanes.common import Lane, main, options
from verify.oracle import Oracle

WRITERS = 12
RESTART = 30.0
"""Seconds the server may take to be back."""


class Patient:
    """Calls again until it is done, as Temporal does, and notes what was acknowledged."""

    def __init__(self, inner: object, lane: Lane, acked: set[tuple[str, int]]) -> None:
        self._inner, self._lane, self._acked = inner, lane, acked

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def until_done(*args: Any) -> Any:
            while True:
                try:
                    result = await getattr(self._inner, name)(*args)
                except (StoreError, ApplicationError, OSError):
                    self._lane.counts["tried again"] += 1
                    await asyncio.sleep(0.1)
                    continue
                self._lane.counts["acknowledged"] += 1
                for page in args:
                    if isinstance(page, Page):
                        self._acked |= {(page.summary.number, event.seq) for event in page.events}
                return result

        return until_done


class PatientClerk(Clerk):
    """A case whose every step is tried until it is done."""

    def __init__(self, lane: Lane, store: Store, number: str, acked: set[tuple[str, int]]) -> None:
        super().__init__(lane, store, number)
        self._book = Patient(self._book, lane, acked)  # type: ignore[assignment]
        self._till = Patient(self._till, lane, acked)  # type: ignore[assignment]


class Postgres:
    """The cluster's processes: killed all at once, started again as they were."""

    def __init__(self, data: Path) -> None:
        self._data = data
        pid = self._pid()
        self._command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[:-1]
        self._again: subprocess.Popen[bytes] | None = None

    def _pid(self) -> int:
        return int((self._data / "postmaster.pid").read_text(encoding="ascii").splitlines()[0])

    def kill(self) -> None:
        """SIGKILL to the postmaster and each of its children."""
        pid = self._pid()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        for each in (pid, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        with suppress(ChildProcessError):  # a dead postmaster nobody has buried would still own its files
            os.waitpid(pid, 0)

    def start(self) -> None:
        """The same command on the same files."""
        who: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        self._again = subprocess.Popen(
            self._command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **who
        )

    def stop(self) -> None:
        """End what was started again."""
        if self._again is not None:
            self._again.send_signal(signal.SIGINT)
            self._again.wait()


async def ledger(given: argparse.Namespace) -> Lane:
    """The lane."""
    lane = Lane("ledger", given.seed, given.n)
    load_packs()
    with cluster(durable=True) as place:
        store, postgres = await _opened(place)
        acked: set[tuple[str, int]] = set()
        try:
            stop = asyncio.Event()
            writers = [asyncio.create_task(_write(lane, store, acked, serial, stop)) for serial in range(WRITERS)]
            for _ in range(given.n):
                await asyncio.sleep(lane.dice.uniform(2, 5))
                await _strike(lane, store, postgres)
            await asyncio.sleep(2)
            stop.set()
            await asyncio.gather(*writers)
            await _compared(lane, store, acked)
        finally:
            await store.close()
            postgres.stop()
    return lane


async def _opened(place: str) -> tuple[Store, Postgres]:
    engine = create_async_engine(f"postgresql+asyncpg://postgres@{place}/postgres", isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text("CREATE DATABASE ledger TEMPLATE template0"))
        data = (await connection.execute(text("SHOW data_directory"))).scalar_one()
    await engine.dispose()
    store = Store(f"postgresql://postgres@{place}/ledger")
    await store.create()
    return store, Postgres(Path(data))


async def _write(lane: Lane, store: Store, acked: set[tuple[str, int]], writer: int, stop: asyncio.Event) -> None:
    serial = 0
    while not stop.is_set():
        await PatientClerk(lane, store, f"P-{writer}-{serial}", acked).live()
        lane.counts["cases"] += 1
        serial += 1


async def _strike(lane: Lane, store: Store, postgres: Postgres) -> None:
    postgres.kill()
    lane.counts["kills"] += 1
    postgres.start()
    until = time.monotonic() + RESTART
    while time.monotonic() < until:
        with suppress(StoreError, OSError):
            async with store.read() as session:
                await session.exec(select(EventRow.seq).limit(1))
            return
        await asyncio.sleep(0.1)
    lane.wrong.append(f"the server was not back within {RESTART:.0f} s")


async def _compared(lane: Lane, store: Store, acked: set[tuple[str, int]]) -> None:
    async with store.read() as session:
        rows = set((await session.exec(select(EventRow.number, EventRow.seq))).all())
    missing = acked - {(number, seq) for number, seq in rows}
    lane.counts["lines acknowledged"] = len(acked)
    lane.must(not missing, f"{len(missing)} acknowledged lines are missing: {sorted(missing)[:5]}")
    await lane.ask(Oracle(store, PACKS.pinned, pause=0.0).violations())


if __name__ == "__main__":
    main(ledger(options("ledger", 3)))
