"""An objection to a line of a statement (S0-19): what it books. Pure, as all rules.

The contested cost is taken off the party and held until the panel has decided, in the month that is open then. What
was issued never changes, and the customer is not touched.
"""

from collections.abc import Sequence

from models.commands import Share
from models.ledger import Account, Entry, LedgerCase
from models.procedure import Procedure
from rules.money import allocate
from rules.settlement import ledger_party

OBJECTED = "objected"
"""Ground of a cost that is held for an objection."""
PANEL = "panel"
"""Ground of a cost the panel has laid on somebody."""
BESIDE = "%:%:%:%"
"""As SQL matches it: a transaction an objection has booked, beside the NUMBER:EVENT:PLACE of a case's own."""


def held_id(txn: str, entry: int) -> str:
    """The transaction that holds an entry: the same however often the objection is looked at."""
    return f"{txn}:{entry}:held"


def decided_id(txn: str, entry: int) -> str:
    """The transaction that lays a held entry on whoever bears it."""
    return f"{txn}:{entry}:decided"


def back_id(txn: str) -> str:
    """The transaction that takes one of these back."""
    return f"{txn}:back"


def holding(party: str, amount: int) -> tuple[Entry, ...]:
    """Off the party, and nobody's until decided."""
    return (Entry(account=Account.COST, party=party, amount=-amount), Entry(account=Account.HELD, amount=amount))


def deciding(party: str, amount: int, liable: Sequence[Share], case: LedgerCase, pack: Procedure) -> tuple[Entry, ...]:
    """Back on the party where `liable` names nobody, else on the parties it names by their shares."""
    borne = {party: amount}
    if liable:
        borne = {}
        sign = -1 if amount < 0 else 1
        parts = allocate(abs(amount), [share.percent for share in liable])
        for share, part in zip(liable, parts, strict=True):
            name = ledger_party(share.party, case, pack)
            borne[name] = borne.get(name, 0) + sign * part
    costs = (Entry(account=Account.COST, party=name, amount=part) for name, part in borne.items() if part)
    return (Entry(account=Account.HELD, amount=-amount), *costs)


def mistake(liable: Sequence[Share], pack: Procedure) -> str | None:
    """Why these shares cannot be used; None: they can."""
    unknown = [share.party for share in liable if share.party not in pack.parties]
    if unknown:
        return f"liable: {unknown[0]} is no party here; use one of {', '.join(pack.parties)}"
    if liable and sum(share.percent for share in liable) != 100:
        return "liable: the percents must add up to 100"
    return None
