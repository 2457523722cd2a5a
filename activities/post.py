"""Mail by SMTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTPUTF8
from email.utils import format_datetime
from typing import Literal

import aiosmtplib

from activities.ports import MailLine, MailRefused, OutgoingMail, TryAgain

Tls = Literal["none", "starttls", "tls"]
_MALFORMED = (ValueError, MessageError, AttributeError, LookupError, TypeError)
"""What the standard library raises for addresses that are none: encoded words in them alone bring three kinds."""


class SmtpPost:
    """The company's mail server. `sender` is an address, its domain completes each Message-ID; `timeout` in seconds."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        sender: str,
        user: str | None = None,
        password: str | None = None,
        tls: Tls = "none",
        timeout: float = 10,
    ) -> None:
        self._options = {
            "hostname": host,
            "port": port,
            "username": user or None,
            "password": password or None,
            "use_tls": tls == "tls",
            "start_tls": tls == "starttls",
            "timeout": timeout,
        }
        self._sender = sender

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[MailLine]:
        """One connection, for as many mails as are sent in the block. Raises TryAgain."""
        client = aiosmtplib.SMTP(**self._options)  # type: ignore[arg-type]
        try:
            await client.connect()
        except aiosmtplib.SMTPAuthenticationError:
            raise TryAgain("sign_in_refused") from None
        except (aiosmtplib.SMTPException, OSError, ValueError):
            raise TryAgain("unreachable") from None
        try:
            yield _SmtpLine(client, self._sender)
        finally:
            await _goodbye(client)


class _SmtpLine:
    def __init__(self, client: aiosmtplib.SMTP, sender: str) -> None:
        self._client = client
        self._sender = sender

    async def send(self, mail: OutgoingMail) -> None:
        """See MailLine. Taken for at least one recipient counts as sent."""
        try:
            message = compose(mail, self._sender)
        except _MALFORMED:
            raise MailRefused("bad_address") from None
        try:
            await self._client.send_message(message, sender=self._sender, recipients=list(mail.to))
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _refusal([recipient.code for recipient in error.recipients]) from None
        except aiosmtplib.SMTPNotSupported:
            raise MailRefused("not_supported") from None
        except aiosmtplib.SMTPResponseException as error:
            raise _refusal([error.code]) from None
        except (aiosmtplib.SMTPException, OSError):
            raise TryAgain("connection_lost") from None


async def _goodbye(client: aiosmtplib.SMTP) -> None:
    try:
        await client.quit()
    except (aiosmtplib.SMTPException, OSError):
        client.close()


def _refusal(codes: list[int]) -> MailRefused | TryAgain:
    """Only when every answer is final (5xx) is the mail refused for good."""
    if codes and all(500 <= code < 600 for code in codes):
        return MailRefused(f"smtp_{codes[0]}")
    return TryAgain(f"smtp_{next((code for code in codes if code < 500), 0)}")


def compose(mail: OutgoingMail, sender: str) -> EmailMessage:
    """The mail with the headers machines read. For an address that is none raises `_MALFORMED`."""
    message = EmailMessage(policy=SMTPUTF8)
    message["From"] = Address(addr_spec=sender)
    message["To"] = [Address(addr_spec=address) for address in mail.to]
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = format_datetime(mail.at)
    message["Message-ID"] = f"<{mail.message_id}@{sender.rpartition('@')[2]}>"
    message["X-Redress-Case"] = mail.number
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body)
    for enclosure in mail.enclosures:
        message.add_attachment(
            enclosure.file.read_bytes(),
            maintype=enclosure.main_type,
            subtype=enclosure.sub_type,
            filename=enclosure.name,
        )
    return message
