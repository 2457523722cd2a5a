"""Reasons of a refusal in the reader's language: models and rules word them in English, as the wire carries them."""

import re
import tomllib
from functools import cache
from pathlib import Path

from models.language import Language

_FIELD = re.compile(r"^(\([a-z]+\)|[A-Za-z_][\w.]*): (.+)$", re.DOTALL)
_NAME = re.compile(r"\\\{([a-z]+)\\\}")


def reason(text: str, lang: Language) -> str:
    """A reason with or without its `field:` before it; one that is not in the catalogue stays as it is."""
    if lang is Language.EN:
        return text
    if (whole := _translated(text)) is not None:
        return whole
    if (match := _FIELD.match(text)) and (rest := _translated(match[2])) is not None:
        return f"{match[1]}：{rest}"
    return text


def _translated(text: str) -> str | None:
    for pattern, chinese in _catalogue():
        if match := pattern.fullmatch(text):
            return chinese.format(**match.groupdict())
    return None


@cache
def _catalogue() -> list[tuple[re.Pattern[str], str]]:
    file = Path(__file__).with_name("reasons.zh.toml")
    pairs = tomllib.loads(file.read_text(encoding="utf-8"))
    return [(re.compile(_NAME.sub(r"(?P<\1>.+)", re.escape(english))), chinese) for english, chinese in pairs.items()]
