"""The days a report is about, in the procedure's time zone."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Self
from zoneinfo import ZoneInfo

_WEEK = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_LONGEST = timedelta(days=3660)


class BadPeriod(ValueError):
    """Days that cannot be used. `key` names the text that says why, `field` the option."""

    def __init__(self, key: str, field: str = "") -> None:
        super().__init__(key)
        self.key = key
        self.field = field


@dataclass(frozen=True)
class Period:
    """From the beginning of `first` to the end of `last`, local days of `zone` (an IANA name)."""

    first: date
    last: date
    zone: str

    @cached_property
    def since(self) -> datetime:
        """The first instant (UTC)."""
        return _midnight(self.first, self.zone)

    @cached_property
    def until(self) -> datetime:
        """The first instant that is no longer part of it (UTC)."""
        return _midnight(self.last + timedelta(days=1), self.zone)

    @property
    def before(self) -> Self:
        """The days just before, as many of them."""
        length = self.last - self.first + timedelta(days=1)
        return type(self)(self.first - length, self.first - timedelta(days=1), self.zone)


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def local_day(moment: datetime, zone: str) -> date:
    """The day of an instant in `zone`."""
    return moment.astimezone(ZoneInfo(zone)).date()


def week_of(day: date) -> str:
    """The ISO week of a day, such as 2026-W09."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def month_of(day: date) -> str:
    """The month of a day, such as 2026-03."""
    return f"{day:%Y-%m}"


def period(
    *, first: str | None, last: str | None, week: str | None, month: str | None, today: date, zone: str
) -> Period:
    """The period somebody typed; without a word the week of `today`. Raises BadPeriod."""
    if sum((week is not None, month is not None, first is not None or last is not None)) > 1:
        raise BadPeriod("period_twice")
    if week is not None:
        return _week(week, zone)
    if month is not None:
        return _month(month, zone)
    if first is None and last is None:
        return _week(week_of(today), zone)
    if first is None:
        raise BadPeriod("period_from")
    begin = _day(first, "--from")
    end = today if last is None else _day(last, "--to")
    if end < begin or end - begin > _LONGEST:
        raise BadPeriod("period_order")
    return Period(begin, end, zone)


def _day(text: str, field: str) -> date:
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        raise BadPeriod("period_day", field) from None
    return _within(found, field)


def _within(day: date, field: str, key: str = "period_day") -> date:
    """Far enough from the ends of the calendar that a zone's offset cannot cross them."""
    if not 1970 <= day.year <= 9000:
        raise BadPeriod(key, field)
    return day


def _week(text: str, zone: str) -> Period:
    found = _WEEK.fullmatch(text.strip())
    try:
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1) if found else None
    except ValueError:
        monday = None
    if monday is None:
        raise BadPeriod("period_week")
    return Period(_within(monday, "--week", "period_week"), monday + timedelta(days=6), zone)


def _month(text: str, zone: str) -> Period:
    found = _MONTH.fullmatch(text.strip())
    if not found or not 1 <= int(found[2]) <= 12:
        raise BadPeriod("period_month")
    begin = _within(date(max(int(found[1]), 1), int(found[2]), 1), "--month", "period_month")
    return Period(begin, (begin + timedelta(days=31)).replace(day=1) - timedelta(days=1), zone)
