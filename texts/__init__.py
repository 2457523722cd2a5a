"""All text for people, in Chinese and English: looked up by a flat dotted key, filled with plain names.

A part in [[double brackets]] is left out when a value it names is not there, so that one sentence serves
events and mails whose data is optional.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, time, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from models.currency import amount, exponent, figure
from models.language import Language

HERE = Path(__file__).parent
_BY_SENTENCE = {"reasons.zh.toml", "help.zh.toml"}
"""Catalogues by what is said in English, not by a key."""
_OPTIONAL = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)
_NAME = re.compile(r"\{([a-z_]+)\}")
_MARKED = re.compile(r"([\\`*_\[\]<>!|~#])")
_NOTHING = "–"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@cache
def catalogue(lang: Language) -> Mapping[str, str]:
    """Every text of a language by its flat key."""
    code = Language(lang).value
    found: dict[str, str] = {}
    for file in (HERE / f"{code}.toml", *sorted(HERE.glob(f"*.{code}.toml"))):
        if file.name not in _BY_SENTENCE:
            found |= _flat(tomllib.loads(file.read_text(encoding="utf-8")), "")
    return found


def _flat(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, str(value)


def say(key: str, lang: Language, /, **values: object) -> str:
    """The text under a key with its values put in. An unknown key shows itself rather than break a page."""
    return fill(catalogue(lang).get(key, key), values)


def has(key: str) -> bool:
    """Whether a text stands under this key."""
    return key in catalogue(Language.EN)


def named(group: str, code: object, lang: Language) -> str:
    """The text for a code of a group (`stage`, `code`, `exit` …); a code we have no text for shows itself."""
    return catalogue(lang).get(f"{group}.{code}", str(code))


def fill(text: str, values: Mapping[str, object]) -> str:
    """The text with `{name}` replaced. A value is never read as a template; a missing one shows as a dash."""
    known = {name: str(value) for name, value in values.items() if value is not None}

    def kept(part: re.Match[str]) -> str:
        return part[1] if all(name in known for name in _NAME.findall(part[1])) else ""

    return _NAME.sub(lambda place: known.get(place[1], _NOTHING), _OPTIONAL.sub(kept, text))


def as_markdown(text: str) -> str:
    """Words as they stand, where Markdown is read: on one line; no sign of theirs hides a link or loads a picture."""
    return _MARKED.sub(r"\\\1", " ".join(text.split()))


def placeholders(text: str) -> frozenset[str]:
    """The names a text wants filled in."""
    return frozenset(_NAME.findall(text))


def money(minor: int, currency: str, lang: Language) -> str:
    """An amount in minor units as people read it."""
    if currency == "CNY" and lang is Language.ZH:
        return f"{figure(minor, exponent(currency))} 元"
    return amount(minor, currency)


def when(moment: datetime, tz: str, lang: Language) -> str:
    """A moment in the local time of `tz` (an IANA name), with its offset: mails cross time zones."""
    return _told(moment.astimezone(ZoneInfo(tz)), lang)


def until(moment: datetime, tz: str, lang: Language) -> str:
    """A deadline: one at midnight ends the day before, at 24:00; nobody is to read a day too many."""
    local = moment.astimezone(ZoneInfo(tz))
    if local.time() != time():
        return _told(local, lang)
    # The offset is the moment's own: clocks may have changed on the day that ends.
    return _told((local - timedelta(days=1)).replace(tzinfo=timezone(local.utcoffset() or timedelta())), lang, "24:00")


def _told(local: datetime, lang: Language, clock: str = "") -> str:
    offset = timezone(local.utcoffset() or timedelta()).tzname(None)
    clock = clock or f"{local:%H:%M}"
    if lang is Language.ZH:
        return f"{local.year}年{local.month}月{local.day}日 {clock}（{offset}）"
    return f"{local.day} {_MONTHS[local.month - 1]} {local.year}, {clock} ({offset})"


def several(parts: Iterable[str], lang: Language) -> str:
    """Things of one kind, one after the other in a sentence."""
    return ("、" if lang is Language.ZH else ", ").join(parts)


def brief(moment: datetime, tz: str) -> str:
    """A moment for a table: month, day and time in `tz`."""
    return f"{moment.astimezone(ZoneInfo(tz)):%m-%d %H:%M}"


def brief_until(moment: datetime, tz: str) -> str:
    """A deadline for a table, as `until` tells it."""
    local = moment.astimezone(ZoneInfo(tz))
    return f"{local - timedelta(days=1):%m-%d} 24:00" if local.time() == time() else brief(moment, tz)


def span(length: timedelta, lang: Language) -> str:
    """A span in its two largest units; below a minute in seconds. A negative one reads like its opposite."""
    seconds = round(abs(length).total_seconds())
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    parts = {"day": days, "hour": hours, "minute": rest // 60, "second": rest % 60}
    shown = [(unit, count) for unit, count in parts.items() if count][:2]
    if shown and shown[0][0] != "second":
        shown = [(unit, count) for unit, count in shown if unit != "second"]
    gap = "" if lang is Language.ZH else " "
    return gap.join(say(f"span.{unit}", lang, n=count) for unit, count in shown or [("second", 0)])
