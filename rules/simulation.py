"""A past case under another version of its procedure: the same complaint, the same words, other rules and clocks.

What the record does not tell is never guessed: such a case is undecided, and says why.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from models.case import Case
from models.commands import shares_text
from models.ledger import Account, LedgerCase
from models.procedure import Procedure
from models.span import WorkCalendar
from rules.past import Past, Unsaid, messages
from rules.replay import Replay, Undecided
from rules.settlement import postings

HELD: Final = "held"
"""Stands for the party of a cost in dispute."""

Costs = Mapping[tuple[str, str], int]
"""Currency and party -> what it bears, minor units."""


@dataclass(frozen=True)
class Ending:
    """How a case ended: the route it took, on what it was decided, who is liable, what the customer got."""

    route: str
    basis: str | None
    exit: str | None
    liable: str
    refunded: int
    currency: str


@dataclass(frozen=True)
class Compared:
    """One case under both procedures."""

    old: Ending
    new: Ending
    old_costs: Costs
    new_costs: Costs


@dataclass
class Tally:
    """All cases together. Costs are those of the cases that could be compared."""

    same: int = 0
    otherwise: int = 0
    undecided: Counter[str] = field(default_factory=Counter)
    """Why -> how many."""
    old: Counter[tuple[str, str]] = field(default_factory=Counter)
    new: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, found: Compared) -> None:
        """Count a case that could be compared."""
        self.same += found.old == found.new
        self.otherwise += found.old != found.new
        self.old.update(found.old_costs)
        self.new.update(found.new_costs)


def compare(past: Past, old: Procedure, new: Procedure, days: Callable[[int], WorkCalendar]) -> Compared:
    """Both endings of a case that has ended. Raises Undecided.

    The case is played under its own procedure first: what comes out must be what truly came, else the record does not
    hold all that mattered.
    """
    try:
        said = messages(past, old)
    except Unsaid as lost:
        raise Undecided("lost", lost.kind) from None
    calendar = days(past.opened_at.year)
    try:
        before = Replay(past, old, said, calendar).end()
    except Undecided as differs:
        raise Undecided("record", differs.what) from None
    was = Ending(past.route, past.basis, past.exit, past.liable, past.refunded, past.complaint.order.currency)
    if _ending(before) != was:
        raise Undecided("record")
    after = Replay(past, new, said, calendar).end()
    return Compared(was, _ending(after), _costs(before, old), _costs(after, new))


def _ending(case: Case) -> Ending:
    ruling = case.ruling
    return Ending(
        route=case.route,
        basis=ruling.basis.value if ruling else None,
        exit=case.exit.value if case.exit else None,
        liable=shares_text(ruling.liable) if ruling else "",
        refunded=case.refunded,
        currency=case.complaint.order.currency,
    )


def _costs(case: Case, pack: Procedure) -> Costs:
    order = case.complaint.order
    known = LedgerCase(number=case.number, order=order.number, merchant=order.merchant, carrier=order.carrier)
    found: dict[tuple[str, str], int] = {}
    for posting in postings(known, pack, case.events):
        for entry in posting.entries:
            if entry.account in (Account.COST, Account.HELD):
                place = posting.currency, entry.party or HELD
                found[place] = found.get(place, 0) + entry.amount
    return {place: amount for place, amount in found.items() if amount}
