"""What a process and its children have used, from /proc; and medians."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from statistics import median

_TICK = os.sysconf("SC_CLK_TCK")
_CORE = ("tokio-rt-worker", "workflow-proces", "temporal-real-s")
"""Names of the threads of Temporal's core."""


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all below it."""
    return sum(_own_cpu(one) for one in family(pid))


def own_cpu() -> float:
    """User and system time of this process alone."""
    times = os.times()
    return times.user + times.system


def cpu_of_python(pid: int, whole: str) -> dict[str, float]:
    """The same for a process with an event loop, by what its threads do; `whole` names the process.

    The loop; other threads of Python (workflow code, SQLite); Temporal's core and the like, which hold no Python.
    """
    loop = core = 0.0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        text = _read(pid, f"task/{thread.name}/stat")
        used = _cpu(text, 2)
        if int(thread.name) == pid:
            loop = used
        elif text[text.find("(") + 1 :].startswith(_CORE):
            core += used
    parts = {f"{whole}'s loop": loop, "threads": cpu_seconds(pid) - loop - core}
    return parts | {"core": core} if core else parts


def memory_mb(pid: int) -> float:
    """Resident memory of a process and all below it, shared pages counted once for each who shares them."""
    total = 0
    for one in family(pid):
        for line in _read(one, "smaps_rollup").splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


def content_kb(file: Path) -> float:
    """What a SQLite database holds, its log and indexes included, free pages not."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
        figures = [
            database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        ]
    pages, free, size = figures
    return float((pages - free) * size / 1000)


def family(pid: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        found.append(one := todo.pop())
        todo += children.get(one, [])
    return found


def load() -> float:
    """How many processes want a processor, over the last minute."""
    return os.getloadavg()[0]


def quantile(values: list[float], part: float) -> float:
    """The value below which this part of the values lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def middle(values: list[float]) -> float:
    """The median."""
    return median(values)


def _own_cpu(pid: int) -> float:
    return _cpu(_read(pid, "stat"), 4)


def _cpu(stat: str, figures: int) -> float:
    """User and system seconds (2 figures); those of children that have ended too (4)."""
    return sum(int(field) for field in _fields(stat)[11 : 11 + figures]) / _TICK


def _stat(pid: int) -> list[str]:
    return _fields(_read(pid, "stat"))


def _fields(stat: str) -> list[str]:
    return stat[stat.rindex(")") + 2 :].split() if stat else []


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
