"""The book of payments: an order's running total and one intent per decision, written before the gateway is called."""

from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, update
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select, SelectOfScalar

from activities.ports import Receipt
from activities.store import Store, StoreError
from models.ledger import Account
from models.names import remedy_key
from models.remedy import RemedyOrder
from models.tables import CaseRow, EventRow, LedgerEntry, LedgerTxn, OrderAccount, RefundIntent

SETTLE = timedelta(seconds=60)
"""A call sent less than this ago may still land; a look that finds nothing proves nothing yet."""


class Bar(Enum):
    """Why an intent cannot be written: a code a person can act on."""

    PAID_DIFFERS = "paid_differs"
    EXCEEDS_PAID = "exceeds_paid"
    AMOUNT_DIFFERS = "amount_differs"


class Held(NamedTuple):
    """The intent for a payment."""

    intent: RefundIntent
    fresh: bool
    """It was not there before, and is noted as being sent."""


class Intents:
    """Reads and writes payments; each method is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, key: str) -> RefundIntent | None:
        """The intent under this key."""
        async with self._store.read() as session:
            return await session.get(RefundIntent, key)

    async def open(self, order: RemedyOrder, now: datetime) -> Held | Bar:
        """The intent for this payment, its amount held on the order's account; a second call gets the same one.

        A new one is noted as sent by the write that makes it, for the call that follows at once: one commit less.
        A refused one, or one taken back, is opened anew for a later attempt of a person. `Bar`: there is none, and
        nothing was held.
        """
        key = remedy_key(order.number, order.decision, "pay")
        async with self._store.write() as session:
            if not await self._as_paid(session, order):
                await session.rollback()
                return Bar.PAID_DIFFERS
            fresh = await session.exec(self._store.insert_new(RefundIntent).values(_first(order, key, now)))
            intent = await _locked(session, key)
            if intent is None:
                raise StoreError("database: an intent is gone after it was written; it is tried again")
            later = order.attempt > intent.attempt
            if intent.state == "taken_back" and later and intent.amount == order.amount:
                return Held(_again(intent, order), fresh=False)  # the amount is still held
            if fresh.rowcount == 1 or (intent.state == "refused" and later):
                besides = await _paid_elsewhere(session, order, key)
                if not await _hold(session, order.order, order.currency, order.amount, besides):
                    await session.rollback()
                    return Bar.EXCEEDS_PAID
                return Held(intent, fresh=True) if fresh.rowcount == 1 else Held(_again(intent, order), fresh=False)
            return Held(intent, fresh=False) if intent.amount == order.amount else Bar.AMOUNT_DIFFERS

    async def sending(self, intent: RefundIntent, now: datetime, *, anew: bool) -> RefundIntent:
        """Note the call about to be made, under the next generation when `anew`.

        Where another attempt has been faster, nothing is noted: the intent comes back as that one left it.
        """
        async with self._store.write() as session:
            stored = await _locked(session, intent.key)
            if stored is None:
                raise StoreError("database: an intent is gone after it was written; it is tried again")
            if (stored.state, stored.generation) != ("open", intent.generation):
                return stored
            if anew:
                stored.generation += 1
                stored.suspect = False
                stored.sent_at = None
            stored.sent_at = stored.sent_at or now
            stored.last_sent_at = now
        return stored

    async def suspected(self, intent: RefundIntent) -> None:
        """The gateway may keep answering this generation with a stored failure."""
        mine = (col(RefundIntent.key) == intent.key, col(RefundIntent.generation) == intent.generation)
        async with self._store.write() as session:
            await session.exec(update(RefundIntent).where(*mine).values(suspect=True))

    async def paid(self, intent: RefundIntent, receipt: Receipt) -> bool:
        """The money has left: that stands whatever was noted before.

        False, and nothing is noted, where the gateway's number is that of another payment of the order: of the two
        it has made one.
        Where its amount had been freed and others have taken it since, the order gives nothing back any more, and the
        oracle names it.
        """
        async with self._store.write() as session:
            of_another = _others(receipt.reference, intent.key).where(RefundIntent.order_number == intent.order_number)
            asked = select(RefundIntent, of_another.correlate(None).exists()).where(RefundIntent.key == intent.key)
            stored, anothers = (await session.exec(asked.with_for_update(of=RefundIntent))).first() or (None, False)
            if stored is None or stored.state == "paid":
                return True
            if stored.state == "taken_back" and stored.reference == receipt.reference:
                return True  # news from before the gateway took it back
            if anothers:
                return False
            if stored.state == "refused":
                await _hold_late(session, stored.order_number, stored.currency, stored.amount)
            stored.state, stored.reference, stored.code = "paid", receipt.reference, None
        return True

    async def refused(self, intent: RefundIntent, code: str, attempt: int) -> bool:
        """The gateway will not pay: the amount held is free again. False: an answer to what is no longer asked."""
        async with self._store.write() as session:
            stored = await _locked(session, intent.key)
            if stored is None or (stored.state, stored.generation) != ("open", intent.generation):
                return False
            stored.code, stored.attempt = code, attempt
            await _free(session, stored)
        return True

    async def taken_back(self, key: str, code: str) -> int:
        """The gateway has the money again; its amount stays held on the order until somebody has settled it.

        Returns the attempt that found or made what was taken back: after news that was early it has been found again.
        """
        async with self._store.write() as session:
            stored = await _locked(session, key)
            if stored is None:
                raise StoreError("database: an intent is gone after it was written; it is tried again")
            if stored.state == "paid":
                stored.state, stored.code = "taken_back", code
            return stored.attempt

    async def given_up(self, order: str) -> list[RefundIntent]:
        """Payments for an order that the gateway took back and a person has given up; their amounts are held still."""
        back = select(RefundIntent).where(RefundIntent.order_number == order, RefundIntent.state == "taken_back")
        async with self._store.read() as session:
            taken = (await session.exec(back)).all()
            numbers = {intent.number for intent in taken}
            said = select(EventRow).where(col(EventRow.number).in_(numbers), EventRow.kind == "resolved")
            lines = (await session.exec(said)).all() if taken else ()
        keys = {remedy_key(line.number, int(line.data["payment"]), "pay") for line in lines if "payment" in line.data}
        return [intent for intent in taken if intent.key in keys]

    async def free(self, key: str) -> None:
        """What a payment given up holds is the order's again. It never becomes due again."""
        async with self._store.write() as session:
            stored = await _locked(session, key)
            if stored is not None and stored.state == "taken_back":
                await _free(session, stored)

    async def is_of_another(self, reference: str, key: str) -> bool:
        """Whether the gateway's number `reference` stands with another payment than the one under this key."""
        async with self._store.read() as session:
            return (await session.exec(_others(reference, key).limit(1))).first() is not None

    async def under(self, reference: str) -> RefundIntent | None:
        """The intent the gateway made or had made under its number `reference`."""
        async with self._store.read() as session:
            return (await session.exec(select(RefundIntent).where(RefundIntent.reference == reference))).first()

    async def _as_paid(self, session: AsyncSession, order: RemedyOrder) -> bool:
        """Whether the order was paid as the first case about it said, the currency too: each would have an account."""
        first = {"order_number": order.order, "currency": order.currency, "paid": order.paid, "refunded": 0}
        await session.exec(self._store.insert_new(OrderAccount).values(first))
        said = select(OrderAccount.currency, OrderAccount.paid).where(OrderAccount.order_number == order.order)
        return list((await session.exec(said)).all()) == [(order.currency, order.paid)]


def settled_by_hand() -> Select[str, str]:
    """Payments of unknown outcome that a person has settled since: key, and the number it was paid by.

    They stay open, their amounts held: the gateway may turn out to have paid them too.
    """
    found = select(RefundIntent.key, LedgerTxn.reference)
    found = found.join(LedgerTxn, col(LedgerTxn.number) == col(RefundIntent.number))
    found = found.join(LedgerEntry, col(LedgerEntry.txn) == col(LedgerTxn.id))
    found = found.where(LedgerEntry.account == Account.ELSEWHERE.value, LedgerTxn.currency == RefundIntent.currency)
    found = found.where(RefundIntent.state == "open", col(LedgerTxn.at) > col(RefundIntent.sent_at))
    found = found.group_by(col(RefundIntent.key), col(RefundIntent.amount), col(LedgerTxn.reference))
    return found.having(-func.sum(LedgerEntry.amount) == RefundIntent.amount)


def unsettled() -> ColumnElement[bool]:
    """What holds of payments of unknown outcome that nobody has settled by hand."""
    settled = select(settled_by_hand().subquery().c.key)
    return and_(col(RefundIntent.state) == "open", col(RefundIntent.key).not_in(settled))


def _others(reference: str, key: str) -> SelectOfScalar[str]:
    """The payments that stand under the gateway's number and are not the one under this key."""
    return select(RefundIntent.key).where(RefundIntent.reference == reference, RefundIntent.key != key)


def _first(order: RemedyOrder, key: str, now: datetime) -> dict[str, object]:
    return {
        "key": key,
        "number": order.number,
        "order_number": order.order,
        "amount": order.amount,
        "currency": order.currency,
        "attempt": order.attempt,
        "sent_at": now,
        "last_sent_at": now,
    }


def _again(intent: RefundIntent, order: RemedyOrder) -> RefundIntent:
    """Suspect, so that a look comes before the next call, which then has a new generation."""
    intent.amount, intent.attempt = order.amount, order.attempt
    intent.state, intent.code, intent.suspect = "open", None, True
    intent.sent_at = intent.last_sent_at = None
    return intent


async def _locked(session: AsyncSession, key: str) -> RefundIntent | None:
    """The intent's row is locked before the account's, always: two payments never wait for each other in a circle."""
    return (await session.exec(select(RefundIntent).where(RefundIntent.key == key).with_for_update())).first()


async def _paid_elsewhere(session: AsyncSession, order: RemedyOrder, key: str) -> int:
    """What people have paid for the order by other means, beyond what its payments hold anyway (minor units).

    A payment in doubt or taken back that a person has settled goes on holding its amount: that money counts once, and
    each payment stands for one such amount only.
    """
    found = select(LedgerTxn.number, LedgerTxn.reference, -func.sum(LedgerEntry.amount))
    found = found.join(LedgerEntry, col(LedgerEntry.txn) == col(LedgerTxn.id))
    found = found.join(CaseRow, col(CaseRow.number) == col(LedgerTxn.number))
    found = found.where(CaseRow.order_number == order.order, LedgerTxn.currency == order.currency)
    found = found.where(LedgerEntry.account == Account.ELSEWHERE.value)
    settled = (await session.exec(found.group_by(LedgerTxn.number, LedgerTxn.reference))).all()
    if not settled:
        return 0
    await _account_alone(session, order.order, order.currency)  # what is freed from here on is freed after this payment
    holding = select(RefundIntent).where(RefundIntent.order_number == order.order, RefundIntent.key != key)
    held = list((await session.exec(holding.where(RefundIntent.state != "refused").order_by(RefundIntent.key))).all())
    besides = 0
    for number, reference, amount in sorted(settled):
        same = [intent for intent in held if intent.number == number and _same_money(intent, reference, int(amount))]
        if same:
            held.remove(next((intent for intent in same if intent.state == "paid"), same[0]))
        else:
            besides += int(amount)
    return besides


def _same_money(intent: RefundIntent, reference: str, amount: int) -> bool:
    return intent.reference == reference if intent.state == "paid" else intent.amount == amount


async def _hold(session: AsyncSession, order: str, currency: str, amount: int, besides: int = 0) -> bool:
    """Take the amount from what the order may still give back; False when that is not enough."""
    total = col(OrderAccount.refunded) + amount
    fits = and_(_account(order, currency), total + besides <= col(OrderAccount.paid))
    held = await session.exec(update(OrderAccount).where(fits).values(refunded=total))
    return held.rowcount == 1


async def _free(session: AsyncSession, intent: RefundIntent) -> None:
    """Nothing is paid, nothing is held: what the order's other payments hold stays, however much that is.

    Counted, not taken off: more may have left than the account could hold (`_hold_late`).
    """
    intent.state = "refused"
    paid = await _account_alone(session, intent.order_number, intent.currency)
    others = select(func.coalesce(func.sum(RefundIntent.amount), 0)).where(
        RefundIntent.order_number == intent.order_number,
        RefundIntent.currency == intent.currency,
        RefundIntent.state != "refused",
        RefundIntent.key != intent.key,
    )
    held = int((await session.exec(others)).one())
    account = _account(intent.order_number, intent.currency)
    await session.exec(update(OrderAccount).where(account).values(refunded=min(held, paid)))


async def _hold_late(session: AsyncSession, order: str, currency: str, amount: int) -> None:
    """Take the amount of what has left already; all that is left where that is not enough."""
    paid = await _account_alone(session, order, currency)
    if not await _hold(session, order, currency, amount):
        await session.exec(update(OrderAccount).where(_account(order, currency)).values(refunded=paid))


async def _account_alone(session: AsyncSession, order: str, currency: str) -> int:
    """What was paid for the order (minor units). Whoever holds or frees an amount meanwhile waits, or is counted."""
    account = select(OrderAccount.paid).where(_account(order, currency))
    return (await session.exec(account.with_for_update())).one()


def _account(order: str, currency: str) -> ColumnElement[bool]:
    return and_(col(OrderAccount.order_number) == order, col(OrderAccount.currency) == currency)
