"""What every part of a procedure is made of: bounded text, titles in both languages, spans and counts with source."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field

from models.base import Contract, Line

_SPAN = re.compile(r"^(\d{1,6})(s|m|h|d)$")
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _span(value: object) -> object:
    if isinstance(value, str) and (match := _SPAN.match(value)):
        return timedelta(**{_UNIT[match[2]]: int(match[1])})
    if isinstance(value, timedelta):
        return value
    raise ValueError('must be a span such as "30m", "24h" or "7d"')


Span = Annotated[timedelta, BeforeValidator(_span), Field(gt=timedelta(0), le=timedelta(days=400))]
"""A wall-clock span. Bounded: a typing error must not become a timer of a century."""


class Part(Contract):
    """A section of a procedure."""

    model_config = ConfigDict(str_max_length=500)


class Title(Part):
    """A name for people in both languages."""

    zh: Line
    en: Line


class Clock(Part):
    """How long a wait lasts, and the clause that says so ("ours" where the source leaves it open)."""

    within: Span
    source: Line


class Count(Part):
    """How often, and the clause that says so."""

    times: Annotated[int, Field(ge=0, le=50)]
    source: Line
