"""Two optional sections of a procedure: the plan for batch incidents (S2-01 to S2-05) and corrective actions (8D)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.base import Line, Misfit, Slug
from models.parts import Clock, Count, Part, Title, WallClock

Mark = Literal["product", "lot", "merchant", "cause"]
"""What cases of one incident have in common (S2-03)."""


class Body(Part):
    """A group of the plan: departments in the order of their rank."""

    title: Title
    head: Slug
    deputy: Slug | None = None
    members: tuple[Slug, ...] = ()
    source: Line

    @property
    def departments(self) -> tuple[str, ...]:
        """Everybody who belongs to it, once."""
        return tuple(dict.fromkeys(name for name in (self.head, self.deputy, *self.members) if name))


class Threshold(WallClock):
    """So many complaints with the same marks within the span are an incident."""

    by: Annotated[tuple[Mark, ...], Field(min_length=1)]
    cases: Annotated[int, Field(ge=2, le=100_000)]

    @model_validator(mode="after")
    def _each_mark_once(self) -> Self:
        if len(set(self.by)) != len(self.by):
            raise Misfit("by", "names a mark twice; name it once")
        return self


class Bound(Part):
    """How many cases may be under way at once."""

    cases: Annotated[int, Field(ge=1, le=1_000)]
    source: Line


class Clause(Title):
    """A line of a standard or a plan, with the clause it comes from."""

    source: Line


class FlowStep(Clause):
    """A step of the flow chart and who takes it."""

    by: tuple[Slug, ...]


class IncidentRules(Part):
    """The emergency plan for a batch of complaints (客户投诉批量退货紧急预案)."""

    leading: Body
    """预案领导小组: told of the start and of how it goes, evaluates, may adjust the plan."""
    handling: Body
    """处理小组: carries the plan out."""
    inspectors: Annotated[tuple[Slug, ...], Field(min_length=1)]
    """Who verifies the product problem (品控部)."""
    may_decide: Annotated[tuple[Slug, ...], Field(min_length=1)]
    """Who gives the one decision for all cases; its sources stand with `leading`."""
    needs_liable: bool = True
    """A decision that grants says who bears the cost; else what it leaves open falls on `settlement.remainder`."""
    thresholds: tuple[Threshold, ...] = ()
    verification: WallClock
    decision: WallClock
    situation: WallClock
    """How often the leading group gets a situation report."""
    review: WallClock
    """How often the plan is drilled or evaluated."""
    at_once: Bound
    flow: tuple[FlowStep, ...] = ()
    """批量退货处理流程图."""
    standards: tuple[Clause, ...] = ()
    """批量退货处理标准."""
    drill: tuple[Clause, ...] = ()
    """应急预案演练方案."""

    def named_departments(self) -> list[str]:
        """Every department the section names."""
        steps = [name for step in self.flow for name in step.by]
        return [*self.leading.departments, *self.handling.departments, *self.inspectors, *self.may_decide, *steps]


class Refusals(Part):
    """Words that make a measure none: more inspection, an audit (S2-35)."""

    words: tuple[Line, ...]
    source: Line


class CorrectiveRules(Part):
    """Corrective actions by the 8D method: who, how fast, what counts (S2-15 to S2-37)."""

    quality: Slug
    """Who keeps the report and reviews cause and measures (品质部, QE)."""
    approvers: Annotated[tuple[Slug, ...], Field(min_length=1)]
    """Whose approval makes a report valid (品质经理或总经理)."""
    copies: Annotated[tuple[Slug, ...], Field(min_length=1)]
    """Who gets a copy: the quality department and the works manager."""
    sales: Slug
    management: Slug
    """企业管理部门: gets a copy of the reply."""
    alarm: Annotated[tuple[Slug, ...], Field(min_length=1)]
    """Who is told at once of a special case, a substance over its limit, a missed clock."""
    containment: WallClock
    temporary: WallClock
    """Temporary measures that concern the customer are answered within this."""
    urgent_reply: WallClock
    first_reply: Clock
    written_reply: Clock
    effectiveness: WallClock
    """How long after the last measure was carried out its effect must have been checked."""
    whys: Count
    refused: Refusals
    supplier: Slug
    """The party a supplier's cost is moved to."""
    bearer: Slug
    """The party that has borne it until then."""

    def named_departments(self) -> list[str]:
        """Every department the section names."""
        return [self.quality, self.sales, self.management, *self.approvers, *self.copies, *self.alarm]
