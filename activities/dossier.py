"""What the desks of meetings, incidents and corrective actions share: whom they believe, and how a page ends."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Protocol

from sqlmodel.ext.asyncio.session import AsyncSession

from activities.audit import append, of_denials
from activities.clock import wall_clock
from activities.doorkeeper import Doorkeeper
from activities.identity import Voucher, no_voucher
from activities.outbox import outbox_rows
from activities.store import Store
from models.case import Mail
from models.dossier import Denial, Registration
from models.tables import MailRow
from procedures import Packs


class Handed(Protocol):
    """What every page hands over."""

    @property
    def mails(self) -> Sequence[Mail]:
        """Notices for the outbox."""

    @property
    def denied(self) -> Sequence[Denial]:
        """Denials for the audit trail."""


class DossierBook:
    """Where dossiers are entered and written down. `on_mail` is called when a page has left mails to send."""

    def __init__(
        self,
        store: Store,
        packs: Packs,
        *,
        on_mail: Callable[[], None],
        door: Doorkeeper,
        vouch: Voucher = no_voucher,
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._store = store
        self._packs = packs
        self._on_mail = on_mail
        self._door = door
        self._vouch = vouch
        self._now = clock

    async def _believe(self, entry: Registration, token: str | None, actor: str) -> None:
        """Raises ApplicationError, not to be retried, where `actor` is not proven to open this."""
        await self._door.believe(
            token,
            to=entry.workflow_id,
            run_id=entry.run_id,
            at=entry.opened_at,
            what="open",
            subject=entry.workflow_id,
            actor=actor,
        )

    @asynccontextmanager
    async def _writing(self, page: Handed, number: str, procedure: str) -> AsyncIterator[AsyncSession]:
        """A transaction for a page: at its end the notices are in the outbox, the denials in the audit trail."""
        async with self._store.write() as session:
            yield session
            if mails := outbox_rows(number, page.mails, self._now(), procedure):
                await session.exec(self._store.insert_new(MailRow).values(mails))
            await append(session, of_denials(number, page.denied), self._now)
        if page.mails:
            self._on_mail()
