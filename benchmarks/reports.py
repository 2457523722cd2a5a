"""What the reports cost over a database of many ended cases: processor time and peak memory, in every format.

python -m benchmarks.reports 100000      # this part alone
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.filled import MONTH, fill
from benchmarks.goals import Goal, table
from benchmarks.processes import run
from benchmarks.startup import REDRESS

REPORTS = ("out-of-rule", "disputes", "breaches", "metrics", "causes")
FORMATS = ("csv", "xlsx", "html", "json", "pdf")
MEMORY = 200.0
"""At most so many megabytes, whatever the report, the format and the number of cases."""


async def reports(home: Path, cases: int) -> list[Goal]:
    """Each report over so many cases, all of them in it, by the command line. Fills `home`."""
    events = await fill(home, cases)
    around = os.environ | {"REDRESS_HOME": str(home), "REDRESS_LANG": "zh"}
    goals = []
    for report in REPORTS:
        for form in FORMATS:
            out = home / f"report.{form}"
            words = [REDRESS, "report", report, "--month", MONTH, "--out", str(out)]
            cpu, peak = await asyncio.to_thread(run, words, around)
            note = f"{cases} cases, {events} events; a file of {out.stat().st_size / 1e6:.1f} MB"
            out.unlink()
            goals.append(Goal(f"report {report} as {form}: CPU", cpu, "s", note=note))
            goals.append(Goal(f"report {report} as {form}: peak memory", peak, "MB", MEMORY))
    return goals


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(table(asyncio.run(reports(Path(folder), int(sys.argv[1])))))  # noqa: T201 - what a terminal is for
