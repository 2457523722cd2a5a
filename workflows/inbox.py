"""The inbox of a workflow that people talk to: messages wait in it with what is known of their origin."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.duties import OriginDuties
    from models.base import Contract
    from models.case import Verdict
    from models.commands import OF_THE_SERVICE, Command, MailReport
    from models.names import MAILROOM_ID, Refused
    from models.pages import Envelope, Origin, Unjudged
    from workflows import options
    from workflows.door import let_in
    from workflows.letters import Letter, Models, read


AT_ONCE = 500
"""Messages judged in one go. Thousands may have waited for a worker: a task that took them all would last too long."""
AT_ONCE_BYTES = 500_000
"""Their size at most: tokens are long, and what is to be found out about their senders must fit a payload (2 MB)."""

_BREATH = timedelta(milliseconds=1)


FLOOD = 200
"""Messages after which another run is wanted, long before the server suggests one. The server fails a task in whose
time a hundred messages come, and one that hands over while another comes; done again from the start of a long history
(a second for 3,000 events) it takes longer still, and fails for as long as the flood lasts."""
CARRIED_BYTES = 500_000
"""The most a run leaves to the next one to judge: a start's arguments have room for four times as much, and quotation
marks take twice as much there."""
_ROOM = 300
"""Bytes of a message's name, run and instant, which go with its content."""


@dataclass(frozen=True)
class _Waiting:
    """A message: read, or a signal as it came; `came` is when the workflow first saw it."""

    message: "Letter | _Unread"
    came: datetime
    size: int
    """Bytes."""

    @property
    def asked(self) -> bool:
        """Whether its sender waits for an answer."""
        return isinstance(self.message, Letter) and self.message.signal is None


@dataclass(frozen=True)
class _Unread:
    """A signal as it came; `serial` counts the run's signals from 0."""

    name: str
    args: Sequence[RawValue]
    serial: int


class _Pile:
    """The messages that wait, and what they come to: asked for at every step, while thousands may lie there."""

    def __init__(self, messages: Iterable[_Waiting] = ()) -> None:
        self.messages: list[_Waiting] = []
        self.asked = 0
        self.size = 0
        """Bytes."""
        for each in messages:
            self.add(each)

    def add(self, each: _Waiting) -> None:
        self.messages.append(each)
        self.asked += each.asked
        self.size += each.size

    def take(self, count: int) -> list[_Waiting]:
        """The first ones, which wait no more."""
        taken, self.messages = self.messages[:count], self.messages[count:]
        self.asked -= sum(each.asked for each in taken)
        self.size -= sum(each.size for each in taken)
        return taken


class Inbox:
    """Messages are put in by handlers and taken out, some hundreds at once, where they are judged."""

    def __init__(self, models: Models, *, guarded: bool = False) -> None:
        """`guarded`: an update that says for whom its sender acts has been looked up at the door."""
        self._models = models
        self._guarded = guarded
        self._waiting = _Pile()
        self._messages = 0
        self._signals = 0
        self._marked = 0
        self._long = False
        self._judged = (0, 0)
        """Messages taken since the case last asked the server for something, and their bytes."""
        self._held: list[tuple[Letter, Verdict]] = []

    def put(self, name: str, args: Sequence[RawValue]) -> Letter:
        """Take a message in whose sender waits for the answer. Never raises."""
        letter = read(name, args, self._models)
        self._waiting.add(_Waiting(letter, workflow.now(), _size(args)))
        self._messages += 1
        self.look()
        return letter

    def signalled(self, name: str, args: Sequence[RawValue]) -> None:
        """Take a signal in. It is read when it is judged: all that came while no worker was there come in one task."""
        self._waiting.add(_Waiting(_Unread(name, args, self._signals), workflow.now(), _size(args)))
        self._messages += 1
        self._signals += 1
        self.look()

    def look(self) -> None:
        """Take in whether the server suggests another run.

        Only for code that an event of the history has woken. A condition must not ask by itself: conditions are looked
        at once more where a task also brought an update that is refused at the door. No history tells of that one, so
        a replay would find the same conditions true later, and do what follows in another order.
        """
        self._long = workflow.info().is_continue_as_new_suggested()

    def answer(self, letter: Letter, verdict: Verdict, *, hold: bool) -> None:
        """Give the verdict; `hold` it until `release`, so that whoever sends one after another sends none meanwhile."""
        self._held.append((letter, verdict))
        if not hold:
            self.release()

    def release(self) -> None:
        """Give the verdicts that are held."""
        for letter, verdict in self._held:
            letter.verdict = verdict
            self.mark()
        self._held = []

    @property
    def waiting(self) -> bool:
        """Whether a message waits to be judged."""
        return bool(self._waiting.messages)

    @property
    def full(self) -> bool:
        """Whether the run has had so many messages that another one shall take over."""
        return self._messages >= FLOOD or self._long

    def mark(self) -> None:
        """Something goes into the history: from here on `lately` counts anew."""
        self._marked = self._messages

    @property
    def lately(self) -> int:
        """Messages since the last mark: between two events of the history, so that a replay counts the same however the
        tasks between them are put together.
        """
        return self._messages - self._marked

    @property
    def pressing(self) -> bool:
        """Whether what waits cannot be left to another run: somebody waits for an answer, or it is too much."""
        return self._waiting.asked > 0 or self._waiting.size > CARRIED_BYTES

    @property
    def portable(self) -> bool:
        """Whether another run can take over what waits."""
        return not self.pressing and workflow.all_handlers_finished()

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
            for each, letter in ((each, self._read(each.message)) for each in self._waiting.messages)
        ]

    def take_over(self, messages: Iterable[Unjudged]) -> None:
        """What an earlier run has left, ahead of anything that has come since."""
        left = []
        for message in messages:
            model = self._models.get(message.name)
            content = model.model_validate_json(message.content) if model and message.content else None
            letter = Letter(message.name, content, message.problem, message.signal, message.run)
            left.append(_Waiting(letter, message.came, _ROOM + len(message.content or "")))
        self._waiting = _Pile(left + self._waiting.messages)

    async def take(self, wants: Callable[[Command], str | None] = lambda _: None) -> list[tuple[Letter, Origin]]:
        """The first waiting messages with the instant the server received each and its sender's departments.

        `wants`: the procedure a message would have the case move to, by its ref.
        """
        room = await self._room()
        if plain := self._plain(room, wants):
            self._leave(len(plain))
            return plain
        batch = self._leave(room)
        letters = [self._read(each.message) for each in batch]
        senders = {
            id(letter): self._sender(letter, each.came, wants) for each, letter in zip(batch, letters, strict=True)
        }
        found = {place: sender for place, sender in senders.items() if isinstance(sender, Origin)}
        envelopes = {place: sender for place, sender in senders.items() if isinstance(sender, Envelope)}
        origins: list[Origin] = []
        if envelopes:
            self.mark()
            origins = await workflow.execute_activity_method(
                OriginDuties.examine, list(envelopes.values()), **options.insistent()
            )
            self._judged = (0, 0)
        found |= dict(zip(envelopes, origins, strict=True))
        return [_believed(letter, found[id(letter)], each.came) for each, letter in zip(batch, letters, strict=True)]

    def _plain(self, room: int, wants: Callable[[Command], str | None]) -> list[tuple[Letter, Origin]]:
        """The leading ones whose senders are known or of no account: they never wait for word of others.

        A task that only brings such ones asks the server for nothing, and a replay may find it and the next made into
        one: they must not be judged later for that, with lines and pages in another order.
        """
        found = []
        for each in self._waiting.messages[:room]:
            letter = self._read(each.message)
            sender = self._sender(letter, each.came, wants)
            if isinstance(sender, Envelope):
                break
            found.append(_believed(letter, sender, each.came))
        return found

    def _sender(self, letter: Letter, came: datetime, wants: Callable[[Command], str | None]) -> Origin | Envelope:
        """What the door knows of a letter's sender, or that none is of account; else what is to be found out."""
        if self._guarded and (origin := let_in(letter, wants)) is not None:
            return origin
        return _envelope(letter, came, wants) or Origin()

    async def _room(self) -> int:
        """How many of the first may be judged before the task ends; after a breath where none may.

        Counted over tasks that asked the server for nothing: a replay may find several of them made into one.
        """
        if not self._waiting.messages:
            return 0
        while not (count := _fitting(self._waiting.messages, *self._judged)):
            await workflow.sleep(_BREATH)
            self._judged = (0, 0)
        return count

    def _leave(self, count: int) -> list[_Waiting]:
        """Have the first ones wait no more."""
        batch = self._waiting.take(count)
        self._judged = (self._judged[0] + count, self._judged[1] + sum(each.size for each in batch))
        return batch

    def _read(self, message: Letter | _Unread) -> Letter:
        if isinstance(message, Letter):
            return message
        return read(message.name, message.args, self._models, message.serial)

    def turn_away(self, verdict: Verdict) -> None:
        """Give every waiting message the same answer."""
        for each in self._waiting.messages:
            if isinstance(each.message, Letter):
                each.message.verdict = verdict
        self._waiting = _Pile()


def _fitting(waiting: Sequence[_Waiting], messages: int, size: int) -> int:
    """How many of them fit beside so many messages of such a size; one always does where there are none."""
    sizes = accumulate((each.size for each in waiting[: AT_ONCE - messages]), initial=size)
    count = sum(total <= AT_ONCE_BYTES for total in sizes) - 1
    return max(count, 0 if messages else 1)


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
        actor=actor,
        signal=letter.signal,
        run=letter.run,
        came=update,
        token=letter.content.token,
        wants=wanted,
        ours=isinstance(letter.content, OF_THE_SERVICE),
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
