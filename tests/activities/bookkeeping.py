"""Cases in SQL that have cost something, without a workflow: register, record, gateway."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import select

from activities.casebook import Casebook
from activities.doorkeeper import Doorkeeper
from activities.embedded import EmbeddedGateway
from activities.identity import Gate
from activities.intents import Intents
from activities.store import Store
from models.case import Event
from models.directory import Directory
from models.ledger import Account
from models.pages import CaseSummary, Page
from models.remedy import RemedyOrder
from models.stage import Stage
from models.tables import LedgerEntry, LedgerTxn
from procedures import PACKS, Packs

OCTOBER = datetime(2026, 10, 10, 4, 0, tzinfo=UTC)


async def rows(store: Store, table: Any) -> list[Any]:
    """Everything in a table."""
    async with store.read() as session:
        return list((await session.exec(select(table))).all())


def ruled(seq: int, at: datetime = OCTOBER, *, decision: int = 1, liable: str = "merchant=100", **data: Any) -> Event:
    facts = {"decision": decision, "basis": "answer", "liable": liable} | data
    return Event(seq=seq, at=at, kind="ruled", data=facts)


def executed(seq: int, amount: int, at: datetime = OCTOBER, **data: Any) -> Event:
    facts = {"decision": 1, "remedy": "refund", "refunded": amount, "currency": "CNY", "reference": "P"} | data
    return Event(seq=seq, at=at, kind="executed", data=facts)


def taken_back(seq: int, amount: int, reference: str, at: datetime = OCTOBER) -> Event:
    facts = {"decision": 1, "refunded": amount, "currency": "CNY", "reference": reference, "code": "account_closed"}
    return Event(seq=seq, at=at, kind="taken_back", data=facts)


def moved(seq: int, liable: str, at: datetime = OCTOBER, *, ground: str = "late_answer") -> Event:
    return Event(seq=seq, at=at, kind="cost_moved", data={"decision": 1, "liable": liable, "ground": ground})


def open_book(store: Store, packs: Packs = PACKS, **more: Any) -> Casebook:
    """A casebook that takes everybody at their word."""
    door = Doorkeeper(store, Gate(), lambda: Directory(departments={}))
    return Casebook(store, packs, "marketplace", door=door, **more)


class Books:
    """Fills a store with cases and their costs."""

    def __init__(
        self,
        store: Store,
        casebook: Casebook,
        enter: Callable[..., Any],
        summary: Callable[..., CaseSummary],
        remedy: Callable[..., RemedyOrder],
    ) -> None:
        self.store, self.casebook = store, casebook
        self.enter, self._summary, self._remedy = enter, summary, remedy

    async def case(self, number: str, merchant: str = "M-1", /, **order: Any) -> None:
        """Enter a case."""
        fields = {"number": f"O-{number}", "kind": "platform", "merchant": merchant, "paid": 100_000}
        lines = [{"sku": "CUP", "quantity": 1, "unit_price": 100_000}]
        await self.enter(number, order={**fields, "lines": lines, **order})

    async def write(self, number: str, *events: Event, refunded: int = 0, stage: Stage = Stage.FEEDBACK) -> Page:
        """Write a page; returned, to be written again."""
        version = max((event.seq for event in events), default=1)
        page = Page(summary=self._summary(number, version, refunded=refunded, stage=stage), events=events)
        await self.casebook.write_down(page)
        return page

    async def pay(self, number: str, amount: int, decision: int = 1) -> str:
        """The gateway's part; its reference."""
        order = self._remedy(number, order=f"O-{number}", amount=amount, paid=100_000, decision=decision)
        intents = Intents(self.store)
        opened: Any = await intents.open(order, datetime.now(UTC))
        intent = opened.intent
        receipt = await EmbeddedGateway(self.store).refund(f"{intent.key}#1", intent.key, order.order, amount, "CNY")
        await intents.paid(intent, receipt)
        return receipt.reference

    async def paid(self, number: str, amount: int, at: datetime = OCTOBER, *, merchant: str = "M-1") -> None:
        """A whole case: ruled, paid, borne by the merchant."""
        await self.case(number, merchant)
        await self.pay(number, amount)
        await self.write(number, ruled(1, at), executed(2, amount, at + timedelta(minutes=1)), refunded=amount)

    async def by_hand(self, number: str, amount: int, reference: str) -> None:
        """Ruled, and paid by a person past the gateway, under a number of the person's."""
        paid = executed(2, amount, elsewhere=1, reference=reference)
        await self.write(number, ruled(1), paid, refunded=amount)

    async def balances(self) -> dict[str, int]:
        """What stands on each account, costs by party."""
        found: dict[str, int] = {}
        async with self.store.read() as session:
            for entry in (await session.exec(select(LedgerEntry))).all():
                name = entry.party or entry.account
                assert (entry.party != "") == (entry.account == Account.COST)
                found[name] = found.get(name, 0) + entry.amount
        return {name: amount for name, amount in sorted(found.items()) if amount}

    async def txns(self) -> list[LedgerTxn]:
        """Every transaction in order of number, event and place."""
        order: Any = (LedgerTxn.number, LedgerTxn.event_seq, LedgerTxn.place)
        async with self.store.read() as session:
            return list((await session.exec(select(LedgerTxn).order_by(*order))).all())
