"""The schema on the command line."""

import sqlite3
from pathlib import Path

import pytest

from migrations import HEAD
from tests.starter.running import Redress


def test_an_empty_database_is_led_to_this_programs_schema_and_again_is_harmless(
    redress: Redress, tmp_path: Path
) -> None:
    ran = redress("db", "version")
    assert (ran.code, ran.out) == (0, f"Schema -; this program has {HEAD}\n")
    for _ in range(2):
        ran = redress("db", "upgrade")
        assert (ran.code, ran.out) == (0, f"Schema {HEAD}\n")


def test_a_schema_newer_than_the_program_stays(redress: Redress, tmp_path: Path) -> None:
    redress("db", "upgrade")
    with sqlite3.connect(tmp_path / "home" / "redress.db") as connection:
        connection.execute("UPDATE schema_version SET version_num = '9999_later'")
    connection.close()
    ran = redress("db", "upgrade")
    assert (ran.code, ran.out) == (0, f"Schema 9999_later; this program has {HEAD}\n")


def test_a_database_out_of_reach_is_one_line_to_try_again(redress: Redress, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDRESS_DATABASE_URL", "postgresql://redress@127.0.0.1:1/redress")
    ran = redress("db", "upgrade")
    assert (ran.code, ran.err.count("\n")) == (75, 1)
