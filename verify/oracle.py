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
from verify.reading import AT_ONCE, Kept, page_after, these
from verify.records import PackOf, record_breaches
from verify.service import Service
from verify.trail import trail_breaches, unaudited

PAUSE = 15.0
"""Seconds between two looks at what was found wrong: a case in the middle of a step is not wrong.

Nor is one whose step was lost with its worker: the server gives it to another one after 10 s (workflows.options).
"""
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
        doubtful = await self._register()
        looks: tuple[Look, ...] = (self._books, self._money, self._temporal)
        first = [(look, found) for look in looks if (found := await look())]
        if doubtful or first:
            await asyncio.sleep(self._pause)
        numbers = sorted({wrong.number for wrong in doubtful})
        for place in range(0, len(numbers), AT_ONCE):
            for wrong in _lasting(doubtful, await self._of_cases(numbers[place : place + AT_ONCE])):
                yield wrong
        for look, found in first:
            for wrong in _lasting(found, await look()):
                yield wrong
        if self._partner is not None:
            async for wrong in self._partner.breaches():
                yield wrong

    async def _register(self) -> list[Violation]:
        last, found = "", list[Violation]()
        while True:
            async with self._store.read() as session:
                page = await page_after(session, last)
                found += await self._of_sql(session, page)
            if not page:
                return found
            last = page[-1].row.number
            self.cases += len(page)
            found += await self._of_temporal(page)

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

    async def _of_cases(self, numbers: list[str]) -> list[Violation]:
        async with self._store.read() as session:
            page = await these(session, numbers)
            found = await self._of_sql(session, page)
        return found + await self._of_temporal(page)

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
        found = [wrong async for wrong in self._service.running(self._now(), stages_too=True)]
        return found + [wrong async for wrong in self._service.ended()]


def _lasting(found: list[Violation], again: list[Violation]) -> list[Violation]:
    """What both looks found, as the second one saw it."""
    first = {_essence(wrong) for wrong in found}
    return [wrong for wrong in again if _essence(wrong) in first]


def _essence(wrong: Violation) -> tuple[str, str, str, str]:
    """Whose stage has moved between the looks, or is on its way, is at work."""
    stages = f"{wrong.facts['case']} {wrong.facts['stage']}" if wrong.code == "stage_differs" else ""
    return wrong.invariant, wrong.number, wrong.code, stages
