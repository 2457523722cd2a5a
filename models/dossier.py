"""What a workflow that people write to keeps beside its matter: notices on their way, and whom it has answered."""

from typing import Self

from models.base import Record
from models.case import Mail


class Dossier(Record):
    """State that answers messages. A resend gets the first verdict again."""

    mails: tuple[Mail, ...] = ()
    """Not yet handed to the mailroom."""
    refusals: int = 0
    seen: tuple[tuple[str, str, str], ...] = ()
    """(command id, digest, verdict) of the last messages."""

    def but(self, **changes: object) -> Self:
        """The same with these fields changed."""
        return self.model_copy(update=changes)
