"""What operators type: the schema by versions, and what cannot be done, in one line."""

from pathlib import Path

import pytest

import migrations
from tests.starter.running import Redress


def test_the_schema_is_made_once_told_and_led_back_only_on_purpose(redress: Redress) -> None:
    assert redress("db", "current").out == "Schema: none yet\n"
    assert redress("db", "upgrade").out == f"Schema: {migrations.HEAD}\n"
    assert redress("db", "upgrade").out == f"Schema: {migrations.HEAD}; nothing to do\n"
    refused = redress("db", "downgrade", "base")
    assert (refused.code, "make a backup" in refused.err) == (2, True)
    assert redress("db", "downgrade", "base", "--yes").out == "Schema: none yet\n"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("db", "downgrade", "0042_nothing"), 2, "VERSION: must be one of base, 0001_baseline"),
        (("rollout", "2"), 2, "set REDRESS_WORKER__DEPLOYMENT"),
        (("restore", "kept", "--lang", "zh"), 2, "kept 中没有 backup.json；请指定由 `redress backup` 写入的文件夹"),
        (("setup", "--retention-days", "0"), 2, "--retention-days: must be at least 1 day"),
        (("rollout", "2", "--percent", "101"), 2, "--percent: must be from 0 to 100"),
        (("setup",), 75, "no Temporal service answers"),
        (("backup", "kept"), 2, "holds no temporal.db"),
        (("restore", "kept"), 2, "holds no backup.json"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    redress: Redress, words: tuple[str, ...], code: int, told: str
) -> None:
    ran = redress(*words)
    assert (ran.code, ran.err.count("\n")) == (code, 1)
    assert told in ran.err


def test_a_postgresql_is_left_to_its_own_tools(
    redress: Redress, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REDRESS_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/x")
    ran = redress("backup", str(tmp_path / "kept"))
    assert (ran.code, "docs/operate.md" in ran.err) == (2, True)
