"""What the documents tell a reader to type is typed here, page by page, at a running local stack."""

import asyncio
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from starter.cli.app import run
from starter.stack import LocalStack
from tests.docs.commands import PAGES, ROOT, Command, commands

ELSEWHERE = {
    "dev": "tests/e2e/conftest.py",
    "worker": "tests/e2e/test_worker_killed.py",
    "--all": "tests/e2e/test_local_stack.py",
    "watch": "tests/starter/test_usage.py",
    "meeting": "tests/starter/test_meeting.py",
    "settlement": "tests/activities/test_settlement_cli.py",
}
"""Commands that run on, or need a state of their own: where each is run instead."""
REFUSED, REJECTED_ROWS = 3, 3
Typed = Callable[[Iterable[str]], tuple[int, str]]


@pytest.fixture
def typed(
    stack: LocalStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Typed:
    """Types a command where the examples lie; exit code and what it printed."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("typescript"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REDRESS_HOME", str(stack.home))
    monkeypatch.setenv("REDRESS_LANG", "en")
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "none.toml"))

    def type_in(words: Iterable[str]) -> tuple[int, str]:
        capsys.readouterr()
        code = run(list(words))
        seen = capsys.readouterr()
        return code, (seen.out + seen.err).strip()

    return type_in


async def ready(stack: LocalStack, number: str) -> None:
    """A reader takes longer to type than a case to move on."""
    async with asyncio.timeout(20):
        while True:
            found = [one async for one in stack.client.list_workflows(f"WorkflowId='complaint.{number}'")]
            waits = found and found[0].search_attributes.get("RedressWaitingFor", ["system"])[0]
            if waits and waits != "system":
                return
            await asyncio.sleep(0.1)


@pytest.mark.timeout(240)
async def test_every_command_of_every_page_does_what_the_page_says(stack: LocalStack, typed: Typed) -> None:
    wrong: list[str] = []
    number = ""
    for command in (one for page in PAGES for one in commands(page) if one.words[0] == "redress"):
        verb, *options = command.words[1:]
        if not ELSEWHERE.keys().isdisjoint((verb, *options)):
            continue
        words = [verb, *(option.replace("NUMBER", number) if number else option for option in options)]
        if number and number in words:
            await ready(stack, number)
        code, said = await asyncio.to_thread(typed, words)
        if code not in expected(command, verb):
            wrong.append(f"{command}: exit code {code}, {said[-300:]}")
        if verb == "file":
            number = said.splitlines()[-1]
    assert wrong == []


def expected(command: Command, verb: str) -> set[int]:
    if command.refused:
        return {REFUSED}
    return {0, REJECTED_ROWS} if verb == "import" else {0}


def test_what_is_not_typed_here_is_typed_elsewhere() -> None:
    for verb, file in ELSEWHERE.items():
        assert re.search(rf'"{verb}"', (ROOT / file).read_text(encoding="utf-8")), verb
