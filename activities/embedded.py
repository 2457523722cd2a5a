"""Partners inside our own database, for companies and demos that have none: gateway with books, warehouse, carrier."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, exists, update
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from activities.ports import GatewayRefused, Receipt
from activities.store import Store
from models.complaint import Quantity
from models.tables import GatewayEntry, GatewayRefund, Parcel

_BACK = ".back"
"""Behind a refund's number: the transaction that takes it back."""


class EmbeddedGateway:
    """A payment gateway that keeps double-entry books in our SQL and never forgets a key."""

    key_life = timedelta(days=36_500)

    def __init__(self, store: Store) -> None:
        self._store = store

    async def refund(self, key: str, reference: str, order: str, amount: int, currency: str) -> Receipt:
        """Book the refund once per key. Raises GatewayRefused("key_reused") for a known key with other content."""
        now = datetime.now(UTC)
        made = GatewayRefund(
            key=key,
            reference=_number("RF", key),
            our_reference=reference,
            order_number=order,
            amount=amount,
            currency=currency,
            at=now,
        )
        async with self._store.write() as session:
            fresh = await session.exec(self._store.insert_new(GatewayRefund).values(made.model_dump()))
            if fresh.rowcount:
                await session.exec(self._store.insert_new(GatewayEntry), params=_entries(made))
                return _receipt(made)
            known = await session.get(GatewayRefund, key)
        if known is None or _content(known) != _content(made):
            raise GatewayRefused("key_reused")
        return _receipt(known)

    async def made(self, reference: str) -> list[Receipt]:
        """See PaymentGateway."""
        wanted = select(GatewayRefund).where(GatewayRefund.our_reference == reference, stands(GatewayRefund.reference))
        wanted = wanted.order_by(col(GatewayRefund.at))
        async with self._store.read() as session:
            return [_receipt(known) for known in (await session.exec(wanted)).all()]

    async def find(self, reference: str) -> Receipt | None:
        """See PaymentGateway."""
        return next(iter(await self.made(reference)), None)

    async def taken_back(self, reference: str) -> None:
        """See PaymentGateway. Booked back, as a real one does of itself when a bank returns the money."""
        async with self._store.write() as session:
            wanted = select(GatewayRefund).where(GatewayRefund.reference == reference)
            made = (await session.exec(wanted)).first()
            if made is not None:
                back = [
                    entry | {"txn": _back(reference), "amount": -entry["amount"], "at": datetime.now(UTC)}
                    for entry in _entries(made)
                ]
                await session.exec(self._store.insert_new(GatewayEntry), params=back)


def stands(reference: Any) -> ColumnElement[bool]:
    """Of refunds of the embedded gateway, `reference` their column: it has not been taken back."""
    entry = aliased(GatewayEntry)
    return ~exists().where(col(entry.txn) == reference.concat(_BACK))


class EmbeddedWarehouse:
    """Reservations and shipments as rows. `out_of_stock` names the SKUs it cannot deliver."""

    def __init__(self, store: Store, out_of_stock: frozenset[str] = frozenset()) -> None:
        self._store = store
        self._lacking = out_of_stock

    async def reserve(self, key: str, order: str, lines: Sequence[Quantity], attempt: int) -> str:
        """Raises GatewayRefused: "out_of_stock" or "key_reused"."""
        if any(line.sku in self._lacking for line in lines):
            raise GatewayRefused("out_of_stock")
        return await _hold(self._store, "reserve", key, order, lines)

    async def release(self, key: str, attempt: int) -> None:
        """Undo the reservation under this key, if there is one."""
        await _undo(self._store, "reserve", key)

    async def ship(self, key: str, order: str, lines: Sequence[Quantity]) -> str:
        """Raises GatewayRefused("key_reused")."""
        return await _hold(self._store, "ship", key, order, lines)


class EmbeddedCarrier:
    """Return labels as rows."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def label(self, key: str, order: str, carrier: str | None, attempt: int) -> str:
        """Raises GatewayRefused("key_reused")."""
        return await _hold(self._store, "label", key, order, ())

    async def void(self, key: str, attempt: int) -> None:
        """Undo the label under this key, if there is one."""
        await _undo(self._store, "label", key)


def _number(prefix: str, key: str) -> str:
    """The same number for the same key, of the alphabet a reference may have."""
    return f"{prefix}-{base64.b32encode(sha256(key.encode()).digest())[:13].decode()}"


def _content(row: GatewayRefund) -> tuple[str, str, int, str]:
    return row.our_reference, row.order_number, row.amount, row.currency


def _receipt(row: GatewayRefund) -> Receipt:
    return Receipt(reference=row.reference, amount=row.amount, currency=row.currency)


def _back(reference: str) -> str:
    return f"{reference}{_BACK}"


def _entries(made: GatewayRefund) -> list[dict[str, Any]]:
    """What the customers got back, and the money it came from."""
    return [
        {"txn": made.reference, "account": f"refunds:{made.currency}", "amount": made.amount, "at": made.at},
        {"txn": made.reference, "account": f"cash:{made.currency}", "amount": -made.amount, "at": made.at},
    ]


async def _hold(store: Store, kind: str, key: str, order: str, lines: Sequence[Quantity]) -> str:
    wanted = Parcel(
        key=key,
        kind=kind,
        state="done",
        order_number=order,
        lines=[line.model_dump() for line in lines],
        reference=_number(kind[:2].upper(), key),
        at=datetime.now(UTC),
    )
    async with store.write() as session:
        await session.exec(store.insert_new(Parcel).values(wanted.model_dump()))
        held = (await session.exec(select(Parcel).where(Parcel.key == key).with_for_update())).one()
        if (held.kind, held.order_number, held.lines) != (kind, order, wanted.lines):
            raise GatewayRefused("key_reused")
        held.state = "done"
    return wanted.reference


async def _undo(store: Store, kind: str, key: str) -> None:
    async with store.write() as session:
        await session.exec(
            update(Parcel).where(col(Parcel.key) == key, col(Parcel.kind) == kind).values(state="undone")
        )
