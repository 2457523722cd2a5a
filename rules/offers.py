"""Settlement by offers (S2-09, S3-08, S3-09, S3-12): made, accepted or countered, so many times, then the panel."""

from datetime import datetime

from models.base import in_one_line
from models.case import Basis, Case, Exit, Offer, OfferState, Verdict
from models.commands import MakeOffer, Respond, shares_text
from models.names import Refused
from models.procedure import Procedure
from models.stage import Stage
from rules import closing, ruling, stages
from rules.approving import gate
from rules.checks import ACCEPTED, Refusal, awaited, known_parties, lets_out, new_demand
from rules.forms import problems_of, public
from rules.liability import Finding, favours_customer, settled
from rules.record import acted, note, notify, stamp
from rules.spans import deadline


def offer(case: Case, pack: Procedure, command: MakeOffer, at: datetime, department: str) -> tuple[Case, Verdict]:
    """Put a settlement before the customer, or before who must approve it first."""
    awaited(case, "offer")
    if (current := case.offered) is not None and current.state == "waiting":
        raise Refusal(Refused.WRONG_STAGE, f"offer {current.version} waits for the customer's answer")
    form = pack.offers.form if pack.offers else ()
    if found := problems_of(form, command.fields, "fields"):
        raise Refusal(Refused.BAD_INPUT, in_one_line(found))
    known_parties(pack, command.liable)
    liable = settled(pack, command.liable) or case.found
    if not liable or not favours_customer(pack, liable):
        raise Refusal(Refused.BAD_INPUT, "liable: is missing; say who bears the settlement")
    case = case.but(demand=new_demand(case, pack, command.demand), requester=command.actor)
    made = Offer(
        version=len(case.offers) + 1,
        at=at,
        actor=command.actor,
        department=department,
        demand=case.demand,
        amount=lets_out(case, pack, case.demand),
        liable=liable,
        basis=command.basis,
        fields=command.fields,
        state="approval",
    )
    case = _noted(case.but(offers=(*case.offers, made)), made, at, public(form, command.fields))
    return gate(case, pack, at, liable, "offer", department) or put(case, pack, at), ACCEPTED


def _noted(case: Case, made: Offer, at: datetime, fields: dict[str, str | int]) -> Case:
    return note(
        case,
        at,
        "offered",
        actor=made.actor,
        department=made.department,
        version=made.version,
        remedy=made.demand.kind,
        amount=made.amount,
        currency=case.complaint.order.currency,
        liable=shares_text(made.liable),
        reason=made.basis,
        **fields,
    )


def put(case: Case, pack: Procedure, at: datetime) -> Case:
    """The offer goes to the customer, who has so long to answer."""
    made, offers = case.offered, pack.offers
    if made is None or offers is None:
        return case
    due = deadline(case, pack, at, offers.answer)
    case = marked(stages.move(case, Stage.OFFERING, at, due=due), "waiting")
    return notify(case, pack, at, "customer", "offer", version=made.version, reason=made.basis, due_at=stamp(due))


def marked(case: Case, state: OfferState) -> Case:
    """The case with the offer made last in this state."""
    made = case.offers[-1].model_copy(update={"state": state})
    return case.but(offers=(*case.offers[:-1], made))


def respond(case: Case, pack: Procedure, command: Respond, at: datetime, department: str) -> tuple[Case, Verdict]:
    """The customer accepts, and the settlement stands; or counters, and the department offers anew."""
    awaited(case, "respond")
    made = case.offered
    if made is None or made.state != "waiting":
        raise Refusal(Refused.WRONG_STAGE, "no offer waits for an answer now")
    if command.version != made.version:
        raise Refusal(Refused.BAD_INPUT, f"version: the offer now is {made.version}; answer that one")
    kind = "offer_accepted" if command.accept else "offer_countered"
    case = acted(case, at, kind, command, department, version=made.version, reason=command.reason)
    if command.accept:
        return _settle(marked(case, "accepted"), pack, at, made), ACCEPTED
    return _countered(marked(case, "countered"), pack, at, made, command.reason), ACCEPTED


def _settle(case: Case, pack: Procedure, at: datetime, made: Offer) -> Case:
    finding = Finding(
        basis=Basis.SETTLEMENT,
        liable=made.liable,
        reason=made.basis,
        department=made.department,
    )
    # It was approved before the customer saw it.
    return ruling.rule(case, pack, at, finding, approved=True)


def _countered(case: Case, pack: Procedure, at: datetime, made: Offer, reason: str | None) -> Case:
    countered = sum(offer.state == "countered" for offer in case.offers)
    if pack.offers is None or countered >= pack.offers.rounds:
        return stages.to_panel(case, pack, at, reason)
    return stages.to_offer(case, pack, at, made.department, reason)


def lapsed(case: Case, pack: Procedure, at: datetime) -> Case:
    """The customer has not answered the offer in time: the case ends under a name of its own."""
    made = case.offered
    case = note(marked(case, "lapsed"), at, "offer_lapsed", version=made.version if made else None)
    case = notify(case, pack, at, "customer", "offer_lapsed")
    return closing.close(case, pack, Exit.OFFER_LAPSED, at)
