"""A party's statement as a document: case, order, ruling, clause, whether by default or contested, amount."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime

from models.language import Language
from models.ledger import Difference, Statement, StatementLine
from models.procedure import Procedure
from reports.document import Column, Document, Row, Section
from texts import brief, money, named, say, when
from texts.values import party

Lines = Callable[[], AsyncIterator[StatementLine]]
Totals = Callable[[], AsyncIterator[tuple[str, str, int, int]]]
_WIDTHS = {
    "line": 1, "number": 3, "order": 3, "at": 2, "ruling": 3, "clause": 2, "mark": 2, "kind": 2, "amount": 2,
    "minor": 2, "currency": 1, "state": 2, "reason": 4,
}  # fmt: skip


def statement(head: Statement, lines: Lines, pack: Procedure, lang: Language, now: datetime) -> Document:
    """The statement; its lines are read while it is written."""
    title = say("settlement.title", lang, party=party(head.party, pack, lang), month=head.period)
    columns = tuple(Column(key, say(f"settlement.column.{key}", lang), width) for key, width in _WIDTHS.items())

    async def rows() -> AsyncIterator[Row]:
        async for line in lines():
            yield Row(_cells(line, pack, lang), line.model_dump(mode="json") | {"by_default": line.by_default})

    facts = head.model_dump(mode="json") | {"generated_at": now.isoformat()}
    section = Section("lines", title, columns, rows)
    return Document("statement", lang, title, _notes(head, pack, lang, now), (section,), facts)


def overview(
    month: str, totals: Totals, pack_of: Callable[[str], Procedure], lang: Language, now: datetime
) -> Document:
    """Every party of a month with what it bears. `pack_of`: the procedure whose words name a party."""
    keys = {"party": 4, "lines": 1, "amount": 2, "minor": 2, "currency": 1}
    columns = tuple(Column(key, say(f"settlement.column.{key}", lang), width) for key, width in keys.items())

    async def rows() -> AsyncIterator[Row]:
        async for bearer, currency, lines, total in totals():
            facts = {"party": bearer, "currency": currency, "lines": lines, "amount": total}
            shown = money(total, currency, Language.EN)
            yield Row((party(bearer, pack_of(bearer), lang), lines, shown, total, currency), facts)

    title = say("settlement.overview", lang, month=month)
    facts = {"period": month, "generated_at": now.isoformat()}
    return Document(
        "settlement",
        lang,
        title,
        _heading(month, pack_of(""), lang, now),
        (Section("parties", title, columns, rows),),
        facts,
    )


def _notes(head: Statement, pack: Procedure, lang: Language, now: datetime) -> tuple[str, ...]:
    total = " · ".join(money(amount, currency, lang) for currency, amount in head.totals.items())
    if head.issued_at is None or head.answer_by is None:
        told = say("settlement.open", lang)
    else:
        issued, until = (when(moment, pack.time_zone, lang) for moment in (head.issued_at, head.answer_by))
        told = say("settlement.issued", lang, at=issued, until=until)
    return *_heading(head.period, pack, lang, now), say("settlement.total", lang, amount=total or "0"), told


def _heading(month: str, pack: Procedure, lang: Language, now: datetime) -> tuple[str, str]:
    """Period and when it was made: a printed page has them in its foot."""
    made = say("settlement.made", lang, at=when(now, pack.time_zone, lang))
    return say("settlement.period", lang, month=month), made


def _cells(line: StatementLine, pack: Procedure, lang: Language) -> tuple[str | int, ...]:
    return (
        line.line,
        line.number,
        line.order,
        brief(line.at, pack.time_zone),
        f"{line.decision}: {named('settlement.ground', line.ground, lang)}",
        line.clause,
        _marks(line, lang),
        named("settlement.kind", line.kind, lang),
        # The currency stands first in every language: a cell that begins with a minus may be taken for a formula.
        money(line.amount, line.currency, Language.EN),
        line.amount,
        line.currency,
        named("settlement.state", line.state, lang),
        line.reason,
    )


def _marks(line: StatementLine, lang: Language) -> str:
    marks = {"default": line.by_default, "contested": line.contested, "reversal": line.reversal}
    return " · ".join(say(f"settlement.mark.{name}", lang) for name, there in marks.items() if there)


def difference_line(found: Difference, lang: Language) -> str:
    """A case whose money does not agree, with the three figures."""
    figures = {name: money(getattr(found, name), found.currency, lang) for name in ("gateway", "ledger", "case")}
    key = "settlement.under_way" if found.under_way else "settlement.difference"
    return say(
        key, lang, number=found.number, gateway=figures["gateway"], ledger=figures["ledger"], paid=figures["case"]
    )
