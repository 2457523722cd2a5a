"""What becomes of a case in SQL that was reset and takes another course than the one on record."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from activities.outbox import Outbox, sent
from activities.store import Store
from models.case import Event, Mail
from models.pages import CaseSummary, Page
from models.stage import Stage
from models.tables import AuditRow, CaseRow, EventRow, MailRow
from procedures import PACKS, load_packs
from tests.activities.bookkeeping import open_book, rows
from tests.activities.conftest import NOW as AT
from tests.support import every_year
from verify.doctor import Doctor


@pytest.mark.parametrize("last", [True, False])
async def test_a_case_that_takes_another_course_after_a_reset_is_listed_told_and_audited_as_it_is_now(
    store: Store, enter: Callable[..., Any], summary: Callable[..., CaseSummary], last: bool
) -> None:
    async def is_last_run() -> bool:
        return last

    def course(stage: Stage, to: str, minute: int, version: int) -> Page:
        at = AT + timedelta(minutes=minute)
        lines = (Event(seq=1, at=AT, kind="asked"), Event(seq=2, at=at, kind="ruled", data={"decision": 1}))
        mail = Mail(id="C-1.1", at=at, to=to, template="asked", values={"number": "C-1"})
        return Page(summary=summary("C-1", version, stage=stage), events=lines, mails=(mail,))

    load_packs()
    book = open_book(store, is_last_run=is_last_run)
    await enter()
    await book.write_down(course(Stage.CLOSED, "merchandise", 1, 9))
    (slow,) = await Outbox(store).due(AT + timedelta(days=1000), 1)
    for _ in range(2):
        await book.write_down(course(Stage.PANEL, "logistics", 2, 3))
    sent(slow.mail, AT, timedelta(days=1))
    await Outbox(store).keep(slow.mail)
    (row,), (mail,), trail = [await rows(store, table) for table in (CaseRow, MailRow, AuditRow)]
    doctor = Doctor(store, None, PACKS, every_year)
    named = [found.number async for found in doctor.symptoms() if found.code == "other_course"]
    assert [event.at for event in await rows(store, EventRow)] == [AT, AT + timedelta(minutes=1)]
    if last:
        assert (row.stage, row.version, mail.to, mail.sent_at, named) == ("panel", 3, "logistics", None, ["C-1"])
        assert [(each.kind, each.at) for each in trail[:2]] == [
            ("decision", AT + timedelta(minutes=1)),
            ("decision", AT + timedelta(minutes=2)),
        ]
        assert [(each.kind, each.data["line"]) for each in trail[2:]] == [("reset", 2)]
    else:
        assert (row.stage, mail.to, mail.sent_at, named, len(trail)) == ("closed", "merchandise", AT, [], 1)
