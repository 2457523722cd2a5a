"""What a process and its children have used, from /proc; and medians."""

import os
from pathlib import Path
from statistics import median

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all below it."""
    return sum(_own_cpu(one) for one in family(pid))


def memory_mb(pid: int) -> float:
    """Resident memory of a process and all below it, shared pages counted once for each who shares them."""
    total = 0
    for one in family(pid):
        for line in _read(one, "smaps_rollup").splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


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
    fields = _stat(pid)
    return sum(int(field) for field in fields[11:15]) / _TICK if fields else 0.0


def _stat(pid: int) -> list[str]:
    text = _read(pid, "stat")
    return text[text.rindex(")") + 2 :].split() if text else []


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
