"""`redress COMMAND --help` in the reader's language: plain lines, as `redress --help` prints them.

Every command has the parser of arguments know of it; what it takes to print is loaded once somebody asks for help.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING

from models.language import Language
from starter.cli import overview
from texts import HERE, say

if TYPE_CHECKING:
    from cyclopts.help import HelpEntry, HelpPanel
    from rich.console import Console, ConsoleOptions

CATALOGUE = HERE / "help.zh.toml"
_PLACE = re.compile(r"COMMAND|OPTIONS|ARGS")
"""What the usage line has where a command, options or further arguments stand."""
_FLAG = (None, "False")
"""What the parser says of a switch: it takes no value and is off, which goes without saying."""


def _width() -> int:
    """Columns of the terminal now: the parser keeps one console, with the width it began with."""
    from rich.console import Console

    return Console().width


def _folded(text: str, width: int) -> str:
    from starter.cli.folding import folded

    return folded(text, width)


def _print(console: "Console", text: str, style: str | None = None) -> None:
    """Text as it is, which is no markup."""
    from rich.text import Text

    console.print(Text(text), style=style)


class HelpPage:
    """How the parser of arguments has help printed. What a command without subcommands does stands in the overview."""

    def __init__(self, lang: Callable[[], Language], command: str) -> None:
        """`lang` is asked only when help is printed: to find it out the settings may have to be read."""
        self._asked = lang
        self._command = command

    @property
    def _lang(self) -> Language:
        return self._asked()

    def render_usage(self, console: "Console", options: "ConsoleOptions", usage: object) -> None:
        """What to type."""
        line = " ".join(_PLACE.sub(lambda word: say(f"help.{word[0]}", self._lang), str(usage)).split())
        _print(console, _folded(say("help.usage", self._lang, line=line), _width()), style="bold")
        console.print()

    def render_description(self, console: "Console", options: "ConsoleOptions", description: object) -> None:
        """What the command does."""
        known = [translated(part, self._lang) for part in paragraphs(description)]
        for about in known or [overview.of(self._command, self._lang)]:
            _print(console, _folded(about, _width()))
            console.print()

    def __call__(self, console: "Console", options: "ConsoleOptions", panel: "HelpPanel") -> None:
        """Commands, arguments or options, a line each."""
        if not panel.entries:
            return
        told = {", ".join(entry.display_labels_with_metavar): self._line(entry) for entry in panel.entries}
        _print(console, say(f"help.{panel.title}", self._lang), style="bold")
        _print(console, "\n".join(_two_columns(told, _width())))
        console.print()

    def _line(self, entry: "HelpEntry") -> str:
        words = " ".join(translated(part, self._lang) for part in paragraphs(entry.description))
        known = {
            "required": entry.required or None,
            "choices": ", ".join(entry.choices) if entry.choices else None,
            "default": None if (entry.metavar, entry.default) == _FLAG else entry.default,
        }
        more = [say(f"help.{name}", self._lang, value=value) for name, value in known.items() if value is not None]
        return words + say("help.more", self._lang, more=say("help.between", self._lang).join(more)) if more else words


def _two_columns(told: Mapping[str, str], width: int) -> Iterator[str]:
    """What each is called and what it is; a long name has a line of its own."""
    column = min(max(map(len, told)), width * 2 // 5)
    for name, about in told.items():
        lines = _folded(about, width - column - 4).splitlines() or [""]
        names = [name] if len(name) <= column else [name, ""]
        for left, right in zip_longest(names, lines if len(names) == 1 else ["", *lines], fillvalue=""):
            yield f"  {left:<{column}}  {right}".rstrip()


def paragraphs(said: object) -> list[str]:
    """The paragraphs of what the parser has to say of something, each on one line."""
    inner = getattr(said, "primary_renderable", said)
    text = getattr(inner, "plain", inner)
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()] if isinstance(text, str) else []


def translated(english: str, lang: Language) -> str:
    """A sentence of help in the language; one that is not in the catalogue stays as it is."""
    return english if lang is Language.EN else catalogue().get(english, english)


@cache
def catalogue() -> Mapping[str, str]:
    """Every sentence of help in Chinese, by the English one."""
    return {english: str(zh) for english, zh in tomllib.loads(CATALOGUE.read_text(encoding="utf-8")).items()}
