"""Reasons of a refusal in the reader's language: models and rules word them in English, as the wire carries them."""

import re
import tomllib
from functools import cache
from pathlib import Path

from models.language import Language
from texts import named

_BEFORE = r"\([a-z]+\)|(?:--[a-z]+ )?[\w./~-]+"
_FIELD = re.compile(rf"^({_BEFORE}): (.+)$", re.DOTALL)
_NEXT = re.compile(r"; (?=(?:\([a-z]+\)|(?:--[a-z]+ )?[A-Za-z_-][\w.-]*): )")
"""Between two problems of one line; within a reason a semicolon stands too, but no field comes after it."""
_NAME = re.compile(r"\\\{([a-z]+)\\\}")
_NAME_AS_WRITTEN = re.compile(r"\{[a-z]+\}")
_HINT = re.compile(r"(.+) (\(set [A-Z_]+, or [\w.]+ in [\w.]+\))", re.DOTALL)
"""Where a setting's reason says how to set it."""
_AMOUNT = re.compile(r"CNY ([\d,.]+)")
_WHOLES = {"(message)": "内容", "(start)": "启动内容"}
"""Where no field of what was sent is to blame."""


def reason(text: str, lang: Language) -> str:
    """A reason with or without its `field:` before it, or several; one not in the catalogue stays as it is."""
    if lang is Language.EN:
        return text
    return "；".join(_one(part) for part in _NEXT.split(text))


def _one(text: str) -> str:
    if hint := _HINT.fullmatch(text):
        return _one(hint[1]) + (_translated(hint[2]) or hint[2])
    if (whole := _translated(text)) is not None:
        return whole
    if (match := _FIELD.match(text)) and (rest := _one(match[2])) != match[2]:
        return f"{_WHOLES.get(match[1], match[1])}：{rest}"
    return text


def _translated(text: str) -> str | None:
    for pattern, chinese in _catalogue():
        if match := pattern.fullmatch(text):
            return chinese.format(**{name: _worded(name, value) for name, value in match.groupdict().items()})
    return None


def _worded(name: str, value: str) -> str:
    """What stands for a stage, a problem, its cause or a kind of thing in words, and a list of none; others as is."""
    if name in {"problem", "why", "kind"}:
        return _translated(value) or value
    if name in {"most", "amount"} and (written := _AMOUNT.fullmatch(value)):
        return f"{written[1]} 元"
    if name == "known" and value == "none":
        return "无"
    if name == "who" and value == "nobody now":
        return "目前无人"
    group = {"stage": "stage", "stages": "stage", "gate": "corrective.stage", "gates": "corrective.stage"}.get(name)
    if group is None:
        return value
    return "或".join(f"“{named(group, code, Language.ZH)}”" for code in value.split(" or "))


@cache
def _catalogue() -> list[tuple[re.Pattern[str], str]]:
    file = Path(__file__).with_name("reasons.zh.toml")
    pairs = tomllib.loads(file.read_text(encoding="utf-8"))
    # What is said in more words first: "must be one of {expected}" would take any sentence that begins so.
    told = sorted(pairs.items(), key=lambda pair: len(_NAME_AS_WRITTEN.sub("", pair[0])), reverse=True)
    return [(re.compile(_pattern(english), re.DOTALL), chinese) for english, chinese in told]


def _pattern(english: str) -> str:
    """What matches a reason; a name at its beginning takes no field."""
    return rf"(?!(?:{_BEFORE}): )" * english.startswith("{") + _NAME.sub(r"(?P<\1>.+?)", re.escape(english))
