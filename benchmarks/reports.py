"""What the reports cost over a database of many ended cases: processor time and peak memory, in every format.

python -m benchmarks.reports 100000      # this part alone
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from benchmarks.filled import MONTH, fill
from benchmarks.goals import Goal, line, table
from benchmarks.processes import run
from benchmarks.startup import REDRESS

REPORTS = ("out-of-rule", "disputes", "breaches", "metrics", "causes")
FORMATS = ("csv", "xlsx", "html", "json", "pdf", "table")
"""Not `docx`, which is for reports of hundreds of rows."""
MEMORY = 200.0
"""At most so many megabytes, whatever the report, the format and the number of cases."""


async def reports(home: Path, cases: int) -> AsyncIterator[Goal]:
    """Each report over so many cases, all of them in it, by the command line. Fills `home`."""
    events = await fill(home, cases)
    around = os.environ | {"REDRESS_HOME": str(home), "REDRESS_LANG": "zh"}
    for report in REPORTS:
        for form in FORMATS:
            out = home / f"report.{form}"
            target = ["--format", form] if form == "table" else ["--out", str(out)]
            cpu, peak = await asyncio.to_thread(run, [REDRESS, "report", report, "--month", MONTH, *target], around)
            note = f"{cases} cases, {events} events"
            if out.exists():
                note += f"; a file of {out.stat().st_size / 1e6:.1f} MB"
                out.unlink()
            yield Goal(f"report {report} as {form}: CPU", cpu, "s", note=note)
            yield Goal(f"report {report} as {form}: peak memory", peak, "MB", MEMORY)


async def main(cases: int) -> None:
    """The table, a line as soon as it is known."""
    print(table([]))  # noqa: T201 - what a terminal is for
    with tempfile.TemporaryDirectory() as folder:
        async for goal in reports(Path(folder), cases):
            print(line(goal), flush=True)  # noqa: T201 - as above


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
