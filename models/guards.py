"""What the database itself refuses in the books: an unbalanced transaction, a changed row, a closed period."""

from typing import Any

from sqlalchemy import DDL, event

from models.rows import Row

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
_NOT_NEXT = (
    "NEW.seq <> 1 + (SELECT coalesce(max(seq), 0) FROM audit_row)"
    " OR NEW.prev <> coalesce((SELECT hash FROM audit_row WHERE seq = NEW.seq - 1), '')"
)
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
    "audit_row": (
        (
            "chained",
            _NOT_NEXT,
            "the row does not follow the last one",
        ),
    ),
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

UNCHANGEABLE = (
    "gateway_refund",
    "gateway_entry",
    "ledger_txn",
    "ledger_entry",
    "closed_period",
    "statement_row",
    "statement_line",
    "statement_word",
    "objection_ruling",
    "audit_row",
)
"""The tables of the books: nothing in them is changed or deleted, and the oracle looks whether that still holds."""


def _with_table(table: str, dialect: str, *statements: str) -> None:
    for statement in statements:
        ddl: Any = DDL(statement.format(table=table))  # type: ignore[no-untyped-call]
        event.listen(Row.metadata.tables[table], "after_create", ddl.execute_if(dialect=dialect))


def guard_books() -> None:
    """Have the guards created with their tables, which must be defined already."""
    for table in UNCHANGEABLE:
        _with_table(table, "sqlite", *(_APPEND_ONLY.replace("{verb}", verb) for verb in ("UPDATE", "DELETE")))
        _with_table(table, "postgresql", _PG_APPEND_ONLY, _PG_APPEND_ONLY_TRIGGER)
    _with_table("gateway_entry", "sqlite", _BALANCED)
    _with_table("gateway_entry", "postgresql", _PG_BALANCED, _PG_BALANCED_TRIGGER)
    for table, guards in _LEDGER_GUARDS.items():
        for guard, wrong, reason in guards:
            sqlite, *postgresql = (
                ddl.replace("{guard}", guard).replace("{wrong}", wrong).replace("{reason}", reason)
                for ddl in (_GUARD, _PG_GUARD, _PG_GUARD_TRIGGER)
            )
            _with_table(table, "sqlite", sqlite)
            _with_table(table, "postgresql", *postgresql)
    # Two sessions that do not see each other's lines yet: PostgreSQL looks again when each commits.
    _with_table("ledger_entry", "postgresql", _PG_LEDGER_BALANCED, _PG_LEDGER_BALANCED_TRIGGER)
