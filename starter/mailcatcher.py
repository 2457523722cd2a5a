"""A mail server that keeps every mail in a folder and delivers none: what the local stack sends to."""

import asyncio
import contextlib
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from email.utils import getaddresses
from pathlib import Path
from types import TracebackType
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session

from starter.errors import OperatorError
from starter.ports import HOST

CASE_HEADER = "X-Redress-Case"
SIZE_LIMIT = 10 * 1024 * 1024
_STAMP = "%Y%m%dT%H%M%S.%fZ"


class MailCatcherError(OperatorError):
    """The catcher cannot listen, as one line."""


@dataclass(frozen=True, slots=True)
class CaughtMail:
    """One mail as it arrived. `at` is when (UTC); `case` is the case number in its header, if any."""

    at: datetime
    sender: str
    to: tuple[str, ...]
    subject: str
    message_id: str
    case: str | None
    text: str
    headers: Mapping[str, str]


class MailCatcher:
    """`async with MailCatcher(folder) as catcher:` listens on loopback; port 0 takes any free one."""

    def __init__(self, folder: Path, port: int = 1025) -> None:
        self.folder = folder
        self.port = port
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._session, HOST, self.port)
        except OSError:
            raise MailCatcherError(
                f"port {self.port} (for mail) is taken by another program; "
                "stop that, or set REDRESS_LOCAL__SMTP_PORT to another port (0: any free one)"
            ) from None
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    def _session(self) -> SMTP:
        return SMTP(
            _Keeper(self.folder),
            hostname="localhost",
            ident="redress",
            enable_SMTPUTF8=True,
            data_size_limit=SIZE_LIMIT,
        )


class _Keeper:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.original_content or b""
        await asyncio.to_thread(_keep, self._folder, content)
        return "250 2.0.0 kept"


def _keep(folder: Path, content: bytes) -> None:
    """A reader sees the whole mail or none."""
    name = f"{datetime.now(UTC).strftime(_STAMP)}-{secrets.token_hex(4)}.eml"
    draft = folder / f".{name}"
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / name)


def read_mails(folder: Path, *, to: str | None = None, case: str | None = None) -> list[CaughtMail]:
    """The caught mails, oldest first; of one recipient or one case if asked. An absent folder holds none."""
    mails = [_read(path) for path in sorted(folder.glob("[0-9]*.eml"))]
    return [
        mail
        for mail in mails
        if (to is None or to.lower() in (address.lower() for address in mail.to)) and case in (None, mail.case)
    ]


def remove_mails(folder: Path, cases: frozenset[str]) -> None:
    """Delete the caught mails of these cases."""
    for path in folder.glob("[0-9]*.eml"):
        if _read(path).case in cases:
            path.unlink(missing_ok=True)


def _read(path: Path) -> CaughtMail:
    message = message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=default_policy)
    headers = [(name, _value(message, name, raw)) for name, raw in message.raw_items()]
    first = {name.lower(): value for name, value in reversed(headers)}
    return CaughtMail(
        at=datetime.strptime(path.name.partition("-")[0], _STAMP).replace(tzinfo=UTC),
        sender=next(iter(_addresses(headers, "from")), ""),
        to=tuple(_addresses(headers, "to") + _addresses(headers, "cc")),
        subject=first.get("subject", ""),
        message_id=first.get("message-id", "").strip(),
        case=first.get(CASE_HEADER.lower(), "").strip() or None,
        text=_text(message),
        headers=dict(headers),
    )


def _value(message: EmailMessage, name: str, raw: str) -> str:
    """A header as people read it; as it came where the standard library stumbles over it, as over some addresses."""
    try:
        return str(message.policy.header_fetch_parse(name, raw))
    except Exception:  # noqa: BLE001 - it raises whatever a stranger's address leads it to
        return str(raw)


def _addresses(headers: Sequence[tuple[str, str]], wanted: str) -> list[str]:
    return [address for _, address in getaddresses([value for name, value in headers if name.lower() == wanted])]


def _text(message: EmailMessage) -> str:
    try:
        body = message.get_body(("plain", "html"))
    except Exception:  # noqa: BLE001 - as above
        return ""
    if body is None:
        return ""
    with contextlib.suppress(LookupError, UnicodeError, KeyError):
        return str(body.get_content()).replace("\r\n", "\n")
    raw = body.get_payload(decode=True)
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""
