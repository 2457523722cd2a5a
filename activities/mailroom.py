"""The mailroom: sends the notices of the outbox and tells a case when one cannot reach its department.

A notice is sent at least once: a desk that dies between the mail server's answer and our note of it sends again, under
the same Message-ID. A case is told at least once likewise.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError

from activities.beating import beating
from activities.clock import wall_clock
from activities.dispatch import Address, Dispatch, Ready, address, in_words
from activities.duties import PostDuties
from activities.enclosures import Spool
from activities.identity import Voucher, no_voucher
from activities.notfound import is_gone
from activities.outbox import CUSTOMER, NOT_WRITTEN, Open, Outbox, failed, not_told, put_off, sent, told
from activities.ports import Chat, Herald, MailRefused, Post, Printer, Renderer, TryAgain
from activities.standstill import Standstill
from activities.store import Store, StoreError
from models.commands import MailReport
from models.directory import Directory
from models.names import MAIL_REPORT, MAILROOM_ID, case_id
from procedures import PackError, Packs

IDLE = 0.3
"""How long an idle desk sleeps before it looks again, unless nudged (seconds)."""
GIVE_UP = timedelta(days=3)
"""A temporary failure that lasts so long is taken as final."""
USUAL_PATIENCE = timedelta(minutes=15)
"""As the procedures we ship have it (`clocks.mail`)."""
_log = structlog.get_logger()


def _named(error: Exception) -> str:
    """What we raise is worded without values; of anything else only the kind is told."""
    return str(error) if isinstance(error, TryAgain | PackError) else type(error).__name__


class SignalHerald:
    """Tells a case by signal, proven. `client` gives the connection; inside an activity it is the worker's own."""

    def __init__(self, client: Callable[[], Client] = activity.client, vouch: Voucher = no_voucher) -> None:
        self._client = client
        self._vouch = vouch

    async def tell(self, number: str, report: MailReport) -> None:
        """See Herald. A case that has ended, or whose history is gone, needs no telling."""
        handle = self._client().get_workflow_handle(case_id(number))
        try:
            proven = report.model_copy(update={"token": self._vouch(MAILROOM_ID, case_id(number))})
            await handle.signal(MAIL_REPORT, proven)
        except RPCError as error:
            if not is_gone(error):
                raise TryAgain("case_unreachable") from None


class MailDesk(PostDuties):
    """The activity `deliver_mails`.

    A department's notice unsent for the procedure's `clocks.mail` is reported to its case, and so is an ask sent only
    after that, whatever kept it here.
    """

    def __init__(
        self,
        store: Store,
        packs: Packs,
        *,
        post: Post,
        chat: Chat,
        directory_reader: Callable[[], Directory],
        render: Renderer,
        printer: Printer,
        herald: Herald | None = None,
        vouch: Voucher = no_voucher,
        batch: int = 40,
        idle: float = IDLE,
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._outbox = Outbox(store)
        self._packs = packs
        self._dispatch = Dispatch(post, chat)
        self._directory = directory_reader
        self._render = render
        self._spool = Spool(printer)
        self._herald = herald or SignalHerald(vouch=vouch)
        self._batch = batch
        self._idle = idle
        self._now = clock
        self._bell = asyncio.Event()
        self._standstill = Standstill("mailroom_waits", "mailroom_goes_on")

    def nudge(self) -> None:
        """There is a new notice: an idle desk of this process looks at once."""
        self._bell.set()

    @activity.defn(name="deliver_mails")
    async def deliver_mails(self, max_seconds: float) -> int:
        """Send what is due for so many seconds; returns how many mails went out. Heartbeats every second."""
        gone = 0
        clock = asyncio.get_running_loop().time
        end = clock() + max_seconds
        async with beating():
            while (left := end - clock()) > 0 and not activity.is_worker_shutdown():
                self._bell.clear()
                handled, taken = await self._careful_turn()
                gone += taken
                if not handled:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._bell.wait(), min(self._idle, left))
            await self._dispatch.finish()
        return gone

    async def deliver_once(self) -> int:
        """One turn over what is due now; returns how many mails went out. Raises StoreError, PackError."""
        _, gone = await self._turn()
        await self._dispatch.finish()
        return gone

    async def _careful_turn(self) -> tuple[int, int]:
        try:
            done = await self._turn()
        except (StoreError, PackError) as error:
            self._standstill.waits(str(error))  # it looks again three times a second
            return 0, 0
        self._standstill.goes_on()
        return done

    async def _turn(self) -> tuple[int, int]:
        """Rows handled, and mails the server took."""
        rows = await self._outbox.due(self._now(), self._batch)
        if not rows:
            return 0, 0
        gone = await self._deliver([row for row in rows if not row.decided])
        for row in rows:
            await self._report(row)
        return len(rows), gone

    async def _deliver(self, rows: list[Open]) -> int:
        directory = self._directory()
        ready = [letter for row in rows if (letter := await self._prepare(row, directory))]
        gone = 0

        async def settle(letter: Ready, outcome: MailRefused | TryAgain | None) -> None:
            nonlocal gone
            gone += outcome is None
            await self._settle(letter.row, outcome)

        try:
            await self._dispatch.send(ready, settle)
        finally:
            self._spool.clear()
        return gone

    async def _prepare(self, row: Open, directory: Directory) -> Ready | None:
        """The notice in words, or None after noting why there is nothing to send."""
        mail = row.mail
        mail.attempts += 1
        try:
            reader = address(row, directory)
            if reader is None:
                # The directory may yet be corrected; the case hears of it now.
                put_off(mail, self._now(), "no_recipient", self._patience(row), lost=True)
            elif not reader.to and mail.to == CUSTOMER:
                sent(mail, self._now(), self._patience(row), "no_address")
            else:
                return await self._written(row, reader)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one notice holds up no other
            _log.warning("mail_not_written", mail=mail.id, template=mail.template, problem=_named(error))
            put_off(mail, self._now(), NOT_WRITTEN, self._patience(row))
        await self._outbox.keep(mail)
        return None

    async def _written(self, row: Open, reader: Address) -> Ready:
        """The notice in words with what it encloses."""
        enclosed = await self._spool.enclosed(row, self._packs.pinned(row.procedure), reader.language)
        ready = in_words(row, reader, self._packs, self._render, enclosed)
        if row.mail.attempts == 1:
            self._dispatch.post_to_rooms(ready)
        return ready

    def _patience(self, row: Open) -> timedelta:
        """How long the notice may take; the usual time where this worker lacks its procedure."""
        try:
            return self._packs.pinned(row.procedure).clocks.mail.within
        except PackError:
            return USUAL_PATIENCE

    async def _settle(self, row: Open, outcome: MailRefused | TryAgain | None) -> None:
        mail, now = row.mail, self._now()
        if outcome is None:
            sent(mail, now, self._patience(row))
        elif isinstance(outcome, MailRefused) or now - mail.written_at > GIVE_UP:
            failed(mail, now, outcome.code)
        else:
            put_off(mail, now, outcome.code, self._patience(row))
        if mail.code:
            what = "mail_not_sent" if mail.sent_at is None else "mail_sent_late"
            _log.info(what, mail=mail.id, number=mail.number, problem=mail.code, attempts=mail.attempts)
        await self._outbox.keep(mail)

    async def _report(self, row: Open) -> None:
        """Tell the case what it has yet to hear."""
        mail, what = row.mail, row.mail.owed
        if what is None:
            return
        delivered = what == "found"
        code = "delivered" if delivered else mail.code or "unsent"
        try:
            await self._herald.tell(mail.number, MailReport(mail=mail.id, delivered=delivered, code=code))
        except TryAgain:
            not_told(mail, self._now())
        else:
            told(mail, self._now())
        await self._outbox.keep_told(mail, what)
