"""Writing pages: rows, events, costs and notices of many cases in one transaction."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Update, bindparam, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from activities.audit import append, of_pages
from activities.ledger import Ledger
from activities.outbox import outbox_rows
from activities.store import Store
from models.pages import CaseSummary, Page
from models.tables import CaseRow, EventRow, MailRow

AT_MOST = 100
"""Pages in one transaction."""


class Outcome(NamedTuple):
    """What became of a page."""

    ours: bool
    """Whether it was written: the first page of another run's case is not."""
    met: frozenset[int] = frozenset()
    """The numbers of its lines under which others stand (see activities.other_course)."""


@dataclass(frozen=True)
class Entry:
    """A page, and with a case's first one the row that claims its number for a run."""

    page: Page
    claim: Mapping[str, object] | None = None


class Record:
    """Writes pages in the order they come. Those that arrive during a transaction share the next one.

    A database's price is per transaction: a thousand cases whose clocks run out together would pay it a thousand times.
    """

    def __init__(self, store: Store, ledger: Ledger, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._ledger = ledger
        self._now = clock
        self._update = _update_newer()
        self._waiting: list[tuple[Entry, asyncio.Future[Outcome]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def write(self, page: Page) -> frozenset[int]:
        """Returns when the page stands in SQL, but for the lines of these numbers: others stand in their place.

        Raises StoreError.
        """
        return (await self._enter(Entry(page))).met

    async def open(self, claim: Mapping[str, object], page: Page) -> bool:
        """Claim a number and write its first page, in one; False: the number is another run's. Raises StoreError."""
        return (await self._enter(Entry(page, {**claim, **summary_row(page.summary)}))).ours

    async def _enter(self, entry: Entry) -> Outcome:
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_waiting())
        return await done

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:AT_MOST], self._waiting[AT_MOST:]
            # Each case's as they came. Two who write the same pages never wait for each other in a circle.
            batch.sort(key=lambda waiting: waiting[0].page.summary.number)
            outcomes = await self._try([entry for entry, _ in batch])
            for place, (entry, done) in enumerate(batch):
                # One page must not hold up the others': after a failure each is written, or refused, by itself.
                alone = await self._try([entry]) if isinstance(outcomes, Exception) else outcomes[place : place + 1]
                _settle(done, alone)

    async def _try(self, entries: Sequence[Entry]) -> list[Outcome] | Exception:
        try:
            return await self._in_one(entries)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to those who wait for these pages
            return error

    async def _in_one(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Write all."""
        async with self._store.write() as session:
            owned = await self._claim(session, [entry.claim for entry in entries if entry.claim is not None])
            mine = [entry.claim is None or _run(entry.claim) in owned for entry in entries]
            wanted = [entry for entry, ours in zip(entries, mine, strict=True) if ours]
            changed = [_changes(entry.page.summary) for entry in wanted if entry.claim is None]
            if changed:
                await (await session.connection()).execute(self._update, changed)
            met = await self._add(session, [entry.page for entry in wanted])
        return [Outcome(ours, _of_page(entry.page, met)) for entry, ours in zip(entries, mine, strict=True)]

    async def _claim(self, session: AsyncSession, claims: Sequence[Mapping[str, object]]) -> set[tuple[object, object]]:
        """Number and run of every case among these that stands in the register, old or new."""
        if not claims:
            return set()
        await (await session.connection()).execute(self._store.insert_new(CaseRow), [dict(claim) for claim in claims])
        numbers = [claim["number"] for claim in claims]
        found = await session.exec(select(CaseRow.number, CaseRow.run_id).where(col(CaseRow.number).in_(numbers)))
        return set(found.all())

    async def _add(self, session: AsyncSession, pages: Sequence[Page]) -> set[tuple[str, int]]:
        """Returns the places of lines, by case and number, where others stand."""
        met: set[tuple[str, int]] = set()
        now = self._now()
        events = [{"number": page.summary.number, **event.model_dump()} for page in pages for event in page.events]
        mails = [row for page in pages for row in outbox_rows(page.summary.number, page.mails, now)]
        connection = await session.connection()
        if events:
            adding = self._store.insert_new(EventRow).returning(col(EventRow.number), col(EventRow.seq))
            added = set((await connection.execute(adding, events)).all())
            met = await _met([event for event in events if (event["number"], event["seq"]) not in added], session)
            await self._ledger.book(session, pages)
        if mails:
            await connection.execute(self._store.insert_new(MailRow), mails)
        elsewhere = {f"{number}:{seq}" for number, seq in met}
        await append(session, [entry for entry in of_pages(pages) if entry.key not in elsewhere], self._now)
        return met


def _of_page(page: Page, places: set[tuple[str, int]]) -> frozenset[int]:
    """The numbers of a page's lines that are among these places."""
    return frozenset(event.seq for event in page.events if (page.summary.number, event.seq) in places)


async def _met(known: Sequence[Mapping[str, Any]], session: AsyncSession) -> set[tuple[str, int]]:
    """The places of those among these lines where others stand."""
    if not known:
        return set()
    numbers, lines = {line["number"] for line in known}, {line["seq"] for line in known}
    wanted = select(EventRow.number, EventRow.seq, EventRow.kind, EventRow.at)
    wanted = wanted.where(col(EventRow.number).in_(numbers), col(EventRow.seq).in_(lines))
    stand = set((await session.exec(wanted)).all())
    places = {(line["number"], line["seq"]): (line["kind"], line["at"]) for line in known}
    return {place for place, said in places.items() if (*place, *said) not in stand}


def _settle(done: "asyncio.Future[Outcome]", outcome: list[Outcome] | Exception) -> None:
    if done.cancelled():  # the activity was given up; its page stands all the same
        return
    if isinstance(outcome, Exception):
        done.set_exception(outcome)
    else:
        done.set_result(outcome[0])


def _run(claim: Mapping[str, object]) -> tuple[object, object]:
    return claim["number"], claim["run_id"]


def _update_newer() -> Update:
    """An older page never overwrites a newer row."""
    changing = [name for name in CaseSummary.model_fields if name != "number"]
    same = col(CaseRow.number) == bindparam("this_number")
    newer = col(CaseRow.version) < bindparam("this_version")
    return update(CaseRow).where(same, newer).values({name: bindparam(f"new_{name}") for name in changing})


def summary_row(summary: CaseSummary) -> dict[str, object]:
    """What a page changes in a case's row."""
    values = {name: getattr(summary, name) for name in CaseSummary.model_fields}
    return values | {"liable": [share.model_dump() for share in summary.liable]}


def _changes(summary: CaseSummary) -> dict[str, object]:
    values = summary_row(summary)
    return {f"new_{name}": value for name, value in values.items() if name != "number"} | {
        "this_number": summary.number,
        "this_version": summary.version,
    }
