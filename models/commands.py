"""What people and services say to a case: one model per human action, shared by signal and update."""

import hashlib
from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from models.base import (
    AT_THE_DOOR,
    Contract,
    Currency,
    Detail,
    Line,
    Minor,
    Misfit,
    Number,
    PartnerRef,
    Proof,
    Ref,
    Slug,
    Text,
    Token,
)
from models.complaint import MAX_DETAILS, MAX_EVIDENCE, MAX_LINES, Demand, Evidence, Quantity
from models.span import Span


class Share(Contract):
    """A liable party and its part of the cost in percent."""

    party: Slug
    percent: Annotated[int, Field(strict=True, ge=1, le=100)] = 100


def shares_text(liable: Iterable[Share]) -> str:
    """Shares as the record and mails write them: `merchant=60,carrier=40`."""
    return ",".join(f"{share.party}={share.percent}" for share in liable)


def shares_in(text: str) -> tuple[tuple[str, int], ...]:
    """Party and percent of each share, from what `shares_text` wrote."""
    pairs = [part.partition("=") for part in text.split(",") if part]
    return tuple((party, int(percent)) for party, _, percent in pairs)


def _whole(liable: tuple[Share, ...], info: ValidationInfo) -> tuple[Share, ...]:
    if liable and sum(share.percent for share in liable) != 100:
        raise ValueError("the percents must add up to 100")
    if info.context == AT_THE_DOOR and len({share.party for share in liable}) != len(liable):
        raise ValueError("names a party twice; name it once")
    return liable


Shares = Annotated[tuple[Share, ...], Field(max_length=10), AfterValidator(_whole)]
"""Who bears a cost, all of it, each party once; or nobody."""
SomeShares = Annotated[tuple[Share, ...], Field(min_length=1, max_length=10), AfterValidator(_whole)]
"""The same, where somebody must be named."""


class Standing(Contract):
    """For whom somebody acts and how far: no further than the directory says, or the case refuses the message."""

    departments: Annotated[tuple[Slug, ...], Field(min_length=1)]
    limits: dict[Currency, Minor] | None = None
    """The most the actor lets out by one decision: currency -> minor units, nothing of another; none: no limit."""

    def within(self, other: "Standing") -> bool:
        """Whether whoever has the other may act so."""
        if not set(self.departments) <= set(other.departments):
            return False
        if self.limits is None or other.limits is None:
            return other.limits is None
        return all(most <= other.limits.get(currency, 0) for currency, most in self.limits.items())


def _unsaid(standing: Standing | None) -> bool:
    return standing is None


class Command(Contract):
    """What every command carries: who acts, for which department, and an id that makes a resend harmless."""

    actor: Line
    department: Slug | None = None
    """Needed only by somebody who belongs to several departments."""
    command_id: Ref | None = None
    token: Annotated[Token | None, Field(repr=False)] = None
    """Proves that the actor sends it; needed where the service asks for it."""
    standing: Annotated[Standing | None, Field(repr=False, exclude_if=_unsaid)] = None
    """With an update to a case: for whom the actor acts, so that the case need not ask. Changes no verdict.

    Written only where it is said: a worker of an earlier release does not know the field.
    """

    def digest(self, name: str) -> str:
        """The same for the same message under a name, whatever token and standing it comes with."""
        said = self.model_dump_json(exclude={"token", "standing"})
        return hashlib.sha256(f"{name}{said}".encode()).hexdigest()[:16]

    def bare(self) -> Self:
        """Without what only its arrival needs."""
        return self.model_copy(update={"token": None, "standing": None})


class ContactMade(Command):
    """The matter was explained by phone or in person before the mail (S0-04)."""

    mode: Literal["phone", "in_person"] = "phone"
    note: Text | None = None


class Triage(Command):
    """An agent's correction of the triage (S0-31), with the reason."""

    handling: Literal["grant", "refuse", "own", "ask"] | None = None
    route: Slug | None = None
    """A route of the procedure instead, from its first step."""
    ask: Annotated[tuple[Slug, ...], Field(max_length=5)] = ()
    reason: Text

    @model_validator(mode="after")
    def _asks_somebody(self) -> Self:
        if (self.handling is None) == (self.route is None):
            raise Misfit("handling", "is given exactly where `route` is not; give one of them")
        if (self.handling == "ask") != bool(self.ask):
            raise Misfit("ask", 'names departments exactly where `handling` is "ask"; correct one of them')
        return self


class Negotiated(Command):
    """How the talk between customer and merchant ended (S0-11)."""

    agreed: bool
    note: Text | None = None


class Confirm(Command):
    """The asked department's determination of liability (责任认定)."""

    liable: SomeShares
    reason: Text
    evidence: Annotated[tuple[Evidence, ...], Field(max_length=MAX_EVIDENCE)] = ()


class Verify(Command):
    """Customer service has verified a shared liability; the customer gets the promise (S0-14)."""

    note: Text | None = None


class Contest(Command):
    """A determination is disputed: by whom and why (S0-10)."""

    by: Slug
    """The party or department that disputes it."""
    reason: Text


class Decide(Command):
    """The panel's or the leadership's decision: the final handling plan (S0-10, S0-13, S0-27)."""

    grant: bool
    demand: Demand | None = None
    """What the customer gets instead of what was asked for."""
    liable: Shares = ()
    reason: Text


class IncidentDecision(Decide):
    """The decision of a batch incident, as it comes to each of its cases (S2-03)."""

    incident: Number


class Insist(Command):
    """The customer does not accept the refusal (S0-13)."""

    reason: Text


class Goods(Command):
    """Returned goods arrived and were inspected by the returns centre."""

    accepted: bool
    lines: Annotated[tuple[Quantity, ...], Field(max_length=MAX_LINES)] = ()
    note: Text | None = None


class Resolve(Command):
    """A person settles what the machine could not: retry, settled elsewhere, refund instead, or abandon."""

    outcome: Literal["retry", "settled", "refund_instead", "abandon"]
    reference: PartnerRef | None = None
    note: Text | None = None
    not_sent: bool = Field(default=False, exclude_if=lambda said: not said)
    """The warehouse has been asked: no parcel of this remedy is on its way, and none will be."""

    @model_validator(mode="after")
    def _says_how(self) -> Self:
        if self.outcome == "settled" and self.reference is None:
            raise Misfit("reference", 'is needed with "settled"; give the number of the payment or parcel')
        if self.outcome == "abandon" and self.note is None:
            raise Misfit("note", 'is needed with "abandon"; give the reason')
        return self


class Feedback(Command):
    """Whether the customer is satisfied with the actual result (S0-18)."""

    satisfied: bool | None = None
    reached: bool = True
    """False: the customer was called and not reached; the call counts as one (S1-13)."""
    reason: Text | None = None
    demand: Demand | None = None
    """What the customer asks for in a re-examination, if not the same again."""

    @model_validator(mode="after")
    def _says_whether(self) -> Self:
        if self.reached == (self.satisfied is None):
            raise Misfit("satisfied", "is given exactly where the customer was reached; correct one of them")
        return self


class Withdraw(Command):
    """The customer takes the complaint back."""

    reason: Text | None = None


class Forget(Command):
    """The customer is to be forgotten: name, contacts and words leave the case, what happened and what it cost stay."""

    pseudonym: Ref
    """Stands for the customer from now on: the same in all cases of one."""


class Assignment(Contract):
    """A duty given to a department by a coordination meeting, with its time limit if not the procedure's (S1-08)."""

    department: Slug
    within: Span | None = None


class RecordDuty(Command):
    """A department's report on a duty: its form, and who is liable where the duty determines that."""

    duty: Slug | None = None
    """None: the one duty the department has."""
    fields: Annotated[dict[Slug, Detail], Field(max_length=MAX_DETAILS)] = Field(default_factory=dict)
    liable: Shares = ()
    demand: Demand | None = None
    """What the customer gets instead of what was asked for."""
    assign: Annotated[tuple[Assignment, ...], Field(max_length=10)] = ()
    evidence: Annotated[tuple[Evidence, ...], Field(max_length=MAX_EVIDENCE)] = ()
    note: Text | None = None


class MakeOffer(Command):
    """A settlement for the customer to accept or counter (S3-08, S3-09)."""

    demand: Demand
    basis: Text
    """The rule and the facts it rests on."""
    liable: Shares = ()
    """Who bears it; needed where nothing has been determined."""
    fields: Annotated[dict[Slug, Detail], Field(max_length=MAX_DETAILS)] = Field(default_factory=dict)


class Respond(Command):
    """The customer's answer to an offer."""

    version: Annotated[int, Field(strict=True, ge=1)]
    """The offer meant: an answer to an older one is refused."""
    accept: bool
    reason: Text | None = None
    """What the customer wants instead."""


class Approve(Command):
    """An authority approves what somebody else determined or offers, or does not (S2-38 … S2-41)."""

    approve: bool
    reason: Text | None = None

    @model_validator(mode="after")
    def _says_why_not(self) -> Self:
        if not self.approve and self.reason is None:
            raise Misfit("reason", "is needed where `approve` is false; add it")
        return self


class Extend(Command):
    """Somebody other than who asks for it gives a department more time; the customer is told."""

    of: Slug
    """The department whose clock it is."""
    duty: Slug | None = None
    """None: the one clock the department has."""
    by: Span
    asked_by: Line
    reason: Text


class Move(Command):
    """The case goes on under another version of its procedure; what runs keeps its clock."""

    version: Annotated[int, Field(strict=True, ge=1)]
    reason: Text


class MailReport(Contract):
    """The mailroom's word on a mail: delivery failed for good or for too long, or succeeded after all."""

    mail: Ref
    delivered: bool
    code: Slug
    token: Proof = None


class TakenBack(Command):
    """The gateway reports that it has taken a refund back which it had made: it could not be credited after all."""

    reference: PartnerRef
    """The gateway's number for the refund."""
    code: Slug
    """Why, in the gateway's word."""


OF_THE_SERVICE = (IncidentDecision, TakenBack)
"""What a case takes from the service alone, once an incident is decided or a refund is known to be back."""


class RemedyReport(Contract):
    """A remedy's word to its case: it takes longer than a moment."""

    child: Line


COMMANDS: dict[str, type[Command]] = {
    "contact": ContactMade,
    "triage": Triage,
    "negotiated": Negotiated,
    "confirm": Confirm,
    "verify": Verify,
    "contest": Contest,
    "decide": Decide,
    "insist": Insist,
    "goods": Goods,
    "resolve": Resolve,
    "feedback": Feedback,
    "withdraw": Withdraw,
    "forget": Forget,
    "record": RecordDuty,
    "offer": MakeOffer,
    "respond": Respond,
    "approve": Approve,
    "extend": Extend,
    "move": Move,
}
"""Name on the wire -> model. Signal and update of a human action share name and model."""
