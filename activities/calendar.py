"""The working days a workflow carries: what nobody knows yet is asked for again until somebody does."""

from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.duties import CalendarDuties
from models.names import CALENDAR_GAP
from models.span import WorkCalendar, WorkingDays
from rules.spans import CalendarGap, ends

Calendar = Callable[[int], WorkCalendar]
"""The working days of a year and of the next, as far as they are known."""


class WorkingDaysDesk(CalendarDuties):
    """Looks working days up."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar

    @activity.defn(name="working_days")
    async def working_days(self, year: int) -> WorkCalendar:
        """The working days of this year, and of the next if they are known."""
        found = self._calendar(year)
        if year not in found.years:
            raise unknown(CalendarGap(year))
        return found


def days_for(calendar: Calendar, at: datetime, span: timedelta | WorkingDays, time_zone: str) -> WorkCalendar:
    """What a clock of this span from `at` on needs. Raises ApplicationError(type="calendar_gap"), to be retried."""
    known = calendar(at.year)
    try:
        ends(at, span, time_zone, known)
    except CalendarGap as gap:
        raise unknown(gap) from None
    return known


def unknown(gap: CalendarGap) -> ApplicationError:
    """Days nobody knows yet: to be retried."""
    return ApplicationError(str(gap), type=CALENDAR_GAP)
