"""A case hears of a notice its department cannot read, once, and of one that arrives after all."""

from collections.abc import Callable
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.mailroom import SignalHerald
from activities.ports import TryAgain
from models.commands import MailReport
from models.directory import Directory
from tests.activities.postoffice import PostOffice

Notices = Callable[..., Any]


async def test_a_refusal_for_good_is_not_tried_again_and_the_case_hears_of_it_once(
    post_office: PostOffice, notices: Notices
) -> None:
    post_office.server.refuse = {"mo@example.com": "550 5.1.1 no such user"}
    await notices("logistics", "merchandise")
    assert await post_office.desk().deliver_once() == 1  # one of merchandise's two owners can read it
    post_office.clock.later(days=1)
    assert await post_office.desk().deliver_once() == 0
    assert post_office.listener.heard == [("C-1", "C-1-m1", False, "smtp_550")]
    row = await post_office.row()
    assert (row.failed_at is None, row.attempts, row.next_try_at) == (False, 1, None)


async def test_an_overdue_notice_is_reported_once_and_once_more_when_it_arrives_after_all(
    post_office: PostOffice, notices: Notices
) -> None:
    post_office.server.refuse = {"mo@example.com": "450 4.7.1 greylisted"}
    await notices("logistics", "customer")
    await post_office.desk().deliver_once()
    for _ in range(3):
        post_office.clock.later(minutes=16)
        await post_office.desk().deliver_once()
    assert post_office.listener.heard == [("C-1", "C-1-m1", False, "smtp_450")]
    post_office.server.refuse = {}
    post_office.clock.later(minutes=6)
    for _ in range(2):
        await post_office.desk().deliver_once()
    assert post_office.listener.heard[1:] == [("C-1", "C-1-m1", True, "delivered")]
    row = await post_office.row()
    assert None not in {row.sent_at, row.reported_at, row.recovered_at}
    assert row.next_try_at is None


LATE = ("C-1", "C-1-m1", False, "sent_late")


async def test_an_ask_that_leaves_only_after_its_time_is_lost_to_its_case_once_whatever_kept_it_here(
    post_office: PostOffice, notices: Notices
) -> None:
    await notices("logistics", ask="1-logistics")
    post_office.clock.later(minutes=15, seconds=1)
    for _ in range(3):
        await post_office.desk().deliver_once()
        post_office.clock.later(minutes=6)
    assert (len(post_office.server.mails), post_office.listener.heard) == (1, [LATE])
    row = await post_office.row()
    assert (row.code, row.owed, row.next_try_at) == ("sent_late", None, None)
    assert None not in {row.sent_at, row.reported_at}


async def test_an_ask_that_leaves_in_its_time_and_any_other_notice_are_not_reported(
    post_office: PostOffice, notices: Notices
) -> None:
    await notices("logistics", number="C-2")
    await notices("logistics", ask="1-logistics")
    post_office.clock.later(minutes=15)
    assert await post_office.desk(batch=1).deliver_once() == 1
    assert await post_office.desk().deliver_once() == 1
    post_office.clock.later(days=1)
    await post_office.desk().deliver_once()
    assert post_office.listener.heard == []


async def test_an_ask_reported_lost_and_sent_after_its_time_stays_lost(
    post_office: PostOffice, notices: Notices
) -> None:
    post_office.server.refuse = {"mo@example.com": "450 4.7.1 greylisted"}
    await notices("logistics", ask="1-logistics")
    post_office.clock.later(minutes=16)
    await post_office.desk().deliver_once()
    post_office.server.refuse = {}
    for _ in range(2):
        post_office.clock.later(minutes=6)
        await post_office.desk().deliver_once()
    assert post_office.listener.heard == [("C-1", "C-1-m1", False, "smtp_450")]
    row = await post_office.row()
    assert (len(post_office.server.mails), row.code, row.recovered_at, row.next_try_at) == (1, "sent_late", None, None)


async def test_an_ask_reported_lost_at_once_is_found_when_it_leaves_in_its_time(
    post_office: PostOffice, notices: Notices, directory: Directory
) -> None:
    post_office.directory = Directory(departments={"merchandise": directory.departments["merchandise"]})
    await notices("logistics", ask="1-logistics")
    await post_office.desk().deliver_once()
    post_office.directory = directory
    post_office.clock.later(minutes=5)
    await post_office.desk().deliver_once()
    assert [(delivered, code) for *_, delivered, code in post_office.listener.heard] == [
        (False, "no_recipient"),
        (True, "delivered"),
    ]


async def test_a_late_ask_whose_case_cannot_be_reached_is_reported_later(
    post_office: PostOffice, notices: Notices
) -> None:
    await notices("logistics", ask="1-logistics")
    post_office.listener.deaf = True
    post_office.clock.later(hours=3)
    await post_office.desk().deliver_once()
    post_office.listener.deaf = False
    for _ in range(2):
        post_office.clock.later(seconds=6)
        await post_office.desk().deliver_once()
    assert (len(post_office.server.mails), post_office.listener.heard) == (1, [LATE])


async def test_a_case_that_cannot_be_reached_is_told_later(post_office: PostOffice, notices: Notices) -> None:
    post_office.server.refuse = {"mo@example.com": "550 no such user"}
    post_office.listener.deaf = True
    await notices("logistics")
    await post_office.desk().deliver_once()
    assert (await post_office.row()).owed == "lost"
    post_office.listener.deaf = False
    post_office.clock.later(seconds=6)
    for _ in range(2):
        await post_office.desk().deliver_once()
    assert post_office.listener.heard == [("C-1", "C-1-m1", False, "smtp_550")]
    assert (await post_office.row()).attempts == 1


async def test_after_days_of_temporary_failures_the_mailroom_gives_up(
    post_office: PostOffice, notices: Notices
) -> None:
    post_office.server.refuse = {"mo@example.com": "450 4.7.1 greylisted"}
    await notices("logistics")
    post_office.clock.later(days=3, minutes=1)
    await post_office.desk().deliver_once()
    assert (await post_office.row()).failed_at == post_office.clock.now
    assert post_office.listener.heard == [("C-1", "C-1-m1", False, "smtp_450")]


async def test_a_customer_without_an_address_is_left_to_the_front_desk(
    post_office: PostOffice, notices: Notices
) -> None:
    await notices("customer", complainant={"id": "U-1"})
    assert await post_office.desk().deliver_once() == 0
    row = await post_office.row()
    assert (row.code, row.sent_at) == ("no_address", post_office.clock.now)
    assert post_office.listener.heard == []


async def test_a_department_the_directory_lacks_is_reported_at_once_and_reached_once_it_is_added(
    post_office: PostOffice, notices: Notices, directory: Directory
) -> None:
    await notices("panel")
    await post_office.desk().deliver_once()
    assert post_office.listener.heard == [("C-1", "C-1-m1", False, "no_recipient")]
    post_office.directory = Directory(departments={"panel": directory.departments["logistics"]})
    post_office.clock.later(minutes=5)
    assert await post_office.desk().deliver_once() == 1
    assert post_office.listener.heard[-1] == ("C-1", "C-1-m1", True, "delivered")


class _Handle:
    def __init__(self, error: RPCError | None) -> None:
        self.error = error
        self.signals: list[tuple[str, Any]] = []

    async def signal(self, name: str, argument: Any) -> None:
        if self.error:
            raise self.error
        self.signals.append((name, argument))


class _Connection(Client):
    """A client whose only handle is ours."""

    def __init__(self, handle: _Handle) -> None:
        self.handle = handle
        self.asked = ""

    def get_workflow_handle(self, workflow_id: str, **_: Any) -> Any:
        self.asked = workflow_id
        return self.handle


REPORT = MailReport(mail="C-1-m1", delivered=False, code="smtp_550")


async def test_a_case_is_told_by_the_signal_of_the_contract() -> None:
    connection = _Connection(_Handle(None))
    await SignalHerald(lambda: connection).tell("C-1", REPORT)
    assert connection.asked == "complaint.C-1"
    assert connection.handle.signals == [("mail", REPORT)]


@pytest.mark.parametrize(
    "text",
    ["workflow execution already completed", "workflow not found for ID: complaint.C-1", "Workflow not found"],
)
async def test_a_case_that_is_over_counts_as_told(text: str) -> None:
    ended = _Connection(_Handle(RPCError(text, RPCStatusCode.NOT_FOUND, b"")))
    await SignalHerald(lambda: ended).tell("C-1", REPORT)
    assert ended.asked == "complaint.C-1"


@pytest.mark.parametrize(
    ("text", "status"),
    [("Namespace default is not found.", RPCStatusCode.NOT_FOUND), ("busy", RPCStatusCode.UNAVAILABLE)],
)
async def test_any_other_trouble_with_the_server_is_tried_again(text: str, status: RPCStatusCode) -> None:
    away = _Connection(_Handle(RPCError(text, status, b"")))
    with pytest.raises(TryAgain, match="case_unreachable"):
        await SignalHerald(lambda: away).tell("C-1", REPORT)
