"""Spans of time as a procedure writes them: "10m", "24h", "7d" on the clock on the wall, "3wd" in working days."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from models.base import Record

_SPAN = re.compile(r"^([0-9]{1,6})(s|m|h|d|wd)$")
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST = timedelta(days=400)
"""Bounded: a typing error must not become a timer of a century."""
_OLDEST = timedelta(days=3650)
"""Warranties last years; nothing waits for them."""
_MOST_DAYS = 250
_SIZE = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


@dataclass(frozen=True)
class WorkingDays:
    """So many working days after the day something happened; see `rules.spans` for where they end."""

    days: int


def _wall(value: object) -> object:
    value = _span(value)
    if not timedelta(0) < value <= _LONGEST:
        raise ValueError("must be more than nothing and at most 400 days")
    return value


def _age(value: object) -> object:
    value = _span(value)
    if not timedelta(0) < value <= _OLDEST:
        raise ValueError("must be more than nothing and at most 3650 days")
    return value


def _span(value: object) -> timedelta:
    if isinstance(value, str) and (match := _SPAN.match(value)) and match[2] in _UNIT:
        value = timedelta(**{_UNIT[match[2]]: int(match[1])})
    if not isinstance(value, timedelta):
        raise ValueError('must be a span such as "30m", "24h" or "7d"')  # noqa: TRY004 - pydantic takes a ValueError
    return value


def _any(value: object) -> object:
    if isinstance(value, str) and (match := _SPAN.match(value)) and match[2] == "wd":
        value = WorkingDays(int(match[1]))
    if isinstance(value, WorkingDays):
        if not 1 <= value.days <= _MOST_DAYS:
            raise ValueError(f"must be 1 to {_MOST_DAYS} working days")
        return value
    if isinstance(value, str) and not _SPAN.match(value):
        raise ValueError('must be a span such as "30m", "24h", "7d" or "3wd"')
    return _wall(value)


def span_text(span: timedelta | WorkingDays) -> str:
    """The span as a procedure writes it."""
    if isinstance(span, WorkingDays):
        return f"{span.days}wd"
    seconds = int(span.total_seconds())
    # A day is 24 hours to those who count it: "24h", but "7d".
    unit = next(unit for unit, size in _SIZE.items() if seconds % size == 0 and (unit != "d" or seconds >= 2 * size))
    return f"{seconds // _SIZE[unit]}{unit}"


_AS_TEXT = PlainSerializer(span_text, return_type=str, when_used="json")
_SCHEMA = WithJsonSchema({"type": "string", "pattern": _SPAN.pattern})

WallSpan = Annotated[timedelta, BeforeValidator(_wall), _AS_TEXT, _SCHEMA]
"""A wall-clock span."""
Age = Annotated[timedelta, BeforeValidator(_age), _AS_TEXT, _SCHEMA]
"""How long ago something may be: no clock, so it may be years."""
Span = Annotated[timedelta | WorkingDays, BeforeValidator(_any), _AS_TEXT, _SCHEMA]
"""A span on the wall clock or in working days."""


class YearDays(Record):
    """Where a year differs from Monday to Friday."""

    off: tuple[date, ...] = ()
    """Days from Monday to Friday that are off."""
    worked: tuple[date, ...] = ()
    """Saturdays and Sundays that are worked (调休)."""


class WorkCalendar(Record):
    """The years whose working days are known. A case carries its own: a later change never moves what it was told."""

    years: dict[int, YearDays] = Field(default_factory=dict)
