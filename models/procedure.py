"""A company's procedure as data: who is asked, how long, what silence means. Every number names its source clause."""

from collections.abc import Container, Iterable, Iterator
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from models.base import Line, Misfit, Ref, Slug
from models.complaint import DemandKind
from models.language import Language
from models.parts import Clock, Count, Part, Title, WallClock
from models.plans import CorrectiveRules, IncidentRules
from models.sending import FileFormat, ReportName, Sending, TimeOfDay, Weekday
from models.span import Age, Span, WallSpan, WorkingDays
from models.steps import Band, Duty, Extensions, IntakeForm, Offers, Paper, Parameter, Severity, Topic, When


class Rework(Count):
    """How often a customer who is not satisfied has the case examined again."""

    restart: Slug | None = None
    """The step it begins again with; none: the route's first."""


class Callback(Part):
    """Asking the customer for satisfaction: how often at most, and how long after each time."""

    times: Annotated[int, Field(ge=1, le=10)]
    every: Span
    at_least: Annotated[int, Field(ge=1, le=10)] = 1
    """So often the customer is asked even when satisfied the first time."""
    desk: Span | None = None
    """The front desk must have called within this; else that is recorded as a breach."""
    unanswered: Literal["close", "panel"] = "close"
    """After the last call-back without an answer."""
    source: Line

    @model_validator(mode="after")
    def _least_is_at_most(self) -> Self:
        if self.at_least > self.times:
            raise Misfit("at_least", "is more than `times`; lower it")
        return self


class CallbackRule(Callback):
    """Call-backs for some cases only."""

    when: When


class Clocks(Part):
    """Every clock of the procedure."""

    negotiation: Clock | None = None
    explanation: Clock | None = None
    """None: departments are asked at once."""
    answer: Clock | None = None
    reminders: tuple[WallClock, ...] = ()
    """Each `within` counts back from the deadline."""
    verification: Clock | None = None
    promise: Clock | None = None
    insist: Clock
    approval: Clock | None = None
    execution: Clock | None = None
    """From the decision until it is carried out, where there is no `same_day`."""
    panel: Clock
    leadership: Clock
    task: Clock
    goods: WallClock
    payment: WallClock
    mail: WallClock


class Metrics(Part):
    """What the figures need."""

    repeat_within: WallSpan
    """Within this after a complaint another one of the same customer is a repeat (S1-16)."""
    sample: Annotated[int, Field(ge=1, le=1_000)] = 20
    """So many ended cases a spot check draws (S3-14, number ours)."""
    source: Line


class Department(Part):
    """A department as the procedure knows it; its people are in the directory."""

    title: Title
    substitute: Slug | None = None
    """A department that may act in its place."""
    source: Line


class Party(Part):
    """Somebody who can bear the cost."""

    title: Title
    source: Line
    settles: Literal["merchant", "carrier"] | None = None
    """Outside the house: who of the order it is, with statements under that one's id. None: one of our own."""
    department: Slug | None = None
    """The department that answers for it."""


class Cause(Part):
    """A reason to complain; the taxonomy is closed."""

    title: Title
    topic: Slug | None = None
    """The class or type it belongs to."""
    liable: tuple[Slug, ...] = ()
    """Who usually is; told to whoever determines, and never decided from."""
    source: Line


class Route(Part):
    """One line of triage: the first whose facts hold decides."""

    name: Slug
    title: Title | None = None
    """What people read; none: the name."""
    when: When = When()
    handling: Literal["grant", "refuse", "own", "ask", "found", "offer"]
    """`found`: by what the steps before have determined; `offer`: settled by offers."""
    ask: tuple[Slug, ...] = ()
    before: tuple[Slug, ...] = ()
    """Duties before the determination, in order."""
    after: tuple[Slug, ...] = ()
    """Duties after the decision was carried out, before the customer is asked."""
    offers_by: Slug | None = None
    """Who makes offers; "liable": the department of the party found liable."""
    tell: tuple[Slug, ...] = ()
    """Departments that hear of such a case at once (S2-42)."""
    negotiate: bool = False
    source: Line

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if (self.handling in {"ask", "own"}) != bool(self.ask):
            raise Misfit("ask", 'names departments exactly where `handling` is "ask" or "own"; correct one of them')
        if (self.handling == "offer") != bool(self.offers_by):
            raise Misfit("offers_by", 'names a department exactly where `handling` is "offer"; correct one of them')
        return self


class InRule(Part):
    """A return or exchange the rules allow: these causes and demands, so long after delivery."""

    causes: tuple[Slug, ...] = ()
    demands: tuple[DemandKind, ...] = ()
    within: Age | None = None
    source: Line


class Merge(Part):
    """Liability of all `parties` together is put on one of them (S0-07)."""

    parties: Annotated[tuple[Slug, ...], Field(min_length=2)]
    becomes: Slug
    source: Line


class Settlement(Part):
    """How costs are settled with those who bear them (S0-19)."""

    window: WallSpan = timedelta(days=7)
    """How long a party may object to its statement; silence then confirms."""
    source: Line = "ours"
    remainder: Slug = "company"
    """Who bears what falls on nobody or on the customer, whom no ledger charges."""
    clauses: dict[Slug, Line] = Field(default_factory=dict)
    """What a booking's shares rest on -> the clause a statement names for it."""
    clerks: tuple[Slug, ...] = ()
    """Departments that close a month and enter a party's word."""


class Shared(Part):
    """Liability of the customer together with one of `others`: verify, promise, complete in time (S0-14)."""

    customer: Slug
    others: Annotated[tuple[Slug, ...], Field(min_length=1)]
    source: Line


Step = Literal["reserve", "label", "goods", "pay", "ship"]


class Remedy(Part):
    """The steps that give the customer what was asked for, in order."""

    workflow: Literal["Refund", "Exchange"] | None = None
    steps: tuple[Step, ...]
    title: Title
    source: Line


class MeetingRules(Part):
    """The supervision meeting: when it is held, who belongs to it and who may decide."""

    weekday: Weekday
    at: TimeOfDay
    """Local time of the procedure's zone, "14:00"."""
    notice: WallSpan
    """How long before the session the agenda goes to the members."""
    length: WallSpan
    """After so long a session ends by itself; what is undecided is carried to the next agenda."""
    quorum: Annotated[int, Field(ge=1, le=50)]
    """So many members must attend before anything is decided."""
    members: Annotated[tuple[Slug, ...], Field(min_length=1)]
    """Departments: each gets agenda and minutes."""
    may_decide: Annotated[tuple[Slug, ...], Field(min_length=1)]
    """Members who may decide cases (each those that wait for its own decision), give actions and close."""
    reports: WallSpan
    """How long after its due date an execution report is still waited for."""
    urgent_at_once: Annotated[int, Field(ge=1, le=500)] = 10
    """So many urgent sessions are open at once at most; a further case is decided in one of them or on the week's."""
    forms: tuple[ReportName, ...] = ()
    """Reports of the last seven days that the weekly agenda's mail encloses."""
    form_formats: tuple[FileFormat, ...] = ("pdf",)
    sources: dict[Slug, Line]
    """For each key above the clause it comes from."""

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if missing := sorted(self.model_fields_set - {"sources"} - set(self.sources)):
            raise Misfit("sources", f"lacks {', '.join(missing)}; name the clause of each")
        if strangers := sorted(set(self.may_decide) - set(self.members)):
            raise Misfit("may_decide", f"names {', '.join(strangers)}, no member; add it to `members`")
        if self.quorum > len(set(self.members)):
            raise Misfit("quorum", "is more than there are `members`; lower it")
        return self


_Names = tuple[str, str, Iterable[str], Container[str]]
"""Where names stand in a pack, what they name, the names, and those that are defined."""


class Procedure(Part):
    """A procedure pack. Immutable once cases run on it: a change is a new version."""

    name: Slug
    version: Annotated[int, Field(ge=1)]
    title: Title
    source: Line
    time_zone: Line
    language: Language
    order_title: Title | None = None
    """What papers call the order's number here, such as 快递单号; none: the order number."""
    channels: Annotated[tuple[Slug, ...], Field(min_length=1)]
    departments: dict[Slug, Department]
    front_desk: Slug
    """The department that speaks with the customer (客服部)."""
    returns_centre: Slug
    panel: Slug
    leadership: Slug
    cashier: Slug
    """Who settles a payment the gateway refuses or leaves in doubt."""
    ladder: tuple[Slug, ...] = ()
    """Departments told one after the other when a clock is missed again; none: the leadership."""
    parameters: dict[Slug, Parameter] = Field(default_factory=dict)
    parties: dict[Slug, Party]
    customer: Slug
    """The party that is the customer: a determination naming nobody else goes against the customer."""
    unreachable: Slug
    """The party that bears the cost of silence when our own mail never reached the department."""
    topics: dict[Slug, Topic] = Field(default_factory=dict)
    causes: dict[Slug, Cause]
    severities: tuple[Severity, ...] = ()
    """Tried in order; the last one has no `when`."""
    intake: tuple[IntakeForm, ...] = ()
    duties: dict[Slug, Duty] = Field(default_factory=dict)
    offers: Offers | None = None
    approvals: tuple[Band, ...] = ()
    extensions: Extensions | None = None
    in_rules: tuple[InRule, ...] = ()
    routes: Annotated[tuple[Route, ...], Field(min_length=1)]
    merges: tuple[Merge, ...] = ()
    shared: Shared | None = None
    clocks: Clocks
    callbacks: Callback
    callback_rules: tuple[CallbackRule, ...] = ()
    """The first whose facts hold stands in place of `callbacks`."""
    rework: Rework
    same_day: WallClock | None = None
    """Execution on the day of the ruling; `within` is how long after midnight still counts as that day."""
    remedies: dict[DemandKind, Remedy]
    settlement: Settlement = Settlement()
    metrics: Metrics = Metrics(repeat_within=timedelta(days=30), source="ours")
    authority: dict[Slug, tuple[Slug, ...]]
    """Command -> departments that may send it; "asked" is every asked department, "task" whoever has the task,
    "duty" whoever has a duty to report."""
    separation: dict[Slug, tuple[Slug, ...]] = Field(default_factory=dict)
    """Command -> commands whose senders may not send it in the same case: who approves is not who asked."""
    meeting: MeetingRules | None = None
    """None: the procedure holds no supervision meeting."""
    sending: dict[Slug, Sending] = Field(default_factory=dict)
    """Rounds of reports by name, such as "weekly"."""
    incident: IncidentRules | None = None
    """None: the procedure has no plan for batch incidents."""
    corrective_action: CorrectiveRules | None = None
    """None: the procedure knows no 8D reports."""
    papers: dict[Slug, Paper] = Field(default_factory=dict)
    """Papers of a case by name, such as an investigation form."""

    @property
    def ref(self) -> Ref:
        """Name and version, as a case pins it."""
        return f"{self.name}.{self.version}"

    @cached_property
    def working_days(self) -> int:
        """The longest of its clocks that count working days; 0 where none does."""
        return max(_in_working_days(self), default=0)

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, data: Any) -> Any:
        """Put the parameters' values where `$name` stands."""
        if not isinstance(data, dict) or not isinstance(given := data.get("parameters", {}), dict):
            return data
        values = {f"${name}": item.get("value") for name, item in given.items() if isinstance(item, dict)}
        return {key: part if key == "parameters" else _filled(key, part, values) for key, part in data.items()}

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        for field, kind, used, known in self._named():
            if unknown := sorted({name for name in used if name not in known}):
                told = f"{kind} {', '.join(unknown)} is used but not defined; define it or correct the name"
                raise Misfit(field, told)
        if self.routes[-1].when != When():
            raise Misfit("routes", "the last must have no `when`; add one for everything else")
        answer = self.clocks.answer.within if self.clocks.answer else None
        if isinstance(answer, timedelta) and any(clock.within >= answer for clock in self.clocks.reminders):
            raise Misfit("clocks.reminders", "must each be shorter than `clocks.answer`; shorten them")
        return self

    def _named(self) -> Iterator[_Names]:
        """Every name that must be defined elsewhere in the pack."""
        for desk in ("front_desk", "returns_centre", "panel", "leadership", "cashier"):
            yield desk, "department", [getattr(self, desk)], self.departments
        for index, route in enumerate(self.routes):
            yield f"routes.{index}.ask", "department", route.ask, self.departments
            # Whoever is asked may be silent, and then bears the cost.
            yield f"routes.{index}.ask", "party", route.ask, self.parties
            yield f"routes.{index}.when.causes", "cause", route.when.causes, self.causes
            yield f"routes.{index}.when.channels", "channel", route.when.channels, self.channels
        for index, rule in enumerate(self.in_rules):
            yield f"in_rules.{index}.causes", "cause", rule.causes, self.causes
        yield "settlement.clerks", "department", self.settlement.clerks, self.departments
        for command, who in self.authority.items():
            yield f"authority.{command}", "department", {*who} - {"asked", "task", "duty"}, self.departments
        for name, each in self.sending.items():
            yield f"sending.{name}.to", "department", each.to, self.departments
        yield from self._named_in_sections()
        yield from self._named_parties()

    def _named_in_sections(self) -> Iterator[_Names]:
        if self.meeting is not None:
            yield "meeting.members", "department", self.meeting.members, self.departments
        if self.incident is not None:
            yield "incident", "department", self.incident.named_departments(), self.departments
        if (corrective := self.corrective_action) is not None:
            yield "corrective_action", "department", corrective.named_departments(), self.departments
            yield "corrective_action.supplier", "party", [corrective.supplier], self.parties
            yield "corrective_action.bearer", "party", [corrective.bearer], self.parties

    def _named_parties(self) -> Iterator[_Names]:
        yield "customer", "party", [self.customer], self.parties
        yield "unreachable", "party", [self.unreachable], self.parties
        for index, merge in enumerate(self.merges):
            yield f"merges.{index}", "party", [*merge.parties, merge.becomes], self.parties
        if self.shared is not None:
            yield "shared", "party", [self.shared.customer, *self.shared.others], self.parties


def _in_working_days(part: object) -> Iterator[int]:
    if isinstance(part, WorkingDays):
        yield part.days
    elif isinstance(part, Part):
        for name in type(part).model_fields:
            yield from _in_working_days(getattr(part, name))
    elif isinstance(part, dict):
        for item in part.values():
            yield from _in_working_days(item)
    elif isinstance(part, tuple):
        for item in part:
            yield from _in_working_days(item)


def _filled(field: str, part: Any, values: dict[str, Any]) -> Any:
    if isinstance(part, str) and part.startswith("$"):
        if part not in values:
            raise Misfit(field, f"{part} is used but not one of `parameters`; define it or correct the name")
        return values[part]
    if isinstance(part, dict):
        return {key: _filled(f"{field}.{key}", item, values) for key, item in part.items()}
    if isinstance(part, list):
        return [_filled(f"{field}.{index}", item, values) for index, item in enumerate(part)]
    return part
