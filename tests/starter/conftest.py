"""The command line in-process, in a home of its own, with nothing of the machine's settings."""

import os
from pathlib import Path

import pytest

from starter.cli.app import run
from tests.starter.running import Ran, Redress


@pytest.fixture
def redress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Redress:
    """`redress("show", "R-1")` runs it; no Temporal service answers."""
    for name in [name for name in os.environ if name.startswith(("REDRESS_", "TEMPORAL_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REDRESS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "none.toml"))
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)

    def command(*words: str) -> Ran:
        capsys.readouterr()
        code = run(list(words))
        seen = capsys.readouterr()
        return Ran(code, seen.out, seen.err)

    return command
