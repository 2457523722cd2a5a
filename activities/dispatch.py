"""From a row of the outbox to the mail server and the chat room."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from activities.enclosures import Enclosed
from activities.outbox import CUSTOMER, NOT_WRITTEN, Open
from activities.ports import Chat, MailLine, MailRefused, OutgoingMail, Post, Renderer, TryAgain
from models.directory import Directory
from models.language import Language
from models.reporting import TOO_LARGE
from procedures import Packs

CHAT_WAIT = 5.0
"""How long the end of a turn waits for chat rooms (seconds)."""
LINES = 4
"""Connections to the mail server at once."""
NOTHING = Enclosed()
_log = structlog.get_logger()


@dataclass(frozen=True)
class Address:
    """Who reads a notice: e-mail addresses, chat rooms, language."""

    to: tuple[str, ...]
    rooms: tuple[str, ...]
    language: Language


@dataclass(frozen=True)
class Ready:
    """A notice in words."""

    row: Open
    mail: OutgoingMail
    rooms: tuple[str, ...]


def address(row: Open, directory: Directory) -> Address | None:
    """The customer by the complaint, a department by the directory; None for a department the directory lacks."""
    if row.mail.to == CUSTOMER and (complaint := row.complaint) is not None:
        person = complaint.complainant
        return Address((person.email,) if person.email else (), (), person.language)
    team = directory.team(row.mail.to)
    if team is None:
        return None
    return Address(tuple(person.email for person in team.owners), team.chat, team.language)


def in_words(row: Open, to: Address, packs: Packs, render: Renderer, enclosed: Enclosed = NOTHING) -> Ready:
    """The notice as it is sent. Raises whatever its words fail with; a worker that knows the pack may write it."""
    notice = row.mail
    values = notice.values | ({TOO_LARGE: ", ".join(enclosed.too_large)} if enclosed.too_large else {})
    subject, body = render(notice.template, values, packs.pinned(row.procedure), to.language)
    mail = OutgoingMail(to.to, subject, body, notice.message_id, notice.number, notice.at, enclosed.files)
    return Ready(row, mail, to.rooms)


Settle = Callable[[Ready, MailRefused | TryAgain | None], Awaitable[None]]
"""Called once for every mail, as soon as its fate is known; None: the mail server took it."""


class Dispatch:
    """Sends mails over a few connections at once, and copies of them to chat rooms beside."""

    def __init__(self, post: Post, chat: Chat) -> None:
        self._post = post
        self._chat = chat
        self._chats: set[asyncio.Task[None]] = set()

    async def send(self, mails: Sequence[Ready], settle: Settle) -> None:
        """Send all; a lost connection is made again, and where there is none the rest is settled unsent."""
        queue = deque(mails)
        # A few mails are not worth a second connection.
        lines = min(LINES, (len(queue) + 4) // 5)
        ends = await asyncio.gather(*(self._work(queue, settle) for _ in range(lines)), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end

    def post_to_rooms(self, ready: Ready) -> None:
        """Start posting; mail does not wait for chat."""
        if ready.rooms:
            task = asyncio.create_task(self._post_to_rooms(ready))
            self._chats.add(task)
            task.add_done_callback(self._chats.discard)

    async def finish(self) -> None:
        """Give chat rooms a moment; what is not through then is dropped, the mail holds the same words."""
        if not self._chats:
            return
        _, late = await asyncio.wait(self._chats, timeout=CHAT_WAIT)
        for task in late:
            task.cancel()

    async def _work(self, queue: deque[Ready], settle: Settle) -> None:
        while queue:
            try:
                async with self._post.connect() as line:
                    while queue and await _one(line, queue.popleft(), settle):
                        pass
            except TryAgain as error:
                while queue:
                    await settle(queue.popleft(), error)

    async def _post_to_rooms(self, ready: Ready) -> None:
        try:
            await self._chat.send(ready.rooms, ready.mail.subject, ready.mail.body)
        except TryAgain as error:
            _log.warning("chat_not_posted", mail=ready.row.mail.id, problem=error.code)


async def _one(line: MailLine, ready: Ready, settle: Settle) -> bool:
    """Whether the connection is still good. After a mistake of ours nobody knows what it has been told."""
    outcome: MailRefused | TryAgain | None = None
    try:
        await line.send(ready.mail)
    except (MailRefused, TryAgain) as error:
        outcome = error
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one mail holds up no other
        mail = ready.row.mail
        _log.warning("mail_not_written", mail=mail.id, template=mail.template, problem=type(error).__name__)
        outcome = TryAgain(NOT_WRITTEN)
    await settle(ready, outcome)
    return not (isinstance(outcome, TryAgain) and outcome.code in {"connection_lost", "smtp_421", NOT_WRITTEN})
