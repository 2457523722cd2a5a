"""A case that was reset and takes another course: its lines meet others that stand under their numbers in SQL.

Those stay: costs and the audit trail refer to them, and what they tell has happened. What the case does now is done all
the same: its row follows, its notices leave, and its decisions are in the audit trail, with word of where they begin.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from activities.audit import OTHER_COURSE, Entry, append, of_event
from activities.outbox import outbox_rows
from activities.record import summary_row
from activities.store import Store
from models.case import Event
from models.pages import Page
from models.tables import CaseRow, MailRow


async def overrule(store: Store, page: Page, met: Collection[int], clock: Callable[[], datetime]) -> None:
    """Have the page of the case's last run count; `met`: its lines in whose place others stand.

    Done twice it changes nothing more. Raises StoreError.
    """
    number, lines = page.summary.number, [line for line in page.events if line.seq in met]
    async with store.write() as session:
        await session.exec(update(CaseRow).where(col(CaseRow.number) == number).values(summary_row(page.summary)))
        await _send(session, page, clock())
        said = [replace(entry, key=_key(number, line)) for line in lines if (entry := of_event(number, line))]
        begins: dict[str, str | int] = {"event": "other_course", "line": lines[0].seq}
        said.append(Entry(OTHER_COURSE, number, data=begins, key=f"{_key(number, lines[0])}:course"))
        await append(session, said, clock)


async def _send(session: AsyncSession, page: Page, now: datetime) -> None:
    """Notices take the places of those that have left, or need not leave any more, under the ids the case knows."""
    rows = {str(row["id"]): row for row in outbox_rows(page.summary.number, page.mails, now)}
    for known in (await session.exec(select(MailRow).where(col(MailRow.id).in_(rows)))).all():
        row = rows[known.id]
        if (known.to, known.template, known.at) != (row["to"], row["template"], row["at"]):
            fresh = MailRow.model_validate(
                row | {"message_id": sha256(f"{known.id}/{row['at']}".encode()).hexdigest()[:32]}
            )
            known.sqlmodel_update(fresh.model_dump())


def _key(number: str, line: Event) -> str:
    return f"{number}:{line.seq}:{sha256(f'{line.kind}{line.at}'.encode()).hexdigest()[:16]}"
