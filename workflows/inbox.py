"""The inbox of a workflow that people talk to: messages wait in it with what is known of their origin."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.duties import BookDuties
    from models.case import Verdict
    from models.commands import Command, MailReport
    from models.names import MAILROOM_ID, Refused
    from models.pages import Letter as Envelope
    from models.pages import Origin
    from workflows import options
    from workflows.letters import Letter, Models, read


AT_ONCE = 500
"""Messages judged in one go. Thousands may have waited for a worker: a task that took them all would last too long, and
what is found out about their senders would fit no payload."""


_BREATH = timedelta(milliseconds=1)


@dataclass(frozen=True)
class _Unread:
    """A signal as it came; `serial` counts the run's signals from 0."""

    name: str
    args: Sequence[RawValue]
    serial: int


class Inbox:
    """Messages are put in by handlers and taken out, some hundreds at once, where they are judged."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._waiting: list[Letter | _Unread] = []
        self._signals = 0

    def put(self, name: str, args: Sequence[RawValue]) -> Letter:
        """Take a message in whose sender waits for the answer. Never raises."""
        letter = read(name, args, self._models)
        self._waiting.append(letter)
        return letter

    def signalled(self, name: str, args: Sequence[RawValue]) -> None:
        """Take a signal in. It is read when it is judged: all that came while no worker was there come in one task."""
        self._waiting.append(_Unread(name, args, self._signals))
        self._signals += 1

    @property
    def waiting(self) -> bool:
        """Whether a message waits to be judged."""
        return bool(self._waiting)

    async def take(self, wants: Callable[[Command], str | None] = lambda _: None) -> list[tuple[Letter, Origin]]:
        """The first waiting messages with the instant the server received each and its sender's departments.

        `wants`: the procedure a message would have the case move to, by its ref.
        """
        batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
        letters = [self._read(message) for message in batch]
        readable = [(letter, letter.content) for letter in letters if isinstance(letter.content, Command | MailReport)]
        envelopes = [
            Envelope(actor=MAILROOM_ID, signal=letter.signal, token=content.token)
            if isinstance(content, MailReport)
            else Envelope(actor=content.actor, signal=letter.signal, token=content.token, wants=wants(content))
            for letter, content in readable
        ]
        origins: list[Origin] = []
        if envelopes:
            origins = await workflow.execute_local_activity_method(BookDuties.examine, envelopes, **options.NEAR)
        elif self._waiting:
            await workflow.sleep(_BREATH)  # what can be read ends the task with its question; this does so too
        found = dict(zip((id(letter) for letter, _ in readable), origins, strict=True))
        return [_believed(letter, found.get(id(letter), Origin())) for letter in letters]

    def _read(self, message: Letter | _Unread) -> Letter:
        if isinstance(message, Letter):
            return message
        return read(message.name, message.args, self._models, message.serial)

    def turn_away(self, verdict: Verdict) -> None:
        """Give every waiting message the same answer."""
        for message in self._waiting:
            if isinstance(message, Letter):
                message.verdict = verdict
        self._waiting = []


def _believed(letter: Letter, origin: Origin) -> tuple[Letter, Origin]:
    """A letter whose sender is not believed has that as what is wrong with it."""
    if origin.denied is not None:
        letter.problem = Verdict(accepted=False, code=Refused.NOT_PROVEN, reason=origin.denied)
    if isinstance(letter.content, Command | MailReport):
        # It has done its work: nothing that is kept or passed on holds it.
        letter.content = letter.content.model_copy(update={"token": None})
    return letter, origin


async def answered(letter: Letter) -> Verdict:
    """The verdict on an update, once there is one. Raises ApplicationError with its code where it is a refusal."""
    verdict = await letter.answered() or Verdict(accepted=False, code=Refused.BAD_INPUT)
    if not verdict.accepted:
        raise refusal(verdict)
    return verdict


def refusal(verdict: Verdict) -> ApplicationError:
    """A refusal as the sender of an update gets it."""
    return ApplicationError(verdict.reason, type=verdict.code, non_retryable=True)
