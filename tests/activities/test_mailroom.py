"""The mailroom against a real mail server in this process: nothing lost, nothing held up."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col
from structlog.testing import capture_logs
from temporalio.testing import ActivityEnvironment

from activities.casebook import Casebook
from activities.mailroom import USUAL_PATIENCE
from activities.ports import MailLine, OutgoingMail, Post, TryAgain
from activities.store import Store, StoreError
from models.directory import Directory
from models.language import Language
from models.procedure import Procedure
from models.tables import CaseRow, MailRow
from tests.activities.postoffice import PostOffice, words

Notices = Callable[..., Any]


async def test_a_notice_reaches_all_owners_with_the_headers_machines_read(
    post_office: PostOffice, notices: Notices
) -> None:
    await notices("merchandise", "customer")
    assert await post_office.desk().deliver_once() == 2
    by_reader = {tuple(to): message for to, message in post_office.server.mails}
    message = by_reader["wei@example.com", "mo@example.com"]
    assert message["Subject"] == "责任认定 asked zh"
    assert message.get_content().strip() == "案件 C-1, marketplace"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Redress-Case"] == "C-1"
    assert message["Message-ID"] == f"<{(await post_office.row()).message_id}@shop.example>"
    assert ("customer@example.org",) in by_reader
    assert post_office.server.connections == 1
    assert await post_office.desk().deliver_once() == 0
    assert post_office.listener.heard == []


async def test_a_notice_of_a_host_whose_clock_was_ahead_does_not_wait_until_then(
    post_office: PostOffice, notices: Notices
) -> None:
    await notices("merchandise", "customer")
    post_office.clock.now -= timedelta(hours=3)
    assert await post_office.desk().deliver_once() == 2
    assert await post_office.desk().deliver_once() == 0


async def test_a_temporary_failure_is_tried_again_with_longer_waits(post_office: PostOffice, notices: Notices) -> None:
    post_office.server.refuse = {"mo@example.com": "450 4.7.1 greylisted"}
    await notices("logistics")
    waits = []
    for _ in range(8):
        await post_office.desk().deliver_once()
        row = await post_office.row()
        assert row.next_try_at is not None
        waits.append((row.next_try_at - post_office.clock.now).total_seconds())
        post_office.clock.now = row.next_try_at
    assert waits == [5, 10, 20, 40, 80, 160, 300, pytest.approx(285, abs=1)]  # the last ends when it is overdue
    assert post_office.listener.heard == []
    post_office.server.refuse = {}
    assert await post_office.desk().deliver_once() == 1
    assert post_office.listener.heard == []


async def test_a_mail_server_that_is_down_fails_nothing_for_good(
    post_office: PostOffice, notices: Notices, unused_tcp_port: int
) -> None:
    await notices(*["logistics"] * 12)
    assert await post_office.desk(unused_tcp_port).deliver_once() == 0
    assert (await post_office.row()).code == "unreachable"
    post_office.clock.later(seconds=6)
    assert await post_office.desk().deliver_once() == 12


async def test_a_notice_that_cannot_be_written_holds_up_no_other(post_office: PostOffice, notices: Notices) -> None:
    await notices("logistics", number="C-BAD")
    await notices("logistics", number="C-2")
    assert await post_office.desk().deliver_once() == 1
    assert (await post_office.row("C-BAD-m1")).code == "not_written"
    assert (await post_office.row("C-2-m1")).sent_at is not None


@pytest.mark.parametrize("error", [OverflowError, RuntimeError, RecursionError])
async def test_whatever_the_words_of_one_notice_fail_with_the_others_are_sent(
    post_office: PostOffice, notices: Notices, error: type[Exception]
) -> None:
    def render(template: str, values: Any, pack: Procedure, lang: Language) -> tuple[str, str]:
        if values["number"] == "C-1":
            raise error
        return words(template, values, pack, lang)

    await notices("logistics")
    await notices("logistics", number="C-2")
    assert await post_office.desk(render=render).deliver_once() == 1
    assert (await post_office.row()).code == "not_written"
    assert (await post_office.row("C-2-m1")).sent_at is not None


async def test_a_stored_complaint_that_cannot_be_read_holds_up_no_other_notice(
    post_office: PostOffice, notices: Notices, store: Store
) -> None:
    await notices("customer")
    await notices("customer", number="C-2")
    async with store.write() as session:
        await session.exec(update(CaseRow).where(col(CaseRow.number) == "C-1").values(complaint={"text": "x"}))
    assert await post_office.desk().deliver_once() == 1
    assert (await post_office.row()).code == "not_written"


async def test_a_procedure_this_worker_lacks_puts_off_its_own_notices_only_and_the_case_hears_in_time(
    post_office: PostOffice, notices: Notices, store: Store
) -> None:
    await notices("logistics", "customer")
    await notices("logistics", number="C-2")
    async with store.write() as session:
        await session.exec(update(CaseRow).where(col(CaseRow.number) == "C-1").values(procedure="gone.7"))
    assert await post_office.desk().deliver_once() == 1
    assert [(await post_office.row(f"C-1-m{n}")).code for n in (1, 2)] == ["not_written"] * 2
    post_office.clock.later(seconds=USUAL_PATIENCE.total_seconds())
    await post_office.desk().deliver_once()
    assert post_office.listener.heard == [("C-1", "C-1-m1", False, "not_written")]


@pytest.mark.parametrize("address", ["a(b@[x", "a@[=?", "a@=?x-unknown?q?b?="])
async def test_an_address_that_is_none_is_refused_and_holds_up_nobody(
    post_office: PostOffice, notices: Notices, address: str
) -> None:
    await notices("customer", complainant={"id": "U-1", "email": address})
    await notices("logistics", number="C-2")
    assert await post_office.desk().deliver_once() == 1
    assert (await post_office.row()).code == "bad_address"
    assert (await post_office.row("C-2-m1")).sent_at is not None


class _Stumbling:
    """A mail server's line that one mail makes stumble."""

    def __init__(self, post: Post) -> None:
        self._post = post

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[MailLine]:
        async with self._post.connect() as line:
            self._line = line
            yield self

    async def send(self, mail: OutgoingMail) -> None:
        if mail.number == "C-1":
            raise RuntimeError
        await self._line.send(mail)


async def test_whatever_the_sending_of_one_notice_fails_with_the_others_are_sent_on_another_line(
    post_office: PostOffice, notices: Notices
) -> None:
    await notices("logistics")
    await notices("logistics", number="C-2")
    assert await post_office.desk(post=_Stumbling(post_office.line())).deliver_once() == 1
    row = await post_office.row()
    assert (row.code, row.sent_at, row.next_try_at is not None) == ("not_written", None, True)


async def test_a_connection_lost_after_the_mail_was_taken_sends_it_again_under_the_same_message_id(
    post_office: PostOffice, notices: Notices
) -> None:
    post_office.server.drop_after_data = 1
    await notices("logistics", "logistics", "logistics")
    assert await post_office.desk().deliver_once() == 2
    post_office.clock.later(seconds=6)
    assert await post_office.desk().deliver_once() == 1
    ids = [message["Message-ID"] for _, message in post_office.server.mails]
    assert len(ids) == 4
    assert len(set(ids)) == 3


async def test_two_desks_at_once_send_one_message_id_for_one_notice(post_office: PostOffice, notices: Notices) -> None:
    await notices("logistics")
    await asyncio.gather(post_office.desk().deliver_once(), post_office.desk().deliver_once())
    assert {message["Message-ID"] for _, message in post_office.server.mails} == {
        f"<{(await post_office.row()).message_id}@shop.example>"
    }
    assert (await post_office.row()).next_try_at is None


async def test_a_desk_that_failed_does_not_undo_what_another_sent(post_office: PostOffice, notices: Notices) -> None:
    await notices("logistics")
    slow, quick = post_office.desk(), post_office.desk()
    (row,) = await slow._outbox.due(post_office.clock.now, 5)
    await quick.deliver_once()
    await slow._settle(row, TryAgain("timeout"))
    assert (await post_office.row()).sent_at == post_office.clock.now


async def test_a_notice_given_up_while_a_desk_tries_it_is_tried_no_more_unless_it_went_out(
    post_office: PostOffice, notices: Notices, store: Store
) -> None:
    await notices("customer", "customer")
    desk = post_office.desk()
    tried, gone = await desk._outbox.due(post_office.clock.now, 5)
    async with store.write() as session:  # as when the customer is erased
        await session.exec(update(MailRow).values(next_try_at=None, failed_at=post_office.clock.now, code="erased"))
    await desk._settle(tried, TryAgain("timeout"))
    await desk._settle(gone, None)
    rows = [await post_office.row(each.mail.id) for each in (tried, gone)]
    assert [(row.code, row.next_try_at, row.sent_at is not None) for row in rows] == [
        ("erased", None, False),
        (None, None, True),
    ]


async def test_what_a_case_was_told_by_two_desks_at_once_is_noted_once(
    post_office: PostOffice, notices: Notices
) -> None:
    await notices("nobody")
    desk = post_office.desk()
    first, second = [(await desk._outbox.due(post_office.clock.now, 5))[0] for _ in range(2)]
    for row in (first, second):
        await desk._prepare(row, post_office.directory)
    await desk._report(first)
    noted = await post_office.row()
    post_office.clock.later(minutes=1)
    await desk._report(second)
    assert (await post_office.row()).reported_at == noted.reported_at == first.mail.reported_at


async def test_chat_rooms_get_a_copy_once_and_a_broken_one_holds_up_nothing(
    post_office: PostOffice, notices: Notices, directory: Directory
) -> None:
    team = directory.departments["logistics"].model_copy(update={"chat": ("dingtalk://token",)})
    post_office.directory = Directory(departments={"logistics": team})
    post_office.server.data_answers = ["451 busy"]
    await notices("logistics")
    copy = [(("dingtalk://token",), "责任认定 asked zh")]
    assert (await post_office.desk().deliver_once(), post_office.rooms.posts) == (0, copy)
    post_office.clock.later(seconds=6)
    assert (await post_office.desk().deliver_once(), post_office.rooms.posts) == (1, copy)
    post_office.rooms.broken = True
    await notices("logistics", number="C-2")
    assert await post_office.desk().deliver_once() == 1


async def test_more_notices_than_a_batch_are_sent_over_a_few_connections(
    post_office: PostOffice, notices: Notices
) -> None:
    await notices(*["logistics"] * 30)
    desk = post_office.desk(batch=20)
    assert [await desk.deliver_once(), await desk.deliver_once()] == [20, 10]
    assert len({message["Message-ID"] for _, message in post_office.server.mails}) == 30
    assert post_office.server.connections <= 6


async def test_an_idle_desk_is_woken_by_a_new_page_and_keeps_beating(
    post_office: PostOffice, notices: Notices, casebook: Casebook, env: ActivityEnvironment
) -> None:
    beats: list[float] = []
    loop = asyncio.get_running_loop()
    env.on_heartbeat = lambda *_: beats.append(loop.time())
    desk = post_office.desk(idle=60)
    casebook._on_mail = desk.nudge
    working = asyncio.create_task(env.run(desk.deliver_mails, 2.6))
    await asyncio.sleep(0.2)
    await notices("logistics")
    await asyncio.wait_for(post_office.server.taken.wait(), 10)
    assert await working == 1
    assert len(beats) >= 3


async def test_a_database_that_is_away_is_said_once_however_often_the_mailroom_looks_and_once_when_it_is_back(
    post_office: PostOffice, notices: Notices, env: ActivityEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    await notices("logistics")
    desk, away = post_office.desk(idle=0.01), 5
    due = desk._outbox.due

    async def answers_later(*args: Any) -> Any:
        nonlocal away
        away -= 1
        if away >= 0:
            raise StoreError("database: cannot be reached (OSError); it is tried again")
        return await due(*args)

    monkeypatch.setattr(desk._outbox, "due", answers_later)
    with capture_logs() as lines:
        assert await env.run(desk.deliver_mails, 1.0) == 1
    assert away < 0
    assert [line["event"] for line in lines if line["event"].startswith("mailroom")] == [
        "mailroom_waits",
        "mailroom_goes_on",
    ]
