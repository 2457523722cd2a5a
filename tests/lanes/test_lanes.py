"""Each lane in its short form, and every seed that ever failed."""

import os
import subprocess
import sys
import tomllib
from typing import Any

import pytest

from procedures import HERE
from tests.lanes.planted import BUGS, Bug

ROOT = HERE.parent
SHORT = (
    ("worlds", 5, ("--n", "600")),
    ("books", 5, ("--n", "8")),
    ("gateway", 5, ("--n", "40")),
    ("races", 5, ("--n", "3")),
    ("tokens", 5, ("--n", "800")),
    ("authority", 5, ("--n", "700")),
    ("shell", 5, ("--n", "60", "--processes", "1")),
    ("injections", 5, ("--n", "60")),
    ("flood", 5, ("--n", "740", "--updates", "80")),
    ("ledger", 5, ("--n", "1")),
    ("load", 5, ("--n", "6", "--rate", "4", "--seconds", "4")),
    ("walk", 5, ("--pack", "returns", "--n", "4")),
)
KEPT: list[dict[str, Any]] = tomllib.loads((ROOT / "tests" / "lanes" / "seeds.toml").read_text(encoding="utf-8"))[
    "seed"
]
RUNS = [*SHORT, *((kept["lane"], kept["seed"], tuple(kept["options"])) for kept in KEPT)]


def run_lane(lane: str, seed: int, options: tuple[str, ...]) -> None:
    """Run it as its command does."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.lanes.{lane}", "--seed", str(seed), *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-1000:]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("lane", "seed", "options"), RUNS, ids=[f"{run[0]}-{run[1]}" for run in RUNS])
def test_a_lane_holds(lane: str, seed: int, options: tuple[str, ...]) -> None:
    run_lane(lane, seed, options)


@pytest.mark.parametrize("bug", BUGS, ids=[bug.name for bug in BUGS])
def test_a_planted_bug_has_its_place_in_the_source(bug: Bug) -> None:
    assert (ROOT / bug.file).read_text(encoding="utf-8").count(bug.old) == 1
