"""Writing pages: rows, events, costs and notices of many cases in one transaction."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Update, bindparam, update
from sqlmodel import col

from activities.audit import append, of_pages
from activities.ledger import Ledger
from activities.store import Store
from models.case import Mail
from models.pages import CaseSummary, Page
from models.tables import CaseRow, EventRow, MailRow

AT_MOST = 100
"""Pages in one transaction."""


class Record:
    """Writes pages in the order they come. Those that arrive during a transaction share the next one.

    A database's price is per transaction: a thousand cases whose clocks run out together would pay it a thousand times.
    """

    def __init__(self, store: Store, ledger: Ledger, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._ledger = ledger
        self._now = clock
        self._update = _update_newer()
        self._waiting: list[tuple[Page, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def write(self, page: Page) -> None:
        """Returns when the page stands in SQL. Raises StoreError."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((page, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_waiting())
        await done

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:AT_MOST], self._waiting[AT_MOST:]
            error = await self._try([page for page, _ in batch])
            for page, done in batch:
                # One page must not hold up the others': after a failure each is written, or refused, by itself.
                _settle(done, error if error is None else await self._try([page]))

    async def _try(self, pages: Sequence[Page]) -> Exception | None:
        try:
            await self._in_one(pages)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to those who wait for these pages
            return error
        return None

    async def _in_one(self, pages: Sequence[Page]) -> None:
        now = self._now()
        events = [{"number": page.summary.number, **event.model_dump()} for page in pages for event in page.events]
        mails = [outbox_row(page.summary.number, mail, now) for page in pages for mail in page.mails]
        async with self._store.write() as session:
            connection = await session.connection()
            await connection.execute(self._update, [_changes(page.summary) for page in pages])
            if events:
                await connection.execute(self._store.insert_new(EventRow), events)
                await self._ledger.book(session, pages)
            if mails:
                await connection.execute(self._store.insert_new(MailRow), mails)
            await append(session, of_pages(pages), self._now)


def _settle(done: "asyncio.Future[None]", error: Exception | None) -> None:
    if done.cancelled():  # the activity was given up; its page stands all the same
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


def _update_newer() -> Update:
    """An older page never overwrites a newer row."""
    changing = [name for name in CaseSummary.model_fields if name != "number"]
    same = col(CaseRow.number) == bindparam("this_number")
    newer = col(CaseRow.version) < bindparam("this_version")
    return update(CaseRow).where(same, newer).values({name: bindparam(f"new_{name}") for name in changing})


def _changes(summary: CaseSummary) -> dict[str, object]:
    values = summary.model_dump()
    values["liable"] = list(values["liable"])
    return {f"new_{name}": value for name, value in values.items() if name != "number"} | {
        "this_number": summary.number,
        "this_version": summary.version,
    }


def outbox_row(number: str, mail: Mail, now: datetime) -> dict[str, object]:
    """A notice as a row. `next_try_at` follows our own clock: a case under a forwarded one has its mails sent now."""
    return {
        "number": number,
        **mail.model_dump(),
        "message_id": sha256(f"{number}/{mail.id}".encode()).hexdigest()[:32],
        "written_at": now,
        "next_try_at": now,
    }
