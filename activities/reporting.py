"""Leaving the mails of a round of reports in the outbox."""

from collections.abc import Callable
from datetime import datetime

from temporalio import activity

from activities.clock import wall_clock
from activities.duties import ReportDuties
from activities.outbox import outbox_rows
from activities.refusing import bad_input
from activities.store import Store
from models.reporting import ReportCall
from models.tables import MailRow
from procedures import Packs
from rules.reporting import post_of


class ReportDesk(ReportDuties):
    """The activity `post_reports`. `on_mail` is called when there is something to send."""

    def __init__(
        self, store: Store, packs: Packs, *, on_mail: Callable[[], None], clock: Callable[[], datetime] = wall_clock
    ) -> None:
        self._store = store
        self._packs = packs
        self._on_mail = on_mail
        self._now = clock

    @activity.defn(name="post_reports")
    async def post_reports(self, call: ReportCall) -> int:
        """Under ids made of the period: what has been written before is not written again."""
        pack = self._packs.newest(call.procedure)
        if pack is None or call.period is None or call.name not in pack.sending:
            raise bad_input(f"name: the procedure sends no {call.name} reports; see its [sending]")
        now = self._now()
        post = post_of(call, pack, call.period, now)
        rows = outbox_rows(post.round_id, post.mails, now, post.procedure)
        async with self._store.write() as session:
            written = (await session.exec(self._store.insert_new(MailRow).values(rows))).rowcount
        if written:
            self._on_mail()
        return int(written)
