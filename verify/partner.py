"""What a partner's gateway itself says of every payment we meant to make: one question per intent."""

from collections.abc import AsyncIterator

from sqlalchemy import select
from sqlmodel import col

from activities.intents import settled_by_hand
from activities.ports import PaymentGateway, Receipt, TryAgain
from activities.store import Store
from models.audit import Invariant, Violation
from models.tables import RefundIntent
from verify.reading import AT_ONCE, TABLES, rows

INTENT = TABLES["refund_intent"]


class Partner:
    """`silent` counts the payments the gateway would not tell about: they are unchecked, not wrong."""

    def __init__(self, store: Store, gateway: PaymentGateway) -> None:
        self._store = store
        self._gateway = gateway
        self.silent = 0

    async def breaches(self) -> AsyncIterator[Violation]:
        """Paid twice, paid against a refusal, another amount, or not paid at all. Raises StoreError."""
        last = ""
        while True:
            async with self._store.read() as session:
                asked = select(INTENT).where(INTENT.c.key > last).order_by(INTENT.c.key).limit(AT_ONCE)
                page = [RefundIntent(**row._asdict()) for row in await rows(session, asked)]
                by_hand = settled_by_hand().where(col(RefundIntent.key).in_([intent.key for intent in page]))
                settled = set((await session.exec(by_hand)).all())
            if not page:
                return
            last = page[-1].key
            for intent in page:
                try:
                    made = await self._gateway.made(intent.key)
                except TryAgain:
                    self.silent += 1
                    continue
                if (wrong := _wrong(intent, made, settled)) is not None:
                    yield wrong


def _wrong(intent: RefundIntent, made: list[Receipt], settled: set[tuple[str, str]]) -> Violation | None:
    """`settled`: what people have settled meanwhile, each payment with the number they gave for it."""
    total = sum(receipt.amount for receipt in made)
    facts: dict[str, str | int] = {
        "found": total,
        "expected": intent.amount if intent.state == "paid" else 0,
        "currency": intent.currency,
    }
    right = {"paid": {intent.amount}, "open": {0, intent.amount}}.get(intent.state, {0})
    by_hand = {reference for key, reference in settled if key == intent.key}
    besides = bool(by_hand) and any(receipt.reference not in by_hand for receipt in made)
    if len(made) > 1 or besides:
        return Violation(invariant=Invariant.PAID_ONCE, number=intent.number, code="paid_twice", facts=facts)
    if total not in right or any(receipt.currency != intent.currency for receipt in made):
        return Violation(invariant=Invariant.MONEY_AGREES, number=intent.number, code="money_differs", facts=facts)
    return None
