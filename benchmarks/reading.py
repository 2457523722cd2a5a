"""What reading costs: every report over a database of many cases, list and inbox over many open ones.

python -m benchmarks.reading 100000 20000      # this part alone: cases in SQL, open cases in Temporal
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.effects import sample
from benchmarks.filled import MONTH, fill
from benchmarks.goals import Goal, table
from benchmarks.stand import Stand, stand
from benchmarks.startup import REDRESS
from procedures import HERE
from starter.cases import Cases

REPORTS = ("out-of-rule", "disputes", "breaches", "metrics", "causes")
FORMATS = ("csv", "xlsx", "html", "json", "pdf")
LISTS = (["list"], ["list", "--count"], ["inbox", "merchandise"])
MEMORY = 200.0
"""At most so many megabytes, whatever the report, the format and the number of cases."""
STARTS = 50
_MEASURED = [sys.executable, "-c", """
import json, resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""]  # fmt: skip
"""In between, for a process starts with the memory of whoever started it."""


class Spent(NamedTuple):
    """What one command used: seconds of processor and of the clock, megabytes at its peak."""

    cpu: float
    wall: float
    memory: float


def run(folder: Path, words: list[str], **environment: str) -> Spent:
    """One command over the database in `folder`. Raises CalledProcessError where it does not end well."""
    own = os.environ | {"REDRESS_HOME": str(folder), "REDRESS_LANG": "zh"} | environment
    begun = time.perf_counter()
    told = subprocess.run([*_MEASURED, REDRESS, *words], env=own, capture_output=True, check=True).stdout
    code, cpu, memory = json.loads(told)
    if code:
        raise subprocess.CalledProcessError(code, words)
    return Spent(cpu, time.perf_counter() - begun, memory / 1024)


async def reports(folder: Path, cases: int) -> list[Goal]:
    """Each report over so many ended cases, in each format: processor time and peak memory."""
    events = await fill(folder, cases)
    goals = []
    for report in REPORTS:
        for form in FORMATS:
            out = folder / f"report.{form}"
            spent = await asyncio.to_thread(run, folder, ["report", report, "--month", MONTH, "--out", str(out)])
            note = f"{cases} cases, {events} events; a file of {out.stat().st_size / 1e6:.1f} MB"
            out.unlink()
            goals.append(Goal(f"{report} as {form}: CPU", spent.cpu, "s", note=note))
            goals.append(Goal(f"{report} as {form}: peak memory", spent.memory, "MB", MEMORY))
    return goals


async def lists(at: Stand, cases: int) -> list[Goal]:
    """List, counts and a department's inbox over so many open cases."""
    await _open(Cases(at.client, task_queue="nobody"), cases)
    goals = []
    for words in LISTS:
        spent = await asyncio.to_thread(
            run, at.folder, words, TEMPORAL_ADDRESS=at.client.service_client.config.target_host
        )
        name, note = f"redress {' '.join(words)}", f"{cases} open cases"
        goals.append(Goal(f"{name}: time", spent.wall, "s", note=note))
        goals.append(Goal(f"{name}: peak memory", spent.memory, "MB", MEMORY))
    return goals


async def _open(cases: Cases, number: int) -> None:
    """Cases whose start tells how they are listed, and whose worker has yet to come."""
    names = iter(range(number))

    async def work() -> None:
        for name in names:
            await cases.start(sample(f"L-{name:06}"))

    await asyncio.gather(*(work() for _ in range(STARTS)))


async def _main(ended: int, opened: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        goals = await reports(folder, ended)
        async with stand(folder, HERE) as at:
            goals += await lists(at, opened)
    print(table(goals))  # noqa: T201 - what a terminal is for


if __name__ == "__main__":
    asyncio.run(_main(*(int(word) for word in sys.argv[1:3])))
