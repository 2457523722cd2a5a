"""Which period a round of reports is about, and the mails it takes. Pure, as all rules."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from models.case import Mail
from models.names import report_id
from models.procedure import Procedure
from models.reporting import ENCLOSED, PERIOD, ReportCall, ReportPost
from rules.calendar import week_of


def ended_period(moment: datetime, every: Literal["week", "month"], time_zone: str) -> str:
    """The ISO week or the month that ended last before an instant, such as 2026-W47 or 2026-10."""
    local = moment.astimezone(ZoneInfo(time_zone))
    if every == "week":
        return week_of(local - timedelta(days=7), time_zone)
    return f"{local.replace(day=1) - timedelta(days=1):%Y-%m}"


def files(reports: Sequence[str], formats: Sequence[str]) -> str:
    """Every report in every format, as a mail names what it encloses."""
    return ",".join(f"{report}.{form}" for report in reports for form in formats)


def days(first: datetime, last: datetime, time_zone: str) -> str:
    """The local days from one instant to another, as a mail names its period."""
    zone = ZoneInfo(time_zone)
    return f"{first.astimezone(zone).date()}/{last.astimezone(zone).date()}"


def post_of(call: ReportCall, pack: Procedure, period: str, now: datetime) -> ReportPost:
    """One mail to each reader. Its id is made of round, period and reader, so that it is written once.

    Raises ValueError where the procedure has no such round (any more).
    """
    sending = pack.sending.get(call.name)
    if sending is None:
        raise ValueError(f"{pack.ref} sends no {call.name} reports")
    number = report_id(pack.name, call.name, period)
    again = f".{call.again}" if call.again else ""
    values = {"name": call.name, PERIOD: period, ENCLOSED: files(sending.reports, sending.formats)}
    mails = tuple(
        Mail(id=f"{number}.{reader}{again}", at=now, to=reader, template="report", values=dict(values))
        for reader in dict.fromkeys(sending.to)
    )
    return ReportPost(round_id=number, procedure=pack.ref, mails=mails)
