"""What every lane shares: its options, its seed, and how it ends."""

import argparse
import asyncio
import json
import secrets
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from temporalio.client import Client
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import Replayer

from models.audit import Violation
from starter.wire import DATA_CONVERTER
from tests.support import Office
from worker import RUNNER, WORKFLOWS

BROKEN = 3


@dataclass
class Lane:
    """One run of a lane: what it was given, what it counted, what it found wrong."""

    name: str
    seed: int
    n: int
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """What the workers said of their own ends."""
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)

    def must(self, holds: object, what: str) -> None:
        """Note a breach unless it holds."""
        if not holds:
            self.wrong.append(what)

    async def ask(self, oracle: AsyncIterator[Violation]) -> None:
        """Let the oracle have the last word."""
        async for found in oracle:
            self.wrong.append(f"{found.invariant.value} {found.number} {found.code} {found.facts}")

    async def replay(self, client: Client, keep: Path | None = None) -> None:
        """Every history there is can be done again; one that cannot be wedges its workflow at the next worker.

        Those that cannot go to the folder `keep`, to be looked at.
        """
        replayer = Replayer(workflows=WORKFLOWS, data_converter=DATA_CONVERTER, workflow_runner=RUNNER)
        async with replayer.workflow_replay_iterator(client.list_workflows().map_histories()) as results:
            async for done in results:
                self.counts["histories replayed"] += 1
                if done.replay_failure is None:
                    continue
                self.wrong.append(f"{done.history.workflow_id} does not replay: {str(done.replay_failure)[:200]}")
                if keep is not None:
                    keep.mkdir(parents=True, exist_ok=True)
                    file = keep / f"{done.history.run_id}.json"
                    file.write_text(done.history.to_json(), encoding="utf-8")

    def report(self) -> int:
        """Print how it went; the exit code."""
        spent = time.monotonic() - self.began
        counted = {key: self.counts[key] for key in sorted(self.counts)}
        print(f"{self.name} seed={self.seed} n={self.n}: {spent:.1f} s {json.dumps(counted)}")  # noqa: T201
        for line in self.wrong[:50]:
            print(f"  BROKEN {line}")  # noqa: T201
        for line in self.said:
            print(f"  {line[:200]}")  # noqa: T201
        verdict = f"{len(self.wrong)} broken" if self.wrong else "holds"
        print(f"{self.name}: {verdict}; again with --seed {self.seed} --n {self.n}", flush=True)  # noqa: T201
        return BROKEN if self.wrong else 0


def patient(office: Office) -> None:
    """Have its worker give a task 8 s, not 2, before it takes it for a deadlock; the server gives it 10.

    A machine shared with others keeps any task waiting for so long, and that is not what a lane tries.
    """
    crew = office._worker
    for worker in crew._workers if crew is not None else ():
        if worker._workflow_worker is not None:
            worker._workflow_worker._deadlock_timeout_seconds = 8


def options(name: str, n: int, add: Callable[[argparse.ArgumentParser], None] | None = None) -> argparse.Namespace:
    """`--seed` (random and printed where none is given), `--n`, and what `add` adds."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.lanes.{name}")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--n", type=int, default=n)
    if add is not None:
        add(parser)
    given = parser.parse_args()
    if given.seed is None:
        given.seed = secrets.randbelow(10**6)
    return given


def main(lane: Coroutine[Any, Any, Lane]) -> None:
    """Run it to its report. The SDK's core keeps quiet: a server that is killed is not news here."""
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=None)))
    sys.exit(asyncio.run(lane).report())
