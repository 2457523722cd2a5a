"""A command line that has run."""

import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ran:
    """How a command line ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its output as JSON."""
        return json.loads(self.out)


Redress = Callable[..., Ran]
AtHome = Callable[..., Awaitable[tuple[int, str, str]]]


def run_with(words: tuple[str, ...], home: Path, output: Any) -> "subprocess.CompletedProcess[str]":
    """The program with its standard output there, in a home of its own."""
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith(("REDRESS_", "TEMPORAL_"))}
    surroundings |= {"PYTHONPATH": str(Path(__file__).parents[2]), "REDRESS_HOME": str(home)}
    program = [sys.executable, "-m", "starter.main", *words]
    return subprocess.run(
        program, cwd=home, env=surroundings, stdout=output, stderr=subprocess.PIPE, text=True, check=False
    )


def into_a_closed_pipe(words: tuple[str, ...], home: Path) -> "subprocess.CompletedProcess[str]":
    """The program with an output that nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        return run_with(words, home, writing)
    finally:
        os.close(writing)
