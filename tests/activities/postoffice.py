"""A mail server, cases that listen, chat rooms, and a mail desk between them."""

import asyncio
import email
import email.policy
from collections.abc import Sequence
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlmodel import select

from activities.mailroom import MailDesk
from activities.ports import Post, Renderer, TryAgain
from activities.post import SmtpPost
from activities.store import Store
from models.commands import MailReport
from models.directory import Directory
from models.language import Language
from models.procedure import Procedure
from models.tables import MailRow
from procedures import PACKS
from reports.enclosing import MOST_BYTES, Enclosing


class MailServer:
    """Keeps what it takes; answers recipients and messages as told."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], EmailMessage]] = []
        self.refuse: dict[str, str] = {}
        self.data_answers: list[str] = []
        self.connections = 0
        self.drop_after_data = 0
        self.taken = asyncio.Event()

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, name: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = name
        return responses

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.data_answers:
            return self.data_answers.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        message = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.mails.append((envelope.rcpt_tos, message))
        self.taken.set()
        if self.drop_after_data:
            self.drop_after_data -= 1
            assert server.transport is not None
            server.transport.close()
        return "250 OK"


class Listener:
    """Hears what cases are told; deaf as long as `deaf`."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, bool, str]] = []
        self.deaf = False

    async def tell(self, number: str, report: MailReport) -> None:
        if self.deaf:
            raise TryAgain("case_unreachable")
        self.heard.append((number, report.mail, report.delivered, report.code))


class Rooms:
    def __init__(self) -> None:
        self.posts: list[tuple[Sequence[str], str]] = []
        self.broken = False

    async def send(self, rooms: Sequence[str], subject: str, body: str) -> None:
        if self.broken:
            raise TryAgain("chat_failed")
        self.posts.append((tuple(rooms), subject))


class PostOffice:
    """A mail desk with everything around it."""

    def __init__(self, store: Store, directory: Directory, clock: Any, port: int, server: MailServer) -> None:
        self.store, self.directory, self.clock, self.server = store, directory, clock, server
        self.listener, self.rooms = Listener(), Rooms()
        self.port = port

    def desk(
        self,
        port: int | None = None,
        *,
        render: Renderer | None = None,
        most_bytes: int = MOST_BYTES,
        post: Post | None = None,
        **options: Any,
    ) -> MailDesk:
        return MailDesk(
            self.store,
            PACKS,
            post=post or self.line(port),
            chat=self.rooms,
            directory_reader=lambda: self.directory,
            render=render or words,
            printer=Enclosing(self.store.url, PACKS.pinned, lambda: self.directory, most_bytes=most_bytes),
            herald=self.listener,
            clock=self.clock,
            **options,
        )

    def line(self, port: int | None = None) -> Post:
        return SmtpPost("127.0.0.1", port or self.port, sender="redress@shop.example", timeout=5)

    async def row(self, mail: str = "C-1-m1") -> MailRow:
        async with self.store.read() as session:
            return (await session.exec(select(MailRow).where(MailRow.id == mail))).one()


def words(template: str, values: Any, pack: Procedure, lang: Language) -> tuple[str, str]:
    if values["number"] == "C-BAD":
        raise KeyError("deadline_at")
    return f"责任认定 {template} {lang.value}", f"案件 {values['number']}, {pack.name}"
