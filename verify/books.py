"""The books as a whole: each question is one aggregate that names only what is wrong."""

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select, text
from sqlmodel.ext.asyncio.session import AsyncSession

from activities.embedded import stands
from models.audit import NO_CASE, Invariant, Violation
from models.guards import UNCHANGEABLE
from models.ledger import Account
from verify.reading import MAIL, TABLES, rows

NAMED = 100
"""Breaches of one kind that are named; more are still breaches, and the first hundred tell."""
TXN, ENTRY = TABLES["ledger_txn"], TABLES["ledger_entry"]
ORDER, INTENT = TABLES["order_account"], TABLES["refund_intent"]
MADE, GATEWAY_ENTRY = TABLES["gateway_refund"], TABLES["gateway_entry"]
STATEMENT, CLOSED = TABLES["statement_row"], TABLES["closed_period"]


async def book_breaches(session: AsyncSession, dialect: str) -> AsyncIterator[Violation]:
    """What is wrong with orders, payments, ledger, statements and outbox."""
    for invariant, code, asked in _questions():
        for number, *values in await rows(session, asked.limit(NAMED)):
            facts: dict[str, str | int] = dict(
                zip(("found", "expected", "currency"), map(_plain, values), strict=False)
            )
            yield Violation(invariant=invariant, number=str(number), code=code, facts=facts)
    for table in await _unguarded(session, dialect):
        invariant = Invariant.TRAIL_WHOLE if table == "audit_row" else Invariant.BOOKS_BALANCE
        yield Violation(invariant=invariant, number=NO_CASE, code="guard_missing", facts={"table": table})


def _plain(value: Any) -> str | int:
    return value if isinstance(value, str) else int(value)


def _questions() -> list[tuple[Invariant, str, Select[Any]]]:
    return [
        (Invariant.PAID_ONCE, "order_over_refunded", _orders_over()),
        (Invariant.PAID_ONCE, "account_differs", _accounts()),
        (Invariant.PAID_ONCE, "paid_twice", _paid_twice()),
        (Invariant.BOOKS_BALANCE, "unbalanced", _unbalanced(ENTRY, TXN.c.id, TXN.c.currency)),
        (Invariant.BOOKS_BALANCE, "unbalanced", _unbalanced(GATEWAY_ENTRY, MADE.c.reference, MADE.c.currency)),
        (Invariant.BOOKS_BALANCE, "not_sealed", _unsealed()),
        (Invariant.NOTICES_LEAVE, "notice_abandoned", select(MAIL.c.id).where(*nobody_tries())),
        (Invariant.NOTICES_LEAVE, "message_id_shared", _shared_message_ids()),
        (Invariant.STATEMENTS_ADD_UP, "statement_differs", _statements()),
    ]


def _orders_over() -> Select[Any]:
    """What was given back for an order, in whatever currency, against what was paid for it.

    By the embedded gateway, and by people elsewhere under a reference it does not know.
    """
    made = select(MADE.c.order_number, MADE.c.amount).where(stands(MADE.c.reference))
    known = select(MADE.c.key).where(MADE.c.reference == TXN.c.reference).correlate(TXN).exists()
    elsewhere = select(TXN.c.order_number, -ENTRY.c.amount).join_from(TXN, ENTRY, ENTRY.c.txn == TXN.c.id)
    given = made.union_all(elsewhere.where(ENTRY.c.account == Account.ELSEWHERE.value, ~known)).subquery()
    total = func.sum(given.c.amount)
    of_order = ORDER.c.order_number == given.c.order_number
    paid, currency = (
        select(func.max(column)).where(of_order).scalar_subquery() for column in (ORDER.c.paid, ORDER.c.currency)
    )
    asked = select(given.c.order_number, total, func.max(paid), func.max(currency))
    return asked.group_by(given.c.order_number).having(total > paid)


def _accounts() -> Select[Any]:
    """What an order holds must be what its payments, made or under way, take from it."""
    held = func.coalesce(func.sum(case((INTENT.c.state != "refused", INTENT.c.amount), else_=0)), 0)
    same = and_(INTENT.c.order_number == ORDER.c.order_number, INTENT.c.currency == ORDER.c.currency)
    return (
        select(ORDER.c.order_number, ORDER.c.refunded, held, ORDER.c.currency)
        .join_from(ORDER, INTENT, same, isouter=True)
        .group_by(ORDER.c.order_number, ORDER.c.currency, ORDER.c.refunded)
        .having(or_(ORDER.c.refunded != held))
    )


def _paid_twice() -> Select[Any]:
    """More than one refund under one decision."""
    made = select(MADE.c.our_reference, func.count()).where(stands(MADE.c.reference))
    return made.group_by(MADE.c.our_reference).having(func.count() > 1)


def _unbalanced(entries: Any, txn: Any, currency: Any) -> Select[Any]:
    total: Any = func.sum(entries.c.amount)
    asked = select(entries.c.txn, total, literal(0), func.coalesce(func.max(currency), ""))
    return (
        asked.join_from(entries, txn.table, txn == entries.c.txn, isouter=True)
        .group_by(entries.c.txn)
        .having(total != 0)
    )


def _unsealed() -> Select[Any]:
    """Lines of no transaction, and transactions without lines."""
    lines = select(ENTRY.c.txn).where(ENTRY.c.txn.not_in(select(TXN.c.id)))
    return select(lines.union_all(select(TXN.c.id).where(TXN.c.id.not_in(select(ENTRY.c.txn)))).subquery())


def nobody_tries() -> tuple[ColumnElement[bool], ...]:
    """Of a notice that is neither sent nor failed, and yet nobody will try."""
    return MAIL.c.next_try_at.is_(None), MAIL.c.sent_at.is_(None), MAIL.c.failed_at.is_(None)


def _shared_message_ids() -> Select[Any]:
    count: Any = func.count()
    return select(func.min(MAIL.c.id), count).group_by(MAIL.c.message_id).having(count > 1)


def _statements() -> Select[Any]:
    """A statement's total against the costs of its party in its month and currency."""
    borne = (
        select(ENTRY.c.party, TXN.c.period, TXN.c.currency, func.sum(ENTRY.c.amount).label("total"))
        .join_from(TXN, ENTRY, ENTRY.c.txn == TXN.c.id)
        .where(ENTRY.c.account == Account.COST.value, TXN.c.period.in_(select(CLOSED.c.period)))
        .group_by(ENTRY.c.party, TXN.c.period, TXN.c.currency)
        .subquery()
    )
    same = and_(
        STATEMENT.c.party == borne.c.party,
        STATEMENT.c.period == borne.c.period,
        STATEMENT.c.currency == borne.c.currency,
    )
    issued = func.coalesce(STATEMENT.c.total, 0)
    return (
        select(borne.c.party, issued, borne.c.total, borne.c.currency)
        .join_from(borne, STATEMENT, same, isouter=True)
        .where(issued != borne.c.total)
    )


async def _unguarded(session: AsyncSession, dialect: str) -> list[str]:
    """Tables of the books that have lost the triggers which keep them append-only."""
    known = (
        "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'"
        if dialect == "sqlite"
        else "SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'"
    )
    guarded = {row[0] for row in (await (await session.connection()).execute(text(known))).all()}
    return [table for table in UNCHANGEABLE if table not in guarded]
