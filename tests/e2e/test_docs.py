"""What the documents tell a reader to type is typed here, page by page, at a running local stack."""

import asyncio
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from starter.cli.app import run
from starter.stack import LocalStack
from tests.docs.commands import PAGES, ROOT, Command, commands

TYPED = {
    "README.md",
    "docs/run-local.md",
    "docs/import.md",
    "docs/reports.md",
    "docs/settlement.md",
    "docs/runbook.md",
    "docs/security.md",
}
"""Pages whose commands follow from each other on a fresh stack. Those of other pages need a state of their own."""
NOT_HERE = {"dev", "worker", "watch", "meeting", "settlement", "document", "--all"}
"""What runs on, or needs a meeting, a closed month, a case with papers or every case of the stack to itself."""
BY_FUNCTION = {
    "db": "tests/activities/test_migrations.py",
    "setup": "tests/stack/test_setup.py",
    "rollout": "tests/e2e/test_rollout.py",
    "backup": "tests/e2e/test_backup.py",
    "restore": "tests/e2e/test_backup.py",
}
"""Commands whose work is tested under them, on services made for it."""
DOORS = {"--help", "--version"}
HERE = Path(__file__)
OURS = [one for page in PAGES for one in commands(page) if one.words[0] == "redress" and len(one.words) > 1]
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
    monkeypatch.setenv("REDRESS_DATABASE_URL", stack.settings.database)
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
async def test_every_command_does_what_its_page_says(stack: LocalStack, typed: Typed) -> None:
    wrong: list[str] = []
    number = ""
    for command in (one for one in OURS if not elsewhere(one)):
        verb, *options = command.words[1:]
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


def elsewhere(command: Command) -> bool:
    return command.page not in TYPED or not NOT_HERE.isdisjoint(command.words)


def test_what_is_not_typed_here_is_typed_by_another_test() -> None:
    tests = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("*.py") if file != HERE)
    verbs = {command.words[1] for command in OURS if elsewhere(command)} - DOORS
    assert {verb for verb in verbs - BY_FUNCTION.keys() if f'"{verb}"' not in tests} == set()
    assert [file for file in BY_FUNCTION.values() if not (ROOT / file).exists()] == []
