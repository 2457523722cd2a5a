"""A supplier's cost, moved from whoever has borne it (费用转嫁, S2-22): postings of the double-entry ledger."""

from models.corrective import CorrectiveView
from models.ledger import Account, Entry, Posting
from models.procedure import Procedure
from rules.corrective import rules_of

CLAUSE = "S2-22"


def transfers(view: CorrectiveView, pack: Procedure) -> list[Posting]:
    """One transaction for each cost of an approved report; the same report always gives the same ones."""
    if view.approved is None or view.d8 is None:
        return []
    rules = rules_of(pack)
    made = []
    for place, cost in enumerate(view.d8.costs, 1):
        entries = (
            Entry(account=Account.COST, party=rules.bearer, amount=-cost.amount),
            Entry(account=Account.COST, party=f"{rules.supplier}:{cost.supplier}", amount=cost.amount),
        )
        made.append(
            Posting(
                number=view.number,
                order=view.complaint.reference,
                event_seq=view.round,
                place=place,
                at=view.approved.at,
                decision=view.round,
                kind="transfer",
                ground="supplier",
                clause=CLAUSE,
                contested=False,
                currency=cost.currency,
                entries=entries,
            )
        )
    return made
