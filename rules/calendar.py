"""When meetings are held: ISO weeks, the session's hour, and when its members are told."""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple, get_args
from zoneinfo import ZoneInfo

from models.procedure import MeetingRules
from models.sending import Weekday

_WEEK_MINUTES = 7 * 24 * 60
_WEEKDAYS: tuple[str, ...] = get_args(Weekday)


class CallTime(NamedTuple):
    """A local time in every week; `weekday` counts from Monday = 0."""

    weekday: int
    hour: int
    minute: int


def call_time(rules: MeetingRules) -> CallTime:
    """When the week's meeting is called: the session's hour less the notice, on the clock on the wall."""
    session = time.fromisoformat(rules.at)
    minutes = (_WEEKDAYS.index(rules.weekday) * 24 + session.hour) * 60 + session.minute
    weekday, rest = divmod((minutes - int(rules.notice.total_seconds()) // 60) % _WEEK_MINUTES, 24 * 60)
    return CallTime(weekday, *divmod(rest, 60))


def week_of(moment: datetime, time_zone: str) -> str:
    """The ISO week of an instant in the procedure's zone, such as 2026-W48."""
    year, week, _ = moment.astimezone(ZoneInfo(time_zone)).isocalendar()
    return f"{year}-W{week:02}"


def week_called(due: datetime, notice: timedelta, time_zone: str) -> str:
    """The ISO week whose meeting is called at an instant: of the session so much later on the clock on the wall."""
    # Arithmetic within one zone is the wall clock's: where clocks change, a day's notice is no day of 24 hours.
    return week_of(due.astimezone(ZoneInfo(time_zone)) + notice, time_zone)


def session_start(week: str, rules: MeetingRules, time_zone: str) -> datetime:
    """When the session of an ISO week begins (UTC). Raises ValueError for a week the year does not have."""
    day = date.fromisocalendar(int(week[:4]), int(week[6:]), _WEEKDAYS.index(rules.weekday) + 1)
    return datetime.combine(day, time.fromisoformat(rules.at), ZoneInfo(time_zone)).astimezone(UTC)


def call_hours(rules: MeetingRules, time_zone: str, since: datetime, until: datetime) -> list[datetime]:
    """When weekly meetings are called after `since` and not after `until` (UTC), as the schedule does it."""
    return _hours(call_time(rules), time_zone, since, until)


def session_hours(rules: MeetingRules, time_zone: str, since: datetime, until: datetime) -> list[datetime]:
    """When weekly sessions begin after `since` and not after `until` (UTC)."""
    begin = time.fromisoformat(rules.at)
    return _hours(CallTime(_WEEKDAYS.index(rules.weekday), begin.hour, begin.minute), time_zone, since, until)


def _hours(weekly: CallTime, time_zone: str, since: datetime, until: datetime) -> list[datetime]:
    zone = ZoneInfo(time_zone)
    first, last = since.astimezone(zone).date(), until.astimezone(zone).date()
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    clock = time(weekly.hour, weekly.minute)
    hours = (datetime.combine(day, clock, zone).astimezone(UTC) for day in days if day.weekday() == weekly.weekday)
    return [hour for hour in hours if since < hour <= until]


def week_before(moment: datetime) -> datetime:
    """Seven days earlier: the span an agenda looks back on."""
    return moment - timedelta(days=7)
