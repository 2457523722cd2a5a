"""No document tells a reader to type what this version does not understand."""

from pathlib import Path

import pytest
from cyclopts.exceptions import CycloptsError

from starter.cli.app import app
from tests.docs.commands import PAGES, ROOT, commands

DOORS = {"--help", "--version"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_ours_is_understood_with_its_options(page: Path) -> None:
    wrong = []
    for command in commands(page):
        verb, *words = command.words
        if verb != "redress" or not words or words[0] in DOORS:
            continue
        if "--lang" in words:
            place = words.index("--lang")
            del words[place : place + 2]
        try:
            app.parse_args(words, exit_on_error=False, print_error=False)
        except CycloptsError as error:
            wrong.append(f"{command}: {type(error).__name__} {error}")
    assert wrong == []
