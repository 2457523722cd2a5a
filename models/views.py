"""The case as people see it."""

from typing import Literal

from models.base import Moment, Record
from models.case import Exit, OfferState, Ruling, Task
from models.commands import Share
from models.complaint import DemandKind
from models.stage import Stage


class AskView(Record):
    """An ask as shown to people."""

    department: str
    issued_at: Moment | None
    deadline: Moment | None
    state: Literal["waiting", "answered", "silent", "late"]
    liable: tuple[Share, ...] = ()


class WorkView(Record):
    """A duty as shown to people."""

    duty: str
    department: str
    issued_at: Moment
    deadline: Moment
    state: Literal["waiting", "done", "silent"]


class OfferView(Record):
    """An offer as shown to people."""

    version: int
    at: Moment
    department: str
    demand: DemandKind
    amount: int
    basis: str
    state: OfferState


class CaseView(Record):
    """What the query `view` returns: the case without the customer's name, contacts and words."""

    number: str
    procedure: str
    stage: Stage
    exit: Exit | None
    order: str
    customer: str
    cause: str
    demand: DemandKind
    amount: int
    currency: str
    waiting_for: str
    due: Moment | None
    on_due: str
    direct: bool
    out_of_rule: bool
    contested: bool
    overdue: bool
    round: int
    severity: str
    asks: tuple[AskView, ...]
    works: tuple[WorkView, ...]
    offers: tuple[OfferView, ...]
    ruling: Ruling | None
    refunded: int
    task: Task | None
    child: str | None
    refusals: int
    opened_at: Moment
