"""What every contender leaves behind for one case: the same rows, the same notices sent, the same payment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from activities.casebook import claim
from activities.chat import NoChat
from activities.embedded import EmbeddedCarrier, EmbeddedGateway, EmbeddedWarehouse
from activities.ledger import Ledger
from activities.mailroom import IDLE, MailDesk
from activities.post import SmtpPost
from activities.record import Record
from activities.remedies import Remedies
from activities.store import Store
from models.case import Case
from models.commands import Confirm, Feedback
from models.complaint import Complaint
from models.pages import OpenCase
from models.remedy import RemedyOrder, RemedyResult
from procedures import PACKS
from procedures.people import DirectoryFile
from reports.enclosing import Enclosing
from rules.book import page, written
from rules.intake import open_case
from rules.messages import receive
from rules.remedy import finished, order_for
from rules.replies import Message
from starter.settings import PACKAGED_DIRECTORY
from tests.builders import GOODS_DEPT, SERVICE, complaint
from texts.mails import render_mail

ANSWER = Confirm.model_validate(
    {"actor": GOODS_DEPT, "liable": [{"party": "merchant", "percent": 100}], "reason": "密封圈缺失"}
)
WORD = Feedback(actor=SERVICE, satisfied=True)


def sample(number: str) -> Complaint:
    """The complaint of a bench case."""
    return complaint(number=number)


class Effects:
    """Writes a case's pages and pays, without deciding anything: the pages are made beforehand from one sample."""

    def __init__(self, store: Store) -> None:
        self._record = Record(store, Ledger(PACKS.pinned, _now), _now)
        self._remedies = Remedies(store, EmbeddedGateway(store), EmbeddedWarehouse(store), EmbeddedCarrier(store))
        self._claim, self._pages, self._order = _sample_pages()

    async def open(self, number: str) -> None:
        """The register's row with the first page."""
        row = {**self._claim, "number": number, "workflow_id": f"bench.{number}", "run_id": number}
        await self._record.open(row, self._page(0, number))

    async def told(self, number: str) -> None:
        """The page of ruling and result."""
        await self._record.write(self._page(1, number))

    async def closed(self, number: str) -> None:
        """The last page."""
        await self._record.write(self._page(2, number))

    async def pay(self, number: str) -> None:
        """The refund, by the product's own activity: intent, gateway, receipt."""
        await self._remedies.pay(self._order.model_copy(update={"number": number, "order": f"O-{number}"}))

    def _page(self, which: int, number: str) -> Any:
        made = self._pages[which]
        mails = tuple(mail.model_copy(update={"id": f"{number}.{mail.id.rpartition('.')[2]}"}) for mail in made.mails)
        summary = made.summary.model_copy(update={"number": number})
        return made.model_copy(update={"summary": summary, "mails": mails})


@asynccontextmanager
async def post_office(store: Store, smtp_port: int) -> AsyncIterator[None]:
    """Sends the notices of a store's outbox, by the product's own desk."""
    directory = DirectoryFile(PACKAGED_DIRECTORY)
    desk = MailDesk(
        store,
        PACKS,
        post=SmtpPost("127.0.0.1", smtp_port, sender="bench@redress.example"),
        chat=NoChat(),
        directory_reader=directory,
        render=render_mail,
        printer=Enclosing(store.url, PACKS.pinned, directory),
    )

    async def deliver() -> None:
        while True:
            if not await desk.deliver_once():
                await asyncio.sleep(IDLE)

    delivering = asyncio.create_task(deliver())
    yield
    delivering.cancel()
    with suppress(asyncio.CancelledError):
        await delivering


def _now() -> datetime:
    return datetime.now(UTC)


def _sample_pages() -> tuple[dict[str, object], list[Any], RemedyOrder]:
    pack, at = PACKS.pinned("marketplace.1"), _now()
    told = sample("C-0000")
    case = open_case(told, pack, "C-0000", at)
    entry = OpenCase(number="C-0000", workflow_id="complaint.C-0000", run_id="bench", opened_at=at, complaint=told)
    pages = [page(case, pack)]
    case = written(case, pages[0])
    case, _ = receive(case, pack, Message("confirm", ANSWER, at + timedelta(seconds=1), ("merchandise",)))
    order = order_for(case, pack)
    done = RemedyResult(amount=order.amount, reference="RF-1", done=("pay",))
    case = finished(case, pack, done, at + timedelta(seconds=2))
    pages.append(page(case, pack))
    case = written(case, pages[1])
    case = _satisfied(case, at + timedelta(seconds=3))
    pages.append(page(case, pack))
    return claim(entry, pack), pages, order


def _satisfied(case: Case, at: datetime) -> Case:
    pack = PACKS.pinned(case.procedure)
    return receive(case, pack, Message("feedback", WORD, at, (pack.front_desk,)))[0]
