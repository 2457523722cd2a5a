"""What must hold of everything the service keeps, and how a breach of it is told."""

from enum import StrEnum
from typing import Final

from pydantic import Field

from models.base import Record


class Invariant(StrEnum):
    """What `redress check` checks."""

    ONE_CASE = "I1"
    """Every row of the register has its workflow and the reverse."""
    ONE_END = "I2"
    """A closed case has exactly one named end; an open one waits for somebody and something moves it."""
    PAID_ONCE = "I3"
    """An order gives back no more than was paid, a decision is paid at most once."""
    MONEY_AGREES = "I4"
    """The gateway's refunds, the ledger and the cases agree to the cent."""
    BOOKS_BALANCE = "I5"
    """Each transaction adds up to 0, follows from its case's record and stands as it was written."""
    NOTHING_UNHEARD = "I6"
    """Whatever somebody was told is accepted stands in the record, which has no gap."""
    SILENCE_IS_SILENCE = "I7"
    """Silence decides exactly where no answer was received before the deadline."""
    NOTICES_LEAVE = "I8"
    """Every notice a case wrote is in the outbox, and somebody will send it or has."""
    TRAIL_WHOLE = "I9"
    """The audit trail is one chain: no row was changed, taken out or put in, and every denial on record is in it."""
    NOTHING_PERSONAL = "I10"
    """Who a customer is stands in the case and its mails: in no id, code, search attribute, failure or audit row."""
    STATEMENTS_ADD_UP = "I11"
    """A statement is the sum of its month's ledger."""


NO_CASE: Final = "-"
"""Where a breach is of no single case."""


class Violation(Record):
    """One breach: of what, on which case (or transaction, order, party), as a code, with ids and amounts only."""

    invariant: Invariant
    number: str
    code: str
    facts: dict[str, str | int] = Field(default_factory=dict)
    """Whole numbers beside a `currency` are amounts in its minor units."""


class Symptom(Record):
    """Something that is stuck, or soon will be: on which case, mail, payment or workflow, and as a code what it is."""

    code: str
    number: str
    facts: dict[str, str | int] = Field(default_factory=dict)
    early: bool = False
    """Nothing is wrong yet: a warning."""


class Swept(Record):
    """What a sweep has mended, and what it has left to people: symptom -> how often."""

    mended: tuple[Symptom, ...] = ()
    left: dict[str, int] = Field(default_factory=dict)
