"""Which reports go out by themselves, when and to whom, as a procedure says it."""

from typing import Annotated, Literal

from pydantic import Field

from models.base import Line, Slug
from models.parts import Part

TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""A time of the clock, "08:00"."""
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
ReportName = Literal["out_of_rule", "disputes", "breaches", "metrics", "causes", "spot_checks"]
FileFormat = Literal["xlsx", "pdf", "csv", "html"]


class Sending(Part):
    """A round of reports, for every week or month that has ended."""

    every: Literal["week", "month"]
    weekday: Weekday = "monday"
    """When those of a week go out."""
    day: Annotated[int, Field(ge=1, le=28)] = 1
    """The day of the month on which those of a month go out."""
    at: TimeOfDay
    """Local time of the procedure's zone, "08:00"."""
    reports: Annotated[tuple[ReportName, ...], Field(min_length=1)]
    formats: Annotated[tuple[FileFormat, ...], Field(min_length=1)] = ("xlsx",)
    to: Annotated[tuple[Slug, ...], Field(min_length=1)]
    """Departments."""
    source: Line
