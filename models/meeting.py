"""The supervision meeting: what people say to it, what it remembers and what it leaves (S0-22 to S0-27)."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from models.base import Contract, Currency, Minor, Moment, Number, Proof, Record, Ref, Slug, Text, ZoneName
from models.case import Mail, Verdict
from models.commands import Command, Decide, Share
from models.complaint import Demand, DemandKind
from models.dossier import Denials, Dossier
from models.ledger import Objection


def _real_week(name: str) -> str:
    if "-W" in name and not name.startswith("urgent."):
        year, _, week = name.partition("-W")
        try:
            date.fromisocalendar(int(year), int(week), 1)
        except ValueError:
            raise ValueError("is not a week of that year") from None
    return name


MeetingName = Annotated[
    str,
    StringConstraints(pattern=r"^([12][0-9]{3}-W[0-9]{2}|urgent\.[A-Z0-9][A-Z0-9-]{2,39}(\.[1-9][0-9]{0,2})?)$"),
    AfterValidator(_real_week),
]
"""A weekly meeting's ISO week, or "urgent." and the case; a case's second time before the panel has ".2" behind."""


class Attend(Command):
    """Members take part (S0-24): the sender's own department, or those the sender notes down."""

    mode: Literal["in_person", "phone"] = "in_person"
    members: Annotated[tuple[Slug, ...], Field(max_length=50)] = ()


class DecideCase(Decide):
    """The final handling plan of one case on the agenda (S0-27)."""

    case: Number


class GiveAction(Command):
    """What a department must do by when; it answers with an execution report (S0-25)."""

    owner: Slug
    due: Moment
    what: Text
    rule_change: bool = False
    """A change of a rule or of the flow: on the next agenda under B."""


class ReportAction(Command):
    """The execution report (执行报告) of one action, by its number in the meeting."""

    action: Annotated[int, Field(strict=True, ge=1)]
    report: Text


class CloseMeeting(Command):
    """The session is over: the minutes go to every member. `note` is what was said on B, D and E."""

    note: Text | None = None


MEETING_COMMANDS: dict[str, type[Command]] = {
    "attend": Attend,
    "decide": DecideCase,
    "action": GiveAction,
    "report": ReportAction,
    "close": CloseMeeting,
}
"""Name on the wire -> model. Signal and update share name and model."""


class Call(Contract):
    """The start argument of a meeting. `procedure` is a name, or name and version."""

    procedure: Ref
    name: MeetingName
    at_once: bool = False
    """Begin now instead of at the procedure's hour."""
    token: Proof = None

    @property
    def case(self) -> str | None:
        """The case an urgent session is about."""
        return self.name.split(".")[1] if "." in self.name else None


class WeeklyCall(Contract):
    """What the schedule asks for: the meeting of the week that its instant plus the notice belongs to."""

    procedure: Slug
    notice: timedelta
    time_zone: ZoneName
    due: Moment | None = None
    """The call's hour where the local stack runs ahead: it is waited for on the call's own clock."""


class MeetingStage(StrEnum):
    """Where a meeting stands."""

    CALLED = "called"
    IN_SESSION = "in_session"
    REPORTING = "reporting"
    """The session is over, the minutes are out; actions wait for their execution reports."""
    CLOSED = "closed"


class ItemState(StrEnum):
    """What became of a case on the agenda."""

    OPEN = "open"
    DECIDED = "decided"
    LEFT = "left"
    """Decided; the case has the decision but has not answered yet."""
    ELSEWHERE = "elsewhere"
    """Waits for no decision any more, though not by this meeting."""
    CARRIED = "carried"


class AgendaCase(Record):
    """A case that waits for a decision. Codes and ids only; money in minor units."""

    number: str
    section: Literal["A", "C"]
    department: str
    """Whose decision the case waits for."""
    order: str
    cause: str
    demand: DemandKind
    amount: Minor
    currency: Currency
    since: Moment
    carried: int = 0
    """How often a meeting has ended without deciding it."""


class Tally(Record):
    """How often something came up in the last week, and in the week before."""

    key: str
    count: int
    before: int = 0


class Summary(Record):
    """Cases of one kind in the last week: by reason, product and merchant, and the trend."""

    total: Tally = Tally(key="total", count=0)
    causes: tuple[Tally, ...] = ()
    products: tuple[Tally, ...] = ()
    merchants: tuple[Tally, ...] = ()


class Cost(Record):
    """What a liable party bears of the last week's refunds, by the department that determined it (minor units)."""

    party: str
    department: str
    currency: str
    amount: int
    cases: int


class Action(Record):
    """Something a department must do, until its execution report is there."""

    meeting: str
    number: int
    owner: str
    due: Moment
    what: str
    rule_change: bool = False
    given_by: str
    given_at: Moment
    reminded_at: Moment | None = None
    """When its owner was told that the due date has passed."""
    report: str | None = None
    reported_by: str | None = None
    reported_at: Moment | None = None

    @property
    def open(self) -> bool:
        """Whether it waits for its report."""
        return self.reported_at is None


class Agenda(Record):
    """The five items in order, from live data, and the actions still open."""

    procedure: str
    cases: tuple[AgendaCase, ...] = ()
    """A and C: those waiting longest first within each."""
    left_out: int = 0
    """Waiting cases beyond what one agenda holds."""
    out_of_rule: Summary = Summary()
    """B, with the rule changes among `actions`."""
    contested: Summary = Summary()
    """D."""
    costs: tuple[Cost, ...] = ()
    """E."""
    objections: tuple[Objection, ...] = ()
    """C: costs held because a party objects to its statement."""
    actions: tuple[Action, ...] = ()
    """Given by earlier meetings and not reported yet."""


class Decision(Record):
    """What a meeting decided about a case."""

    at: Moment
    actor: str
    department: str
    grant: bool
    reason: str
    liable: tuple[Share, ...] = ()
    demand: Demand | None = None


class Item(Record):
    """A case on the agenda and what became of it."""

    case: AgendaCase
    state: ItemState = ItemState.OPEN
    decision: Decision | None = None


class Attendance(Record):
    """A member who took part, and who noted it."""

    department: str
    mode: Literal["in_person", "phone"]
    noted_by: str
    at: Moment


class Minutes(Record):
    """A meeting as its members read it: agenda before, minutes after."""

    procedure: str
    name: str
    stage: MeetingStage
    called_at: Moment
    starts_at: Moment
    ends_at: Moment
    closed_at: Moment | None = None
    closed_by: str | None = None
    """None: the time was up."""
    note: str | None = None
    agenda: Agenda
    items: tuple[Item, ...] = ()
    attendance: tuple[Attendance, ...] = ()
    actions: tuple[Action, ...] = ()

    @property
    def urgent(self) -> bool:
        """Called for one case, not for the week."""
        return self.name.startswith("urgent.")

    def item(self, number: str) -> Item | None:
        """A case on the agenda."""
        return next((item for item in self.items if item.case.number == number), None)


class Meeting(Minutes, Dossier):
    """A meeting as its workflow keeps it."""

    looked_at: Moment | None = None
    """When an urgent session last asked whether its case still waits."""
    ending: CloseMeeting | None = None
    """Closed by command; what is undecided is yet to be looked at."""


class AgendaWish(Record):
    """For which meeting an agenda is drawn."""

    call: Call
    at: Moment


class FoundCase(Record):
    """A case looked up for a decision; `case` where it waits for one, `stage` where it exists."""

    stage: str | None = None
    case: AgendaCase | None = None


class CaseDecision(Record):
    """A decision on its way to its case, under an id that makes a second copy harmless."""

    number: str
    decide: Decide


class CaseAnswer(Record):
    """What the case said; not `confirmed`: it has the decision but did not answer in time."""

    verdict: Verdict
    confirmed: bool = True


class MeetingPage(Record):
    """What a step leaves in SQL, in one transaction."""

    meeting_id: str
    minutes: Minutes
    """Without its items: those that changed are below."""
    items: tuple[tuple[int, Item], ...] = ()
    """With their place on the agenda."""
    actions: tuple[Action, ...] = ()
    mails: tuple[Mail, ...] = ()
    denied: Denials = ()


class MeetingResult(Record):
    """How a meeting ended."""

    name: str
    decided: int
    carried: int
    actions: int
    unreported: int
