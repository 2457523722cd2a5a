"""The SQL behind statements: what each party bears of a month, numbered the same way however often it is asked."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Insert, Select, and_, func, insert, literal, select

from models.ledger import Account
from models.tables import Row

_TABLES = Row.metadata.tables
TXN, ENTRY = _TABLES["ledger_txn"], _TABLES["ledger_entry"]
LINE, WORD = _TABLES["statement_line"], _TABLES["statement_word"]
TOTAL = _TABLES["statement_row"]
CASE, ACTION = _TABLES["case_row"], _TABLES["corrective_row"]
BEHIND = func.coalesce(CASE.c.procedure, ACTION.c.procedure)
"""What a cost was made on: a case's procedure by name and version, a corrective action's by name."""
PLACE = ("party", "period", "line")
SAME_LINE = and_(*(WORD.c[name] == LINE.c[name] for name in PLACE))
"""A party's word on a line of its statement."""


def _costs(month: str) -> ColumnElement[bool]:
    return and_(TXN.c.period == month, ENTRY.c.account == Account.COST.value)


def _numbered(month: str, party: str | None = None) -> Select[Any]:
    """Every cost of the month with its line number on its party's statement."""
    order = (TXN.c.number, TXN.c.event_seq, TXN.c.place, ENTRY.c.line)
    number = func.row_number().over(partition_by=ENTRY.c.party, order_by=order).label("line")
    found: Select[Any] = (
        select(ENTRY.c.party, TXN.c.period, number, ENTRY.c.txn, ENTRY.c.line.label("entry"), ENTRY.c.amount)
        .join_from(ENTRY, TXN, ENTRY.c.txn == TXN.c.id)
        .where(_costs(month))
    )
    return found if party is None else found.where(ENTRY.c.party == party)


def by_party(month: str, party: str | None = None) -> Select[Any]:
    """Party, currency, number of lines and total, of every party or of one."""
    found: Select[Any] = (
        select(ENTRY.c.party, TXN.c.currency, func.count().label("lines"), func.sum(ENTRY.c.amount).label("total"))
        .join_from(ENTRY, TXN, ENTRY.c.txn == TXN.c.id)
        .where(_costs(month))
        .group_by(ENTRY.c.party, TXN.c.currency)
        .order_by(ENTRY.c.party, TXN.c.currency)
    )
    return found if party is None else found.where(ENTRY.c.party == party)


def in_dispute(month: str) -> Select[Any]:
    """As `by_party`, of what is nobody's yet: held in the month and not freed in it."""
    total = func.sum(ENTRY.c.amount)
    return (
        select(literal(Account.HELD.value), TXN.c.currency, func.count(), total)
        .join_from(ENTRY, TXN, ENTRY.c.txn == TXN.c.id)
        .where(TXN.c.period == month, ENTRY.c.account == Account.HELD.value)
        .group_by(TXN.c.currency)
        .having(total != 0)
        .order_by(TXN.c.currency)
    )


def issue_lines(month: str) -> Insert:
    """Fix the month's lines."""
    return insert(LINE).from_select(["party", "period", "line", "txn", "entry", "amount"], _numbered(month))


def issue_totals(month: str) -> Insert:
    """Fix the month's totals."""
    found = by_party(month).subquery()
    columns = (found.c.party, literal(month), found.c.currency, found.c.lines, found.c.total)
    return insert(TOTAL).from_select(["party", "period", "currency", "lines", "total"], select(*columns))


def _facts() -> list[ColumnElement[Any]]:
    names = ("number", "at", "decision", "kind", "ground", "clause", "contested", "currency")
    reversal = TXN.c.reverses.is_not(None).label("reversal")
    return [TXN.c.order_number.label("order"), reversal, *(TXN.c[name] for name in names)]


def draft(party: str, month: str) -> Select[Any]:
    """The lines of an open month as they stand now."""
    lines = _numbered(month, party).subquery()
    return (
        select(lines.c.line, lines.c.amount, *_facts())
        .join_from(lines, TXN, lines.c.txn == TXN.c.id)
        .order_by(lines.c.line)
    )


def issued(party: str, month: str) -> Select[Any]:
    """The lines as issued, with the party's word."""
    return (
        select(LINE.c.line, LINE.c.amount, *_facts(), WORD.c.confirms, WORD.c.reason)
        .join_from(LINE, TXN, LINE.c.txn == TXN.c.id)
        .outerjoin(WORD, SAME_LINE)
        .where(LINE.c.party == party, LINE.c.period == month)
        .order_by(LINE.c.line)
    )


def _on_procedures(costs: FromClause, what: ColumnElement[bool]) -> FromClause:
    """Costs with the transaction each is of, and with what that was made on."""
    found = costs.join(TXN, what)
    return found.outerjoin(CASE, CASE.c.number == TXN.c.number).outerjoin(ACTION, ACTION.c.number == TXN.c.number)


def procedures(month: str, party: str | None = None) -> Select[Any]:
    """The procedures behind the costs of a month, of every party or of one."""
    found = select(BEHIND).distinct().select_from(_on_procedures(ENTRY, ENTRY.c.txn == TXN.c.id)).where(_costs(month))
    return (found if party is None else found.where(ENTRY.c.party == party)).order_by(BEHIND)


def procedures_of_lines(party: str, month: str, line: int | None) -> Select[Any]:
    """The procedures behind the lines of a statement as issued, or behind one of them."""
    lines = _on_procedures(LINE, LINE.c.txn == TXN.c.id)
    found = select(BEHIND).distinct().select_from(lines).where(LINE.c.party == party, LINE.c.period == month)
    return (found if line is None else found.where(LINE.c.line == line)).order_by(BEHIND)


def answer_rest(party: str, month: str, word: dict[str, Any], on: Collection[str]) -> Insert:
    """The same word on every line of these procedures the party has not spoken about."""
    spoken = select(WORD.c.line).where(WORD.c.party == party, WORD.c.period == month)
    values = [literal(value, type_=WORD.c[name].type) for name, value in word.items()]
    rest = (
        select(LINE.c.party, LINE.c.period, LINE.c.line, *values)
        .select_from(_on_procedures(LINE, LINE.c.txn == TXN.c.id))
        .where(LINE.c.party == party, LINE.c.period == month, LINE.c.line.not_in(spoken), BEHIND.in_(on))
    )
    return insert(WORD).from_select(["party", "period", "line", *word], rest)
