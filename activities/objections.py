"""Objections in the ledger: the contested cost is held, decided by the panel, or taken back with what it was about."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, insert, or_, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from activities import audit
from activities.ledger import entry_rows, open_month
from activities.statement_queries import LINE, PLACE, SAME_LINE, TXN, WORD
from models.commands import Share, shares_text
from models.ledger import Entry, LedgerCase, Objection
from models.procedure import Procedure
from models.tables import CaseRow, CorrectiveRow, LedgerEntry, LedgerTxn, ObjectionRuling, Row
from rules.objections import BESIDE, OBJECTED, PANEL, decided_id, deciding, held_id, holding, mistake
from rules.settlement import month_of

AT_ONCE = 500
RULING = Row.metadata.tables["objection_ruling"]
HELD = TXN.alias("held")
"""What holds the cost of a line objected to."""


class Objections:
    """Works in the caller's transaction, which holds PERIOD_LOCK alone wherever it is to write.

    `pack_of` finds the procedure a case runs on.
    """

    def __init__(self, pack_of: Callable[[str], Procedure], clock: Callable[[], datetime]) -> None:
        self._pack_of = pack_of
        self._now = clock

    async def hold(self, session: AsyncSession, party: str, period: str) -> None:
        """Hold the cost of every line of the statement that is objected to; what is held already stays as it is.

        So does what has been moved or taken back meanwhile, and what an earlier objection has booked.
        """
        last = 0
        wanted = (WORD.c.party == party, WORD.c.period == period, ~WORD.c.confirms, LINE.c.txn.in_(_standing()))
        while rows := await _lines(session, *wanted, LINE.c.line > last, limit=AT_ONCE):
            last = rows[-1].line
            ids = [held_id(row.txn, row.entry) for row in rows]
            known = await _known(session, TXN.c.id.in_(ids))
            for row in rows:
                if (made := held_id(row.txn, row.entry)) not in known:
                    await self._book(session, row, made, OBJECTED, holding(party, row.amount))

    async def procedure(self, session: AsyncSession, place: tuple[str, str, int]) -> str | None:
        """The procedure behind a line objected to, by name and version; None where no cost is held for it."""
        held = await _held(session, place)
        return None if held is None else (await _behind(session, held[1].number, place[0]))[1]

    async def decide(
        self, session: AsyncSession, place: tuple[str, str, int], liable: Sequence[Share], reason: str, actor: str
    ) -> str | None:
        """Lay a held cost on who bears it. None: done; else `Statements.rule` names why not."""
        if (found := await _held(session, place)) is None:
            return "no_objection"
        row, held = found
        shares = [share.model_dump() for share in liable]
        if (known := await session.get(ObjectionRuling, place)) is not None:
            return None if (known.liable, known.reason) == (shares, reason) else "ruled_otherwise"
        if await _known(session, TXN.c.reverses == held.id):
            return "case_moved"
        case, procedure = await _behind(session, held.number, place[0])
        if mistake(liable, self._pack_of(procedure)) is not None:
            return "no_such_party"
        entries = deciding(place[0], row.amount, liable, case, self._pack_of(procedure))
        await self._book(session, row, decided_id(row.txn, row.entry), PANEL, entries)
        party, period, line = place
        ruling = ObjectionRuling(
            party=party, period=period, line=line, liable=shares, reason=reason, actor=actor, at=self._now()
        )
        session.add(ruling)
        said: dict[str, str | int] = {"event": "objection_decided", "party": party, "period": period, "line": line}
        decided = audit.Entry(
            "decision", held.number, actor, said | {"liable": shares_text(liable)}, f"objection:{held.id}"
        )
        await audit.append(session, [decided], self._now)
        return None

    async def _book(self, session: AsyncSession, row: Any, made: str, ground: str, entries: tuple[Entry, ...]) -> None:
        """A transaction beside the one the line is of, in the month that is open now."""
        about = await session.get_one(LedgerTxn, row.txn)
        _, procedure = await _behind(session, about.number, "")
        pack, now = self._pack_of(procedure), self._now()
        connection = await session.connection()
        await connection.execute(insert(LedgerEntry), entry_rows(made, entries))
        values = {
            "id": made,
            "ground": ground,
            "clause": pack.settlement.clauses.get(ground, pack.settlement.source),
            "contested": True,
            "reverses": None,
            "at": now,
            "period": await open_month(session, month_of(now, pack)),
            "booked_at": now,
        }
        await connection.execute(insert(LedgerTxn), [about.model_dump() | values])


async def waiting_objections(session: AsyncSession, whose: ColumnElement[bool], at_most: int) -> list[Objection]:
    """Objections nobody has decided, the oldest first; those whose cost the case has moved itself wait no more."""
    words = (WORD.c.party, WORD.c.period, WORD.c.line, WORD.c.reason, WORD.c.at)
    wanted = (
        _undecided(*words, LINE.c.amount, HELD.c.number, HELD.c.currency)
        .outerjoin(CaseRow, col(CaseRow.number) == HELD.c.number)
        .outerjoin(CorrectiveRow, col(CorrectiveRow.number) == HELD.c.number)
        .where(whose)
        .order_by(WORD.c.at, WORD.c.party, WORD.c.line)
        .limit(at_most)
    )
    found = (await (await session.connection()).execute(wanted)).mappings().all()
    return [Objection.model_validate({**row}) for row in found]


async def held_of(session: AsyncSession, party: str, period: str) -> dict[str, int]:
    """Currency -> what of a statement its party's objections hold until they are decided."""
    total = func.sum(LINE.c.amount)
    mine = (WORD.c.party == party, WORD.c.period == period)
    wanted = _undecided(HELD.c.currency, total).where(*mine).group_by(HELD.c.currency).order_by(HELD.c.currency)
    found = (await (await session.connection()).execute(wanted)).all()
    return {currency: int(amount) for currency, amount in found}


def _undecided(*columns: Any) -> Select[Any]:
    """Objections that hold a cost: nobody has decided them, and the case has not moved it itself."""
    back = TXN.alias("back")
    return (
        select(*columns)
        .select_from(WORD)
        .join(LINE, SAME_LINE)
        .join(HELD, HELD.c.id == LINE.c.txn + ":" + LINE.c.entry.cast(TXN.c.id.type) + ":held")
        .outerjoin(back, back.c.reverses == HELD.c.id)
        .outerjoin(RULING, and_(*(RULING.c[name] == WORD.c[name] for name in PLACE)))
        .where(~WORD.c.confirms, RULING.c.party.is_(None), back.c.id.is_(None))
    )


async def _held(session: AsyncSession, place: tuple[str, str, int]) -> tuple[Any, LedgerTxn] | None:
    """A line objected to, and what holds its cost."""
    same = [WORD.c[name] == value for name, value in zip(PLACE, place, strict=True)]
    rows = await _lines(session, *same, ~WORD.c.confirms, limit=1)
    held = await session.get(LedgerTxn, held_id(rows[0].txn, rows[0].entry)) if rows else None
    return None if held is None else (rows[0], held)


async def _lines(session: AsyncSession, *where: ColumnElement[bool], limit: int) -> list[Any]:
    wanted = (
        select(LINE.c.line, LINE.c.txn, LINE.c.entry, LINE.c.amount)
        .join_from(LINE, WORD, SAME_LINE)
        .where(*where)
        .order_by(LINE.c.line)
        .limit(limit)
    )
    return list((await (await session.connection()).execute(wanted)).all())


def _standing() -> Select[Any]:
    """Transactions that a case or a corrective action has made and not taken back: there is nothing else to hold."""
    back = TXN.alias("back")
    case, action = col(CaseRow.number), col(CorrectiveRow.number)
    by_case = select(case).where(case == TXN.c.number).correlate(TXN).exists()
    by_action = select(action).where(action == TXN.c.number).correlate(TXN).exists()
    return select(TXN.c.id).where(
        TXN.c.id.not_like(BESIDE),
        TXN.c.reverses.is_(None),
        ~select(back.c.id).where(back.c.reverses == TXN.c.id).correlate(TXN).exists(),
        or_(by_case, by_action),
    )


async def _behind(session: AsyncSession, number: str, party: str) -> tuple[LedgerCase, str]:
    """What has made the costs under a number, and its procedure; of a corrective action `party` is the supplier."""
    case = await session.get(CaseRow, number)
    if case is not None:
        known = LedgerCase(number=number, order=case.order_number, merchant=case.merchant, carrier=case.carrier)
        return known, case.procedure
    action = await session.get_one(CorrectiveRow, number)
    report = action.report or {}
    supplier = party.partition(":")[2] or None
    known = LedgerCase(number=number, order=report["complaint"]["reference"], merchant=supplier, carrier=None)
    return known, report["procedure"]


async def _known(session: AsyncSession, *where: ColumnElement[bool]) -> set[str]:
    return set((await (await session.connection()).execute(select(TXN.c.id).where(*where))).scalars())
