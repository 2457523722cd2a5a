"""The desk of a workflow that people write to: messages come in, time passes, the book is kept beside it."""

import asyncio
from abc import ABC, abstractmethod
from datetime import datetime
from typing import Generic, TypeVar

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from models.base import Contract
    from models.case import Verdict
    from models.commands import Command
    from models.dossier import Dossier
    from models.names import Refused
    from models.procedure import Procedure
    from procedures import PACKS
    from rules import replies
    from workflows.alarm import Alarm
    from workflows.inbox import Inbox
    from workflows.letters import Letter, Models

State = TypeVar("State", bound=Dossier)


class DossierDesk(ABC, Generic[State]):
    """A dossier with its inbox, its clock and its book."""

    state: State

    def __init__(self, models: Models) -> None:
        self.opened = False
        self.models = models
        self.inbox = Inbox(models)
        self.written: State | None = None
        self._alarm = Alarm()
        self._shown = ""
        self._book_open = True

    @abstractmethod
    def procedure(self) -> str:
        """The ref of the procedure it runs under."""

    @abstractmethod
    def next_due(self) -> tuple[datetime | None, str]:
        """When it goes on by itself, and what the timer is for."""

    @abstractmethod
    async def pass_time(self, at: datetime) -> None:
        """Let happen what was due by an instant."""

    @abstractmethod
    def receive(self, name: str, command: Command, at: datetime, departments: tuple[str, ...]) -> Verdict:
        """Judge a person's message."""

    def notice(self, content: Contract) -> None:
        """Take in a message that is no person's."""

    async def errands(self) -> None:
        """Do what messages and time have made necessary."""

    @abstractmethod
    async def write(self) -> None:
        """Write the state to the book."""

    @abstractmethod
    def details(self) -> str:
        """What the Web UI shows."""

    @property
    def pack(self) -> Procedure:
        """The procedure."""
        return PACKS.pinned(self.procedure())

    @property
    def unwritten(self) -> bool:
        """Whether the book lacks something."""
        return self.opened and self.state is not self.written

    @property
    def idle(self) -> bool:
        """Nothing to judge, nothing to write, nobody waiting for an answer."""
        return not self.inbox.waiting and not self.unwritten and workflow.all_handlers_finished()

    def ready(self) -> bool:
        """Whether something has happened that must be looked at."""
        return self.inbox.waiting or self._alarm.rang()

    def set_alarm(self) -> None:
        """Wake up when the next thing is due."""
        self._alarm.set(*self.next_due())

    async def catch_up(self) -> None:
        """Judge every waiting message at the instant the server received it, and let time pass between and after."""
        while self.inbox.waiting:
            for letter, origin in await self.inbox.take():
                at = origin.at or workflow.now()
                await self.pass_time(at)
                letter.verdict = self._judge(letter, origin.departments, at)
        await self.pass_time(workflow.now())
        await self.errands()
        self.show()

    def _judge(self, letter: Letter, departments: tuple[str, ...], at: datetime) -> Verdict | None:
        if letter.problem is not None:
            self.state, verdict = replies.refused(self.state, Refused(letter.problem.code), letter.problem.reason)
            return verdict
        if isinstance(letter.content, Command):
            return self.receive(letter.name, letter.content, at, departments)
        if letter.content is not None:
            self.notice(letter.content)
        return Verdict(accepted=True, code="accepted")

    def show(self) -> None:
        """What the Web UI shows, if it changed."""
        details = self.details()
        if details != self._shown:
            self._shown = details
            workflow.set_current_details(details)

    async def keep_book(self) -> None:
        """Write down what has happened, beside the work: a database that is down delays no decision."""
        while True:
            await workflow.wait_condition(lambda: self.unwritten or not self._book_open)
            if not self.unwritten:
                return
            writing = self.state
            await self.write()
            unchanged = self.state is writing
            self.state = self.without(writing)
            self.written = self.state if unchanged else writing

    def without(self, written: State) -> State:
        """The state as it is now, without the notices that an earlier one has handed over."""
        sent = {mail.id for mail in written.mails}
        return self.state.but(mails=tuple(mail for mail in self.state.mails if mail.id not in sent))

    async def clear(self, book: "asyncio.Task[None]") -> None:
        """Leave nothing behind: every message judged, every handler done, every line in the book."""
        while not self.idle:
            await self.catch_up()
            await workflow.wait_condition(lambda: self.inbox.waiting or self.idle)
        self._alarm.stop()
        self._book_open = False
        await workflow.wait([book])
