"""Answers to messages that cases and dossiers give alike: accepted once, repeated, refused with a reason."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, Protocol, Self, TypeVar

from models.case import Verdict
from models.commands import Command
from models.dossier import Denial, Dossier
from models.names import DENIALS, Refused
from models.procedure import Procedure
from rules.authority import Limits
from rules.checks import ACCEPTED, Refusal, stranger, wrong_department

KEPT_IDS = 200
NOTED_DENIALS = 500
"""How many refusals that are about who somebody is go into the audit trail; a flood is counted, not kept."""
ROOM = 1024 * 1024
"""How many bytes a dossier may have as JSON: with what waits to be judged it is handed to the next run, in 2 MiB."""
State = TypeVar("State", bound=Dossier)
Listener = TypeVar("Listener", bound="Listening")
Told = TypeVar("Told", bound=Command)
Who = TypeVar("Who")
After = TypeVar("After")
More = ParamSpec("More")


class Listening(Protocol):
    """A case or a dossier: what knows the messages it was sent."""

    @property
    def seen(self) -> tuple[tuple[str, str, str], ...]:
        """Command id, digest and verdict of the last messages."""

    def but(self, **changes: object) -> Self:
        """The same with these fields changed."""


@dataclass(frozen=True)
class Sender:
    """Who sent which message when; `departments` are those the directory knows the name in."""

    name: str
    actor: str
    at: datetime
    departments: tuple[str, ...]


@dataclass(frozen=True)
class Message:
    """What somebody says to a case or a dossier, and what is known of who says it."""

    name: str
    command: Command
    at: datetime
    """When the server received it."""
    departments: tuple[str, ...]
    """Those the directory knows the sender in; none for a stranger."""
    limits: Limits | None = None
    other: Procedure | None = None
    """The version of the procedure it would have the case move to, where the service has it."""

    @property
    def sender(self) -> Sender:
        """Who said it when."""
        return Sender(self.name, self.command.actor, self.at, self.departments)


def on(
    kind: type[Told], act: Callable[Concatenate[Who, Procedure, Told, More], After]
) -> tuple[type[Command], Callable[Concatenate[Who, Procedure, Any, More], After]]:
    """An entry of a table of actions by the command each takes: a type checker holds that the two fit."""
    return kind, act


def judged(state: State, message: Message, act: Callable[[], State]) -> tuple[State, Verdict]:
    """The dossier after a message, and the verdict. `act`: what the message makes of it; raises Refusal."""
    if (verdict := repeated(state, message.name, message.command)) is not None:
        return state, verdict
    try:
        after = fitting(state, act())
    except Refusal as refusal:
        return refused(state, refusal.code, refusal.reason, message.sender)
    return remembered(after, message.name, message.command, ACCEPTED), ACCEPTED


def surely(
    judge: Callable[[Who, Procedure, Message], tuple[Who, Verdict]],
    state: Who,
    pack: Procedure,
    name: str,
    command: Command,
    at: datetime,
) -> Verdict | None:
    """Why a message would be refused whoever sent it, by what each department would hear; None where it may pass.

    Who somebody is, is no matter for a door: it is judged inside, so that every denial stands on record.
    """
    heard = [judge(state, pack, Message(name, command, at, (each,)))[1] for each in pack.departments]
    if any(verdict.accepted for verdict in heard):
        return None
    told = {verdict.reason: verdict for verdict in heard if verdict.code not in DENIALS}
    # Where each would be told something else, only who judges it knows what this sender is told.
    return next(iter(told.values())) if len(told) == 1 else None


def refused(state: State, code: Refused, reason: str, sender: Sender | None = None) -> tuple[State, Verdict]:
    """Count a refusal; the sender is told why, and a denial is kept for the audit trail."""
    verdict = Verdict(accepted=False, code=code, reason=reason)
    counted = state.but(refusals=state.refusals + 1)
    if sender is None or code not in DENIALS or state.refusals >= NOTED_DENIALS:
        return counted, verdict
    denial = Denial(
        serial=counted.refusals,
        at=sender.at,
        message=sender.name,
        code=code.value,
        actor=sender.actor if sender.departments else "",
    )
    return counted.but(denied=(*state.denied, denial)), verdict


def size(state: Dossier) -> int:
    """How many bytes a dossier has as JSON."""
    return len(state.model_dump_json().encode())


def fitting(before: Dossier, after: State) -> State:
    """The dossier after a message, where it has room for it. Raises Refusal: what it lets grow has to be shorter."""
    if (now := size(after)) > ROOM and now > size(before):
        raise Refusal(Refused.TOO_MUCH, "(message): there is no room for so much here; shorten it, or send it later")
    return after


def repeated(state: Listening, name: str, command: Command) -> Verdict | None:
    """The answer to a message that came before under its id; None for a new one."""
    found = next((entry for entry in state.seen if entry[0] == command.command_id), None)
    if command.command_id is None or found is None:
        return None
    if found[1] == command.digest(name):
        return Verdict(accepted=True, code="repeated")
    reason = "command_id: was used for another message; send this one under a new id"
    return Verdict(accepted=False, code=Refused.BAD_INPUT, reason=reason)


def remembered(state: Listener, name: str, command: Command, verdict: Verdict) -> Listener:
    """Keep the id of an accepted message, so that a second copy counts once."""
    if command.command_id is None or not verdict.accepted:
        return state
    entry = (command.command_id, command.digest(name), verdict.code)
    return state.but(seen=(*state.seen, entry)[-KEPT_IDS:])


def hat(departments: tuple[str, ...], command: Command, allowed: Collection[str]) -> str:
    """The department the sender acts for. Raises Refusal for a stranger and for a department that may not."""
    if not departments:
        raise stranger()
    hats = [name for name in departments if name in allowed and command.department in (None, name)]
    if not hats:
        raise wrong_department(allowed)
    return hats[0]
