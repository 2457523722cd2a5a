"""How much CPU the command line takes to start, against importing Temporal's client, in pairs."""

import os
import resource
import subprocess
import sys
from pathlib import Path

from benchmarks.machine import middle

PYTHON = sys.executable
REDRESS = str(Path(sys.executable).with_name("redress"))
CLIENT = [PYTHON, "-c", "import temporalio.client"]
NOWHERE = {"TEMPORAL_ADDRESS": "127.0.0.1:9"}
"""A verb is timed up to the refusal of a service that is not there."""


def ratio(command: list[str], times: int, home: Path) -> float:
    """The median of the command's CPU seconds over the other's, pair by pair; both compiled, as an install is."""
    around = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    around |= {"REDRESS_HOME": str(home), **NOWHERE}
    _seconds(command, around)
    _seconds(CLIENT, around)
    return middle([_seconds(command, around) / _seconds(CLIENT, around) for _ in range(times)])


def _seconds(command: list[str], around: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, capture_output=True, check=False, env=around)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
