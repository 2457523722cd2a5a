"""What people fill in at each gate of a corrective action (S2-18 to S2-36)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.base import Contract, Currency, Day, Line, Minor, Misfit, Ref, Text
from models.commands import Command, SomeShares
from models.quality_complaint import Count, Lots, Papers

Category = Literal["man", "machine", "material", "method", "environment"]
"""人机料法环."""
DocumentKind = Literal[
    "fmea", "control_plan", "specification", "drawing", "work_instruction", "process_flow", "inspection_instruction"
]


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
            raise Misfit("leader", "is none of the `members`; add the leader's name and duty there")
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
    on: Day
    method: Line
    inspected: Count
    defective: Count
    for_customer: bool = False

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.defective > self.inspected:
            raise Misfit("defective", "is more than `inspected`; correct one of them")
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
    due: Day


class PlanSteps(Command):
    """D5: an action with a date for every root cause."""

    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=30)]


class StepDone(Contract):
    """An action carried out, by its place in D5."""

    step: Annotated[int, Field(strict=True, ge=1, le=30)]
    on: Day
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

    liability: SomeShares
    costs: Annotated[tuple[SupplierCost, ...], Field(max_length=20)] = ()
    note: Text


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
