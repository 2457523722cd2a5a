"""`redress COMMAND --help`: every sentence in the reader's language."""

import re
from collections.abc import Iterator

import pytest
from cyclopts import App
from cyclopts.help import format_doc
from rich.cells import cell_len

from starter.cli.app import app
from starter.cli.commands import COMMANDS
from starter.cli.helping import catalogue, paragraphs
from tests.starter.running import Redress

ENGLISH = re.compile(r"[a-z]{3,}(?: [a-z]{2,}){2,}")
"""Three plain words in a row."""


def commands(of: App, *path: str) -> Iterator[tuple[str, ...]]:
    """Every command below, with its words."""
    for name in of:
        if not name.startswith("-"):
            yield (*path, name)
            yield from commands(of[name], *path, name)


EVERY = [*commands(app)]


def said(words: tuple[str, ...]) -> set[str]:
    """What the parser of arguments has to say of a command and of what it takes, in English."""
    found: set[str] = set()
    for _, panel in app._assemble_help_panels(words, "plaintext"):
        found.update(part for entry in panel.entries for part in paragraphs(entry.description))
    if len(words) > 1:  # of the others the overview tells
        found.update(paragraphs(format_doc(app[words[0]][words[1]], "plaintext")))
    return found


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_a_commands_help_is_wholly_chinese_for_who_reads_chinese(redress: Redress, words: tuple[str, ...]) -> None:
    ran = redress("--lang", "zh", *words, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"用法：redress {' '.join(words)}")
    _, _, about, *rest = ran.out.splitlines()
    assert re.search("[\u4e00-\u9fff]", about), "what the command does"
    assert not ENGLISH.search("\n".join((about, *rest)))


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_line_of_help_is_wider_than_the_terminal_and_nothing_is_cut(
    redress: Redress, monkeypatch: pytest.MonkeyPatch, lang: str, width: int
) -> None:
    monkeypatch.setenv("TERM", "xterm")  # a dumb terminal has 80 columns, whatever it says
    monkeypatch.setenv("COLUMNS", str(width))
    for words in [("feedback",), ("report",), ("doctor",), ("settlement",), ("settlement", "decide"), ("file",)]:
        out = redress("--lang", lang, *words, "--help").out
        monkeypatch.setenv("COLUMNS", "400")
        wide = redress("--lang", lang, *words, "--help").out
        monkeypatch.setenv("COLUMNS", str(width))
        assert max(map(cell_len, out.splitlines())) <= width
        assert "".join(out.split()) == "".join(wide.split())


def test_the_catalogue_has_every_sentence_and_none_that_nobody_says() -> None:
    wanted = {sentence for words in EVERY for sentence in said(words)}
    assert wanted == set(catalogue()) - {"Language of the output."}
    assert len(EVERY) > len(COMMANDS)


def test_in_english_it_says_what_a_command_does_what_is_required_and_what_is_usual(redress: Redress) -> None:
    out = redress("--lang", "en", "confirm", "--help").out
    assert out.splitlines()[:3] == [
        "Usage: redress confirm --reason STR [OPTIONS] NUMBER",
        "",
        "Answer an ask: who is liable.",
    ]
    assert "Why. (required)" in out
    assert "Seconds to wait for the verdict. (default: 10.0)" in out


def test_a_group_of_commands_without_one_tells_which_there_are_in_the_readers_language(redress: Redress) -> None:
    out = redress("--lang", "zh", "meeting").out
    assert "命令：" in out
    assert "例会列表，最近的在前。" in out
