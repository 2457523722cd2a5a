"""The SQL tables of settlement: the ledger, closed months, statements as issued, and what parties said of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field

from models.rows import Json, Row, UtcDateTime


class LedgerTxn(Row, table=True):
    """One transaction of the ledger. Its entries are written before it: it is the seal that closes them."""

    __tablename__ = "ledger_txn"
    __table_args__ = (Index(None, "period", "number"),)

    id: str = Field(primary_key=True)
    """NUMBER:EVENT:PLACE, so that an event is booked once."""
    number: str = Field(index=True)
    order_number: str
    decision: int
    event_seq: int
    place: int
    kind: str
    """refund, compensation, freight or goods."""
    ground: str
    clause: str
    contested: bool
    currency: str
    reference: str = ""
    reverses: str | None = Field(default=None, unique=True, foreign_key="ledger_txn.id")
    """The transaction taken back; each can be taken back once."""
    at: datetime = Field(sa_type=UtcDateTime)
    """When the case did it."""
    period: str
    """The month it is settled in; the next open one where its own was closed already."""
    booked_at: datetime = Field(sa_type=UtcDateTime)


class LedgerEntry(Row, table=True):
    """One line of a transaction: what left the house is negative, what somebody bears is positive."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        ForeignKeyConstraint(["txn"], ["ledger_txn.id"], deferrable=True, initially="DEFERRED"),
        CheckConstraint("amount <> 0", name="amount_not_zero"),
        CheckConstraint("(account = 'cost') = (party <> '')", name="party_where_cost"),
        Index(None, "party", "txn"),
    )

    txn: str = Field(primary_key=True)
    line: int = Field(primary_key=True)
    account: str
    party: str = ""
    amount: int = Field(sa_type=BigInteger)


class ClosedPeriod(Row, table=True):
    """A month whose statements have been issued: nothing is booked into it any more. Written after its statements."""

    __tablename__ = "closed_period"

    period: str = Field(primary_key=True)
    closed_at: datetime = Field(sa_type=UtcDateTime)
    answer_by: datetime = Field(sa_type=UtcDateTime)
    actor: str


class StatementRow(Row, table=True):
    """A statement as issued: what a party bears of a month, in one currency."""

    __tablename__ = "statement_row"
    __table_args__ = (
        ForeignKeyConstraint(["period"], ["closed_period.period"], deferrable=True, initially="DEFERRED"),
    )

    party: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    lines: int
    total: int = Field(sa_type=BigInteger)


class StatementLineRow(Row, table=True):
    """A line of a statement as issued."""

    __tablename__ = "statement_line"
    __table_args__ = (
        ForeignKeyConstraint(["period"], ["closed_period.period"], deferrable=True, initially="DEFERRED"),
        UniqueConstraint("txn", "entry"),
    )

    party: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    line: int = Field(primary_key=True)
    txn: str = Field(foreign_key="ledger_txn.id")
    entry: int
    amount: int = Field(sa_type=BigInteger)


class StatementWord(Row, table=True):
    """A party's word on a line of its statement; the first one stands."""

    __tablename__ = "statement_word"
    __table_args__ = (
        ForeignKeyConstraint(
            ["party", "period", "line"], ["statement_line.party", "statement_line.period", "statement_line.line"]
        ),
        CheckConstraint("confirms OR reason <> ''", name="objection_with_reason"),
    )

    party: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    line: int = Field(primary_key=True)
    confirms: bool
    reason: str = ""
    actor: str
    at: datetime = Field(sa_type=UtcDateTime)


class ObjectionRuling(Row, table=True):
    """What the panel decided about a line a party objected to; the ledger holds what followed from it."""

    __tablename__ = "objection_ruling"
    __table_args__ = (
        ForeignKeyConstraint(
            ["party", "period", "line"], ["statement_word.party", "statement_word.period", "statement_word.line"]
        ),
        CheckConstraint("reason <> ''", name="ruling_with_reason"),
    )

    party: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    line: int = Field(primary_key=True)
    liable: list[dict[str, Any]] = Field(sa_type=Json)
    """The shares; empty: the party bears it as before."""
    reason: str
    actor: str
    at: datetime = Field(sa_type=UtcDateTime)
