"""A quality complaint: what a corrective action begins with (S2-15, S2-16)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.base import Contract, Day, Line, Misfit, Number, Proof, Ref, Text
from models.complaint import Evidence

Count = Annotated[int, Field(strict=True, ge=0, le=10**9)]
Lots = Annotated[tuple[Ref, ...], Field(max_length=50)]
Papers = Annotated[tuple[Evidence, ...], Field(max_length=20)]


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
    shipped_on: Day
    reported_on: Day
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
            raise Misfit("defective", "is more than `quantity`; correct one of them")
        if self.substance and not (self.lots or self.contracts):
            raise Misfit("lots", "are needed, or `contracts`, to trace a substance over its limit; add them")
        return self
