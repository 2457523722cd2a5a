"""The desk of a workflow that people write to: messages come in, time passes, the book is kept beside it."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from pydantic import BaseModel

    from models.base import Record
    from models.case import Verdict
    from models.commands import Command
    from models.names import VIEW
    from models.pages import Origin
    from workflows.alarm import Alarm
    from workflows.inbox import Inbox, answered, refusal
    from workflows.letters import Letter, Models, read
    from workflows.starting import hand_over
    from workflows.undeterred import beside

_MOMENT = timedelta(milliseconds=1)
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(milliseconds=20), timedelta(seconds=1)
_FEW = 10
"""Messages lately, where a run may still try to hand over. A server fires a timer of a millisecond tens of them later,
in which time a flood of 50 a second brings some. A try that one of them foils is made again from the history's
beginning: more come in that time than this, so that a foiled try is not made for ever.
"""
HEARD = Verdict(accepted=True, code="accepted")


class Desk(ABC):
    """An inbox, an alarm clock and a book. Messages are put in by handlers and judged in one place."""

    def __init__(self, models: Models, *, guarded: bool = False) -> None:
        """`guarded`: `at_the_door` has who sends an update looked up, where the update says for whom that is."""
        self.models = models
        self.inbox = Inbox(models, guarded=guarded)
        self.alarm = Alarm()
        self.opened = False
        self.ending = False
        self._book_open = True
        self._writing = False
        self._judging = False
        self._quiet = False
        self._rounds = 0
        """How often messages have been judged."""

    @abstractmethod
    def seen(self) -> Record:
        """What the query `view` returns."""

    @property
    @abstractmethod
    def unwritten(self) -> bool:
        """Whether the book lacks something."""

    @abstractmethod
    async def write(self) -> None:
        """Write one page and keep in mind what stands in the book."""

    @abstractmethod
    async def judge(self, letter: Letter, origin: Origin) -> Verdict:
        """Take a message in."""

    @abstractmethod
    async def go_on(self) -> None:
        """Let time pass until now, and do what messages and time have made necessary."""

    @property
    @abstractmethod
    def outgrown(self) -> bool:
        """Whether another run is wanted and could go on from here."""

    @property
    def settled(self) -> bool:
        """Whether nothing is on its way that a new run would lose."""
        return True

    async def absorb(self) -> None:  # noqa: B027 - only a case has children
        """Take in what has come back from elsewhere, ahead of messages that were sent knowing of it."""

    def wanted(self, command: Command) -> str | None:
        """The procedure a message would have it move to, by its ref."""
        return None

    def at_the_door(self, letter: Letter) -> Verdict | None:
        """What is plainly wrong with a readable update, so that it costs no event."""
        return None

    @property
    def at_rest(self) -> bool:
        """Whether it stands as its last message left it: nothing waits to be judged or is being judged."""
        return self.opened and not self.inbox.waiting and not self._judging

    @property
    def renewal_due(self) -> bool:
        """Whether a new run shall take over, so that no flood of messages fills the history.

        From then on no page is begun: the new run writes what this one has not. Were the last page waited for, messages
        that come faster than pages are written would keep the new run from ever beginning.
        """
        return self.outgrown and not self.ending

    @property
    def leaving(self) -> bool:
        """Whether a new run shall take over, and only messages may stand in its way: those that wait are left to it."""
        due = self.renewal_due and self.settled and not self._writing
        return due and not self.alarm.rang() and not self.inbox.pressing

    def may_renew(self) -> bool:
        """Whether it can now: nothing on its way, whoever waits for an answer has it, and in a flood a quiet moment."""
        quiet = self._quiet or not self.inbox.full
        return self.leaving and not self._judging and self.inbox.portable and quiet

    def renew(self, state: BaseModel) -> None:
        """Have a new run take over with this state, if it can."""
        if self.may_renew():
            hand_over(state, self.inbox)

    @property
    def page_due(self) -> bool:
        """Whether the book shall have a page now."""
        return self.unwritten and not self.renewal_due

    @property
    def idle(self) -> bool:
        """Nothing to judge, nothing to write, nobody waiting for an answer."""
        done = not self.inbox.waiting and not self._writing and not self.unwritten
        return done and workflow.all_handlers_finished()

    def ready(self) -> bool:
        """Whether something has happened that must be looked at."""
        return self.alarm.rang() or (self.inbox.waiting and not self.leaving)

    async def catch_up(self) -> None:
        """Judge every waiting message at the instant the server received it, and let time pass between and after.

        Where a new run shall take over, the messages are left to it: they may come faster than they are judged.
        """
        self._judging = True
        self.inbox.look()
        await self.absorb()
        while self.inbox.waiting and not self.leaving:
            letters = await self.inbox.take(self.wanted)
            self.inbox.look()
            await self.absorb()
            for letter, origin in letters:
                self.inbox.answer(letter, await self.judge(letter, origin), hold=self.renewal_due)
        self._quiet = self.inbox.full and self.inbox.lately <= _FEW
        self._rounds += 1
        self.inbox.release()
        if not self.inbox.waiting:
            await self.go_on()
        self._judging = False

    async def _await_quiet(self) -> None:
        """Find a quiet moment for the new run: a task of its own.

        A message that comes while the server is told of the new run voids it, and the task is done again from the
        history's beginning, in which time more come.
        """
        pause = timedelta()
        while True:
            await workflow.wait_condition(
                lambda: self.inbox.full and self.leaving and not self._judging and not self._quiet
            )
            if pause:
                await workflow.sleep(pause)
            self.inbox.mark()
            rounds = self._rounds
            await workflow.sleep(_MOMENT)
            # A replay may have what came after the timer before it: then the last round has decided.
            if rounds == self._rounds:
                self._quiet = self.inbox.lately <= _FEW
            pause = min(max(2 * pause, _FIRST_PAUSE), _LONGEST_PAUSE)

    async def keep_book(self) -> None:
        """Write down what has happened, beside the work: a database that is down delays no decision."""
        self._quiet_moment = beside(self._await_quiet())
        while True:
            await workflow.wait_condition(lambda: self.page_due or not self._book_open)
            if not self.unwritten:
                return
            self._writing = True
            self.inbox.mark()
            await self.write()
            self.inbox.look()
            self._writing = False

    async def clear(self, book: asyncio.Task[None]) -> None:
        """Leave nothing behind: every message judged, every handler done, every line in the book."""
        self.ending = True
        while not self.idle:
            await self.catch_up()
            await workflow.wait_condition(lambda: self.inbox.waiting or self.idle)
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
        """What is plainly wrong costs no event."""
        letter = read(name, args, self.models)
        if (verdict := letter.problem or self.at_the_door(letter)) is not None:
            raise refusal(verdict)

    @workflow.query(name=VIEW)
    def _view(self) -> Record | None:
        """It as it stands, without personal data; null before it is opened."""
        return self.seen() if self.opened else None
