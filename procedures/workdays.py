"""The working days of China with their make-up days (调休), and a file for the years the published calendar lacks.

[2027]
off = ["2027-01-01"]        # days from Monday to Friday that are off
worked = ["2027-02-06"]     # Saturdays and Sundays that are worked
"""

from datetime import date, timedelta
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from models.base import in_one_line, toml_problems
from models.span import WorkCalendar, YearDays
from procedures import PackError, read_toml, shown

_FILE: TypeAdapter[dict[int, YearDays]] = TypeAdapter(dict[int, YearDays])


class Workdays:
    """The calendar: asked for a year it gives that one and the next, as far as they are known.

    The file is read each time: a year that is added to it needs no restart.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file

    def __call__(self, year: int) -> WorkCalendar:
        """Raises PackError where the file cannot be used."""
        own = _read(self._file) if self._file is not None else {}
        published = {known: days for known in (year, year + 1) if (days := _published(known)) is not None}
        return WorkCalendar(years=published | {known: own[known] for known in (year, year + 1) if known in own})


@cache
def _published(year: int) -> YearDays | None:
    """What the State Council has published for a year; None where it is not known."""
    from chinese_calendar import is_workday

    first = date(year, 1, 1)
    days = [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]
    try:
        worked = {day: is_workday(day) for day in days}
    except NotImplementedError:
        return None
    return YearDays(
        off=tuple(day for day in days if day.weekday() < 5 and not worked[day]),
        worked=tuple(day for day in days if day.weekday() >= 5 and worked[day]),
    )


def _read(file: Path) -> dict[int, YearDays]:
    try:
        content = _FILE.validate_python(read_toml(file))
    except ValidationError as error:
        raise PackError(f"{shown(file)}: {in_one_line(toml_problems(error))}") from None
    for year, days in content.items():
        for day in (*days.off, *days.worked):
            if day.year != year or (day.weekday() < 5) != (day in days.off):
                raise PackError(f"{shown(file)}: {year}: {day} is in the wrong list or year; correct it")
    return content
