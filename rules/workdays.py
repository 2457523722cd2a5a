"""Deadlines in working days, Monday to Friday: the first day does not count, the last one ends at midnight."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

_SATURDAY = 5


def after_working_days(at: datetime, days: int, time_zone: str) -> datetime:
    """The end of the working day that comes so many working days after the one of `at`."""
    day = at.astimezone(ZoneInfo(time_zone)).date()
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < _SATURDAY
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(time_zone)).astimezone(at.tzinfo)
