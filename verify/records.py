"""Case by case: the record against itself, and the ledger against the record."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.audit import Invariant, Violation
from models.ledger import LedgerCase, Posting
from models.procedure import Procedure
from rules.audit import RowFacts, breaches
from rules.objections import BESIDE
from rules.settlement import postings
from verify.reading import TABLES, Kept, rows

TXN, ENTRY = TABLES["ledger_txn"], TABLES["ledger_entry"]
PackOf = Callable[[str], Procedure]
Entries = tuple[tuple[str, str, int], ...]
"""Account, party, amount."""
Booked = dict[str, Entries]
"""Transaction -> its entries."""


async def record_breaches(session: AsyncSession, page: Sequence[Kept], pack_of: PackOf) -> list[Violation]:
    """What is wrong with these cases' rows, records and bookings."""
    found = [wrong for kept in page for wrong in breaches(_facts(kept), kept.events)]
    booked = await _booked(session, [kept.row.number for kept in page])
    for kept in page:
        found += _bookings(kept, booked.get(kept.row.number, {}), pack_of)
    return found


def _facts(kept: Kept) -> RowFacts:
    row = kept.row
    return RowFacts(
        number=row.number,
        stage=row.stage,
        exit=row.exit,
        waiting_for=row.waiting_for,
        refunded=row.refunded,
        paid=row.complaint["order"]["paid"],
        currency=row.currency,
        version=row.version,
        notices=kept.notices,
    )


def _bookings(kept: Kept, booked: Booked, pack_of: PackOf) -> Iterable[Violation]:
    """The same record always gives the same transactions: what differs was changed, lost or made up.

    Before a case moved to another version of its procedure the earlier one said whose account a cost is: then what
    stands on the kinds of accounts must be the same. What takes another transaction back is its very opposite.
    """
    row = kept.row
    case = LedgerCase(number=row.number, order=row.order_number, merchant=row.merchant, carrier=row.carrier)
    moved = max((event.seq for event in kept.events if event.kind == "moved"), default=0)
    wanted: Booked = {}
    for made in postings(case, pack_of(row.procedure), kept.events):
        stands = booked.get(made.id, ())
        entries = _opposite(booked[made.reverses]) if made.reverses in booked else _entries(made)
        earlier = made.event_seq < moved and made.reverses is None and _by_account(stands) == _by_account(entries)
        wanted[made.id] = stands if earlier else entries
    for txn in sorted({*wanted, *booked}):
        if wanted.get(txn) != booked.get(txn):
            code = "booking_missing" if txn not in booked else "booking_differs"
            yield Violation(invariant=Invariant.BOOKS_BALANCE, number=row.number, code=code, facts={"transaction": txn})


def _opposite(entries: Entries) -> Entries:
    return tuple((account, party, -amount) for account, party, amount in entries)


def _by_account(entries: Entries) -> Counter[str]:
    sums = Counter[str]()
    for account, _, amount in entries:
        sums[account] += amount
    return sums


def _entries(made: Posting) -> Entries:
    return tuple((entry.account.value, entry.party, entry.amount) for entry in made.entries)


async def _booked(session: AsyncSession, numbers: list[str]) -> dict[str, Booked]:
    """What the cases' records have booked; what objections have is in no record."""
    asked = (
        select(TXN.c.number, TXN.c.id, ENTRY.c.account, ENTRY.c.party, ENTRY.c.amount)
        .join_from(TXN, ENTRY, ENTRY.c.txn == TXN.c.id)
        .where(TXN.c.number.in_(numbers), TXN.c.id.not_like(BESIDE))
        .order_by(TXN.c.id, ENTRY.c.line)
    )
    found: dict[str, Booked] = {}
    for number, txn, account, party, amount in await rows(session, asked):
        of_case = found.setdefault(number, {})
        of_case[txn] = (*of_case.get(txn, ()), (account, party, int(amount)))
    return found
