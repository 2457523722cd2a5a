"""`redress --help`: every command in its group, in the reader's language."""

import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from models.language import Language
from starter.cli import overview
from starter.cli.commands import COMMANDS, GROUPS
from texts import has

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("REDRESS_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("lang", Language)
def test_every_command_is_told_once_in_its_group(lang: Language) -> None:
    told = [line.split()[0] for line in overview.text(lang).splitlines() if line.startswith("  ")]
    assert told == [*COMMANDS, "--lang", "--help", "--version"]
    assert all(has(f"command.{name}") for name in COMMANDS)
    assert all(has(f"overview.{group}") for group in GROUPS)
    assert max(map(cell_len, overview.text(lang).splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "lang"),
    [
        ([], Language.EN),
        (["--help"], Language.EN),
        (["-h"], Language.EN),
        (["--help", "confirm"], Language.EN),
        (["--lang", "zh"], Language.ZH),
        (["--lang=zh", "--help"], Language.ZH),
        (["--lang", "zh", "--lang", "en", "-h"], Language.EN),
        (["confirm", "--help"], None),
        (["--lang", "zh", "list"], None),
        (["--help", "--lang", "zh"], Language.ZH),
        (["--lang", "zh-CN", "--help"], Language.ZH),
        (["--help", "--lang=zh_CN"], Language.ZH),
        (["--lang", "en-GB"], Language.EN),
        (["--lang", "fr"], None),
        (["--lang"], None),
        (["--version"], None),
    ],
)
def test_it_is_told_where_no_command_is_named(arguments: list[str], lang: Language | None) -> None:
    assert overview.wanted(arguments) == lang


def test_its_language_is_that_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert overview.wanted([]) is Language.ZH
    Path("redress.toml").write_text('lang = "en"\n')
    assert overview.wanted([]) is Language.EN
    monkeypatch.setenv("REDRESS_LANG", "zh")
    assert overview.wanted([]) is Language.ZH
    monkeypatch.delenv("REDRESS_LANG")
    for content in (b"\xff = ", b"lang = ['zh']", b"lang = 'fr'"):
        Path("redress.toml").write_bytes(content)
        assert overview.wanted([]) is Language.ZH


def test_the_program_tells_it(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "starter.main", "--lang", "zh", "--help"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == overview.text(Language.ZH) + "\n"
    assert ran.stderr == ""
