"""The SQL tables: register of cases, record, outbox, money and goods. Money is BigInteger minor units, times are UTC.

The tables of settlement stand in settlement_tables.py, those of incidents and corrective actions in quality_tables.py;
they are known by this name too: who creates them creates all.

Workflows and rules never import these.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ColumnElement, Index, text
from sqlmodel import Field, col

from models.audit_table import AuditRow
from models.guards import guard_books
from models.quality_tables import (
    CaseGoods,
    CorrectiveRow,
    IncidentCase,
    IncidentReportRow,
    IncidentRow,
    NumberSeries,
)
from models.rows import Json, Row, UtcDateTime
from models.settlement_tables import (
    ClosedPeriod,
    LedgerEntry,
    LedgerTxn,
    ObjectionRuling,
    StatementLineRow,
    StatementRow,
    StatementWord,
)

__all__ = [
    "ActionRow",
    "AuditRow",
    "CaseGoods",
    "CaseRow",
    "ClosedPeriod",
    "CorrectiveRow",
    "EventRow",
    "GatewayEntry",
    "GatewayRefund",
    "IncidentCase",
    "IncidentReportRow",
    "IncidentRow",
    "LedgerEntry",
    "LedgerTxn",
    "MailRow",
    "MeetingItemRow",
    "MeetingRow",
    "NumberSeries",
    "ObjectionRuling",
    "OrderAccount",
    "Parcel",
    "RefundIntent",
    "Row",
    "StatementLineRow",
    "StatementRow",
    "StatementWord",
    "UtcDateTime",
]


class CaseRow(Row, table=True):
    """One case: who claimed the number, the complaint as filed, and the summary lists and reports read."""

    __tablename__ = "case_row"

    number: str = Field(primary_key=True)
    workflow_id: str
    run_id: str
    """The first run that claimed the number; any other run is a duplicate."""
    procedure: str
    opened_at: datetime = Field(sa_type=UtcDateTime, index=True)
    complaint: dict[str, Any] = Field(sa_type=Json)
    order_number: str = Field(index=True)
    order_kind: str
    merchant: str | None = Field(default=None, index=True)
    carrier: str | None = None
    customer: str = Field(index=True)
    cause: str
    category: str | None = None
    channel: str
    stage: str = Field(index=True)
    exit: str | None = None
    waiting_for: str = Field(default="", index=True)
    due: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    route: str = ""
    direct: bool = False
    out_of_rule: bool = False
    contested: bool = False
    cost_held: bool = False
    overdue: bool = False
    round: int = 1
    demand: str
    amount: int = Field(sa_type=BigInteger)
    currency: str
    refunded: int = Field(default=0, sa_type=BigInteger)
    basis: str | None = None
    decided_by: str | None = None
    liable: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)
    reason: str = ""
    ruled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    version: int
    """Version of the last page written."""
    seen: list[list[str]] | None = Field(default=None, sa_type=Json)
    """Once it has ended: id, digest and verdict of the last messages, for a case that is opened again."""

    @classmethod
    def under(cls, name: str) -> ColumnElement[bool]:
        """Cases of the procedure of this name, in any of its versions."""
        return col(cls.procedure).startswith(f"{name}.", autoescape=True)


class EventRow(Row, table=True):
    """One line of a case's record, as the case numbered it."""

    __tablename__ = "event_row"
    __table_args__ = (Index(None, "kind", "at"),)

    number: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    kind: str
    actor: str | None = None
    department: str | None = Field(default=None, index=True)
    data: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class MailRow(Row, table=True):
    """The outbox. A row with `next_try_at` needs the mailroom: to be sent, or its fate to be told to the case."""

    __tablename__ = "mail_row"
    __table_args__ = (
        Index(
            "ix_mail_row_open",
            "next_try_at",
            sqlite_where=text("next_try_at IS NOT NULL"),
            postgresql_where=text("next_try_at IS NOT NULL"),
        ),
    )

    id: str = Field(primary_key=True)
    number: str = Field(index=True)
    """The case's number; a meeting's workflow id where `procedure` is set."""
    procedure: str | None = None
    """Set for a notice of no case: the procedure it is written under. Nobody is told what became of it."""
    at: datetime = Field(sa_type=UtcDateTime)
    to: str
    """A department's name, or "customer"."""
    template: str
    values: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    ask: str | None = None
    message_id: str
    """Left part of the Message-ID: the same over every attempt, so a mail sent twice shows once."""
    written_at: datetime = Field(sa_type=UtcDateTime)
    attempts: int = 0
    next_try_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    code: str | None = None
    """Why it failed, or why the last attempt did. With `sent_at`: "no_address", the customer gave no e-mail address, or
    "sent_late", a department's ask that left us only after the time it may take."""
    owed: str | None = None
    """What the case has yet to be told: "lost" or "found"."""
    reported_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the case was told that the mail is undelivered."""
    recovered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the case was told that it was delivered after all."""


class MeetingRow(Row, table=True):
    """One supervision meeting; its cases and actions have rows of their own."""

    __tablename__ = "meeting_row"

    id: str = Field(primary_key=True)
    """The workflow id."""
    name: str
    """The ISO week, or "urgent." and the case."""
    procedure: str = Field(index=True)
    """By name, without version."""
    stage: str = Field(index=True)
    starts_at: datetime = Field(sa_type=UtcDateTime, index=True)
    minutes: dict[str, Any] = Field(sa_type=Json)
    """Minutes without cases and actions."""


class MeetingItemRow(Row, table=True):
    """A case on a meeting's agenda, and what became of it there."""

    __tablename__ = "meeting_item_row"

    meeting: str = Field(primary_key=True)
    number: str = Field(primary_key=True, index=True)
    place: int
    section: str
    """A or C."""
    state: str = Field(index=True)
    carried: int
    """How often a meeting before this one has ended without deciding the case."""
    item: dict[str, Any] = Field(sa_type=Json)


class ActionRow(Row, table=True):
    """An action a meeting gave to a department."""

    __tablename__ = "action_row"

    meeting: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    procedure: str = Field(index=True)
    """By name, without version."""
    owner: str = Field(index=True)
    due: datetime = Field(sa_type=UtcDateTime)
    reported_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    action: dict[str, Any] = Field(sa_type=Json)


class OrderAccount(Row, table=True):
    """What an order may still give back. `refunded` holds every amount paid or about to be paid.

    One account, so one currency: of two first payments at once in different ones the second waits and sees the first.
    """

    __tablename__ = "order_account"
    __table_args__ = (
        CheckConstraint("refunded >= 0 AND refunded <= paid", name="refunded_within_paid"),
        Index(None, "order_number", unique=True),
    )

    order_number: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    paid: int = Field(sa_type=BigInteger)
    refunded: int = Field(default=0, sa_type=BigInteger)


class RefundIntent(Row, table=True):
    """A payment we mean to make, written before the gateway is called."""

    __tablename__ = "refund_intent"
    __table_args__ = (
        Index(
            "ix_refund_intent_open",
            "number",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    key: str = Field(primary_key=True)
    number: str = Field(index=True)
    order_number: str = Field(index=True)
    amount: int = Field(sa_type=BigInteger)
    currency: str
    attempt: int = 1
    """The case's attempt at the decision that this intent last answered for."""
    generation: int = 1
    """Part of the gateway's key; grows when a key can no longer be trusted."""
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """First call under this generation."""
    last_sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    suspect: bool = False
    """The gateway may have stored a failure under the key: look before the next call."""
    state: str = "open"
    """open, paid, refused, or taken_back: paid, until the gateway took it back. Its amount is held all the same, until
    it is refused for good: given up, and not with the gateway any more."""
    reference: str | None = None
    code: str | None = None
    """Why the gateway refused."""


class GatewayRefund(Row, table=True):
    """A refund made by the embedded gateway."""

    __tablename__ = "gateway_refund"

    key: str = Field(primary_key=True)
    """The idempotency key."""
    reference: str = Field(unique=True)
    """The gateway's own number for it."""
    our_reference: str = Field(index=True)
    order_number: str
    amount: int = Field(sa_type=BigInteger)
    currency: str
    at: datetime = Field(sa_type=UtcDateTime)


class GatewayEntry(Row, table=True):
    """The embedded gateway's double-entry books: every `txn` adds up to 0; rows stay as they were written."""

    __tablename__ = "gateway_entry"

    txn: str = Field(primary_key=True)
    account: str = Field(primary_key=True)
    amount: int = Field(sa_type=BigInteger)
    at: datetime = Field(sa_type=UtcDateTime)


class Parcel(Row, table=True):
    """What the embedded warehouse and carrier hold under a key: a reservation, a return label or a shipment."""

    __tablename__ = "parcel"

    key: str = Field(primary_key=True)
    kind: str
    """reserve, label or ship."""
    state: str
    """done, or undone after a release or void."""
    order_number: str
    lines: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)
    reference: str
    at: datetime = Field(sa_type=UtcDateTime)


guard_books()
