"""The inbox of a workflow that people talk to: messages wait in it with what is known of their origin."""

from collections.abc import Callable, Sequence

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.duties import BookDuties
    from models.case import Verdict
    from models.commands import Command
    from models.names import Refused
    from models.pages import Letter as Envelope
    from models.pages import Origin
    from workflows import options
    from workflows.letters import Letter, Models, read


class Inbox:
    """Messages are put in by handlers and taken out, all at once, where they are judged."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._letters: list[Letter] = []
        self._signals = 0

    def put(self, name: str, args: Sequence[RawValue], *, signalled: bool = False) -> Letter:
        """Take a message in. Never raises."""
        letter = read(name, args, self._models, self._signals if signalled else None)
        self._signals += int(signalled)
        self._letters.append(letter)
        return letter

    @property
    def waiting(self) -> bool:
        """Whether a message waits to be judged."""
        return bool(self._letters)

    async def take(self, wants: Callable[[Command], str | None] = lambda _: None) -> list[tuple[Letter, Origin]]:
        """Every waiting message with the instant the server received it and its sender's departments.

        `wants`: the procedure a message would have the case move to, by its ref.
        """
        letters, self._letters = self._letters, []
        readable = [(letter, letter.content) for letter in letters if isinstance(letter.content, Command)]
        envelopes = [
            Envelope(actor=content.actor, signal=letter.signal, token=content.token, wants=wants(content))
            for letter, content in readable
        ]
        origins: list[Origin] = []
        if envelopes:
            origins = await workflow.execute_local_activity_method(BookDuties.examine, envelopes, **options.NEAR)
        found = dict(zip((id(letter) for letter, _ in readable), origins, strict=True))
        return [_believed(letter, found.get(id(letter), Origin())) for letter in letters]

    def turn_away(self, verdict: Verdict) -> None:
        """Give every waiting message the same answer."""
        for letter in self._letters:
            letter.verdict = verdict
        self._letters = []


def _believed(letter: Letter, origin: Origin) -> tuple[Letter, Origin]:
    """A letter whose sender is not believed has that as what is wrong with it."""
    if origin.denied is not None:
        letter.problem = Verdict(accepted=False, code=Refused.NOT_PROVEN, reason=origin.denied)
    if isinstance(letter.content, Command):
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
