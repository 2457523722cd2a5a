"""Regular reports in the outbox and on their way: once a period, with files every system takes."""

from typing import Any

import pytest
from sqlmodel import select
from temporalio.exceptions import ApplicationError

from activities.reporting import ReportDesk
from activities.store import Store
from models.directory import Directory, Person, Team
from models.reporting import ReportCall
from models.tables import MailRow
from procedures import PACKS, load_packs
from reports.enclosing import file_name
from tests.activities.postoffice import PostOffice
from texts.mails import render_mail

CALL = ReportCall(procedure="marketplace", name="weekly", every="week", time_zone="Asia/Shanghai", period="2026-W10")


@pytest.fixture
def readers() -> Directory:
    load_packs()
    pack = PACKS.newest("marketplace")
    assert pack is not None
    teams = {name: _team(name, "en" if name == "panel" else "zh") for name in pack.sending["weekly"].to}
    return Directory.model_validate({"departments": teams})


def _team(name: str, language: str) -> Team:
    return Team.model_validate({"owners": (Person(name=name, email=f"{name}@example.com"),), "language": language})


async def test_a_period_asked_for_twice_is_written_once_and_again_only_on_a_wish(
    store: Store, readers: Directory, clock: Any
) -> None:
    nudges: list[int] = []
    desk = ReportDesk(store, PACKS, on_mail=lambda: nudges.append(1), clock=clock)
    written = [await desk.post_reports(CALL) for _ in range(2)]
    again = CALL.model_copy(update={"again": "ab12"})
    written += [await desk.post_reports(again) for _ in range(2)]
    assert written == [len(readers.departments), 0, len(readers.departments), 0]
    assert len(nudges) == 2
    async with store.read() as session:
        rows = (await session.exec(select(MailRow))).all()
    assert {row.number for row in rows} == {"report.marketplace.weekly.2026-W10"}
    with pytest.raises(ApplicationError, match="sends no daily reports"):
        await desk.post_reports(CALL.model_copy(update={"name": "daily"}))


async def test_every_reader_gets_the_reports_as_files_in_the_own_language(
    store: Store, readers: Directory, clock: Any, post_office: PostOffice
) -> None:
    post_office.directory = readers
    await ReportDesk(store, PACKS, on_mail=lambda: None, clock=clock).post_reports(CALL)
    desk = post_office.desk(render=render_mail)
    assert await desk.deliver_once() == len(readers.departments)
    files = {
        to[0].partition("@")[0]: {part.get_filename(): part.get_content() for part in mail.iter_attachments()}
        for to, mail in post_office.server.mails
    }
    assert "规则外退换货需求汇总表 2026-W10.xlsx" in files["leadership"]
    assert len(files["leadership"]) == len(files["panel"]) == 3
    assert all(name is not None and name.isascii() and content[:2] == b"PK" for name, content in files["panel"].items())


async def test_what_is_too_large_for_a_mail_is_named_in_it(
    store: Store, readers: Directory, clock: Any, post_office: PostOffice
) -> None:
    post_office.directory = readers
    await ReportDesk(store, PACKS, on_mail=lambda: None, clock=clock).post_reports(CALL)
    desk = post_office.desk(render=render_mail, most_bytes=100)
    assert await desk.deliver_once() == len(readers.departments)
    (mail,) = (mail for to, mail in post_office.server.mails if to == ["panel@example.com"])
    assert not list(mail.iter_attachments())
    assert "Too large for a mail: " in mail.get_content()


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("外/内: 表", "外_内_ 表 2026-W10.pdf"),
        ("..\\a\x00\u202eb", "_a__b 2026-W10.pdf"),
        ("a" * 200, "a" * 80 + ".pdf"),
    ],
)
def test_a_files_name_is_one_every_system_takes(title: str, name: str) -> None:
    assert file_name(title, "2026-W10", "pdf") == name
