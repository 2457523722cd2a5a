"""One run over everything there is. A page of the register at a time; a breach is named only if it stays one."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio.client import Client

from activities.clock import wall_clock
from activities.ports import PaymentGateway
from activities.reconcile import Reconciliation
from activities.store import Store
from models.audit import Invariant, Violation
from models.stage import Stage
from rules.privacy import Marks
from verify.books import book_breaches
from verify.partner import Partner
from verify.privacy import told_in_sql
from verify.reading import Kept, page_after, these
from verify.records import PackOf, record_breaches
from verify.service import Service
from verify.trail import trail_breaches, unaudited

PAUSE = 3.0
"""Seconds between two looks at what was found wrong: a case in the middle of a step is not wrong."""
Look = Callable[[], Awaitable[list[Violation]]]


class Oracle:
    """`violations()` reads everything once. `gateway`: a partner's, asked about each payment; None for the embedded
    one, whose books are in our SQL. `client` None leaves Temporal out. `histories` reads each case's history too.
    """

    def __init__(
        self,
        store: Store,
        pack_of: PackOf,
        *,
        gateway: PaymentGateway | None = None,
        client: Client | None = None,
        histories: bool = True,
        pause: float = PAUSE,
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._store = store
        self._pack_of = pack_of
        self._embedded = gateway is None
        self._partner = None if gateway is None else Partner(store, gateway)
        self._service = None if client is None else Service(client, store)
        self._histories = histories
        self._pause = pause
        self._now = clock
        self.cases = 0
        self.totals: dict[str, Counter[str]] = {}
        """Currency -> sums of gateway, ledger and cases."""

    @property
    def unchecked(self) -> int:
        """Payments a partner's gateway would not tell about."""
        return 0 if self._partner is None else self._partner.silent

    async def violations(self) -> AsyncIterator[Violation]:
        """Every breach. Raises StoreError, RPCError."""
        async for wrong in self._register():
            yield wrong
        for wrong in await self._twice(self._books):
            yield wrong
        for wrong in await self._twice(self._money):
            yield wrong
        if self._partner is not None:
            async for wrong in self._partner.breaches():
                yield wrong
        if self._service is not None:
            for wrong in await self._twice(self._temporal):
                yield wrong

    async def _register(self) -> AsyncIterator[Violation]:
        last = ""
        while True:
            async with self._store.read() as session:
                page = await page_after(session, last)
                found = await self._of_sql(session, page)
            if not page:
                return
            last = page[-1].row.number
            self.cases += len(page)
            found += await self._of_temporal(page)
            for wrong in await self._still(found):
                yield wrong

    async def _of_sql(self, session: AsyncSession, page: list[Kept]) -> list[Violation]:
        found = await record_breaches(session, page, self._pack_of)
        return [*found, *await unaudited(session, page), *await told_in_sql(session, page)]

    async def _of_temporal(self, page: list[Kept]) -> list[Violation]:
        if self._service is None:
            return []
        opened = [kept.row.number for kept in page if kept.row.stage != Stage.CLOSED]
        found = [wrong async for wrong in self._service.open_rows(opened)]
        if self._histories:
            recorded = await self._service.recorded([kept.row.number for kept in page])
            for kept in page:
                number, marks = kept.row.number, Marks(kept.row.complaint["complainant"])
                found += await self._service.told(number, recorded.get(number, 0), marks)
        return found

    async def _still(self, found: list[Violation]) -> list[Violation]:
        """Those that a second look at their cases finds again."""
        if not found:
            return []
        await asyncio.sleep(self._pause)
        numbers = sorted({wrong.number for wrong in found})
        async with self._store.read() as session:
            page = await these(session, numbers)
            again = await self._of_sql(session, page)
        again += await self._of_temporal(page)
        first = {_essence(wrong) for wrong in found}
        return [wrong for wrong in again if _essence(wrong) in first]

    async def _twice(self, look: Look) -> list[Violation]:
        found = await look()
        if not found:
            return []
        await asyncio.sleep(self._pause)
        first = {_essence(wrong) for wrong in found}
        return [wrong for wrong in await look() if _essence(wrong) in first]

    async def _books(self) -> list[Violation]:
        async with self._store.read() as session:
            found = [wrong async for wrong in book_breaches(session, self._store.dialect)]
            return found + [wrong async for wrong in trail_breaches(session)]

    async def _money(self) -> list[Violation]:
        run = Reconciliation(self._store, embedded=self._embedded)
        found = [
            Violation(
                invariant=Invariant.MONEY_AGREES,
                number=wrong.number,
                code="money_differs",
                facts={
                    "gateway": wrong.gateway,
                    "ledger": wrong.ledger,
                    "case": wrong.case,
                    "currency": wrong.currency,
                },
            )
            async for wrong in run.differences()
            if not wrong.under_way
        ]
        self.totals = run.totals
        return found

    async def _temporal(self) -> list[Violation]:
        if self._service is None:
            return []
        found = [wrong async for wrong in self._service.running(self._now())]
        return found + [wrong async for wrong in self._service.ended()]


def _essence(wrong: Violation) -> tuple[str, str, str]:
    return wrong.invariant, wrong.number, wrong.code
