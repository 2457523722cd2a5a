"""Reports that go out by themselves: what is asked for, and what a mail encloses."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from models.base import Contract, Record, Slug, ZoneName
from models.case import Mail

PERIOD_PATTERN = r"^[12][0-9]{3}-(W[0-9]{2}|(0[1-9]|1[0-2]))$"
PeriodName = Annotated[str, StringConstraints(pattern=PERIOD_PATTERN)]
"""An ISO week such as 2026-W47, or a month such as 2026-11."""
ENCLOSED = "enclosed"
"""Value of a mail: the files it brings, `REPORT.FORMAT` with commas between. They are written when it is sent."""
PERIOD = "period"
"""Value of such a mail: a week, a month, or the first and the last day with a slash between."""
TOO_LARGE = "too_large"
"""Value a mail gets for what is too large to be enclosed."""


class ReportCall(Contract):
    """The start argument of a round: the reports of a period that has ended go to their readers, once."""

    procedure: Slug
    name: Slug
    """Which of the procedure's rounds."""
    every: Literal["week", "month"]
    time_zone: ZoneName
    period: PeriodName | None = None
    """None: the one that ended last before the instant the schedule meant."""
    again: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,32}$")] | None = None
    """Makes these mails others than those of the first time: a wish of a person to have them sent again."""


class ReportPost(Record):
    """The mails of a round, for the outbox."""

    round_id: str
    procedure: str
    """Name and version."""
    mails: tuple[Mail, ...]
