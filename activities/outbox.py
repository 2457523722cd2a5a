"""The outbox in SQL: which notices need the mailroom now, and what became of each try."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Update, update
from sqlmodel import col, func, or_, select

from activities.store import Store
from models.case import Mail
from models.complaint import Complaint
from models.tables import CaseRow, MailRow

CUSTOMER = "customer"
SENT_LATE = "sent_late"
"""An ask that left us only after the time it may take: the department must not pay for our delay."""
NOT_WRITTEN = "not_written"
"""Something is wrong with the notice, or with how we write it: it may yet be mended."""
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=5)
_STATE = ("attempts", "next_try_at", "sent_at", "failed_at", "code", "owed", "reported_at", "recovered_at")


@dataclass(frozen=True)
class Open:
    """A notice that needs the mailroom, with what it takes of its case. A meeting's has no complaint."""

    mail: MailRow
    procedure: str
    filed: Mapping[str, Any] | None

    @property
    def complaint(self) -> Complaint | None:
        """Read only when this notice is prepared: what is wrong with one case concerns no other. Raises ValueError."""
        return Complaint.model_validate(self.filed) if self.filed else None

    @property
    def decided(self) -> bool:
        """Sent or failed for good: only the case has yet to hear of it."""
        return self.mail.sent_at is not None or self.mail.failed_at is not None


def outbox_rows(
    number: str, mails: Sequence[Mail], now: datetime, procedure: str | None = None
) -> list[dict[str, object]]:
    """Notices as rows; `procedure`: what those of no case are written under.

    `next_try_at` follows our own clock: a case under a forwarded one has its mails sent now.
    """
    return [
        {
            "number": number,
            "procedure": procedure,
            **mail.model_dump(),
            "message_id": sha256(f"{number}/{mail.id}".encode()).hexdigest()[:32],
            "written_at": now,
            "next_try_at": now,
        }
        for mail in mails
    ]


class Outbox:
    """Reads and updates rows of the outbox."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def due(self, now: datetime, at_most: int) -> list[Open]:
        """What needs the mailroom now, the longest waiting first.

        Nothing is put off for long: what waits for later was put off by a host whose clock was ahead.
        """
        due = or_(col(MailRow.next_try_at) <= now, col(MailRow.next_try_at) > now + 2 * LONGEST_WAIT)
        procedure = func.coalesce(MailRow.procedure, CaseRow.procedure)
        wanted = (
            select(MailRow, procedure, CaseRow.complaint)
            .join(CaseRow, col(CaseRow.number) == col(MailRow.number), isouter=True)
            .where(due, procedure.is_not(None))
            .order_by(col(MailRow.next_try_at))
            .limit(at_most)
        )
        async with self._store.read() as session:
            found = (await session.exec(wanted)).all()
        return [Open(mail, ref, filed) for mail, ref, filed in found]

    async def keep(self, mail: MailRow) -> None:
        """Write what became of a try. A mail sent meanwhile stays sent, and one given up stays given up."""
        same = [*_same(mail), col(MailRow.sent_at).is_(None)]
        if mail.sent_at is None:
            same.append(col(MailRow.failed_at).is_(None))
        await self._update(update(MailRow).where(*same).values(_state(mail)))

    async def keep_told(self, mail: MailRow, what: str) -> None:
        """Write that the case was told, or could not be told, what it was owed."""
        await self._update(update(MailRow).where(*_same(mail), col(MailRow.owed) == what).values(_state(mail)))

    async def _update(self, statement: Update) -> None:
        async with self._store.write() as session:
            await session.exec(statement)


def _same(mail: MailRow) -> tuple[ColumnElement[bool], ...]:
    """The notice, unless another has taken its place since (activities.other_course)."""
    return col(MailRow.id) == mail.id, col(MailRow.message_id) == mail.message_id


def _state(mail: MailRow) -> dict[str, object]:
    return {name: getattr(mail, name) for name in _STATE}


def sent(mail: MailRow, now: datetime, overdue: timedelta, code: str | None = None) -> None:
    """Done; a case that was told otherwise is to be told. An ask sent later than `overdue` stays lost to its case."""
    known_lost = mail.reported_at is not None
    mail.sent_at, mail.code = now, code
    if mail.ask is not None and now > mail.at + overdue:
        mail.code = SENT_LATE
        _owe(mail, now, None if known_lost else "lost")
    else:
        _owe(mail, now, "found" if known_lost else None)


def failed(mail: MailRow, now: datetime, code: str) -> None:
    """No further try; the case is told of a department's mail unless it already was."""
    mail.failed_at, mail.code = now, code
    _owe(mail, now, "lost" if _concerns_case(mail) and mail.reported_at is None else None)


def _concerns_case(mail: MailRow) -> bool:
    """A case must know that a department cannot read its notice; a customer's or a meeting's changes nothing in it."""
    return mail.to != CUSTOMER and mail.procedure is None


def _owe(mail: MailRow, now: datetime, what: str | None) -> None:
    """What a decided mail still takes: that its case is told, or nothing."""
    mail.owed = what
    mail.next_try_at = None if what is None else now


def put_off(mail: MailRow, now: datetime, code: str, overdue: timedelta, *, lost: bool = False) -> None:
    """Try again later. A department's mail unsent for `overdue`, or `lost` at once, is reported to its case."""
    mail.code = code
    mail.next_try_at = now + min(FIRST_WAIT * 2 ** min(mail.attempts - 1, 10), LONGEST_WAIT)
    if not _concerns_case(mail) or mail.reported_at is not None:
        return
    limit = mail.at + overdue
    if lost or now >= limit:
        mail.owed = "lost"
    else:
        mail.next_try_at = min(mail.next_try_at, limit)


def told(mail: MailRow, now: datetime) -> None:
    """The case knows. A decided mail needs nothing more; another goes on being tried."""
    if mail.owed == "lost":
        mail.reported_at = now
    else:
        mail.recovered_at = now
    mail.owed = None
    if mail.sent_at is not None or mail.failed_at is not None:
        mail.next_try_at = None


def not_told(mail: MailRow, now: datetime) -> None:
    """The case could not be reached: it is told at a later turn."""
    mail.next_try_at = now + FIRST_WAIT
