"""Booking costs: what a page of a case's record means for the ledger, in the page's own transaction."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sqlalchemy import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from activities.store import lock
from models.case import Event
from models.ledger import Account, Entry, LedgerCase, Posting
from models.pages import Page
from models.procedure import Procedure
from models.tables import CaseRow, ClosedPeriod, EventRow, LedgerEntry, LedgerTxn
from rules.objections import back_id, decided_id, held_id
from rules.settlement import READ, month_of, moves_cost, next_month, postings

PERIOD_LOCK = 0x6C6564676572
"""Key of an advisory lock: who looks for the month of a booking shares it, closing a month has it alone."""


class Ledger:
    """Books what the pages just written bring. `pack_of` finds the procedure a case runs on."""

    def __init__(self, pack_of: Callable[[str], Procedure], clock: Callable[[], datetime]) -> None:
        self._pack_of = pack_of
        self._now = clock

    async def book(self, session: AsyncSession, pages: Sequence[Page]) -> None:
        """Book each event once, however often its page is written. The pages' events must stand in SQL already."""
        wanted = {(page.summary.number, event.seq) for page in pages for event in page.events if moves_cost(event)}
        if not wanted:
            return
        made = await self._made(session, sorted({number for number, _ in wanted}))
        await self.enter(session, [each for each in made if (each[0].number, each[0].event_seq) in wanted])

    async def enter(self, session: AsyncSession, wished: Sequence[tuple[Posting, Procedure]]) -> None:
        """Book these transactions, each once."""
        fresh = await _not_booked(session, wished) if wished else []
        if fresh:
            await self._write(session, fresh)

    async def _made(self, session: AsyncSession, numbers: list[str]) -> list[tuple[Posting, Procedure]]:
        """Every posting of these cases, made from their whole records."""
        cases = (
            await session.exec(select(CaseRow).where(col(CaseRow.number).in_(numbers)).order_by(col(CaseRow.number)))
        ).all()
        lines = await session.exec(
            select(EventRow)
            .where(col(EventRow.number).in_(numbers), col(EventRow.kind).in_(READ))
            .order_by(col(EventRow.number), col(EventRow.seq))
        )
        records: dict[str, list[Event]] = {}
        for line in lines:
            records.setdefault(line.number, []).append(Event.model_validate(line.model_dump()))
        made = []
        for row in cases:
            pack = self._pack_of(row.procedure)
            case = LedgerCase(number=row.number, order=row.order_number, merchant=row.merchant, carrier=row.carrier)
            made += [(posting, pack) for posting in postings(case, pack, records.get(row.number, []))]
        return made

    async def _write(self, session: AsyncSession, fresh: Sequence[tuple[Posting, Procedure]]) -> None:
        await lock(session, PERIOD_LOCK, shared=True)
        closed = await _closed(session)
        connection = await session.connection()
        fresh = await _mirrored(session, fresh)
        rows = [row for posting, _ in fresh for row in entry_rows(posting.id, posting.entries)]
        await connection.execute(insert(LedgerEntry), rows)
        now = self._now()
        txns = [_txn(posting, _open_month(month_of(posting.at, pack), closed), now) for posting, pack in fresh]
        await connection.execute(insert(LedgerTxn), txns)
        for posting, pack in fresh:
            if posting.reverses is not None:
                month = _open_month(month_of(now, pack), closed)
                await _take_back(session, posting.reverses, {"period": month, "at": now, "booked_at": now})


async def _not_booked(
    session: AsyncSession, wished: Sequence[tuple[Posting, Procedure]]
) -> list[tuple[Posting, Procedure]]:
    ids = [posting.id for posting, _ in wished]
    known = set((await session.exec(select(LedgerTxn.id).where(col(LedgerTxn.id).in_(ids)))).all())
    return [(posting, pack) for posting, pack in wished if posting.id not in known]


async def _mirrored(
    session: AsyncSession, fresh: Sequence[tuple[Posting, Procedure]]
) -> list[tuple[Posting, Procedure]]:
    """The same, and what takes back a transaction that stands takes back what stands there, line by line.

    A case that has been moved to another version of its procedure has been booked by the parties of the earlier one.
    """
    taken = [posting.reverses for posting, _ in fresh if posting.reverses is not None]
    if not taken:
        return list(fresh)
    lines = (
        select(LedgerEntry).where(col(LedgerEntry.txn).in_(taken)).order_by(col(LedgerEntry.txn), col(LedgerEntry.line))
    )
    stands: dict[str | None, list[Entry]] = {}
    for line in (await session.exec(lines)).all():
        back = Entry(account=Account(line.account), party=line.party, amount=-line.amount)
        stands.setdefault(line.txn, []).append(back)
    return [
        (posting.model_copy(update={"entries": tuple(stands.get(posting.reverses, posting.entries))}), pack)
        for posting, pack in fresh
    ]


async def _take_back(session: AsyncSession, reversed_txn: str, when: dict[str, object]) -> None:
    """The case has moved a cost that a party objected to: what the objection booked is taken back with it."""
    connection = await session.connection()
    lines = (await session.exec(select(LedgerEntry.line).where(LedgerEntry.txn == reversed_txn))).all()
    ids = [made(reversed_txn, line) for line in lines for made in (held_id, decided_id)]
    for txn in (await session.exec(select(LedgerTxn).where(col(LedgerTxn.id).in_(ids)))).all():
        entries = (await session.exec(select(LedgerEntry).where(LedgerEntry.txn == txn.id))).all()
        back = [entry.model_dump() | {"txn": back_id(txn.id), "amount": -entry.amount} for entry in entries]
        await connection.execute(insert(LedgerEntry), back)
        await connection.execute(
            insert(LedgerTxn), [txn.model_dump() | when | {"id": back_id(txn.id), "reverses": txn.id}]
        )


async def _closed(session: AsyncSession) -> set[str]:
    return set((await session.exec(select(ClosedPeriod.period))).all())


async def open_month(session: AsyncSession, month: str) -> str:
    """The month in which something of this month is settled now."""
    return _open_month(month, await _closed(session))


def _open_month(month: str, closed: Iterable[str]) -> str:
    """A closed month does not change: what belongs to it is settled in the next open one."""
    while month in closed:
        month = next_month(month)
    return month


def _txn(posting: Posting, period: str, now: datetime) -> dict[str, object]:
    return {
        "id": posting.id,
        "order_number": posting.order,
        "period": period,
        "booked_at": now,
        **posting.model_dump(exclude={"order", "entries"}),
    }


def entry_rows(txn: str, entries: Sequence[Entry]) -> list[dict[str, object]]:
    """The rows of a transaction's entries, numbered from 1."""
    return [
        {"txn": txn, "line": line, "account": entry.account.value, "party": entry.party, "amount": entry.amount}
        for line, entry in enumerate(entries, 1)
    ]
