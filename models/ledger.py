"""The ledger of what complaints cost and who bears it: accounts, postings, statements. Money in minor units."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from pydantic import Field

from models.base import Moment, Record

MONTH_PATTERN: Final = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")
"""A settlement period, such as 2026-11: a calendar month in the procedure's time zone."""


class Account(StrEnum):
    """What a cost stands on. What left the house is negative, what somebody bears is positive."""

    GATEWAY = "gateway"
    """Money that left through the payment gateway."""
    ELSEWHERE = "elsewhere"
    """Money that a person paid by other means."""
    GOODS = "goods"
    """Goods sent from stock, at the order's prices."""
    COST = "cost"
    """What a party bears; the only account with a party."""
    HELD = "held"
    """Cost in dispute: nobody's until the panel has decided."""


PAID: Final = (Account.GATEWAY, Account.ELSEWHERE)
"""The accounts the customer's money came from."""
ChargeKind = Literal["refund", "compensation", "freight", "goods", "transfer"]


class LedgerCase(Record):
    """What the postings need to know of a case."""

    number: str
    order: str
    merchant: str | None
    carrier: str | None


class Entry(Record):
    """One line of a transaction. `party` is "merchant:ID", "carrier:ID" or the name of a party of ours."""

    account: Account
    party: str = ""
    amount: int


class Posting(Record):
    """A transaction as the rules make it; its entries add up to 0."""

    number: str
    order: str
    event_seq: int
    place: int
    """Which of the event's postings, from 1."""
    at: Moment
    decision: int
    kind: ChargeKind
    ground: str
    """What the shares rest on: a basis of a ruling, or "late_answer", "undelivered", "contested"."""
    clause: str
    contested: bool
    currency: str
    reference: str = ""
    reverses: str | None = None
    """The transaction this one takes back, line by line."""
    entries: tuple[Entry, ...]

    @property
    def id(self) -> str:
        """The same whenever the event is booked."""
        return f"{self.number}:{self.event_seq}:{self.place}"


LineState = Literal["open_period", "waiting", "confirmed", "objected", "silent"]
"""Not issued yet; the party may still answer; answered; its time is over, which confirms."""


class StatementLine(Record):
    """One line of a party's statement."""

    line: int
    number: str
    order: str
    at: datetime
    decision: int
    kind: str
    ground: str
    clause: str
    contested: bool
    amount: int
    currency: str
    reversal: bool
    state: LineState = "open_period"
    reason: str = ""
    """Why the party objects."""

    @property
    def by_default(self) -> bool:
        """The ruling rests on silence."""
        return self.ground == "silence"


class Statement(Record):
    """The head of a party's statement."""

    party: str
    period: str
    issued_at: datetime | None
    """When the period was closed; None while it is open."""
    answer_by: datetime | None
    totals: dict[str, int]
    """Currency -> what the party bears."""
    held: dict[str, int] = Field(default_factory=dict)
    """Currency -> what of it the party objects to, until it is decided."""


class Objection(Record):
    """A line of a statement whose cost is held because its party objects, until the panel decides."""

    party: str
    period: str
    line: int
    number: str
    amount: int
    currency: str
    reason: str
    at: Moment


class Difference(Record):
    """A case on whose money gateway, ledger and case do not agree."""

    number: str
    currency: str
    gateway: int
    ledger: int
    case: int
    under_way: bool = False
    """The gateway is ahead by exactly the payment the case is making: no difference, a moment."""
