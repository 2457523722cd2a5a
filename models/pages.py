"""What workflows and activities hand each other: plain contracts, small enough to read in the Web UI."""

import hashlib
from datetime import datetime
from typing import Annotated, NamedTuple

from pydantic import Field, StringConstraints, field_serializer

from models.base import Handover, Moment, Record
from models.case import Case, Event, Exit, Mail, Verdict
from models.commands import Command, Share
from models.complaint import Complaint
from models.span import WorkCalendar
from models.stage import Stage


class OpenCase(Record):
    """Enter a complaint in the register of cases; `run_id` is the first run of the workflow that claims the number."""

    number: str
    workflow_id: Annotated[str, StringConstraints(strip_whitespace=False)]
    run_id: str
    opened_at: Moment
    complaint: Complaint

    @field_serializer("complaint")
    def _lean(self, complaint: Complaint) -> dict[str, object]:
        return complaint.model_dump(mode="json", exclude_defaults=True)


class Opened(Handover):
    """The register's answer: which procedure the case runs on, or that the number is another run's case."""

    procedure: str
    duplicate: bool = False
    calendar: WorkCalendar | None = None
    """The working days, where the procedure counts in them."""
    reopened: Case | None = None
    """The case that had ended under this number and goes on in this run: the gateway took its money back."""


class Envelope(Record):
    """A message to examine. `signal` counts a run's signals from 0; None for an update, received when accepted."""

    actor: str
    signal: int | None = None
    run: str | None = None
    """The earlier run that got the signal; None: the run that asks."""
    came: Moment | None = None
    """When an update was accepted; its sender is judged as of then."""
    token: Annotated[str | None, Field(repr=False)] = None
    wants: str | None = None
    """The procedure a message would have the case move to, by its ref."""
    ours: bool = Field(default=False, exclude_if=lambda ours: not ours)
    """Whether only the service may bring it. Written only where it is so."""


class Origin(Handover):
    """Where a message came from: the instant the Temporal server received it, and its sender's departments."""

    at: Moment | None = None
    departments: tuple[str, ...] = ()
    limits: dict[str, int] | None = None
    """The most the sender may let out by one decision: currency -> minor units; None: no limit."""
    denied: str | None = None
    """Why the sender is not believed to be who the message says."""
    has_pack: bool = False
    """Whether the procedure it wants is known."""


class GoodsWord(Handover):
    """Word of goods that a remedy got by signals: of these places among all its signals, from 0."""

    case: str
    """The workflow id of its case, which alone may pass it on."""
    places: tuple[int, ...]


class Knock(NamedTuple):
    """An update at the door of a case that says for whom its sender acts. `at`: when the case first sees it."""

    number: str
    workflow_id: str
    run_id: str
    update_id: str
    name: str
    command: Command
    at: datetime

    def key(self) -> str:
        """The same for the same message however often a step is tried; nothing of it can be read there."""
        said = f"{self.update_id}{self.name}{self.command.model_dump_json()}"
        return f"door:{self.run_id}:{hashlib.sha256(said.encode()).hexdigest()[:32]}"


class Unjudged(Handover):
    """A signal a run got and leaves to the next: what it says, or what is wrong with it."""

    name: str
    content: str | None = None
    """As JSON."""
    problem: Verdict | None = None
    signal: int
    """Its place among the signals of the run that got it, from 0."""
    run: str
    came: Moment
    """When a workflow first saw it; the server received it then or before."""


class CaseSummary(Handover):
    """The case's row in SQL, as lists and reports read it; money in minor units."""

    number: str
    procedure: str
    stage: Stage
    exit: Exit | None = None
    waiting_for: str = ""
    due: Moment | None = None
    route: str = ""
    direct: bool = False
    out_of_rule: bool = False
    contested: bool = False
    cost_held: bool = False
    overdue: bool = False
    round: int = 1
    demand: str
    amount: int
    currency: str
    refunded: int = 0
    basis: str | None = None
    decided_by: str | None = None
    liable: tuple[Share, ...] = ()
    reason: str = ""
    ruled_at: Moment | None = None
    closed_at: Moment | None = None
    version: int
    """Grows with every change: an older page never overwrites a newer row."""
    seen: tuple[tuple[str, str, str], ...] = ()
    """With a case that has ended: the messages it would know again, were it to go on (see Case.seen)."""


class Page(Handover):
    """What a step leaves in SQL, in one transaction: the row, the new events, the notices to send."""

    summary: CaseSummary
    events: tuple[Event, ...] = ()
    mails: tuple[Mail, ...] = ()

    @field_serializer("events", "mails")
    def _lean(self, lines: tuple[Event | Mail, ...]) -> list[dict[str, object]]:
        return [line.model_dump(mode="json", exclude_defaults=True) for line in lines]


class StepResult(Handover):
    """How one step of a remedy went. `failure` is a code; the step may be asked again under the same key."""

    reference: str | None = None
    failure: str | None = None
