"""Three ways to know what customers got back: the gateway's refunds, our ledger, the cases. They agree to the cent.

Read only, a few hundred cases at a time: a run needs no more memory for a million cases than for a thousand.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from activities.embedded import stands
from activities.store import Store, at_one_moment
from models.ledger import PAID, Account, Difference
from models.stage import Stage
from models.tables import Row

AT_ONCE = 400
_TABLES = Row.metadata.tables
CASE, TXN, ENTRY = _TABLES["case_row"], _TABLES["ledger_txn"], _TABLES["ledger_entry"]
INTENT, REFUND = _TABLES["refund_intent"], _TABLES["gateway_refund"]
Sums = Counter[tuple[str, str]]
"""(case, currency) -> minor units."""


class Reconciliation:
    """One run. `totals` is complete after `differences` has been read to its end.

    `embedded`: the gateway is the one in our own database, whose books are read. A partner's refunds are known by the
    receipts it gave us, less what it has told us it took back. Raises StoreError.
    """

    def __init__(self, store: Store, *, embedded: bool) -> None:
        self._store = store
        self._embedded = embedded
        self.cases = 0
        self.totals: dict[str, Counter[str]] = {}
        """Currency -> sums of gateway, ledger and cases."""

    async def differences(self) -> AsyncIterator[Difference]:
        """Every case on which the three do not agree; first those of the register, then money of no case at all."""
        async with self._store.read() as session:
            _ = await at_one_moment(session)  # while cases go on being written
            last = ""
            while rows := await _cases_after(session, last):
                last = rows[-1].number
                self.cases += len(rows)
                for found in await self._compare(session, rows):
                    yield found
            for found in await self._strays(session):
                yield found

    async def _compare(self, session: AsyncSession, rows: list[Any]) -> list[Difference]:
        numbers = [row.number for row in rows]
        cases = Counter({(row.number, row.currency): int(row.refunded) for row in rows})
        ledger = await _ledger(session, TXN.c.number.in_(numbers))
        gateway = await self._gateway(session, numbers)
        differing = list(self._differing(gateway, ledger, cases))
        executing = [row.number for row in rows if row.stage == Stage.EXECUTING]
        waiting = await _under_way(session, [d.number for d in differing if d.number in executing])
        return [d.model_copy(update={"under_way": _is_under_way(d, waiting)}) for d in differing]

    def _differing(self, gateway: Sums, ledger: Sums, cases: Sums) -> Iterable[Difference]:
        for key in sorted({*gateway, *ledger, *cases}):
            number, currency = key
            total = self.totals.setdefault(currency, Counter(gateway=0, ledger=0, cases=0))
            total.update(gateway=gateway[key], ledger=ledger[key], cases=cases[key])
            if not gateway[key] == ledger[key] == cases[key]:
                yield Difference(
                    number=number, currency=currency, gateway=gateway[key], ledger=ledger[key], case=cases[key]
                )

    async def _gateway(self, session: AsyncSession, numbers: list[str]) -> Sums:
        """What the gateway refunded, and what a person paid elsewhere under a reference the gateway does not know."""
        mine = INTENT.c.number.in_(numbers)
        paid = REFUND if self._embedded else INTENT
        asked: Select[Any] = select(INTENT.c.number, paid.c.currency, func.sum(paid.c.amount)).group_by(
            INTENT.c.number, paid.c.currency
        )
        if self._embedded:
            asked = asked.join_from(INTENT, REFUND, REFUND.c.our_reference == INTENT.c.key)
            asked = asked.where(mine, stands(REFUND.c.reference))
        else:
            asked = asked.where(mine, INTENT.c.state == "paid")
        found = await _sums(session, asked)
        found.update(await self._elsewhere(session, numbers))
        return found

    async def _elsewhere(self, session: AsyncSession, numbers: list[str]) -> Sums:
        """A person may have settled a payment in doubt by the gateway's own number: that is not paid twice."""
        if self._embedded:
            known = select(REFUND.c.key).where(REFUND.c.reference == TXN.c.reference)
        else:
            mine = (INTENT.c.number == TXN.c.number, INTENT.c.reference == TXN.c.reference, INTENT.c.state == "paid")
            known = select(INTENT.c.key).where(*mine)
        strange = ~known.correlate(TXN).exists()
        return await _ledger(session, TXN.c.number.in_(numbers), strange, accounts=(Account.ELSEWHERE,))

    async def _strays(self, session: AsyncSession) -> list[Difference]:
        """Money under a number that is no case's: refunds without an intent, intents and bookings without a case."""
        register = select(CASE.c.number)
        intents = select(INTENT.c.key).where(INTENT.c.number.in_(register))
        gateway: Sums = Counter()
        if self._embedded:
            lost = select(REFUND.c.our_reference, REFUND.c.currency, REFUND.c.amount)
            lost = lost.where(REFUND.c.our_reference.not_in(intents), stands(REFUND.c.reference))
            for reference, currency, amount in await _rows(session, lost):
                gateway[str(reference).partition(":")[0], str(currency)] += int(amount)
        else:
            lost = select(INTENT.c.number, INTENT.c.currency, func.sum(INTENT.c.amount))
            astray = lost.where(INTENT.c.state == "paid", INTENT.c.number.not_in(register))
            gateway = await _sums(session, astray.group_by(INTENT.c.number, INTENT.c.currency))
        ledger = await _ledger(session, TXN.c.number.not_in(register))
        return list(self._differing(gateway, ledger, Counter()))


async def _cases_after(session: AsyncSession, last: str) -> list[Any]:
    wanted = select(CASE.c.number, CASE.c.currency, CASE.c.refunded, CASE.c.stage)
    return await _rows(session, wanted.where(CASE.c.number > last).order_by(CASE.c.number).limit(AT_ONCE))


async def _ledger(session: AsyncSession, *where: ColumnElement[bool], accounts: tuple[Account, ...] = PAID) -> Sums:
    paid = ENTRY.c.account.in_([account.value for account in accounts])
    asked = (
        select(TXN.c.number, TXN.c.currency, -func.sum(ENTRY.c.amount))
        .join_from(TXN, ENTRY, ENTRY.c.txn == TXN.c.id)
        .where(paid, *where)
        .group_by(TXN.c.number, TXN.c.currency)
    )
    return await _sums(session, asked)


async def _under_way(session: AsyncSession, numbers: list[str]) -> set[tuple[str, int]]:
    """Case and amount of payments begun."""
    asked = select(INTENT.c.number, INTENT.c.amount).where(INTENT.c.number.in_(numbers))
    return {(str(number), int(amount)) for number, amount in await _rows(session, asked)}


def _is_under_way(found: Difference, payments: set[tuple[str, int]]) -> bool:
    ahead = found.gateway - found.ledger
    return found.ledger == found.case and (found.number, ahead) in payments


async def _sums(session: AsyncSession, asked: Select[Any]) -> Sums:
    return Counter(
        {(str(number), str(currency)): int(total) for number, currency, total in await _rows(session, asked)}
    )


async def _rows(session: AsyncSession, asked: Select[Any]) -> list[Any]:
    return list((await (await session.connection()).execute(asked)).all())
