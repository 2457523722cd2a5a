"""The audit trail: rows nobody can change, each holding the hash of the one before it. No free text, no customer."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from activities.store import lock
from models.case import Event
from models.directory import Directory
from models.dossier import Denial
from models.names import DENIALS
from models.pages import Page
from models.procedure import Procedure
from models.steps import FIELD
from models.tables import AuditRow

AUDIT_LOCK = 0x6175646974
"""Key of the advisory lock by which one row is appended after the other."""
OTHER_COURSE = "reset"
"""Kind of the row that says from which line on a case takes another course than the one on record."""
FIELDS = ("seq", "at", "kind", "actor", "subject", "data", "key", "prev")
"""What a row's hash is made of."""
_OF_EVENTS = {
    "triaged": "decision",
    "answered": "decision",
    "answered_late": "decision",
    "silence": "decision",
    "ruled": "decision",
    "decided": "decision",
    "contested": "decision",
    "resolved": "decision",
    "approved": "decision",
    "not_approved": "decision",
    "executed": "money",
    "execution_failed": "money",
    "taken_back": "money",
    "cost_moved": "money",
    "forgotten": "erasure",
}
_WORDS = frozenset({"reason", "note", "name"})
"""What people wrote stays in the case, where it can be erased; so do the fields of forms."""


@dataclass(frozen=True)
class Entry:
    """One thing to record. `key` makes it one row however often it is told."""

    kind: str
    subject: str
    actor: str = ""
    data: Mapping[str, str | int] = field(default_factory=dict)
    key: str | None = None
    at: datetime | None = None


def of_pages(pages: Iterable[Page]) -> list[Entry]:
    """What a case's record tells the audit: denials, decisions, money, erasure."""
    return [
        entry for page in pages for event in page.events if (entry := of_event(page.summary.number, event)) is not None
    ]


def of_event(number: str, event: Event) -> Entry | None:
    """The row that a line of a case's record calls for; None where it calls for none."""
    kind = "denied" if event.kind == "message_refused" else _OF_EVENTS.get(event.kind)
    if kind is None or (kind == "denied" and event.data.get("code") not in DENIALS):
        return None
    said = {name: value for name, value in event.data.items() if name not in _WORDS and not name.startswith(FIELD)}
    if kind == "denied":
        said["message"] = event.data.get("name", "")
    if event.department:
        said["department"] = event.department
    said["event"] = event.kind
    return Entry(kind, number, event.actor or "", said, f"{number}:{event.seq}", event.at)


def of_denials(subject: str, denied: Iterable[Denial]) -> list[Entry]:
    """What a meeting, an incident or a corrective action tells the audit."""
    return [
        Entry(
            "denied",
            subject,
            each.actor,
            {"code": each.code, "message": each.message},
            f"{subject}:{each.serial}",
            each.at,
        )
        for each in denied
    ]


def configuration(packs: Iterable[Procedure], directory: Directory) -> list[Entry]:
    """Under which procedures and people the service works, as digests: one row for each content it has ever had."""
    found = [(pack.ref, pack.model_dump_json()) for pack in packs] + [("directory", directory.model_dump_json())]
    digests = [(name, hashlib.sha256(content.encode()).hexdigest()) for name, content in found]
    return [Entry("config", name, data={"sha256": digest}, key=f"{name}:{digest[:16]}") for name, digest in digests]


async def append(session: AsyncSession, entries: Sequence[Entry], clock: Callable[[], datetime]) -> int:
    """Append what is not there yet, last in a writing transaction: nothing may be locked after it. Returns how many."""
    if not entries:
        return 0
    await session.flush()
    connection = await session.connection()
    await lock(session, AUDIT_LOCK)
    keys = [entry.key for entry in entries if entry.key is not None]
    known: set[str | None] = set()
    if keys:
        known = set((await session.exec(select(AuditRow.key).where(col(AuditRow.key).in_(keys)))).all())
    fresh = [entry for entry in entries if entry.key is None or entry.key not in known]
    if not fresh:
        return 0
    last = (await session.exec(select(AuditRow.seq, AuditRow.hash).order_by(col(AuditRow.seq).desc()).limit(1))).first()
    await connection.execute(insert(AuditRow), list(_chained(fresh, last or (0, ""), clock())))
    return len(fresh)


def _chained(entries: Iterable[Entry], last: tuple[int, str], now: datetime) -> Iterator[dict[str, Any]]:
    seq, prev = last
    for entry in entries:
        seq += 1
        row: dict[str, Any] = {
            "seq": seq,
            "at": entry.at or now,
            "kind": entry.kind,
            "actor": entry.actor,
            "subject": entry.subject,
            "data": dict(entry.data),
            "key": entry.key,
            "prev": prev,
        }
        prev = row["hash"] = hash_of(row)
        yield row


def hash_of(row: Mapping[str, Any]) -> str:
    """A row's hash: SHA-256 over its fields as JSON with sorted keys and UTC times."""
    content = [row[name].astimezone(UTC).isoformat() if name == "at" else row[name] for name in FIELDS]
    text_form = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text_form.encode()).hexdigest()


@dataclass
class Chain:
    """Follows a chain row by row; `broken` names the first row that does not fit."""

    rows: int = 0
    head: str = ""
    broken: int | None = None

    def follow(self, row: Mapping[str, Any]) -> None:
        """Take the next row in."""
        if self.broken is not None:
            return
        if row["seq"] != self.rows + 1 or row["prev"] != self.head or row["hash"] != hash_of(row):
            self.broken = self.rows + 1
            return
        self.rows, self.head = self.rows + 1, row["hash"]
