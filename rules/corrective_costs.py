"""A supplier's cost, moved from whoever has borne it (费用转嫁, S2-22): postings of the double-entry ledger."""

from models.corrective import CorrectiveView, Transfer
from models.ledger import Account, Entry, Posting
from models.procedure import Procedure
from rules.corrective import rules_of

CLAUSE = "S2-22"


def transfers(view: CorrectiveView, pack: Procedure) -> list[Posting]:
    """One transaction for each cost the approved reports moved; the same reports always give the same ones."""
    return [_posting(view, pack, moved) for moved in moved_by(view)]


def moved_by(view: CorrectiveView) -> tuple[Transfer, ...]:
    """What the approved reports have moved. A later one stands for all: what it names again is not moved again.

    What it no longer names is moved back.
    """
    if view.approved is None or view.d8 is None:
        return view.transfers
    undone = {moved.undoes for moved in view.transfers if moved.undoes}
    standing = [moved for moved in view.transfers if not moved.undoes and (moved.round, moved.place) not in undone]
    left, fresh = list(standing), []
    for cost in view.d8.costs:
        same = next((moved for moved in left if moved.cost == cost), None)
        if same is None:
            fresh.append((cost, None))
        else:
            left.remove(same)
    changes = [*fresh, *((moved.cost, (moved.round, moved.place)) for moved in left)]
    made = (
        Transfer(round=view.round, place=place, at=view.approved.at, cost=cost, undoes=undoes)
        for place, (cost, undoes) in enumerate(changes, 1)
    )
    return (*standing, *made)


def _posting(view: CorrectiveView, pack: Procedure, moved: Transfer) -> Posting:
    rules, cost = rules_of(pack), moved.cost
    amount = -cost.amount if moved.undoes else cost.amount
    entries = (
        Entry(account=Account.COST, party=rules.bearer, amount=-amount),
        Entry(account=Account.COST, party=f"{rules.supplier}:{cost.supplier}", amount=amount),
    )
    made = Posting(
        number=view.number,
        order=view.complaint.reference,
        event_seq=moved.round,
        place=moved.place,
        at=moved.at,
        decision=moved.round,
        kind="transfer",
        ground="supplier",
        clause=CLAUSE,
        contested=False,
        currency=cost.currency,
        entries=entries,
    )
    if moved.undoes is None:
        return made
    seq, place = moved.undoes
    return made.model_copy(update={"reverses": made.model_copy(update={"event_seq": seq, "place": place}).id})
