"""The door of a case: an update that says for whom its sender acts is let in if the directory says so too.

It is asked from an update's validator, which no replay runs again: what is in a history has passed. So the case
believes it without an activity of its own, and answers in one workflow task.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlmodel import col, func, select

from activities.audit import Entry, append
from activities.clock import wall_clock
from activities.identity import Gate
from activities.store import Store
from models.case import Verdict
from models.commands import OF_THE_SERVICE
from models.directory import Directory
from models.names import Refused
from models.pages import Knock
from models.tables import AuditRow
from rules.replies import NOTED_DENIALS

PATIENCE = 0.3
"""Seconds a thread may wait for denials to be noted before it has to recover. The SDK takes a step that rests for two
seconds for a deadlock and never gets rid of it; and one step brings as many updates as the server allows."""
RECOVERY = 0.15
"""Seconds of patience a thread regains in a second."""
_log = structlog.get_logger()


class _Patience(threading.local):
    """What is left of a thread's patience, in seconds."""

    def __init__(self) -> None:
        self._left, self._since = PATIENCE, time.monotonic()

    def left(self) -> float:
        now = time.monotonic()
        self._left = min(PATIENCE, self._left + (now - self._since) * RECOVERY)
        self._since = now
        return max(0.0, self._left)

    def spend(self, seconds: float) -> None:
        self._left -= seconds
        self._since = time.monotonic()


class Door:
    """Called from the threads of workflows; `loop` is where the store is used."""

    def __init__(
        self,
        store: Store,
        gate: Gate,
        directory: Callable[[], Directory],
        loop: asyncio.AbstractEventLoop,
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._store = store
        self._gate = gate
        self._directory = directory
        self._loop = loop
        self._now = clock
        self._patience = _Patience()
        self._full: set[str] = set()
        """Cases that have as many denials on record as are kept."""

    def __call__(self, knock: Knock) -> Verdict | None:
        """None where the sender is proven and may do what the message says; else the refusal, noted in the audit trail.

        A denial that cannot be noted is none: the message is to be sent without its standing, and the case examines it.
        Never raises.
        """
        try:
            refusal = self._refusal(knock)
            if refusal is not None:
                self._note(knock, refusal)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with files and databases, a case's step goes on
            _log.warning("standing_not_looked_up", case=knock.number, problem=type(error).__name__)
            return _wrong("standing: could not be looked up now; leave it out")
        return refusal

    def _refusal(self, knock: Knock) -> Verdict | None:
        command = knock.command
        ours = isinstance(command, OF_THE_SERVICE)
        denied = self._gate.sender(command.actor, command.token, at=knock.at, to=knock.workflow_id, ours=ours)
        if denied is not None:
            return Verdict(accepted=False, code=Refused.NOT_PROVEN, reason=denied.reason)
        own = self._directory().standing_of(command.actor)
        if own is None or command.standing is None or not command.standing.within(own):
            return _wrong("standing: is more than the directory says of the actor; leave it out")
        return None

    def _note(self, knock: Knock, refusal: Verdict) -> None:
        """Before the sender is told; no flood fills the trail. Raises TimeoutError, and what the store raises."""
        if knock.number in self._full:
            return
        known = self._directory().departments_of(knock.command.actor)
        entry = Entry(
            "denied",
            knock.number,
            knock.command.actor if known else "",
            {"code": refusal.code, "message": knock.name[:60], "event": "door"},
            key=knock.key(),
        )
        left, began = self._patience.left(), time.monotonic()
        if left < PATIENCE / 10:
            raise TimeoutError
        given_up = threading.Event()
        noting = asyncio.run_coroutine_threadsafe(self._append(entry, given_up), self._loop)
        try:
            noting.result(left)
        except TimeoutError:
            # Not cancelled: a connection torn out of a statement is lost to the pool, which logs a traceback.
            given_up.set()
            raise
        finally:
            self._patience.spend(time.monotonic() - began)

    async def _append(self, entry: Entry, given_up: threading.Event) -> None:
        noted = select(func.count()).where(col(AuditRow.subject) == entry.subject, col(AuditRow.kind) == "denied")
        async with self._store.write() as session:
            if given_up.is_set():
                return
            if (await session.exec(noted)).one() < NOTED_DENIALS:
                await append(session, [entry], self._now)
            else:
                self._full.add(entry.subject)
            if given_up.is_set():
                await session.rollback()


def _wrong(reason: str) -> Verdict:
    return Verdict(accepted=False, code=Refused.WRONG_STANDING, reason=reason)
