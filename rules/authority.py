"""What the directory and the procedure forbid beyond departments: too much money, two hats on one person."""

from collections.abc import Collection, Mapping

from models.case import Case
from models.commands import Approve, Command, Decide, Extend, MakeOffer, Resolve, Triage
from models.complaint import Demand, DemandKind
from models.currency import amount as written
from models.names import Refused
from models.procedure import Procedure
from rules.checks import Refusal, as_total, asked_for, lets_out

Limits = Mapping[str, int]
"""The most somebody may let out by one decision: currency -> minor units."""
LEAVES = {
    "contact": ("contacted",),
    "triage": ("triaged", "rerouted"),
    "negotiated": ("negotiated",),
    "confirm": ("answered", "answered_late"),
    "verify": ("verified",),
    "contest": ("contested",),
    "decide": ("decided",),
    "insist": ("insisted",),
    "goods": ("goods",),
    "resolve": ("resolved",),
    "feedback": ("feedback", "not_reached"),
    "withdraw": ("withdrawn",),
    "forget": ("forgotten",),
    "record": ("recorded", "recorded_late"),
    "offer": ("offered",),
    "respond": ("offer_accepted", "offer_countered"),
    "approve": ("approved", "not_approved"),
    "extend": ("extended",),
    "move": ("moved",),
}
"""The lines of the record by which it is known who has sent a command."""
LEFT_BY = {kind: name for name, kinds in LEAVES.items() for kind in kinds}
"""Kind of such a line -> its command. Who left one is never forgotten, however many lines follow."""


def another_person(case: Case, pack: Procedure, name: str, command: Command) -> None:
    """Raises Refusal where the sender had a part in what is to be judged: who approves is not who asked."""
    kinds = {kind for earlier in pack.separation.get(name, ()) for kind in LEAVES[earlier]}
    parts = (*case.parts, *((event.kind, event.actor) for event in case.events))
    if any(kind in kinds and actor == command.actor for kind, actor in parts):
        raise Refusal(Refused.SAME_PERSON, "actor: had a part in this matter before; somebody else must decide it")


def no_own_clock(command: Command, departments: Collection[str], hat: str) -> None:
    """Raises Refusal where the sender has asked for more time, or would give it to a department of their own.

    Both to one they belong to, under whatever hat, and to the one whose `hat` they wear as its substitute.
    """
    if not isinstance(command, Extend):
        return
    if command.actor == command.asked_by or command.of in (*departments, hat):
        raise Refusal(Refused.SAME_PERSON, "of: nobody gives more time to the own department; somebody else must")


def within_limit(case: Case, pack: Procedure, command: Command, limits: Limits | None) -> None:
    """Raises Refusal for a decision that lets out more than its sender may. A currency not named is not allowed."""
    amount = _lets_out(case, pack, command)
    if limits is None or amount is None:
        return
    currency = case.complaint.order.currency
    if amount > (limit := limits.get(currency, 0)):
        most, this = written(limit, currency), written(amount, currency)
        reason = f"actor: may let out {most}, this is {this}; somebody with a higher limit must do it"
        raise Refusal(Refused.OVER_LIMIT, reason)


def _lets_out(case: Case, pack: Procedure, command: Command) -> int | None:
    """What the command lets out (minor units); None for one that lets nothing out."""
    settled = isinstance(command, Resolve) and command.outcome == "settled"
    if settled and case.execution is not None and case.execution.remedy.amount:
        # What the gateway has taken back may have been given under an earlier demand.
        return case.execution.remedy.amount
    demand = _granted(case, pack, command)
    return None if demand is None else lets_out(case, pack, demand)


def _granted(case: Case, pack: Procedure, command: Command) -> Demand | None:
    """What the command has paid, as the case goes on with it: a new demand comes on top of what was given before."""
    match command:
        case Decide(grant=True, demand=Demand() as new) | MakeOffer(demand=new):
            return as_total(case, pack, new)
        case Decide(grant=True) | Triage(handling="grant"):
            return asked_for(case)
        case Resolve(outcome="refund_instead"):
            return as_total(case, pack, Demand(kind=DemandKind.REFUND, lines=case.demand.lines))
        case Approve(approve=True) | Resolve(outcome="settled"):
            return case.demand
        case _:
            return None
