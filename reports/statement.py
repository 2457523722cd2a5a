"""A party's statement as a document: case, order, ruling, clause, whether by default or contested, amount."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Any

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
_FOR_PROGRAMS = ("minor", "currency")
"""What a person reads in the amount already."""


def statement(
    head: Statement, lines: Lines, pack: Procedure, lang: Language, now: datetime, *, for_programs: bool
) -> Document:
    """The statement; its lines are read while it is written. `for_programs`: amounts stand in minor units too."""
    title = say("settlement.title", lang, party=party(head.party, pack, lang), month=head.period)
    columns = _columns(_WIDTHS, lang, for_programs=for_programs)

    async def rows() -> AsyncIterator[Row]:
        async for line in lines():
            cells = _cells(line, pack, lang)
            facts = line.model_dump(mode="json") | {"by_default": line.by_default}
            yield _row(columns, cells, facts)

    facts = head.model_dump(mode="json") | {"generated_at": now.isoformat()}
    section = Section("lines", title, columns, rows)
    return Document("statement", lang, title, _notes(head, pack, lang, now), (section,), facts)


def _columns(widths: Mapping[str, int], lang: Language, *, for_programs: bool) -> tuple[Column, ...]:
    keys = [key for key in widths if for_programs or key not in _FOR_PROGRAMS]
    return tuple(Column(key, say(f"settlement.column.{key}", lang), widths[key]) for key in keys)


def _row(columns: tuple[Column, ...], cells: Mapping[str, str | int], facts: Mapping[str, Any]) -> Row:
    return Row(tuple(cells[column.key] for column in columns), facts)


def overview(
    month: str,
    totals: Totals,
    pack_of: Callable[[str], Procedure],
    lang: Language,
    now: datetime,
    *,
    for_programs: bool,
) -> Document:
    """Every party of a month with what it bears. `pack_of`: the procedure whose words name a party."""
    widths = {"party": 4, "lines": 1, "amount": 2, "minor": 2, "currency": 1}
    columns = _columns(widths, lang, for_programs=for_programs)

    async def rows() -> AsyncIterator[Row]:
        async for bearer, currency, lines, total in totals():
            facts = {"party": bearer, "currency": currency, "lines": lines, "amount": total}
            cells: dict[str, str | int] = {
                "party": party(bearer, pack_of(bearer), lang),
                "lines": lines,
                "amount": money(total, currency, Language.EN),
                "minor": total,
                "currency": currency,
            }
            yield _row(columns, cells, facts)

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
    if head.issued_at is None or head.answer_by is None:
        told = say("settlement.open", lang)
    else:
        issued, until = (when(moment, pack.time_zone, lang) for moment in (head.issued_at, head.answer_by))
        told = say("settlement.issued", lang, at=issued, until=until)
    total = say("settlement.total", lang, amount=_sums(head.totals, lang) or "0", held=_sums(head.held, lang) or None)
    return *_heading(head.period, pack, lang, now), total, told


def _sums(amounts: Mapping[str, int], lang: Language) -> str:
    return " · ".join(money(amount, currency, lang) for currency, amount in amounts.items())


def _heading(month: str, pack: Procedure, lang: Language, now: datetime) -> tuple[str, str]:
    """Period and when it was made: a printed page has them in its foot."""
    made = say("settlement.made", lang, at=when(now, pack.time_zone, lang))
    return say("settlement.period", lang, month=month), made


def _cells(line: StatementLine, pack: Procedure, lang: Language) -> dict[str, str | int]:
    return {
        "line": line.line,
        "number": line.number,
        "order": line.order,
        "at": brief(line.at, pack.time_zone),
        "ruling": f"{line.decision}: {named('settlement.ground', line.ground, lang)}",
        "clause": line.clause,
        "mark": _marks(line, lang),
        "kind": named("settlement.kind", line.kind, lang),
        # The currency stands first in every language: a cell that begins with a minus may be taken for a formula.
        "amount": money(line.amount, line.currency, Language.EN),
        "minor": line.amount,
        "currency": line.currency,
        "state": named("settlement.state", line.state, lang),
        "reason": line.reason,
    }


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
