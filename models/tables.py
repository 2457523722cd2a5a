"""The SQL tables: register of cases, record, outbox, money and goods. Money is BigInteger minor units, times are UTC.

Only activities and the starter's reports read these; workflows and rules never do.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    ForeignKeyConstraint,
    Index,
    MetaData,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel

from models.case import NEW


class UtcDateTime(TypeDecorator[datetime]):
    """An instant in UTC. SQLite keeps no zone; without this a time would come back naive."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Raises ValueError for a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Always in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """JSON, as JSONB on PostgreSQL."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """JSONB can be indexed and searched."""
        return dialect.type_descriptor(JSONB() if dialect.name == "postgresql" else JSON())


class Row(SQLModel):
    """Base of every table: constraints get stable names, so that a later migration can address them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


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
    stage: str = Field(default=NEW, index=True)
    """A stage of the case; "new" until it has written its first page."""
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
    version: int = -1
    """Version of the last page written; -1 until the case has written its first."""


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
    """What an order may still give back. `refunded` holds every amount paid or about to be paid."""

    __tablename__ = "order_account"
    __table_args__ = (CheckConstraint("refunded >= 0 AND refunded <= paid", name="refunded_within_paid"),)

    order_number: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    paid: int = Field(sa_type=BigInteger)
    refunded: int = Field(default=0, sa_type=BigInteger)


class RefundIntent(Row, table=True):
    """A payment we mean to make, written before the gateway is called."""

    __tablename__ = "refund_intent"

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
    """open, paid or refused."""
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


_APPEND_ONLY = """
CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END
"""
_BALANCED = """
CREATE TRIGGER gateway_entry_balanced AFTER INSERT ON gateway_entry
WHEN (SELECT count(*) > 1 AND sum(amount) <> 0 FROM gateway_entry WHERE txn = NEW.txn)
BEGIN SELECT RAISE(ABORT, 'the transaction does not balance'); END
"""
_PG_APPEND_ONLY = """
CREATE OR REPLACE FUNCTION redress_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the books are append-only'; END $$
"""
_PG_APPEND_ONLY_TRIGGER = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION redress_append_only()
"""
_PG_BALANCED = """
CREATE OR REPLACE FUNCTION redress_balanced() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
  IF (SELECT sum(amount) <> 0 FROM gateway_entry WHERE txn = NEW.txn) THEN
    RAISE EXCEPTION 'the transaction does not balance';
  END IF;
  RETURN NULL;
END $$
"""
_PG_BALANCED_TRIGGER = """
CREATE CONSTRAINT TRIGGER gateway_entry_balanced AFTER INSERT ON gateway_entry
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION redress_balanced()
"""

_IN_CLOSED_PERIOD = "EXISTS (SELECT 1 FROM closed_period WHERE period = NEW.period)"
_LEDGER_GUARDS = {
    "ledger_entry": (("sealed", "EXISTS (SELECT 1 FROM ledger_txn WHERE id = NEW.txn)", "the transaction is closed"),),
    "ledger_txn": (
        ("once", "EXISTS (SELECT 1 FROM ledger_txn WHERE id = NEW.id)", "the transaction is there already"),
        (
            "balanced",
            "(SELECT count(*) < 2 OR sum(amount) <> 0 FROM ledger_entry WHERE txn = NEW.id)",
            "the transaction does not balance",
        ),
        ("open", _IN_CLOSED_PERIOD, "the period is closed"),
    ),
    "statement_row": (("open", _IN_CLOSED_PERIOD, "the period is closed"),),
    "statement_line": (("open", _IN_CLOSED_PERIOD, "the period is closed"),),
}
"""Before an insert: what must not hold. A transaction comes after its entries and closes them."""
_GUARD = """
CREATE TRIGGER {table}_{guard} BEFORE INSERT ON {table} WHEN {wrong}
BEGIN SELECT RAISE(ABORT, '{reason}'); END
"""
_PG_GUARD = """
CREATE OR REPLACE FUNCTION redress_{table}_{guard}() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
  IF {wrong} THEN RAISE EXCEPTION '{reason}'; END IF;
  RETURN NEW;
END $$
"""
_PG_GUARD_TRIGGER = """
CREATE TRIGGER {table}_{guard} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION redress_{table}_{guard}()
"""
_PG_LEDGER_BALANCED = """
CREATE OR REPLACE FUNCTION redress_ledger_balanced() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
  IF (SELECT sum(amount) <> 0 FROM ledger_entry WHERE txn = NEW.txn) THEN
    RAISE EXCEPTION 'the transaction does not balance';
  END IF;
  RETURN NULL;
END $$
"""
_PG_LEDGER_BALANCED_TRIGGER = """
CREATE CONSTRAINT TRIGGER ledger_entry_balanced AFTER INSERT ON ledger_entry
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION redress_ledger_balanced()
"""


def _with_table(table: str, dialect: str, *statements: str) -> None:
    for statement in statements:
        ddl: Any = DDL(statement.format(table=table))  # type: ignore[no-untyped-call]
        event.listen(Row.metadata.tables[table], "after_create", ddl.execute_if(dialect=dialect))


_LEDGER = ("ledger_txn", "ledger_entry", "closed_period", "statement_row", "statement_line", "statement_word")
for _table in ("gateway_refund", "gateway_entry", *_LEDGER):
    _sqlite = [_APPEND_ONLY.replace("{verb}", verb) for verb in ("UPDATE", "DELETE")]
    _with_table(_table, "sqlite", *_sqlite)
    _with_table(_table, "postgresql", _PG_APPEND_ONLY, _PG_APPEND_ONLY_TRIGGER)
_with_table("gateway_entry", "sqlite", _BALANCED)
_with_table("gateway_entry", "postgresql", _PG_BALANCED, _PG_BALANCED_TRIGGER)
for _table, _guards in _LEDGER_GUARDS.items():
    for _guard, _wrong, _reason in _guards:
        _filled = [
            ddl.replace("{guard}", _guard).replace("{wrong}", _wrong).replace("{reason}", _reason)
            for ddl in (_GUARD, _PG_GUARD, _PG_GUARD_TRIGGER)
        ]
        _with_table(_table, "sqlite", _filled[0])
        _with_table(_table, "postgresql", *_filled[1:])
# Two sessions that do not see each other's lines yet: PostgreSQL looks again when each commits.
_with_table("ledger_entry", "postgresql", _PG_LEDGER_BALANCED, _PG_LEDGER_BALANCED_TRIGGER)
