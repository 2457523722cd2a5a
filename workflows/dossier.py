"""The desk of a dossier: a meeting, an incident, a corrective action."""

from abc import abstractmethod
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from models.base import Contract
    from models.case import Verdict
    from models.commands import Command
    from models.dossier import Dossier
    from models.names import Refused
    from models.pages import Origin
    from models.procedure import Procedure
    from procedures import PACKS
    from rules import replies
    from rules.replies import Message
    from workflows.desk import HEARD, Desk
    from workflows.letters import Letter, Models
    from workflows.starting import carried_on

State = TypeVar("State", bound=Dossier)


class DossierDesk(Desk, Generic[State]):
    """A dossier at its desk. A workflow says what it is and when it is where."""

    state: State

    def __init__(self, models: Models) -> None:
        super().__init__(models)
        self._written: State | None = None
        self._shown = ""

    @abstractmethod
    async def open(self, args: tuple[Any, ...]) -> State:
        """What it is at its start."""

    @abstractmethod
    def next_due(self) -> datetime | None:
        """When it goes on by itself."""

    @abstractmethod
    async def pass_time(self, at: datetime) -> None:
        """Let happen what was due by an instant."""

    @abstractmethod
    async def receive(self, message: Message) -> Verdict:
        """Judge a person's message."""

    def precheck(self, name: str, command: Command, at: datetime) -> Verdict | None:
        """Why a person's message would be refused whoever sent it; None where only judging it tells."""
        return None

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
    async def put_down(self, before: State | None) -> None:
        """Write the state to the book, which has what it was `before`."""

    @abstractmethod
    def details(self) -> str:
        """What the Web UI shows."""

    def at_the_door(self, letter: Letter) -> Verdict | None:
        """What it would refuse as it stands. While a step is under way, its result may change that: then it judges."""
        if not isinstance(letter.content, Command) or not self.at_rest or self.at_work:
            return None
        return self.precheck(letter.name, letter.content, workflow.now())

    @property
    def pack(self) -> Procedure:
        """The procedure it runs under."""
        return PACKS.pinned(self.state.procedure)

    @property
    def unwritten(self) -> bool:
        """Whether the book lacks something."""
        return self.opened and self.state is not self._written

    @property
    def at_work(self) -> bool:
        """Whether something is under way that a new run would lose."""
        return False

    @property
    def outgrown(self) -> bool:
        """Many messages, or a long history."""
        return self.opened and self.inbox.full and not self.at_work

    async def begin(self, kind: type[State], args: tuple[Any, ...]) -> None:
        """Take over what an earlier run has left, or open it."""
        self.state = carried_on(args, kind, self.inbox) or await self.open(args)
        self.opened = True
        self.show()

    async def stay(self, *stages: StrEnum) -> None:
        """Go on as long as it stands at one of these stages; at once if it is elsewhere."""
        while self.state.stage in stages:
            await self.catch_up()
            if self.state.stage not in stages:
                return
            self.proceed()
            self.set_alarm()
            await workflow.wait_condition(lambda: self.ready() or self.woken() or self.may_renew())
            self.renew(self.state)

    def set_alarm(self) -> None:
        """Wake up when the next thing is due."""
        self.alarm.set(self.next_due(), self.state.stage.value)

    async def go_on(self) -> None:
        """Let time pass until now; do the errands."""
        await self.pass_time(workflow.now())
        await self.errands()
        self.show()

    async def judge(self, letter: Letter, origin: Origin) -> Verdict:
        """By the rules, after the time that has passed until then."""
        at = origin.at or workflow.now()
        await self.pass_time(at)
        if letter.problem is not None:
            problem, sender = letter.problem, letter.sender(origin.departments, at)
            self.state, verdict = replies.refused(self.state, Refused(problem.code), problem.reason, sender)
            return verdict
        if isinstance(letter.content, Command):
            return await self.receive(Message(letter.name, letter.content, at, origin.departments))
        if letter.content is not None:
            self.notice(letter.content)
        return HEARD

    def show(self) -> None:
        """What the Web UI shows, if it changed."""
        details = self.details()
        if details != self._shown:
            self._shown = details
            workflow.set_current_details(details)

    async def write(self) -> None:
        """The state as it is; what has changed meanwhile stays to be written."""
        writing = self.state
        await self.put_down(self._written)
        unchanged = self.state is writing
        self.state = self.without(writing)
        self._written = self.state if unchanged else writing

    def without(self, written: State) -> State:
        """The state as it is now, without what an earlier one has handed over."""
        return self.state.without(written)
