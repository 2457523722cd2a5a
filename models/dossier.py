"""What a workflow that people write to keeps beside its matter: its stage, notices under way, whom it has answered."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field

from models.base import Handover, Moment, Record
from models.case import Mail


class Denial(Handover):
    """A message refused for who its sender is or is not. It holds nothing of what was said."""

    serial: int
    """Which refusal of the dossier it was."""
    at: Moment
    message: str
    code: str
    actor: str = ""
    """Where the directory knows the name: a stranger's could be anything."""


Denials = Annotated[tuple[Denial, ...], Field(exclude_if=lambda denied: not denied)]
"""Left out where there is none, as nearly always."""


class Registration(Record):
    """Enter something that people write to in its register. `run_id` makes asking twice harmless."""

    workflow_id: str
    run_id: str
    opened_at: Moment


class Dossier(Record):
    """State that answers messages. A resend gets the first verdict again."""

    procedure: str
    """The ref of the procedure it is pinned to."""
    stage: StrEnum
    mails: tuple[Mail, ...] = ()
    """Not yet handed to the mailroom."""
    denied: Denials = ()
    """Not yet in the audit trail."""
    refusals: int = 0
    seen: tuple[tuple[str, str, str], ...] = ()
    """(command id, digest, verdict) of the last messages."""

    def but(self, **changes: object) -> Self:
        """The same with these fields changed."""
        return self.model_copy(update=changes)

    def without(self, handed: Self) -> Self:
        """The same without the notices and denials that an earlier state has handed over."""
        sent, told = {mail.id for mail in handed.mails}, {denial.serial for denial in handed.denied}
        return self.but(
            mails=tuple(mail for mail in self.mails if mail.id not in sent),
            denied=tuple(denial for denial in self.denied if denial.serial not in told),
        )
