"""What deploy/ hands to an operator is understood by this version."""

import re
from pathlib import Path

import pytest

from starter.settings import load_settings

DEPLOY = Path(__file__).parents[2] / "deploy"


def test_the_example_environment_is_accepted_as_it_stands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = (DEPLOY / "worker.env.example").read_text(encoding="utf-8")
    lines = dict(re.findall(r"^(REDRESS_[A-Z_]+)=(.*)$", text, flags=re.MULTILINE))
    for name, value in lines.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings.database == "postgresql+asyncpg://redress@db.internal/redress"
    assert (settings.partners.payment.kind, settings.smtp.host) == ("http", "mail.internal")


def test_a_worker_is_given_more_time_to_stop_than_it_takes() -> None:
    unit = (DEPLOY / "redress-worker.service").read_text(encoding="utf-8")
    stop = int(re.findall(r"^TimeoutStopSec=(\d+)$", unit, flags=re.MULTILINE)[0])
    assert stop > load_settings().worker.graceful_shutdown_seconds
    assert "redress worker" in unit
