"""What operators type: the schema by versions, and what cannot be done, in one line."""

from pathlib import Path
from typing import Any, cast

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

import migrations
from starter.rollout import RolloutError, make_current
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


class _Late:
    """A server that gives up a request it may have carried out."""

    namespace = "default"

    @property
    def workflow_service(self) -> Any:
        return self

    async def set_worker_deployment_current_version(self, _: object) -> None:
        raise RPCError("workflow update was aborted", RPCStatusCode.CANCELLED, b"")


async def test_a_rollout_without_an_answer_is_not_told_as_a_build_without_workers() -> None:
    with pytest.raises(RolloutError, match=r"^nobody said whether build 2 takes cases \(cancelled\); see"):
        await make_current(cast("Client", _Late()), "redress", "2")
