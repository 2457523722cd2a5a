"""A corrective action as it is kept and shown: its gate, clocks, rounds and report (S2-15 to S2-37)."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from models.base import Moment, Record
from models.case import Mail
from models.corrective_forms import (
    CheckEffect,
    CloseReport,
    Contain,
    DescribeProblem,
    FindCauses,
    FormTeam,
    PlanSteps,
    Prevent,
    Recall,
    Reply,
    StepDone,
    SupplierCost,
)
from models.dossier import Denials, Dossier, Registration
from models.quality_complaint import QualityComplaint
from models.span import WorkCalendar

GATES = ("d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8")


class Gate(StrEnum):
    """What a corrective action waits for."""

    D1 = "d1"
    D2 = "d2"
    D3 = "d3"
    D4 = "d4"
    D5 = "d5"
    D6 = "d6"
    CHECK = "check"
    D7 = "d7"
    D8 = "d8"
    APPROVAL = "approval"
    REPLY = "reply"
    FEEDBACK = "feedback"
    CLOSED = "closed"


class Timer(Record):
    """A clock of a corrective action."""

    name: Literal["containment", "temporary", "first_reply", "written_reply", "effectiveness"]
    due: Moment
    source: str
    met_at: Moment | None = None
    missed: int = 0
    """How often it has been told that it is missed."""
    tell_at: Moment
    """When its being missed is told next."""

    @property
    def in_time(self) -> bool:
        """Met, and not after it was due."""
        return self.met_at is not None and self.met_at <= self.due


class Trace(Record):
    """What cases and orders show of some lots (S2-27)."""

    lots: tuple[str, ...] = ()
    cases: int = 0
    orders: int = 0
    customers: int = 0


class Said(Record):
    """Who gave a gate its content, and when."""

    at: Moment
    actor: str
    department: str


class Round(Record):
    """An analysis that did not hold."""

    causes: FindCauses
    steps: PlanSteps | None = None
    done: tuple[StepDone, ...] = ()
    check: CheckEffect | None = None
    at: Moment
    reason: str


class Transfer(Record):
    """A supplier's cost as an approved report moved it, or moved it back."""

    round: int
    place: int
    """Which of the round's, from 1."""
    at: Moment
    cost: SupplierCost
    undoes: tuple[int, int] | None = None
    """Round and place of what is moved back, because the next approved report no longer names it."""


def _none(value: object) -> bool:
    """Written only where there is any: the histories kept know nothing of it."""
    return not value


class CorrectiveView(Record):
    """What the query `view` returns: the report so far."""

    number: str
    procedure: str
    complaint: QualityComplaint
    stage: Gate = Gate.D1
    opened_at: Moment
    timers: tuple[Timer, ...]
    said: dict[str, Said] = Field(default_factory=dict)
    """Gate -> who and when."""
    d1: FormTeam | None = None
    d2: DescribeProblem | None = None
    d3: Contain | None = None
    d4: FindCauses | None = None
    d5: PlanSteps | None = None
    done: tuple[StepDone, ...] = ()
    check: CheckEffect | None = None
    d7: Prevent | None = None
    d8: CloseReport | None = None
    approved: Said | None = None
    replies: tuple[tuple[Said, Reply], ...] = ()
    recall: Recall | None = None
    trace: Trace = Trace()
    rounds: tuple[Round, ...] = ()
    dropped: int = Field(default=0, exclude_if=_none)
    """Rounds before these, which are not kept any more."""
    transfers: tuple[Transfer, ...] = Field(default=(), exclude_if=_none)
    """What the approved reports of these rounds have moved in the ledger."""
    closed_at: Moment | None = None

    @property
    def round(self) -> int:
        """The round under way, counted from the first one."""
        return self.dropped + len(self.rounds) + 1

    @property
    def completion(self) -> tuple[int, int]:
        """Actions carried out, and actions planned (S2-36)."""
        return len({done.step for done in self.done}), len(self.d5.steps) if self.d5 else 0


class Corrective(CorrectiveView, Dossier):
    """A corrective action as its workflow keeps it."""

    to_trace: tuple[str, ...] = ()
    """Lots whose trace is still to be looked up."""


class RegisterCorrective(Registration):
    """Enter a corrective action in the register."""

    complaint: QualityComplaint


class CorrectiveEntry(Record):
    """The number it was given (S2-29), and the procedure it is pinned to."""

    number: str
    procedure: str
    calendar: WorkCalendar | None = None
    """The working days its clocks are counted by."""


class CorrectivePage(Record):
    """What a step leaves in SQL, in one transaction; an approved report's supplier costs go to the ledger with it."""

    view: CorrectiveView
    mails: tuple[Mail, ...] = ()
    denied: Denials = ()


class CorrectiveResult(Record):
    """How a corrective action ended."""

    number: str
    rounds: int
    missed: int
    """Clocks that were missed."""
