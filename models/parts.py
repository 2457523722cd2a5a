"""What every part of a procedure is made of: bounded text, titles in both languages, clocks and counts with source."""

from typing import Annotated

from pydantic import ConfigDict, Field

from models.base import Contract, Line
from models.span import Span, WallSpan


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


class WallClock(Part):
    """The same where only the clock on the wall makes sense."""

    within: WallSpan
    source: Line


class Count(Part):
    """How often, and the clause that says so."""

    times: Annotated[int, Field(ge=0, le=50)]
    source: Line
