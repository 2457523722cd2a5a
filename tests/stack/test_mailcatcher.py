"""The mail catcher over real SMTP."""

import asyncio
import socket
import sys
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from starter.mailcatcher import MailCatcher, MailCatcherError, read_mails, remove_mails

BODY = "请裁定责任。\n\nPlease rule who is liable."


def _mail(to: str, case: str | None = None, subject: str = "裁定请求") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "售后 <aftersales@redress.example>"
    mail["To"] = to
    mail["Subject"] = subject
    mail["Message-ID"] = "<ask-1.sig@redress.example>"
    if case:
        mail["X-Redress-Case"] = case
    mail.set_content(BODY)
    return mail


async def _send(catcher: MailCatcher, *mails: EmailMessage) -> None:
    for mail in mails:
        await aiosmtplib.send(mail, hostname="127.0.0.1", port=catcher.port, start_tls=False)


async def test_a_caught_mail_is_read_back_as_it_was_sent(tmp_path: Path) -> None:
    async with MailCatcher(tmp_path / "mails", port=0) as catcher:
        await _send(catcher, _mail("商品部 <goods@dept.example>, b@dept.example", case="R-ABC"))
        [mail] = read_mails(catcher.folder)
    assert mail.sender == "aftersales@redress.example"
    assert mail.to == ("goods@dept.example", "b@dept.example")
    assert (mail.subject, mail.case) == ("裁定请求", "R-ABC")
    assert mail.message_id == "<ask-1.sig@redress.example>"
    assert mail.text.strip() == BODY
    assert mail.headers["X-Redress-Case"] == "R-ABC"


async def test_mails_are_found_by_recipient_and_by_case_in_the_order_they_came(tmp_path: Path) -> None:
    async with MailCatcher(tmp_path, port=0) as catcher:
        await _send(
            catcher,
            _mail("a@dept.example", "R-1", "1"),
            _mail("b@dept.example", "R-1", "2"),
            _mail("a@dept.example", "R-2", "3"),
            _mail("a@dept.example", None, "4"),
        )
    assert [mail.subject for mail in read_mails(tmp_path)] == ["1", "2", "3", "4"]
    assert [mail.subject for mail in read_mails(tmp_path, to="A@dept.example")] == ["1", "3", "4"]
    assert [mail.subject for mail in read_mails(tmp_path, case="R-1")] == ["1", "2"]
    assert [mail.subject for mail in read_mails(tmp_path, to="a@dept.example", case="R-2")] == ["3"]
    assert read_mails(tmp_path / "nowhere") == []


async def test_another_process_reads_the_mails_while_the_catcher_runs(tmp_path: Path) -> None:
    script = "import sys, pathlib, starter.mailcatcher as m; print(len(m.read_mails(pathlib.Path(sys.argv[1]))))"
    async with MailCatcher(tmp_path, port=0) as catcher:
        await _send(catcher, _mail("a@dept.example"), _mail("b@dept.example"))
        reader = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, str(tmp_path), stdout=asyncio.subprocess.PIPE
        )
        output, _ = await reader.communicate()
    assert output.split() == [b"2"]


async def test_a_hundred_mails_at_once_are_all_kept(tmp_path: Path) -> None:
    async with MailCatcher(tmp_path, port=0) as catcher:
        await asyncio.gather(*(_send(catcher, _mail("a@dept.example", subject=str(n))) for n in range(100)))
    assert {mail.subject for mail in read_mails(tmp_path)} == {str(n) for n in range(100)}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00garbage without any header",
        b"Subject: =?unknown-8bit?q?=ff?=\nContent-Type: text/plain; charset=nonsense\n\n\xff",
        b"Content-Type: multipart/mixed; boundary=x\n\nno part at all",
        b"From: \nTo: <>\n\n",
        b"Content-Transfer-Encoding: base64\n\n!!!!",
    ],
)
def test_a_mangled_mail_does_not_hide_the_others(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "20260101T000000.000000Z-00.eml").write_bytes(content)
    (tmp_path / "20260102T000000.000000Z-00.eml").write_bytes(bytes(_mail("a@dept.example")))
    mails = read_mails(tmp_path)
    assert [mail.at.day for mail in mails] == [1, 2]
    assert mails[1].to == ("a@dept.example",)


async def test_a_taken_mail_port_is_refused_with_one_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(MailCatcherError) as refused:
            async with MailCatcher(tmp_path, port=port):
                pass
    assert f"port {port}" in str(refused.value)
    assert "REDRESS_LOCAL__SMTP_PORT" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("address", ["=?utf-8?q?=3e?@=0dİ", "=?x-unknown?q?@例1İ?=?utf-8?q?", "x@["])
def test_a_mail_to_an_address_that_is_none_is_read_and_removed_with_its_case(address: str, tmp_path: Path) -> None:
    for serial, (to, case) in enumerate(((address, "C-1"), ("a@example.org", "C-2"))):
        content = f"To: {to}\nSubject: s\nX-Redress-Case: {case}\n\nhello".encode()
        (tmp_path / f"2026030{serial + 1}T090000.000000Z-1.eml").write_bytes(content)
    assert [(mail.case, mail.text) for mail in read_mails(tmp_path)] == [("C-1", "hello"), ("C-2", "hello")]
    remove_mails(tmp_path, frozenset({"C-1"}))
    assert [mail.case for mail in read_mails(tmp_path)] == ["C-2"]
