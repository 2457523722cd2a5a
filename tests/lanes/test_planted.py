"""Each planted bug is found by a lane: the source is copied, spoilt, and the lane run on the copy."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from procedures import HERE
from tests.lanes.common import BROKEN
from tests.lanes.planted import BUGS, Bug

ROOT = HERE.parent


@pytest.mark.parametrize("bug", BUGS, ids=[bug.name for bug in BUGS])
def test_a_planted_bug_is_found(bug: Bug, tmp_path: Path) -> None:
    for entry in ROOT.iterdir():
        if entry.name not in {bug.file.partition("/")[0], ".git", ".venv"}:
            (tmp_path / entry.name).symlink_to(entry)
    package = bug.file.partition("/")[0]
    shutil.copytree(ROOT / package, tmp_path / package)
    source = (tmp_path / bug.file).read_text(encoding="utf-8")
    assert source.count(bug.old) == 1
    (tmp_path / bug.file).write_text(source.replace(bug.old, bug.new), encoding="utf-8")
    name, *options = bug.lane
    done = subprocess.run(
        [sys.executable, "-m", f"tests.lanes.{name}", "--seed", "1", *options],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == BROKEN, done.stdout[-500:] + done.stderr[-500:]
    assert "BROKEN" in done.stdout
