"""The complaint as a backend service sends it: who, which order, what went wrong, what is asked for."""

import base64
import hashlib
from collections import Counter
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, ValidationInfo, model_validator

from models.base import (
    AT_THE_DOOR,
    EVIDENCE_PATTERN,
    MOST,
    Contract,
    Currency,
    Detail,
    Email,
    Line,
    Minor,
    Misfit,
    Moment,
    Number,
    Ref,
    Slug,
    Text,
    Token,
)
from models.language import Language

MAX_LINES = 50
MAX_EVIDENCE = 20
MAX_DETAILS = 40


class OrderKind(StrEnum):
    """平台订单 sold by a merchant, 自营订单 sold by the company itself."""

    PLATFORM = "platform"
    SELF_OPERATED = "self_operated"


class MerchantKind(StrEnum):
    """How the merchant was recruited (平台招商, 邮政招商); by S0-08 it must make no difference."""

    PLATFORM_RECRUITED = "platform_recruited"
    POSTAL_RECRUITED = "postal_recruited"


class DemandKind(StrEnum):
    """What the customer asks for (客户诉求)."""

    REFUND = "refund"
    RETURN_AND_REFUND = "return_and_refund"
    EXCHANGE = "exchange"
    RESHIP = "reship"
    REPAIR = "repair"
    COMPENSATION = "compensation"
    APOLOGY = "apology"


class Negotiation(StrEnum):
    """What is already known of the talk between customer and merchant when the complaint arrives (S0-11)."""

    NOT_TRIED = "not_tried"
    FAILED = "failed"


Evidence = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=EVIDENCE_PATTERN)]
"""A reference to evidence (URL, object key or SHA-256), never the evidence itself."""


class Complainant(Contract):
    """The customer. The id may appear in lists; name and contacts never leave mails and the case itself."""

    id: Ref
    name: Line | None = None
    email: Email | None = None
    phone: Annotated[str, StringConstraints(pattern=r"^[0-9+() -]{3,30}$")] | None = None
    language: Language = Language.ZH


class OrderLine(Contract):
    """One product of the order; `unit_price` in minor units."""

    sku: Ref
    lot: Ref | None = None
    """Production lot, where the seller knows it: what a recall is traced by (S2-27)."""
    name: Line | None = None
    quantity: Annotated[int, Field(strict=True, ge=1, le=100_000)]
    unit_price: Minor
    category: Line | None = None


class Order(Contract):
    """The order complained about; money in minor units of `currency`."""

    number: Ref
    kind: OrderKind
    merchant: Ref | None = None
    merchant_kind: MerchantKind = MerchantKind.PLATFORM_RECRUITED
    carrier: Ref | None = None
    lines: Annotated[tuple[OrderLine, ...], Field(min_length=1, max_length=MAX_LINES)]
    freight: Minor = 0
    paid: Minor
    currency: Currency = "CNY"
    purchased_at: Moment | None = None
    promised_at: Moment | None = None
    delivered_at: Moment | None = None

    @property
    def holds(self) -> Counter[str]:
        """How much of each product it holds, over all its lines."""
        held = Counter[str]()
        for line in self.lines:
            held[line.sku] += line.quantity
        return held

    @model_validator(mode="after")
    def _a_platform_order_names_its_merchant(self) -> Self:
        if self.kind is OrderKind.PLATFORM and self.merchant is None:
            raise Misfit("merchant", "is needed for a platform order; add the merchant's id")
        return self

    @model_validator(mode="after")
    def _its_goods_have_a_price(self, info: ValidationInfo) -> Self:
        worth = sum(line.quantity * line.unit_price for line in self.lines)
        if info.context == AT_THE_DOOR and worth > MOST:
            raise Misfit("lines", "cost more than any amount may be; check quantity and unit_price")
        return self


class Quantity(Contract):
    """A part of one order line."""

    sku: Ref
    quantity: Annotated[int, Field(strict=True, ge=1, le=100_000)]


class Demand(Contract):
    """What the customer wants: of which lines (none: the whole order) and, if stated, how much (minor units)."""

    kind: DemandKind
    lines: Annotated[tuple[Quantity, ...], Field(max_length=MAX_LINES)] = ()
    amount: Minor | None = None

    @model_validator(mode="after")
    def _compensation_names_its_amount(self) -> Self:
        if self.kind is DemandKind.COMPENSATION and not self.amount:
            raise Misfit("amount", "is needed for a compensation; add it")
        return self


class Contact(Contract):
    """The explanation by phone or in person before the mail (S0-04): who gave it, how, to whom."""

    by: Line
    mode: Annotated[str, StringConstraints(pattern=r"^(phone|in_person)$")] = "phone"
    note: Text | None = None


class Complaint(Contract):
    """The start argument of a case. Sent twice, at once or a year later, it is one case."""

    number: Number | None = None
    procedure: Slug | None = None
    channel: Slug
    complainant: Complainant
    order: Order
    cause: Slug
    text: Text
    demand: Demand
    evidence: Annotated[tuple[Evidence, ...], Field(max_length=MAX_EVIDENCE)] = ()
    category: Slug | None = None
    severity: Slug | None = None
    """What the agent who took it in judged; none: by the procedure's own rules (S1-05)."""
    details: Annotated[dict[Slug, Detail], Field(max_length=MAX_DETAILS)] = Field(default_factory=dict)
    """What the procedure's intake forms ask for (S1-03, S2-16, S3-03)."""
    negotiation: Negotiation = Negotiation.NOT_TRIED
    contact: Contact | None = None
    filed_at: Moment | None = None
    tags: Annotated[tuple[Slug, ...], Field(max_length=10)] = ()
    token: Annotated[Token | None, Field(repr=False)] = None
    """Proves who files it; needed where the service asks for it."""

    @model_validator(mode="after")
    def _the_demand_fits_the_order(self, info: ValidationInfo) -> Self:
        held = self.order.holds
        wanted: dict[str, int] = {}
        for part in self.demand.lines:
            # A product named twice is asked for in sum; what is a case already stays one.
            before = wanted.get(part.sku, 0) if info.context == AT_THE_DOOR else 0
            wanted[part.sku] = before + part.quantity
            if wanted[part.sku] > held[part.sku]:
                raise Misfit("demand.lines", "is more than the order holds; check sku and quantity")
        if self.demand.amount is not None and self.demand.amount > self.order.paid:
            raise Misfit("demand.amount", "is more than the order has cost; ask for at most what was paid")
        return self

    def own_number(self) -> str:
        """The number it brings, else one derived from its content: the same complaint always gets the same number.

        `filed_at` is left out: a sender that stamps it anew on a retry still means the same complaint.
        """
        if self.number is not None:
            return self.number
        return "R-" + base64.b32encode(hashlib.sha256(self.content().encode()).digest())[:13].decode()

    def content(self) -> str:
        """What tells two complaints apart: all but number, `filed_at` and token."""
        return self.model_dump_json(exclude={"number", "filed_at", "token"}, exclude_defaults=True)
