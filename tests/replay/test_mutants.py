"""The net holds: changes that would hurt open cases do not pass the kept histories."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.replay.mutants import MUTANTS, SHORT, Mutant

ROOT = Path(__file__).parents[2]
PARTS = ("models", "rules", "workflows", "procedures", "activities", "starter", "texts", "tests")
ALL = os.environ.get("REDRESS_TEST_MUTANTS") == "all"


def mutated(mutant: Mutant, folder: Path) -> None:
    """The tree with one change: the rest of it is linked."""
    package = mutant.file.partition("/")[0]
    for part in PARTS:
        if part != package:
            (folder / part).symlink_to(ROOT / part)
    shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    assert mutant.old in text, f"{mutant.file} no longer has this to change; write the mutant anew: {mutant.old}"
    (folder / mutant.file).write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")


@pytest.mark.parametrize("mutant", MUTANTS if ALL else MUTANTS[:SHORT], ids=lambda mutant: mutant.name)
def test_a_change_that_hurts_open_cases_is_caught(mutant: Mutant, tmp_path: Path) -> None:
    mutated(mutant, tmp_path)
    command = [sys.executable, "-m", "tests.replay.judge", mutant.seen_in]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1:] == [f"{mutant.seen_in}: {mutant.by}"], done.stderr[-2000:]


def test_there_are_mutants_of_twelve_kinds() -> None:
    assert len({mutant.name for mutant in MUTANTS}) >= 12
    assert {mutant.by for mutant in MUTANTS[:SHORT]} == {"commands"}  # what a replay alone lets pass comes first
