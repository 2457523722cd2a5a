"""The state of a case and what it leaves behind: one frozen object holds all that must survive a restart."""

from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field

from models.base import Detail, Moment, Record
from models.commands import Share
from models.complaint import Complaint, Demand, DemandKind
from models.language import Language
from models.names import Refused
from models.remedy import Execution
from models.span import Span, WorkCalendar
from models.stage import Stage


class Exit(StrEnum):
    """Every way a case can end; an unnamed end would be an unaudited one."""

    SATISFIED = "satisfied"
    NO_FEEDBACK = "no_feedback"
    NEGOTIATED = "negotiated"
    REFUSAL_ACCEPTED = "refusal_accepted"
    DECIDED_AGAINST = "decided_against"
    DECISION_FINAL = "decision_final"
    OFFER_LAPSED = "offer_lapsed"
    WITHDRAWN = "withdrawn"
    DUPLICATE = "duplicate"


class Basis(StrEnum):
    """What a ruling rests on."""

    ANSWER = "answer"
    SILENCE = "silence"
    IN_RULE = "in_rule"
    INVESTIGATION = "investigation"
    SETTLEMENT = "settlement"
    PANEL = "panel"
    LEADERSHIP = "leadership"
    INCIDENT = "incident"


class Answer(Record):
    """A department's determination, at the instant the Temporal server received it."""

    actor: str
    at: Moment
    liable: tuple[Share, ...]
    reason: str
    evidence: tuple[str, ...] = ()


class Ask(Record):
    """A request to one department to determine liability, with its own clock."""

    id: str
    department: str
    direct: bool = False
    """Customer service determines itself (S0-02): no explanation, no waiting for others."""
    issued_at: Moment | None = None
    deadline: Moment | None = None
    mail: str | None = None
    reminded: int = 0
    undelivered: bool = False
    answer: Answer | None = None
    extended: int = 0
    silent: bool = False
    late_answer: Answer | None = None

    @property
    def open(self) -> bool:
        """Neither answered nor ruled by silence."""
        return self.answer is None and not self.silent


class Report(Record):
    """What a department reported on its duty."""

    actor: str
    at: Moment
    fields: dict[str, Detail] = Field(default_factory=dict)
    evidence: tuple[str, ...] = ()


class Work(Record):
    """A duty of the procedure as it is done for this case."""

    id: str
    duty: str
    department: str
    issued_at: Moment
    deadline: Moment
    mail: str
    aside: bool = False
    reminded: int = 0
    told: int = 0
    """How often the customer has been told that it is still being worked on."""
    progress_at: Moment | None = None
    level: int = 0
    """How far it has gone up the ladder."""
    helpers: tuple[str, ...] = ()
    """Departments it was escalated to; they may report too."""
    extended: int = 0
    silent: bool = False
    report: Report | None = None

    @property
    def open(self) -> bool:
        """Neither reported nor gone on without."""
        return self.report is None and not self.silent


class Assigned(Record):
    """A duty handed out by a coordination meeting, with its time limit (S1-08)."""

    duty: str
    department: str
    within: Span | None = None


OfferState = Literal["waiting", "approval", "accepted", "countered", "withheld", "lapsed"]


class Offer(Record):
    """A settlement put before the customer; `version` counts from 1 in the case."""

    version: int
    at: Moment
    actor: str
    department: str
    demand: Demand
    amount: int
    """What it costs, in minor units of the order's currency."""
    liable: tuple[Share, ...] = ()
    basis: str
    fields: dict[str, Detail] = Field(default_factory=dict)
    state: OfferState = "waiting"


class Ruling(Record):
    """A decision about liability and what follows for the customer."""

    decision: int
    at: Moment
    basis: Basis
    for_customer: bool
    liable: tuple[Share, ...] = ()
    reason: str = ""
    department: str | None = None


TaskKind = Literal["verification", "panel", "leadership", "offer", "approval", "payment", "goods"]


class Task(Record):
    """Something only a person can do, with its own clock; it never ends by itself."""

    kind: TaskKind
    department: str
    due: Moment
    overdue: int = 0
    """How many times it went past its clock."""
    code: str = ""
    helpers: tuple[str, ...] = ()
    """Departments it was escalated to; they may settle it too."""

    @property
    def holders(self) -> tuple[str, ...]:
        """Every department that may settle it."""
        return (self.department, *self.helpers)


class Given(Record):
    """Money the customer got back through the gateway; `amount` in minor units of the order's currency."""

    decision: int
    """Which decision gave it: with the case's number the payment's business key."""
    attempt: int
    kind: DemandKind
    under: int
    """The decision whose liable parties bear it."""
    amount: int
    reference: str
    """The gateway's number for it."""


class Event(Record):
    """One line of the case's record. `data` holds codes, ids, amounts, and the reasons people gave."""

    seq: int
    at: Moment
    kind: str
    actor: str | None = None
    department: str | None = None
    data: dict[str, str | int] = Field(default_factory=dict)

    @cached_property
    def size(self) -> int:
        """About how many bytes it takes as JSON: reckoned once, since each new line asks it of all."""
        return _size(self.actor, self.data)


class Mail(Record):
    """A notice to be written: template and values; the mailroom renders and sends it."""

    id: str
    at: Moment
    to: str
    """A department's name, or "customer"."""
    template: str
    values: dict[str, str | int] = Field(default_factory=dict)
    ask: str | None = None

    @cached_property
    def size(self) -> int:
        """About how many bytes it takes as JSON."""
        return _size(self.to, self.values)


def _size(who: str | None, data: dict[str, str | int]) -> int:
    said = "".join(f"{name}{value}" for name, value in data.items())
    return 200 + len(f"{who}{said}".encode())


Parts = Annotated[tuple[tuple[str, str], ...], Field(exclude_if=lambda parts: not parts)]
"""Who had a part in the matter by lines that memory no longer holds: (kind of the line, actor), once each.

Written only where there are any: a worker of an earlier release does not know the field.
"""


Wanted = Annotated[Demand | None, Field(exclude_if=lambda wanted: wanted is None)]
"""What an unsatisfied customer asked for instead; written only where there is any, as `Parts`."""


Phase = Literal["", "before", "after", "rest"]
"""Which of the route's duties are under way; "rest": only those aside are left."""

Pending = Literal["", "execute", "verify", "offer"]
"""What an approval lets go on."""


class Case(Record):
    """A complaint on its way, as the rules see it."""

    # What it is about, and where it stands.
    number: str
    complaint: Complaint
    procedure: str
    opened_at: Moment
    stage: Stage
    stage_since: Moment
    due: Moment | None = None
    """When the stage ends by itself or is reminded of; asks and tasks have their own."""
    exit: Exit | None = None
    route: str = ""
    direct: bool = False
    """直接处理 or 协调处理 (S0-31)."""
    out_of_rule: bool = False
    contested: bool = False
    cost_held: bool = False
    """Who bears the cost waits for the panel; what the customer got does not."""
    round: int = 1
    contacted: bool = False

    # Departments asked, at work, and what they found.
    asks: tuple[Ask, ...] = ()
    past_asks: tuple[Ask, ...] = ()
    severity: str = ""
    phase: Phase = ""
    plan: tuple[str, ...] = ()
    """The duties still to come in this phase."""
    works: tuple[Work, ...] = ()
    assigned: tuple[Assigned, ...] = ()
    found: tuple[Share, ...] = ()
    """Who is liable as the steps before the decision found."""
    found_reason: str = ""

    # Offers and approvals.
    offers: tuple[Offer, ...] = ()
    pending: Pending = ""
    requester: str = ""
    """Who asked for what an approval is needed for: never the approver."""
    requested_by: str = ""
    """… and for which department."""
    calendar: WorkCalendar | None = None

    # What the customer wants, what was decided and carried out.
    demand: Demand
    """What the case goes on with: an offer puts its own in the place of the customer's."""
    wanted: Wanted = None
    ruling: Ruling | None = None
    decisions: int = 0
    final: bool = False
    execution: Execution | None = None
    task: Task | None = None
    refunded: int = 0
    given: tuple[Given, ...] = ()
    """What that consists of, as far as the gateway paid it."""
    owing: tuple[Given, ...] = ()
    """What the gateway has taken back and nobody has been given the task to settle yet."""

    # The customer's word, and what else is kept of its course.
    callbacks: int = 0
    called: int = 0
    """The last call-back the front desk has made by its own word."""
    satisfied: bool = False
    """The customer said so, but the case is one of those called back again all the same (S2-11)."""
    withdrawn: bool = False
    missed: bool = False
    """Some deadline of a department or task has passed unmet."""
    forgotten: bool = False
    """Who the customer was, and what was said, has been erased."""

    # The record, and the messages that were heard.
    refusals: int = 0
    event_count: int = 0
    mail_count: int = 0
    events: tuple[Event, ...] = ()
    parts: Parts = ()
    mails: tuple[Mail, ...] = ()
    """Notices not yet handed to the mailroom."""
    written: int = 0
    """Events up to this number stand in SQL."""
    seen: tuple[tuple[str, str, str], ...] = ()
    """(command id, digest, verdict) of the last messages: a resend gets the first verdict again."""

    def but(self, **changes: object) -> Self:
        """The same case with these fields changed."""
        return self.model_copy(update=changes)

    @property
    def closed(self) -> bool:
        """Whether the case has ended."""
        return self.stage is Stage.CLOSED

    @property
    def under_way(self) -> Execution | None:
        """What a child carries out now; None also where one has failed and a person is to settle it."""
        return self.execution if self.stage is Stage.EXECUTING else None

    @property
    def offered(self) -> Offer | None:
        """The offer made last, in this round or an earlier one."""
        return self.offers[-1] if self.offers else None

    @property
    def promised(self) -> int:
        """What earlier decisions have given for good: refunded, or to be paid again (minor units)."""
        return self.refunded + sum(given.amount for given in self.owing)

    @property
    def language(self) -> Language:
        """The customer's language."""
        return self.complaint.complainant.language


class Verdict(Record):
    """The answer to one message."""

    accepted: bool
    code: Refused | Literal["accepted", "late", "repeated"]
    reason: str = ""


class CaseResult(Record):
    """The result of a case's workflow."""

    number: str
    exit: Exit
    refunded: int
    currency: str
    basis: Basis | None = None
    liable: tuple[Share, ...] = ()
    rounds: int = 1
