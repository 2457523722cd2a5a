"""When a span ends. Working days are counted by the calendar a case carries, never by one that may have changed.

The day something happens does not count; so many working days later the span ends with that day, at local midnight
(《民法典》 201 and 203: the first day is left out, the last one ends at 24:00).
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from models.case import Case
from models.procedure import Procedure
from models.span import WorkCalendar, WorkingDays


class CalendarGap(Exception):
    """A deadline falls in a year whose working days are not known: no date is guessed."""

    def __init__(self, year: int) -> None:
        super().__init__(f"the working days of {year} are not known; add the year to the file `calendar_file` names")
        self.year = year


class TypedGap(CalendarGap):
    """… because of a span that somebody has just written: not worth waiting for, the sender may say it otherwise."""

    def __init__(self, field: str, year: int) -> None:
        super().__init__(year)
        what = f"{field}: needs the working days of {year}"
        self.reason = f"{what}, which are not known; give it in days or hours, or add the year to `calendar_file`"


def deadline(case: Case, pack: Procedure, at: datetime, span: timedelta | WorkingDays) -> datetime:
    """The instant a clock of this case ends. Raises CalendarGap."""
    return ends(at, span, pack.time_zone, case.calendar)


def wished(case: Case, pack: Procedure, at: datetime, span: timedelta | WorkingDays, field: str) -> datetime:
    """The same for a span that a message carries in this field. Raises TypedGap."""
    try:
        return deadline(case, pack, at, span)
    except CalendarGap as gap:
        raise TypedGap(field, gap.year) from None


def ends(at: datetime, span: timedelta | WorkingDays, time_zone: str, calendar: WorkCalendar | None) -> datetime:
    """The instant a span ends that begins at `at`. Raises CalendarGap."""
    if isinstance(span, timedelta):
        return at + span
    day, left = at.astimezone(ZoneInfo(time_zone)).date(), span.days
    while left:
        day += timedelta(days=1)
        left -= is_working(day, calendar)
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(time_zone)).astimezone(at.tzinfo)


def surely_longer(span: timedelta | WorkingDays, other: timedelta | WorkingDays) -> bool:
    """Whether a span is longer than another wherever in the year they begin: no calendar is needed to say so."""
    if isinstance(span, WorkingDays) and isinstance(other, WorkingDays):
        return span.days > other.days
    return _least(span) > _most(other)


def _least(span: timedelta | WorkingDays) -> timedelta:
    return timedelta(days=span.days) if isinstance(span, WorkingDays) else span


def _most(span: timedelta | WorkingDays) -> timedelta:
    # Seven days off in a row is the longest a holiday keeps work away.
    return timedelta(days=2 * span.days + 14) if isinstance(span, WorkingDays) else span


def is_working(day: date, calendar: WorkCalendar | None) -> bool:
    """Whether a day is worked. Raises CalendarGap for a year the calendar does not have."""
    if calendar is None or (year := calendar.years.get(day.year)) is None:
        raise CalendarGap(day.year)
    if day.weekday() < 5:
        return day not in year.off
    return day in year.worked


def years_needed(now: datetime, working_days: int) -> set[int]:
    """The years a clock of so many working days that begins about now may run into; none for none."""
    return {now.year, (now + _most(WorkingDays(working_days))).year} if working_days else set()
