"""Carrying a decision out: what the customer gets, and what case and child hand each other."""

from datetime import timedelta

from models.base import Handover, Record
from models.complaint import DemandKind, Quantity
from models.language import Language
from models.procedure import Step


class Remedy(Record):
    """What the customer gets: `amount` in minor units of the order's currency."""

    kind: DemandKind
    amount: int = 0
    lines: tuple[Quantity, ...] = ()


class Execution(Record):
    """A decision being carried out by a child workflow."""

    decision: int
    attempt: int
    remedy: Remedy
    child: str
    started: bool = False
    done: tuple[Step, ...] = ()
    """Steps an earlier attempt has done for good; they are not done again."""
    under: int | None = None
    """The decision whose liable parties bear it, where that is not the case's last ruling."""
    in_doubt: bool = False
    """A parcel may be on its way of which nobody has heard."""


SHIPMENT_IN_DOUBT = "shipment_in_doubt"
"""How a shipment ends of which nobody knows whether it has left."""


class RemedyOrder(Handover):
    """The start argument of a Refund or Exchange child: everything it needs, the money's key included."""

    number: str
    order: str
    decision: int
    attempt: int
    kind: DemandKind
    steps: tuple[Step, ...]
    amount: int
    paid: int
    currency: str
    payment_within: timedelta
    lines: tuple[Quantity, ...] = ()
    """The goods that move; none where only money does."""
    carrier: str | None = None
    goods_within: timedelta = timedelta(0)
    language: Language = Language.ZH
    """In which its steps are named in the Web UI: the procedure's."""
    asked: bool = False
    """An earlier call for the step that comes first may have been followed, though its answer never came."""


class Standing(Record):
    """A step that could not be undone, so that it stands or may stand; `code` says why."""

    step: Step
    code: str


class RemedyResult(Handover):
    """How a child ended. `failure` is a code a person can act on; None means every step was done."""

    amount: int = 0
    reference: str | None = None
    failure: str | None = None
    step: Step | None = None
    done: tuple[Step, ...] = ()
    standing: tuple[Standing, ...] = ()
    """What somebody must undo by hand, unless the remedy is tried again."""
