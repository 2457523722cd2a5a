"""What the program can do, in the reader's language. Apart from the parser of arguments, which it need not wait for."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from models.language import Language, of_locale, of_tag
from starter.cli.commands import GROUPS
from starter.settingsfile import FILE, PREFIX
from texts import HERE

HELP = ("--help", "-h")
_COLUMN = 14


def wanted(arguments: Sequence[str]) -> Language | None:
    """The language in which somebody wants to know what there is; None where a command is named."""
    rest, named = list(arguments), None
    while rest and (value := _lang(rest)) is not None:
        named = value
    if rest and rest[0] not in HELP:
        return None
    behind = rest[1:]
    return (_lang(behind) if behind else None) or named or _usual()


def text(lang: Language) -> str:
    """Every command in its group, with a line of help."""
    said = _said(lang)
    about, helps = said["overview"], said["command"]
    blocks = [f"{about['usage']}\n\n{about['about']}"]
    blocks += [_block(about[group], {name: helps[name] for name in names}) for group, names in GROUPS.items()]
    options = {"--lang zh|en": about["lang"], "--help": about["help"], "--version": about["version"]}
    return "\n\n".join([*blocks, _block(about["options"], options), about["more"]])


def of(command: str, lang: Language) -> str:
    """A command's line of help; empty where there is no such command."""
    line: str = _said(lang)["command"].get(command, "")
    return line


def _said(lang: Language) -> dict[str, dict[str, str]]:
    return tomllib.loads((HERE / f"overview.{lang.value}.toml").read_text(encoding="utf-8"))


def _block(title: str, lines: Mapping[str, str]) -> str:
    return "\n".join([title, *(f"  {name:<{_COLUMN}}{said}" for name, said in lines.items())])


def _lang(rest: list[str]) -> Language | None:
    """The language a leading `--lang` names, taken off; None where there is none that can be read."""
    name, given, value = rest[0].partition("=")
    taken = 1 if given else 2
    if not given and len(rest) > 1:
        value = rest[1]
    lang = of_tag(value) if name == "--lang" else None
    if lang is not None:
        del rest[:taken]
    return lang


def _usual() -> Language:
    """As the settings have it, which would take longer to read whole; a file that cannot be read has no say in this."""
    named: object = os.environ.get(f"{PREFIX}LANG")
    if not named:
        try:
            named = tomllib.loads(Path(FILE).read_text(encoding="utf-8")).get("lang")
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
            named = None
    return (of_tag(named) if isinstance(named, str) else None) or of_locale(os.environ)
