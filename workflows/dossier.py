"""The desk of a workflow that people write to: messages come in, time passes, the book is kept beside it."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from models.base import Contract, Record
    from models.case import Verdict
    from models.commands import Command
    from models.dossier import Dossier
    from models.names import VIEW, Refused
    from models.procedure import Procedure
    from procedures import PACKS
    from rules import replies
    from workflows.alarm import Alarm
    from workflows.inbox import Inbox, answered, refusal
    from workflows.intake import hand_over
    from workflows.letters import Letter, Models, read

State = TypeVar("State", bound=Dossier)


class DossierDesk(ABC, Generic[State]):
    """A dossier with its inbox, its clock and its book. A workflow says what it is and when it is where."""

    state: State

    def __init__(self, models: Models) -> None:
        self.opened = False
        self.models = models
        self.inbox = Inbox(models)
        self.written: State | None = None
        self._alarm = Alarm()
        self._shown = ""
        self._book_open = True
        self._writing = False
        self._ending = False

    @property
    @abstractmethod
    def stage(self) -> StrEnum:
        """Where it stands."""

    @abstractmethod
    def seen(self) -> Record:
        """What the query `view` returns."""

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
    async def receive(self, name: str, command: Command, at: datetime, departments: tuple[str, ...]) -> Verdict:
        """Judge a person's message."""

    def notice(self, content: Contract) -> None:
        """Take in a message that is no person's."""

    async def errands(self) -> None:
        """Do what messages and time have made necessary."""

    def proceed(self) -> None:
        """Set going what the stage is for."""

    def woken(self) -> bool:
        """Whether what has been set going has news."""
        return False

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

    @property
    def at_work(self) -> bool:
        """Whether something is under way that a new run would lose."""
        return False

    @property
    def renewal_due(self) -> bool:
        """Whether a new run shall take over, so that a flood of messages never fills the history.

        From then on no page is begun: the new run writes what this one has not. Were the last page waited for, messages
        that come faster than pages are written would keep the new run from ever beginning.
        """
        wanted = workflow.info().is_continue_as_new_suggested() and self.opened
        return wanted and not self.at_work and not self._ending

    def _may_renew(self) -> bool:
        return self.renewal_due and not self._writing and self.inbox.portable

    async def stay(self, *stages: StrEnum) -> None:
        """Go on as long as it stands at one of these stages; at once if it is elsewhere."""
        while self.stage in stages:
            await self.catch_up()
            if self.stage not in stages:
                return
            self.proceed()
            self.set_alarm()
            await workflow.wait_condition(lambda: self.ready() or self.woken() or self._may_renew())
            if self._may_renew():
                hand_over(self.state, self.inbox)

    def ready(self) -> bool:
        """Whether something has happened that must be looked at."""
        return self.inbox.waiting or self._alarm.rang()

    def set_alarm(self) -> None:
        """Wake up when the next thing is due."""
        self._alarm.set(*self.next_due())

    async def catch_up(self) -> None:
        """Judge every waiting message at the instant the server received it, and let time pass between and after.

        Where a new run shall take over, the messages are left to it: they may come faster than they are judged.
        """
        while self.inbox.waiting:
            if self._may_renew():
                return
            for letter, origin in await self.inbox.take():
                at = origin.at or workflow.now()
                await self.pass_time(at)
                verdict = await self._judge(letter, origin.departments, at)
                self.inbox.answer(letter, verdict, hold=self.renewal_due)
        self.inbox.release()
        await self.pass_time(workflow.now())
        await self.errands()
        self.show()

    async def _judge(self, letter: Letter, departments: tuple[str, ...], at: datetime) -> Verdict:
        if letter.problem is not None:
            problem, sender = letter.problem, letter.sender(departments, at)
            self.state, verdict = replies.refused(self.state, Refused(problem.code), problem.reason, sender)
            return verdict
        if isinstance(letter.content, Command):
            return await self.receive(letter.name, letter.content, at, departments)
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
            await workflow.wait_condition(lambda: (self.unwritten and not self.renewal_due) or not self._book_open)
            if not self.unwritten:
                return
            writing, self._writing = self.state, True
            await self.write()
            self._writing = False
            unchanged = self.state is writing
            self.state = self.without(writing)
            self.written = self.state if unchanged else writing

    def without(self, written: State) -> State:
        """The state as it is now, without what an earlier one has handed over."""
        return self.state.without(written)

    async def clear(self, book: "asyncio.Task[None]") -> None:
        """Leave nothing behind: every message judged, every handler done, every line in the book."""
        self._ending = True
        while not self.idle:
            await self.catch_up()
            await workflow.wait_condition(lambda: self.inbox.waiting or self.idle)
        self._alarm.stop()
        self._book_open = False
        await workflow.wait([book])

    @workflow.signal(dynamic=True)
    def _signalled(self, name: str, args: Sequence[RawValue]) -> None:
        """Every signal, whatever it is: judged by the rules, never fatal."""
        self.inbox.signalled(name, args)

    @workflow.update(dynamic=True)
    async def _updated(self, name: str, args: Sequence[RawValue]) -> Verdict:
        """The same messages with an answer."""
        return await answered(self.inbox.put(name, args))

    @_updated.validator
    def _refuse_at_the_door(self, name: str, args: Sequence[RawValue]) -> None:
        """What cannot be read costs no event."""
        if (problem := read(name, args, self.models).problem) is not None:
            raise refusal(problem)

    @workflow.query(name=VIEW)
    def _view(self) -> Record | None:
        """It as it stands; null before it is opened."""
        return self.seen() if self.opened else None
