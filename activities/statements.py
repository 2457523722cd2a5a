"""Monthly statements: what each party bears, issued when a month is closed, confirmed or objected to line by line."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from activities.ledger import PERIOD_LOCK
from activities.objections import Objections, held_of
from activities.statement_queries import (
    answer_rest,
    by_party,
    draft,
    in_dispute,
    issue_lines,
    issue_totals,
    issued,
    procedures,
    procedures_of_lines,
)
from activities.store import Store, lock
from models.commands import Share
from models.ledger import LineState, Statement, StatementLine
from models.procedure import Procedure
from models.tables import ClosedPeriod, LedgerEntry, StatementLineRow, StatementWord
from rules.settlement import next_month

AT_ONCE = 500
"""Rows in memory while a statement is read."""


class StatementRefusal(Exception):
    """The month or the line does not allow it; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Statements:
    """Reads, issues and answers statements. Raises StoreError."""

    def __init__(self, store: Store, clock: Callable[[], datetime], pack_of: Callable[[str], Procedure]) -> None:
        self._store = store
        self._now = clock
        self._objections = Objections(pack_of, clock)

    async def close(self, month: str, actor: str, window: timedelta, zone: str) -> tuple[Statement, bool]:
        """Issue every party's statement of the month and close it; closed again it stays as it is (False).

        Raises StatementRefusal: not_over while the month lasts in `zone`.
        """
        now = self._now()
        if now.astimezone(ZoneInfo(zone)).strftime("%Y-%m") < next_month(month):
            raise StatementRefusal("not_over")
        async with self._store.write() as session:
            await lock(session, PERIOD_LOCK)
            if (known := await session.get(ClosedPeriod, month)) is not None:
                return _closing(known), False
            connection = await session.connection()
            await connection.execute(issue_lines(month))
            await connection.execute(issue_totals(month))
            made = ClosedPeriod(period=month, closed_at=now, answer_by=now + window, actor=actor)
            session.add(made)
        return _closing(made), True

    async def head(self, party: str, month: str) -> Statement:
        """The statement's head with its totals; of an open month as it stands now."""
        async with self._store.read() as session:
            closed = await session.get(ClosedPeriod, month)
            connection = await session.connection()
            found = await connection.execute(by_party(month, party))
            totals = {currency: int(total) for _, currency, _, total in found}
            held = await held_of(session, party, month)
        closed_at, answer_by = (closed.closed_at, closed.answer_by) if closed else (None, None)
        return Statement(party=party, period=month, issued_at=closed_at, answer_by=answer_by, totals=totals, held=held)

    async def lines(self, head: Statement) -> AsyncIterator[StatementLine]:
        """The statement's lines in order, a few at a time."""
        wanted = (draft if head.answer_by is None else issued)(head.party, head.period)
        async with self._store.read() as session:
            connection = await session.connection()
            rows = await connection.stream(wanted.execution_options(yield_per=AT_ONCE))
            async for row in rows.mappings():
                yield _line(row, self._state(head, row))

    def _state(self, head: Statement, row: Mapping[str, Any]) -> LineState:
        if head.answer_by is None:
            return "open_period"
        if row["confirms"] is not None:
            return "confirmed" if row["confirms"] else "objected"
        return "waiting" if self._now() <= head.answer_by else "silent"

    async def parties(self, month: str) -> AsyncIterator[tuple[str, str, int, int]]:
        """Every party of a month: name, currency, number of lines, total. At the end what is "held": nobody's yet."""
        async with self._store.read() as session:
            for wanted in (by_party(month), in_dispute(month)):
                rows = await (await session.connection()).stream(wanted.execution_options(yield_per=AT_ONCE))
                async for party, currency, lines, total in rows:
                    yield party, currency, int(lines), int(total)

    async def procedures(self, month: str, party: str | None = None) -> list[str]:
        """The procedures behind a month's costs, or behind a party's: a case's name and version, an 8D's name."""
        async with self._store.read() as session:
            return list((await (await session.connection()).execute(procedures(month, party))).scalars())

    async def of_lines(self, head: Statement, line: int | None) -> list[str]:
        """The same behind the lines of a statement as issued, or behind one. Raises StatementRefusal: no_line."""
        async with self._store.read() as session:
            wanted = procedures_of_lines(head.party, head.period, line)
            found = list((await (await session.connection()).execute(wanted)).scalars())
        if head.answer_by is not None and line is not None and not found:
            raise StatementRefusal("no_line")
        return found

    async def known(self, names: tuple[str, ...]) -> list[str]:
        """Which of these parties the ledger has."""
        party = col(LedgerEntry.party)
        async with self._store.read() as session:
            return sorted((await session.exec(select(party).where(party.in_(names)).distinct())).all())

    async def answer(
        self, head: Statement, line: int | None, actor: str, *, objection: str | None, on: Collection[str]
    ) -> int:
        """Enter a party's word on one line, or on every line it has not spoken about; how many were new.

        `on`: the procedures, as `of_lines` has them, whose lines the word is for.

        Raises StatementRefusal: not_issued, window_over, no_line, said_otherwise.
        """
        now = self._now()
        if head.answer_by is None:
            raise StatementRefusal("not_issued")
        if now > head.answer_by:
            raise StatementRefusal("window_over")
        word = {"confirms": objection is None, "reason": objection or "", "actor": actor, "at": now}
        async with self._store.write() as session:
            # Alone: whoever moves a cost at this moment must see what is held of it, or be seen.
            await lock(session, PERIOD_LOCK)
            if line is not None:
                new = await self._answer_line(session, head, line, word)
            else:
                connection = await session.connection()
                new = int((await connection.execute(answer_rest(head.party, head.period, word, on))).rowcount)
            if objection is not None and new:
                await self._objections.hold(session, head.party, head.period)
            return new

    async def procedure(self, head: Statement, line: int) -> str:
        """The procedure of the case behind a line objected to: its panel decides.

        Raises StatementRefusal: no_objection.
        """
        async with self._store.read() as session:
            found = await self._objections.procedure(session, (head.party, head.period, line))
        if found is None:
            raise StatementRefusal("no_objection")
        return found

    async def rule(self, head: Statement, line: int, liable: Sequence[Share], reason: str, actor: str) -> None:
        """Enter the panel's decision about a line objected to: the cost held moves to who bears it.

        Raises StatementRefusal: no_objection, ruled_otherwise, case_moved, no_such_party.
        """
        async with self._store.write() as session:
            await lock(session, PERIOD_LOCK)
            refusal = await self._objections.decide(session, (head.party, head.period, line), liable, reason, actor)
        if refusal is not None:
            raise StatementRefusal(refusal)

    async def _answer_line(self, session: AsyncSession, head: Statement, line: int, word: dict[str, Any]) -> int:
        place = {"party": head.party, "period": head.period, "line": line}
        if await session.get(StatementLineRow, tuple(place.values())) is None:
            raise StatementRefusal("no_line")
        new = await session.exec(self._store.insert_new(StatementWord).values(place | word))
        if new.rowcount == 1:
            return 1
        said = await session.get(StatementWord, tuple(place.values()))
        if said is None or (said.confirms, said.reason) != (word["confirms"], word["reason"]):
            raise StatementRefusal("said_otherwise")
        return 0


def _closing(row: ClosedPeriod) -> Statement:
    return Statement(party="", period=row.period, issued_at=row.closed_at, answer_by=row.answer_by, totals={})


def _line(row: Mapping[str, Any], state: LineState) -> StatementLine:
    return StatementLine.model_validate({**row} | {"state": state, "reason": row.get("reason") or ""})
