"""The inbox of a workflow that people talk to: messages wait in it with what is known of their origin."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.duties import BookDuties
    from models.base import Contract
    from models.case import Verdict
    from models.commands import Command, MailReport
    from models.names import MAILROOM_ID, Refused
    from models.pages import Letter as Envelope
    from models.pages import Origin, Unjudged
    from workflows import options
    from workflows.door import let_in
    from workflows.letters import Letter, Models, read


AT_ONCE = 500
"""Messages judged in one go. Thousands may have waited for a worker: a task that took them all would last too long, and
what is found out about their senders would fit no payload."""


_BREATH = timedelta(milliseconds=1)


FLOOD = 200
"""Messages after which another run is wanted, long before the server suggests one. The server fails a task in whose
time a hundred messages come, and one that hands over while another comes; done again from the start of a long history
(a second for 3,000 events) it takes longer still, and fails for as long as the flood lasts."""
CARRIED_BYTES = 1_000_000
"""The most a run leaves to the next one to judge: a start's arguments have room for twice as much."""
_ROOM = 300
"""Bytes of a message's name, run and instant, which go with its content."""


@dataclass(frozen=True)
class _Waiting:
    """A message: read, or a signal as it came; `came` is when the workflow first saw it."""

    message: "Letter | _Unread"
    came: datetime
    size: int
    """Bytes."""


@dataclass(frozen=True)
class _Unread:
    """A signal as it came; `serial` counts the run's signals from 0."""

    name: str
    args: Sequence[RawValue]
    serial: int


class Inbox:
    """Messages are put in by handlers and taken out, some hundreds at once, where they are judged."""

    def __init__(self, models: Models, *, guarded: bool = False) -> None:
        """`guarded`: an update that says for whom its sender acts has been looked up at the door."""
        self._models = models
        self._guarded = guarded
        self._waiting: list[_Waiting] = []
        self._messages = 0
        self._signals = 0
        self._burst = (0, 0)
        """A workflow task, by the history's length, and the signals it brought."""
        self._held: list[tuple[Letter, Verdict]] = []

    def put(self, name: str, args: Sequence[RawValue]) -> Letter:
        """Take a message in whose sender waits for the answer. Never raises."""
        letter = read(name, args, self._models)
        self._waiting.append(_Waiting(letter, workflow.now(), _size(args)))
        self._messages += 1
        return letter

    def signalled(self, name: str, args: Sequence[RawValue]) -> None:
        """Take a signal in. It is read when it is judged: all that came while no worker was there come in one task."""
        self._waiting.append(_Waiting(_Unread(name, args, self._signals), workflow.now(), _size(args)))
        self._messages += 1
        self._signals += 1
        task = workflow.info().get_current_history_length()
        self._burst = (task, 1 + (self._burst[1] if self._burst[0] == task else 0))

    def answer(self, letter: Letter, verdict: Verdict, *, hold: bool) -> None:
        """Give the verdict; `hold` it until `release`, so that whoever sends one after another sends none meanwhile."""
        self._held.append((letter, verdict))
        if not hold:
            self.release()

    def release(self) -> None:
        """Give the verdicts that are held."""
        for letter, verdict in self._held:
            letter.verdict = verdict
        self._held = []

    @property
    def waiting(self) -> bool:
        """Whether a message waits to be judged."""
        return bool(self._waiting)

    @property
    def full(self) -> bool:
        """Whether the run has had so many messages that another one shall take over."""
        return self._messages >= FLOOD or workflow.info().is_continue_as_new_suggested()

    @property
    def portable(self) -> bool:
        """Whether another run can take over what waits: signals only, and not too much.

        Not while a task brings several: one more would come before the server has the wish, which is then void, and the
        task is done again from the history's beginning.
        """
        task, signals = self._burst
        flooded = signals > 1 and task == workflow.info().get_current_history_length()
        fits = sum(each.size for each in self._waiting) <= CARRIED_BYTES
        return fits and not flooded and workflow.all_handlers_finished()

    def handed_over(self) -> list[Unjudged]:
        """What waits, for the run that takes over."""
        own = workflow.info().run_id
        return [
            Unjudged(
                name=letter.name,
                content=for_another_run(letter.content),
                problem=letter.problem,
                signal=letter.signal or 0,
                run=letter.run or own,
                came=each.came,
            )
            for each, letter in ((each, self._read(each.message)) for each in self._waiting)
        ]

    def take_over(self, messages: Iterable[Unjudged]) -> None:
        """What an earlier run has left, ahead of anything that has come since."""
        left = []
        for message in messages:
            model = self._models.get(message.name)
            content = model.model_validate_json(message.content) if model and message.content else None
            letter = Letter(message.name, content, message.problem, message.signal, message.run)
            left.append(_Waiting(letter, message.came, _ROOM + len(message.content or "")))
        self._waiting = left + self._waiting

    async def take(self, wants: Callable[[Command], str | None] = lambda _: None) -> list[tuple[Letter, Origin]]:
        """The first waiting messages with the instant the server received each and its sender's departments.

        `wants`: the procedure a message would have the case move to, by its ref.
        """
        batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
        letters = [self._read(each.message) for each in batch]
        at_the_door = letters if self._guarded else []
        found = {id(letter): origin for letter in at_the_door if (origin := let_in(letter, wants)) is not None}
        envelopes = {
            id(letter): envelope
            for each, letter in zip(batch, letters, strict=True)
            if id(letter) not in found and (envelope := _envelope(letter, each.came, wants)) is not None
        }
        origins: list[Origin] = []
        if envelopes:
            origins = await workflow.execute_activity_method(
                BookDuties.examine, list(envelopes.values()), **options.insistent()
            )
        elif self._waiting:
            # What can be read ends the task with its question; this does so too: more is judged in a task of its own.
            await workflow.sleep(_BREATH)
        found |= dict(zip(envelopes, origins, strict=True))
        return [
            _believed(letter, found.get(id(letter), Origin()), each.came)
            for each, letter in zip(batch, letters, strict=True)
        ]

    def _read(self, message: Letter | _Unread) -> Letter:
        if isinstance(message, Letter):
            return message
        return read(message.name, message.args, self._models, message.serial)

    def turn_away(self, verdict: Verdict) -> None:
        """Give every waiting message the same answer."""
        for each in self._waiting:
            if isinstance(each.message, Letter):
                each.message.verdict = verdict
        self._waiting = []


def _envelope(letter: Letter, came: datetime, wants: Callable[[Command], str | None]) -> Envelope | None:
    """What is to be found out about a letter; None for one whose sender is of no account."""
    update = came if letter.signal is None else None
    if isinstance(letter.content, MailReport):
        actor, wanted = MAILROOM_ID, None
    elif isinstance(letter.content, Command):
        actor, wanted = letter.content.actor, wants(letter.content)
    else:
        return None
    return Envelope(
        actor=actor, signal=letter.signal, run=letter.run, came=update, token=letter.content.token, wants=wanted
    )


def _size(args: Sequence[RawValue]) -> int:
    """What it takes to hand it over."""
    return _ROOM + sum(len(value.payload.data) for value in args)


def _believed(letter: Letter, origin: Origin, came: datetime) -> tuple[Letter, Origin]:
    """A letter whose sender is not believed has that as what is wrong with it.

    Without word of the server (an update, a deleted run) it was received when the workflow first saw it: to find out
    about its sender may take longer than its deadline is away.
    """
    if origin.denied is not None:
        letter.problem = Verdict(accepted=False, code=Refused.NOT_PROVEN, reason=origin.denied)
    if isinstance(letter.content, Command | MailReport):
        # It has done its work: nothing that is kept or passed on holds it.
        letter.content = _bare(letter.content)
    return letter, origin if origin.at else origin.model_copy(update={"at": came})


def for_another_run(content: Contract | None) -> str | None:
    """A signal's content. A worker of an earlier release, which may do that run, does not know a standing."""
    if isinstance(content, Command):
        content = content.model_copy(update={"standing": None})
    return content.model_dump_json() if content is not None else None


def _bare(content: Command | MailReport) -> Command | MailReport:
    return content.bare() if isinstance(content, Command) else content.model_copy(update={"token": None})


async def answered(letter: Letter) -> Verdict:
    """The verdict on an update, once there is one. Raises ApplicationError with its code where it is a refusal."""
    verdict = await letter.answered() or Verdict(accepted=False, code=Refused.BAD_INPUT)
    if not verdict.accepted:
        raise refusal(verdict)
    return verdict


def refusal(verdict: Verdict) -> ApplicationError:
    """A refusal as the sender of an update gets it."""
    return ApplicationError(verdict.reason, type=verdict.code, non_retryable=True)
