"""Parts a procedure may have beyond the determination: duties with forms, offers, approvals, extensions."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.base import Line, Minor, Misfit, Slug
from models.complaint import DemandKind, OrderKind
from models.parts import Part, Title
from models.span import Span, WallSpan

FIELD = "field."
"""Before the name of a form's field in a line of the record or a notice."""


class When(Part):
    """Facts about a case; each one given must hold, a list is "one of"."""

    causes: tuple[Slug, ...] = ()
    topics: tuple[Slug, ...] = ()
    """Classes or types of causes, at any level."""
    order_kinds: tuple[OrderKind, ...] = ()
    channels: tuple[Slug, ...] = ()
    demands: tuple[DemandKind, ...] = ()
    severities: tuple[Slug, ...] = ()
    details: dict[Slug, tuple[Line, ...]] = Field(default_factory=dict)
    """Detail of the complaint -> the values it may have (true and false as "yes" and "no")."""
    over: Minor | None = None
    """The amount asked for is more than this (minor units)."""
    up_to: Minor | None = None
    """… is at most this."""
    in_rule: bool | None = None
    late: bool | None = None
    undelivered: bool | None = None


class FormField(Part):
    """One thing a form asks for."""

    name: Slug
    title: Title
    kind: Literal["text", "number", "money", "date", "choice", "yes_no", "reference"] = "text"
    """`money` is in minor units, `date` is 2026-01-31, `reference` points to evidence kept elsewhere."""
    choices: dict[Slug, Title] = Field(default_factory=dict)
    required: bool = True
    personal: bool = False
    """Stays in the case; never in the record, in lists or in reports."""
    told: bool = False
    """The notice that tells the customer of the duty says this too; a refusal that rests on it gives it as reason."""

    @model_validator(mode="after")
    def _choices_where_chosen(self) -> Self:
        if (self.kind == "choice") != bool(self.choices):
            raise Misfit("choices", 'are given exactly where `kind` is "choice"; correct one of them')
        return self

    @model_validator(mode="after")
    def _told_where_public(self) -> Self:
        if self.told and self.personal:
            raise Misfit("told", "goes out by mail, what is `personal` never does; take one away")
        return self


class IntakeForm(Part):
    """What a complaint must say for which cases, in its `details`."""

    when: When = When()
    form: Annotated[tuple[FormField, ...], Field(min_length=1)]
    source: Line


class Topic(Part):
    """A class or type of causes, within a wider one or at the top."""

    title: Title
    under: Slug | None = None
    source: Line


class Severity(Part):
    """How serious a complaint is: the first whose facts hold; an agent may say another at intake."""

    name: Slug
    title: Title
    when: When = When()
    source: Line


class Lead(Part):
    """Where a report leads by what it says, instead of on to the next step."""

    field: Slug
    equals: Annotated[tuple[Line, ...], Field(min_length=1)]
    then: Literal["grant", "refuse", "panel", "go_on"] | None = None
    """`go_on` skips the steps that are left."""
    route: Slug | None = None
    """Another route, from its first step that has not been done."""
    source: Line

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if (self.then is None) == (self.route is None):
            raise Misfit("then", "is given exactly where `route` is not; give one of them")
        return self


class Duty(Part):
    """Something a department must do for a case, by a clock of its own, and report with a form."""

    title: Title
    department: Slug
    """Who does it; "liable": the department of the party found liable."""
    within: Span
    again: Span | None = None
    """Its clock when the case is examined again."""
    since: Literal["turn", "complaint"] = "turn"
    """What its first clock runs from: its turn, or the complaint, however long the steps before took."""
    when: When = When()
    """Cases it is for; others skip it."""
    reminders: tuple[WallSpan, ...] = ()
    """Each counts back from the deadline."""
    form: tuple[FormField, ...] = ()
    determines: bool = False
    """Its report says who is liable."""
    assigns: Slug | None = None
    """Its report may hand out this other duty to departments, each with a time limit (a coordination meeting)."""
    leads: tuple[Lead, ...] = ()
    on_silence: Literal["customer_wins", "escalate", "proceed"]
    """At the deadline: a ruling for the customer; the next of the ladder and a new clock; or on without it."""
    silence_costs: Slug | None = None
    """The party that bears a ruling by silence; none: the department."""
    tells_customer: bool = False
    """The customer is told when it is done."""
    notice: Title | None = None
    """In these words; none: its title, which is made for the department."""
    progress: Span | None = None
    """How often the customer is told that it is still being worked on."""
    aside: bool = False
    """It does not hold the case up, but the case ends only when it is done."""
    source: Line


class Offers(Part):
    """Settlement by offers the customer accepts or counters."""

    make: Span
    """The department's time to make one."""
    answer: Span
    """The customer's time to answer; then the case ends as a lapsed offer."""
    rounds: Annotated[int, Field(ge=1, le=20)]
    """So many offers at most, then the panel decides."""
    form: tuple[FormField, ...] = ()
    binding: bool = False
    """A settlement the customer has accepted bars a second complaint of the same customer, order and cause."""
    source: Line


class Paper(Part):
    """A paper of the procedure, filled from a case's record; blank where nothing has been recorded yet."""

    title: Title
    parts: Annotated[
        tuple[Literal["complaint", "intake", "reports", "offers", "feedback", "goods"], ...], Field(min_length=1)
    ]
    """What it shows, in order."""
    duties: tuple[Slug, ...] = ()
    """The duties whose reports it shows."""
    source: Line

    @model_validator(mode="after")
    def _duties_where_reports(self) -> Self:
        if ("reports" in self.parts) != bool(self.duties):
            raise Misfit("duties", 'are named exactly where `parts` has "reports"; correct one of them')
        return self


class Band(Part):
    """Who may authorise how much. Bands stand in order from the lowest authority to the highest."""

    liable: tuple[Slug, ...] = ()
    """For these liable parties; none: whoever is liable."""
    over: Minor | None = None
    """More than this (minor units); none: from nothing on."""
    up_to: Minor | None = None
    """At most this, the amount itself included; none: no limit."""
    by: Slug | None = None
    """The department that must approve; none: whoever determines decides alone."""
    countersign: Slug | None = None
    """A duty (aside) that is due after the fact, where its `when` holds for what is given."""
    source: Line


class Extensions(Part):
    """How often a clock may be extended and by how much at once."""

    times: Annotated[int, Field(ge=1, le=10)]
    up_to: Span
    source: Line


class Parameter(Part):
    """A number the source leaves open: `$name` stands for its value anywhere in the procedure."""

    value: Line | int
    title: Title
    source: Line
