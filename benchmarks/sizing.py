"""How large a cluster is for so many complaints a day, from the measured costs: python -m benchmarks.sizing 100000."""

import json
import sys
from math import ceil

from benchmarks.goals import RESULTS

DAY = 86_400
PEAK = 4.0
"""How much more complaints the busiest hour brings than the mean one (ours)."""
USE = 0.6
"""Share of a core that is used at the peak; the rest is for what nobody foresaw (ours)."""
OPEN_DAYS = 2.5
"""How long a case stays open on average: until the customer has answered (ours)."""
RETENTION_DAYS = 90
"""How long histories are kept (the shipped default)."""


def size(per_day: int, figures: dict[str, float]) -> list[tuple[str, str]]:
    """What is needed, as lines of a table. Raises KeyError for a figure the results lack."""
    peak = per_day / DAY * PEAK
    cores = peak * figures["redress: CPU per case"] / 1000 / USE
    worker_share = 1 - figures["redress: the server's share of the CPU"]
    history = per_day * figures["answered: bytes"] * RETENTION_DAYS
    waiting = per_day * OPEN_DAYS
    memory = figures["10,000 open cases: server"] * waiting / 10_000
    return [
        ("cases a second, at the peak", f"{peak:.1f}"),
        ("cores for workers, at the peak", f"{cores * worker_share:.1f}"),
        ("cores for Temporal, at the peak", f"{cores * (1 - worker_share):.1f}"),
        ("worker processes", f"{max(2, ceil(cores * worker_share))}"),
        ("actions a month", f"{per_day * 30 * figures['answered: actions']:,.0f}"),
        ("open cases", f"{waiting:,.0f}"),
        ("memory of the server for them, all cached", f"{memory / 1024:.1f} GB"),
        ("history kept, before replication", f"{history / 1e9:.1f} GB"),
    ]


def main(per_day: int) -> None:
    """Print the table."""
    figures = {row["name"]: row["value"] for row in json.loads(RESULTS.read_text(encoding="utf-8"))}
    try:
        rows = size(per_day, figures)
    except KeyError as missing:
        sys.exit(f"{missing}: is not in the results yet; run `make bench` first")
    lines = [f"| for {per_day:,} complaints a day | |", "|---|---|"]
    lines += [f"| {what} | {much} |" for what, much in rows]
    print("\n".join(lines))  # noqa: T201 - what it is for


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
