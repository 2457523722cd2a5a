"""G21: cases of the pure rules written down page by page and paid, then gateway, ledger, cases and record compared.

    python -m tests.lanes.books --seed 7 --n 100

Pages come doubled and late, as after a worker's death. A cent planted at the gateway must be found.
"""

import argparse
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from activities.embedded import EmbeddedCarrier, EmbeddedGateway, EmbeddedWarehouse
from activities.remedies import Remedies
from activities.store import Store
from models.case import Case
from models.names import case_id
from models.pages import OpenCase, Page
from models.remedy import RemedyResult
from models.stage import Stage
from procedures import PACKS, load_packs
from rules.clock import next_due, pass_time
from rules.intake import open_case
from rules.messages import receive
from rules.remedy import finished, order_for
from rules.replies import Message
from rules.view import summary
from tests.activities.bookkeeping import open_book
from tests.lanes.common import Lane, main, options
from tests.lanes.worlds import FILED, MADE
from tests.rules.builders import PACK, START
from verify.oracle import Oracle


class Clerk:
    """One case on its way through the rules, the book and the till."""

    def __init__(self, lane: Lane, store: Store, number: str) -> None:
        self._lane = lane
        self._book = open_book(store)
        self._till = Remedies(store, EmbeddedGateway(store), EmbeddedWarehouse(store), EmbeddedCarrier(store))
        order = {"order": lane.dice.choice(FILED).order.model_copy(update={"number": f"YL-{number}"})}
        self._complaint = lane.dice.choice(FILED).model_copy(update=order)
        self.case: Case = open_case(self._complaint, PACK, number, START)
        self._kept: list[Page] = []

    async def live(self) -> None:
        """To its end, or to a standstill."""
        entry = OpenCase(
            number=self.case.number,
            workflow_id=case_id(self.case.number),
            run_id="r",
            opened_at=START,
            complaint=self._complaint,
        )
        await self._book.open_case(entry)
        await self._write()
        dice = self._lane.dice
        hours = sorted(dice.uniform(0, 60) for _ in range(4))
        for hour in hours:
            at = START + timedelta(hours=hour)
            await self._pass(at)
            name, who, _, command = dice.choice(MADE)
            self.case, _ = receive(self.case, PACK, Message(name, command, at, (who,)))
            await self._child(at)
            await self._write()
        for _ in range(12):
            if self.case.closed or (due := next_due(self.case, PACK)) is None:
                break
            await self._pass(due.at)

    async def _pass(self, at: datetime) -> None:
        self.case = pass_time(self.case, PACK, at)
        await self._child(at)
        await self._write()

    async def _child(self, at: datetime) -> None:
        if self.case.execution is None or self.case.stage is not Stage.EXECUTING:
            return
        order = order_for(self.case, PACK)
        reference = (await self._till.pay(order)).reference if "pay" in order.steps else "P-1"
        paid = order.amount if "pay" in order.steps else 0
        self.case = finished(self.case, PACK, RemedyResult(amount=paid, reference=reference, done=order.steps), at)

    async def _write(self) -> None:
        """As the case does: what is new, then it counts as written. Now and then an old page comes again."""
        new = tuple(event for event in self.case.events if event.seq > self.case.written)
        if not new and not self.case.mails:
            return
        page = Page(summary=summary(self.case, PACK), events=new, mails=self.case.mails)
        self._kept.append(page)
        await self._book.write_down(page)
        if self._lane.dice.random() < 0.3:
            await self._book.write_down(self._lane.dice.choice(self._kept))
        self.case = self.case.but(written=self.case.event_count, mails=())


async def books(given: argparse.Namespace) -> Lane:
    """The lane."""
    lane = Lane("books", given.seed, given.n)
    load_packs()
    with tempfile.TemporaryDirectory(prefix="redress-books-") as folder:
        store = Store(f"sqlite+aiosqlite:///{Path(folder) / 'redress.db'}")
        await store.create()
        for index in range(given.n):
            await Clerk(lane, store, f"B-{index}").live()
        oracle = Oracle(store, PACKS.pinned, pause=0.0)
        await lane.ask(oracle.violations())
        for currency, sums in oracle.totals.items():
            lane.counts.update({f"{name} {currency}": total for name, total in sums.items()})
        if not lane.wrong:
            await EmbeddedGateway(store).refund("planted", "B-0:9:pay", "O", 1, "CNY")
            found = [wrong async for wrong in Oracle(store, PACKS.pinned, pause=0.0).violations()]
            lane.must(any(wrong.number == "B-0" for wrong in found), "a planted cent was not found")
        await store.close()
    return lane


if __name__ == "__main__":
    main(books(options("books", 100)))
