"""The command line in-process, in a home of its own, with nothing of the machine's settings."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from procedures import load_packs
from starter.cli.app import app, run
from starter.cli.session import begin
from tests.starter.running import AtHome, Ran, Redress
from tests.support import Office


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


@pytest.fixture
def operators_home(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where an operator sits who reaches the test's service by TEMPORAL_ADDRESS."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", office.client.service_client.config.target_host)
    monkeypatch.setenv("REDRESS_TASK_QUEUE", office.settings.task_queue)
    monkeypatch.setenv("REDRESS_HOME", str(tmp_path))
    monkeypatch.setenv("REDRESS_LANG", "en")
    return tmp_path


@pytest.fixture
def at_home(
    office: Office, operators_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[AtHome]:
    """Command lines of an operator of the test's service, who reads its database too; exit code, output, errors."""
    load_packs()
    monkeypatch.setenv("REDRESS_DATABASE_URL", office.store.url)

    async def command(*words: str) -> tuple[int, str, str]:
        begin(None)
        capsys.readouterr()
        code = await app.run_async(list(words), exit_on_error=False, print_error=False)
        seen = capsys.readouterr()
        assert isinstance(code, int)
        return code, seen.out, seen.err

    with office.env.with_time_skipping_disabled():
        yield command
