"""How long the command line takes to start, against importing Temporal's client, in pairs."""

import subprocess
import sys
import time
from pathlib import Path

from benchmarks.machine import middle

PYTHON = sys.executable
REDRESS = str(Path(sys.executable).with_name("redress"))
CLIENT = [PYTHON, "-c", "import temporalio.client"]


def ratio(command: list[str], times: int, against: list[str] = CLIENT) -> float:
    """The median of the command's time over the other's, pair by pair."""
    _seconds(command)
    _seconds(against)
    return middle([_seconds(command) / _seconds(against) for _ in range(times)])


def _seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, capture_output=True, check=False)
    return time.perf_counter() - begun
