"""A batch incident: many complaints with one cause, handled by one plan and one decision (S2-01 to S2-05)."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.base import Contract, Line, Misfit, Moment, Number, Proof, Record, Ref, Slug, Text
from models.case import Mail
from models.commands import Command, Decide, Share
from models.complaint import Demand
from models.dossier import Denials, Dossier, Registration
from models.names import incident_id
from models.plans import Mark


class Scope(Contract):
    """What the cases of an incident have in common; each one given must hold (S2-03)."""

    product: Ref | None = None
    """The SKU."""
    lot: Ref | None = None
    merchant: Ref | None = None
    cause: Slug | None = None

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.marks():
            raise Misfit("product", "is needed, or lot, merchant or cause; give at least one")
        return self

    def marks(self) -> dict[Mark, str]:
        """What is given."""
        marks: tuple[Mark, ...] = ("product", "lot", "merchant", "cause")
        return {mark: value for mark in marks if (value := getattr(self, mark)) is not None}

    @property
    def key(self) -> str:
        """The same for the same scope: part of the workflow id, so that a scope has one open incident."""
        return "+".join(f"{mark}.{value}" for mark, value in self.marks().items())


class OpenIncident(Contract):
    """The start argument of a BatchReturn."""

    procedure: Ref
    """A name, or name and version."""
    scope: Scope
    reason: Text
    opened_by: Line
    """Who opened it by hand; "threshold" where the complaints did."""
    drill: Annotated[int, Field(strict=True, ge=1, le=100_000)] | None = None
    """A drill with so many made-up cases: nobody's case is touched, no money moves."""
    token: Proof = None

    @property
    def workflow_id(self) -> str:
        """The id it is started under."""
        return incident_id(self.procedure, self.scope.key, drill=self.drill is not None)


class VerifyIncident(Command):
    """What quality control found on the returned goods (S2-02)."""

    confirmed: bool
    """The product has the problem."""
    defect: Text
    inspected: Annotated[int, Field(strict=True, ge=0)] = 0
    defective: Annotated[int, Field(strict=True, ge=0)] = 0

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.defective > self.inspected:
            raise Misfit("defective", "is more than `inspected`; correct one of them")
        return self


class DecideIncident(Decide):
    """The one decision for every case of the incident."""


class SituationReport(Command):
    """A word on how it goes, to the leading group at once (S2-02)."""

    note: Text


class EvaluateIncident(Command):
    """The leading group's evaluation, which may adjust the plan (S2-02, S2-05)."""

    adequate: bool
    note: Text
    at_once: Annotated[int, Field(strict=True, ge=1, le=1_000)] | None = None
    report_hours: Annotated[int, Field(strict=True, ge=1, le=720)] | None = None


class CloseIncident(Command):
    """Summary and improvement (S2-02): what caused it, and what each department will do better."""

    causes: Text
    improvements: Text


INCIDENT_COMMANDS: dict[str, type[Command]] = {
    "verify": VerifyIncident,
    "decide": DecideIncident,
    "situation": SituationReport,
    "evaluate": EvaluateIncident,
    "close": CloseIncident,
}
"""Name on the wire -> model. Signal and update share name and model."""


class CaseJoined(Contract):
    """The register's word to an incident: a case has joined that it has not seen."""

    number: Number


class IncidentStage(StrEnum):
    """Where an incident stands."""

    VERIFYING = "verifying"
    DECIDING = "deciding"
    CARRYING_OUT = "carrying_out"
    SUMMING_UP = "summing_up"
    """Every case has its decision; some may still wait for the customer's goods."""
    CLOSED = "closed"


class CaseFate(StrEnum):
    """What an incident has done about a case."""

    LINKED = "linked"
    """Belongs to it; the decision has not reached it."""
    DECIDED = "decided"
    KEPT = "kept"
    """Had a ruling of its own or was closed: that stands."""
    REFUSED = "refused"
    """Could not take the decision; a person must look."""


class Progress(Record):
    """How far the decision has come. Numbers of cases; money in minor units by currency."""

    cases: int = 0
    linked: int = 0
    decided: int = 0
    kept: int = 0
    refused: int = 0
    under_way: int = 0
    """Decided, and the service is at work on it."""
    goods: int = 0
    """Decided, and the customer's goods are waited for."""
    task: int = 0
    """Decided, and a person must settle something."""
    settled: int = 0
    """Decided and done."""
    refunded: dict[str, int] = Field(default_factory=dict)

    @property
    def handed_out(self) -> bool:
        """Nothing is left for us to start or to finish by ourselves."""
        return self.linked == 0 and self.under_way == 0


class QualityFinding(Record):
    """What quality control found."""

    at: Moment
    actor: str
    department: str
    confirmed: bool
    defect: str
    inspected: int
    defective: int


class BatchDecision(Record):
    """The one decision."""

    at: Moment
    actor: str
    department: str
    grant: bool
    reason: str
    liable: tuple[Share, ...] = ()
    demand: Demand | None = None


class Evaluation(Record):
    """What the leading group thought of the plan, and what it changed."""

    at: Moment
    actor: str
    adequate: bool
    note: str
    at_once: int | None = None
    report_hours: int | None = None


class Situation(Record):
    """A situation report as it went to the leading group."""

    number: int
    at: Moment
    note: str | None = None
    actor: str | None = None
    """None: by the clock."""
    stage: IncidentStage
    progress: Progress


class IncidentView(Record):
    """What the query `view` returns: an incident as its groups read it."""

    number: str
    procedure: str
    scope: Scope
    reason: str
    opened_by: str
    drill: int | None = None
    stage: IncidentStage
    opened_at: Moment
    due: Moment | None
    """Until when quality control must verify, or the leading group decide."""
    late: tuple[str, ...] = ()
    """Clocks that were missed: "verifying", "deciding"."""
    next_report: Moment
    report_every: timedelta
    at_once: int
    plan: int = 1
    """Grows with every adjustment of the plan."""
    finding: QualityFinding | None = None
    decision: BatchDecision | None = None
    progress: Progress = Progress()
    evaluations: tuple[Evaluation, ...] = ()
    situations: int = 0
    closed_at: Moment | None = None
    closed_by: str | None = None
    causes: str | None = None
    improvements: str | None = None


class Incident(IncidentView, Dossier):
    """An incident as its workflow keeps it: bounded, whatever the number of its cases."""

    reports: tuple[Situation, ...] = ()
    """Situation reports not yet in SQL."""
    gather: bool = False
    """Cases may have joined that are not counted yet."""
    ending: CloseIncident | None = None


class Registered(Record):
    """What the register gave an incident: its number and the procedure it is pinned to."""

    number: str
    procedure: str
    progress: Progress = Progress()


class RegisterIncident(Registration):
    """Enter an incident in the register."""

    wish: OpenIncident


class CarryOut(Record):
    """The decision on its way to the cases of an incident."""

    incident: str
    decision: BatchDecision
    at_once: int
    known: Progress
    """The figures the incident has; it is told as soon as they are others."""


class IncidentPage(Record):
    """What a step leaves in SQL, in one transaction."""

    view: IncidentView
    reports: tuple[Situation, ...] = ()
    mails: tuple[Mail, ...] = ()
    denied: Denials = ()


class IncidentResult(Record):
    """How an incident ended."""

    number: str
    drill: bool
    progress: Progress


ReportForm = Literal["incident", "summary", "flow", "standard", "drill"]
"""The plan's five attachments (S2-04): 事件报告表, 事件总结报告, 处理流程图, 处理标准, 演练方案."""
