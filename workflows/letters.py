"""Messages as they come in: raw, so that nothing anybody sends can fail a case or vanish from its record."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ValidationError
from temporalio.common import RawValue

from models.base import AT_THE_DOOR, PAYLOAD_LIMIT, Contract, in_one_line, problems, spelt
from models.case import Verdict
from models.commands import COMMANDS, Command, IncidentDecision, MailReport, RemedyReport, TakenBack
from models.corrective_forms import CORRECTIVE_COMMANDS
from models.incident import INCIDENT_COMMANDS, CaseJoined
from models.meeting import MEETING_COMMANDS
from models.names import (
    CASE_JOINED,
    INCIDENT_DECISION,
    MAIL_REPORT,
    REMEDY_REPORT,
    TAKEN_BACK,
    UNDECODABLE_PAYLOAD,
    UNSEALED_PAYLOAD,
    Refused,
)
from rules.replies import Sender


class Models(dict[str, type[Contract]]):
    """What a workflow understands: name on the wire -> model."""

    def __init__(
        self, of_people: Mapping[str, type[Command]], others: Mapping[str, type[Contract]] | None = None
    ) -> None:
        super().__init__({**of_people, **(others or {})})
        self.commands = ", ".join(of_people)
        """The names people use, put together once: a flood of strangers' names must cost little."""


TO_A_CASE = Models(
    COMMANDS,
    {
        INCIDENT_DECISION: IncidentDecision,
        TAKEN_BACK: TakenBack,
        MAIL_REPORT: MailReport,
        REMEDY_REPORT: RemedyReport,
    },
)
TO_A_MEETING = Models(MEETING_COMMANDS)
TO_A_CORRECTIVE = Models(CORRECTIVE_COMMANDS)
TO_AN_INCIDENT = Models(INCIDENT_COMMANDS, {CASE_JOINED: CaseJoined})


@dataclass
class Letter:
    """One message: read, or with what is wrong with it; `signal` counts the signals of the run that got it from 0."""

    name: str
    content: Contract | None
    problem: Verdict | None = None
    signal: int | None = None
    run: str | None = None
    """The earlier run that got it."""
    _verdict: Verdict | None = field(default=None, init=False)
    _known: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    @property
    def verdict(self) -> Verdict | None:
        """The answer; None until the message has been judged."""
        return self._verdict

    @verdict.setter
    def verdict(self, verdict: Verdict) -> None:
        self._verdict = verdict
        self._known.set()

    def sender(self, departments: tuple[str, ...], at: datetime) -> Sender | None:
        """Who sent it; None where it cannot be read."""
        content = self.content
        return Sender(self.name, content.actor, at, departments) if isinstance(content, Command) else None

    async def answered(self) -> Verdict | None:
        """The answer, once there is one.

        An event, not a condition: whoever waits goes on as soon as the judge rests, ahead of every condition. The order
        in which conditions wake depends on when each began to be waited for, and that on how the server batches events:
        a case replayed by another worker would answer and write in another order, and be wedged.
        """
        await self._known.wait()
        return self._verdict


def read(name: str, args: Sequence[RawValue], models: Models = TO_A_CASE, signal: int | None = None) -> Letter:
    """Read a message. Never raises: what is wrong with it is part of the answer."""
    model = models.get(name)
    if model is None:
        return _bad(
            spelt(name), signal, Refused.UNKNOWN_COMMAND, f"name: is not a command; use one of {models.commands}"
        )
    if len(args) != 1:
        return _bad(name, signal, Refused.BAD_INPUT, f"{name}: takes 1 argument, got {len(args)}; send one object")
    payload = args[0].payload
    encoding = payload.metadata.get("encoding", b"")
    if encoding not in (b"json/plain", b"json/protobuf"):
        return _bad(name, signal, Refused.BAD_INPUT, f"{name}: {_UNREADABLE.get(encoding, _NOT_JSON)}")
    if len(payload.data) > PAYLOAD_LIMIT:
        return _bad(name, signal, Refused.BAD_INPUT, f"{name}: is over 64 KiB; send evidence by reference")
    try:
        content = model.model_validate_json(payload.data, context=AT_THE_DOOR)
    except ValidationError as error:
        return _bad(name, signal, Refused.BAD_INPUT, in_one_line(problems(error, whole=name)))
    except (ValueError, ArithmeticError, RecursionError):
        return _bad(name, signal, Refused.BAD_INPUT, f"{name}: is not valid JSON; correct it")
    return Letter(name, content, signal=signal)


_NOT_JSON = "is not JSON; send encoding json/plain"
_UNREADABLE = {
    UNSEALED_PAYLOAD: "is not sealed with the service's key; send it through a program that has the key",
    UNDECODABLE_PAYLOAD: "its seal is broken; seal it anew and send it again",
}


def _bad(name: str, signal: int | None, code: Refused, reason: str) -> Letter:
    return Letter(name, None, Verdict(accepted=False, code=code, reason=reason), signal)
