"""A pack's own test cases: the facts of a complaint, what is done, and what the procedure must make of it."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from models.base import Contract, Detail, Line, Minor, Misfit, Slug
from models.complaint import DemandKind, Negotiation, OrderKind
from models.span import Age, Span


class Act(Contract):
    """One thing that happens: somebody of a department sends a message, time passes, or the remedy is done."""

    by: Slug | None = None
    send: Slug | None = None
    fields: dict[str, Any] = Field(default_factory=dict)
    wait: Span | None = None
    done: bool = False
    due: Span | None = None
    """When somebody must have acted next, from the last line of the record on."""

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if (self.by is None) != (self.send is None) or sum(
            (self.send is not None, self.wait is not None, self.done)
        ) != 1:
            raise Misfit("send", "is needed with `by`, or else `wait` or `done`; give one of them")
        return self


class Outcome(Contract):
    """Where the case stands after all that; what is left out is not looked at."""

    stage: Slug | None = None
    exit: Slug | None = None
    waiting_for: tuple[Slug, ...] | None = None
    basis: Slug | None = None
    for_customer: bool | None = None
    liable: dict[Slug, int] | None = None
    recorded: tuple[Slug, ...] = ()
    """Kinds of lines the record must have."""
    clocks: dict[Slug, Span] = Field(default_factory=dict)
    """Duty -> how long its department has, from when it was given on."""


class Trial(Contract):
    """One case. Spans of delivery count back from the complaint: `delivered = "3d"` is three days ago."""

    name: Line
    cause: Slug
    channel: Slug | None = None
    order: OrderKind = OrderKind.PLATFORM
    delivered: Age | None = None
    promised: Age | None = None
    demand: DemandKind = DemandKind.REFUND
    amount: Minor | None = None
    paid: Minor = 21_000
    negotiation: Negotiation = Negotiation.NOT_TRIED
    explained: bool = False
    severity: Slug | None = None
    details: dict[Slug, Detail] = Field(default_factory=dict)
    route: Slug
    handling: Literal["grant", "refuse", "own", "ask", "found", "offer"]
    asked: tuple[Slug, ...] = ()
    duties: tuple[Slug, ...] = ()
    """Those under way at the beginning."""
    stage: Slug
    first_due: Span | None = None
    """When somebody must have acted, from the complaint on."""
    then: tuple[Act, ...] = ()
    ends: Outcome | None = None

    @model_validator(mode="after")
    def _ends_as_expected(self) -> Self:
        if bool(self.then) != (self.ends is not None):
            raise Misfit("ends", "says what must come of `then`; give both")
        return self


class Trials(Contract):
    """The file of a pack's cases. `details` are those every complaint has unless it says others."""

    details: dict[Slug, Detail] = Field(default_factory=dict)
    cases: Annotated[tuple[Trial, ...], Field(min_length=1)]
