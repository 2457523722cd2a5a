"""A corrective action by the 8D method: the quality complaint, gates D1 to D8, approval, reply (S2-15 to S2-37)."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.base import Contract, Currency, Line, Minor, Moment, Number, Proof, Record, Ref, Text
from models.case import Mail
from models.commands import Command, Shares
from models.complaint import Evidence
from models.dossier import Denials, Dossier
from models.span import WorkCalendar

Count = Annotated[int, Field(strict=True, ge=0, le=10**9)]
Lots = Annotated[tuple[Ref, ...], Field(max_length=50)]
Papers = Annotated[tuple[Evidence, ...], Field(max_length=20)]
Category = Literal["man", "machine", "material", "method", "environment"]
"""人机料法环."""
DocumentKind = Literal[
    "fmea", "control_plan", "specification", "drawing", "work_instruction", "process_flow", "inspection_instruction"
]


class QualityComplaint(Contract):
    """The start argument of a CorrectiveAction: what the customer reports (S2-15, S2-16)."""

    token: Proof = None
    reference: Ref
    """The complaint's own number: sent twice, it is one corrective action."""
    procedure: Ref
    requester: Line
    """Who entered it; never its approver."""
    channel: Literal["phone", "fax", "email", "exception_form"]
    customer: Ref
    product: Ref
    defect: Line
    """缺陷类型."""
    shipped_on: date
    reported_on: date
    quantity: Count
    severity: Literal["minor", "major", "critical"]
    defective: Count
    found_where: Line
    """顾客在什么环节发现."""
    conditions: Text
    treatment: Text | None = None
    """Tests or special treatment, if any."""
    disposition: Text
    """What shall become of the defective goods."""
    similar: bool
    """Other customers have the like with products of the kind."""
    evidence: Annotated[Papers, Field(min_length=1)]
    """A sample, a photo, or the complaint in the customer's form."""
    lots: Lots = ()
    contracts: Lots = ()
    """合同号, for the trace of a substance over its limit (S2-27)."""
    urgent: bool = False
    special: Literal["batch", "performance", "level"] | None = None
    """A special case (S2-20): contained within hours."""
    substance: bool = False
    """A substance of environmental management over its limit (S2-27): top priority."""
    claim: bool = False
    """A commercial claim or a discount is asked for (S2-25)."""
    on_site: bool = False
    """Vague, or a matter to be seen on site (S2-26)."""
    answer_hours: Annotated[int, Field(strict=True, ge=1, le=9_600)] | None = None
    """The customer's own limit for a written reply; the shorter one wins (S2-24)."""
    case: Number | None = None
    incident: Number | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.defective > self.quantity:
            raise ValueError("`defective` is more than `quantity`; correct one of them")
        if self.substance and not (self.lots or self.contracts):
            raise ValueError("a substance over its limit needs `lots` or `contracts` to be traced; add them")
        return self


class Member(Contract):
    """Somebody of the team, and for what."""

    name: Line
    duty: Line
    side: Literal["own", "customer", "supplier"] = "own"


class FormTeam(Command):
    """D1: the team and its leader (S2-30)."""

    leader: Line
    members: Annotated[tuple[Member, ...], Field(min_length=1, max_length=30)]

    @model_validator(mode="after")
    def _leader_belongs(self) -> Self:
        if self.leader not in {member.name for member in self.members}:
            raise ValueError("`leader` is none of the `members`; add the leader's name and duty")
        return self


class DescribeProblem(Command):
    """D2: the problem in the customer's terms, 5W2H (S2-31)."""

    what: Text
    failure: Line
    """失效模式."""
    where: Text
    when: Text
    who: Text
    why: Text
    """Why it is a problem for the customer."""
    how: Text
    how_many: Count
    date_code: Line
    lots: Annotated[Lots, Field(min_length=1)]
    specification: Text
    first_time: bool
    findings: Text | None = None
    """Control charts, electrical or mechanical checks."""


class Containment(Contract):
    """A temporary measure (S2-32)."""

    what: Text
    on: date
    method: Line
    inspected: Count
    defective: Count
    for_customer: bool = False

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.defective > self.inspected:
            raise ValueError("`defective` is more than `inspected`; correct one of them")
        return self


class Contain(Command):
    """D3: suspect stock cleared and screened, temporary measures, the short-term plan (S2-32)."""

    stock: Text
    measures: Annotated[tuple[Containment, ...], Field(min_length=1, max_length=20)]
    short_term: Text
    customer_contacted: bool


class RootCause(Contract):
    """One root cause with the questions that led to it (S2-33)."""

    category: Category
    whys: Annotated[tuple[Text, ...], Field(min_length=1, max_length=10)]
    root: Text
    evidence: Text
    """QC, SPC or system analysis that shows it."""
    supplier: Ref | None = None
    """Where the cause is a supplier's (S2-22)."""


class FindCauses(Command):
    """D4: the root causes, and how far they reach (S2-22, S2-33)."""

    causes: Annotated[tuple[RootCause, ...], Field(min_length=1, max_length=10)]
    reach: Text
    """Horizontal and vertical deployment: depth and breadth of the impact."""


class Step(Contract):
    """A corrective action for a root cause, by its place in D4 (S2-34)."""

    cause: Annotated[int, Field(strict=True, ge=1, le=10)]
    what: Text
    owner: Line
    due: date


class PlanSteps(Command):
    """D5: an action with a date for every root cause."""

    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=30)]


class StepDone(Contract):
    """An action carried out, by its place in D5."""

    step: Annotated[int, Field(strict=True, ge=1, le=30)]
    on: date
    evidence: Text


class CarryOutSteps(Command):
    """D6: what has been carried out; again until nothing is left."""

    done: Annotated[tuple[StepDone, ...], Field(min_length=1, max_length=30)]


class CheckEffect(Command):
    """Whether the effect is reached (S2-28, S2-34); if not, the root cause is looked for again."""

    reached: bool
    inspected: Count
    defective: Count
    note: Text


class DocumentUpdate(Contract):
    """A document that now holds what was learned (S2-19, S2-35)."""

    kind: DocumentKind
    reference: Line
    version: Line


class Prevent(Command):
    """D7: documents updated, recurrence prevented (S2-35)."""

    updates: Annotated[tuple[DocumentUpdate, ...], Field(min_length=1, max_length=30)]
    measures: Annotated[tuple[Text, ...], Field(min_length=1, max_length=20)]


class SupplierCost(Contract):
    """A cost that a supplier must bear, in minor units (S2-22)."""

    supplier: Ref
    amount: Annotated[Minor, Field(ge=1)]
    currency: Currency = "CNY"
    what: Line


class CloseReport(Command):
    """D8: the breakdown of liability, the suppliers' costs, the report handed in for approval (S2-36)."""

    liability: Shares
    costs: Annotated[tuple[SupplierCost, ...], Field(max_length=20)] = ()
    note: Text

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if sum(share.percent for share in self.liability) != 100:
            raise ValueError("the percents of `liability` must add up to 100")
        return self


class Approve(Command):
    """The report is valid (S2-18)."""

    note: Text | None = None


class SendBack(Command):
    """Cause or measures are not adequate (S2-23, S2-28): the root cause is looked for again."""

    reason: Text


class Reply(Command):
    """A reply to the customer, directly or through sales (S2-19, S2-36)."""

    kind: Literal["first", "written", "final"]
    by: Literal["direct", "sales"] = "direct"
    note: Text
    papers: Papers = ()
    """Report file, test data, images."""


class CustomerFeedback(Command):
    """What the customer says of the final reply (S2-19)."""

    satisfied: bool
    reason: Text | None = None


class Recall(Command):
    """Whether lots are recalled (S2-27)."""

    recall: bool
    lots: Annotated[Lots, Field(min_length=1)]
    reason: Text


CORRECTIVE_COMMANDS: dict[str, type[Command]] = {
    "d1": FormTeam,
    "d2": DescribeProblem,
    "d3": Contain,
    "d4": FindCauses,
    "d5": PlanSteps,
    "d6": CarryOutSteps,
    "check": CheckEffect,
    "d7": Prevent,
    "d8": CloseReport,
    "approve": Approve,
    "send_back": SendBack,
    "reply": Reply,
    "feedback": CustomerFeedback,
    "recall": Recall,
}
"""Name on the wire -> model. Signal and update share name and model."""
GATES = ("d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8")


class Gate(StrEnum):
    """What a corrective action waits for."""

    D1 = "d1"
    D2 = "d2"
    D3 = "d3"
    D4 = "d4"
    D5 = "d5"
    D6 = "d6"
    CHECK = "check"
    D7 = "d7"
    D8 = "d8"
    APPROVAL = "approval"
    REPLY = "reply"
    FEEDBACK = "feedback"
    CLOSED = "closed"


class Timer(Record):
    """A clock of a corrective action."""

    name: Literal["containment", "temporary", "first_reply", "written_reply", "effectiveness"]
    due: Moment
    source: str
    met_at: Moment | None = None
    missed: int = 0
    """How often it has been told that it is missed."""
    tell_at: Moment
    """When its being missed is told next."""

    @property
    def in_time(self) -> bool:
        """Met, and not after it was due."""
        return self.met_at is not None and self.met_at <= self.due


class Trace(Record):
    """What cases and orders show of some lots (S2-27)."""

    lots: tuple[str, ...] = ()
    cases: int = 0
    orders: int = 0
    customers: int = 0


class Said(Record):
    """Who gave a gate its content, and when."""

    at: Moment
    actor: str
    department: str


class Round(Record):
    """An analysis that did not hold."""

    causes: FindCauses
    steps: PlanSteps | None = None
    done: tuple[StepDone, ...] = ()
    check: CheckEffect | None = None
    at: Moment
    reason: str


class CorrectiveView(Record):
    """What the query `view` returns: the report so far."""

    number: str
    procedure: str
    complaint: QualityComplaint
    stage: Gate = Gate.D1
    opened_at: Moment
    timers: tuple[Timer, ...]
    said: dict[str, Said] = Field(default_factory=dict)
    """Gate -> who and when."""
    d1: FormTeam | None = None
    d2: DescribeProblem | None = None
    d3: Contain | None = None
    d4: FindCauses | None = None
    d5: PlanSteps | None = None
    done: tuple[StepDone, ...] = ()
    check: CheckEffect | None = None
    d7: Prevent | None = None
    d8: CloseReport | None = None
    approved: Said | None = None
    replies: tuple[tuple[Said, Reply], ...] = ()
    recall: Recall | None = None
    trace: Trace = Trace()
    rounds: tuple[Round, ...] = ()
    closed_at: Moment | None = None

    @property
    def completion(self) -> tuple[int, int]:
        """Actions carried out, and actions planned (S2-36)."""
        return len({done.step for done in self.done}), len(self.d5.steps) if self.d5 else 0


class Corrective(CorrectiveView, Dossier):
    """A corrective action as its workflow keeps it."""

    to_trace: tuple[str, ...] = ()
    """Lots whose trace is still to be looked up."""


class RegisterCorrective(Record):
    """Enter a corrective action in the register. `run_id` makes asking twice harmless."""

    workflow_id: str
    run_id: str
    opened_at: Moment
    complaint: QualityComplaint


class CorrectiveEntry(Record):
    """The number it was given (S2-29), and the procedure it is pinned to."""

    number: str
    procedure: str
    calendar: WorkCalendar | None = None
    """The working days its clocks are counted by."""


class CorrectivePage(Record):
    """What a step leaves in SQL, in one transaction; an approved report's supplier costs go to the ledger with it."""

    view: CorrectiveView
    mails: tuple[Mail, ...] = ()
    denied: Denials = ()


class CorrectiveResult(Record):
    """How a corrective action ended."""

    number: str
    rounds: int
    missed: int
    """Clocks that were missed."""
