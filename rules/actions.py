"""What each human action does to a case, once its sender may do it. Every refusal says what to do instead."""

from collections.abc import Callable
from datetime import datetime

from models.case import Answer, Ask, Case, Exit, Verdict
from models.commands import (
    Approve,
    Command,
    Confirm,
    ContactMade,
    Contest,
    Decide,
    Extend,
    Feedback,
    Forget,
    Goods,
    IncidentDecision,
    Insist,
    MakeOffer,
    Move,
    Negotiated,
    RecordDuty,
    Resolve,
    Respond,
    TakenBack,
    Triage,
    Verify,
    Withdraw,
)
from models.complaint import Demand, DemandKind
from models.names import Refused
from models.procedure import Procedure
from models.stage import Stage
from rules import asking, closing, disputes, duties, intake, offers, permits, remedy, ruling, stages, takeback, working
from rules.checks import ACCEPTED, Refusal, asked_for, at_stage, awaited, known_parties, new_demand
from rules.forgetting import forget
from rules.record import acted, note, notify
from rules.replies import on
from rules.triage import route_of
from rules.undoing import not_sent, parcel_in_doubt

_MAY_HAVE_PAID = frozenset({"payment_in_doubt", "child_failed", "amount_differs"})
"""Codes of a payment's task after which the customer may have the money, or has another amount."""


def _contact(case: Case, pack: Procedure, command: ContactMade, at: datetime, department: str) -> tuple[Case, Verdict]:
    awaited(case, "contact", Stage.NEGOTIATING)
    case = acted(case.but(contacted=True), at, "contacted", command, department, reason=command.note, mode=command.mode)
    if case.stage is Stage.NEGOTIATING:
        return case, ACCEPTED
    return asking.issue(case, pack, at), ACCEPTED


def _triage(case: Case, pack: Procedure, command: Triage, at: datetime, department: str) -> tuple[Case, Verdict]:
    before = case.phase == "before" and case.ruling is None
    working = (Stage.WORKING, Stage.OFFERING) if before else ()
    at_stage(case, Stage.NEGOTIATING, Stage.EXPLAINING, Stage.ASKED, Stage.REFUSED, *working)
    if case.stage is Stage.REFUSED and case.ruling is not None and not case.ruling.for_customer:
        raise Refusal(Refused.WRONG_STAGE, "liability has been determined; to dispute that use contest")
    # An offer the customer did not accept is not what was asked for.
    case = case.but(demand=asked_for(case))
    if command.route is not None:
        return _other_route(case, pack, command, at, department), ACCEPTED
    # Whoever is asked may be silent, and then bears the cost: only a party can.
    askable = [name for name in pack.departments if name in pack.parties and pack.clocks.answer]
    for index, name in enumerate(command.ask):
        if name not in askable:
            known = ", ".join(askable)
            raise Refusal(Refused.BAD_INPUT, f"ask.{index}: cannot be asked here; use one of {known}")
    case = duties.drop(case, pack, at)
    case = case.but(route="by_hand", direct=command.handling != "ask", out_of_rule=command.handling == "refuse")
    handling = command.handling or "ask"
    facts = {"route": "by_hand", "handling": handling, "ask": ",".join(command.ask)}
    case = acted(case, at, "triaged", command, department, reason=command.reason, **facts)
    if handling in {"grant", "refuse"}:
        case = asking.drop(case, pack, at)
    return intake.handle(case, pack, handling, command.ask, at, reason=command.reason), ACCEPTED


def _other_route(case: Case, pack: Procedure, command: Triage, at: datetime, department: str) -> Case:
    """An agent sends the case down another route, such as that of a complex complaint (S1-05)."""
    chosen = next((route for route in pack.routes if route.name == command.route), None)
    if chosen is None:
        known = ", ".join(route.name for route in pack.routes)
        raise Refusal(Refused.BAD_INPUT, f"route: is not known here; use one of {known}")
    case = acted(case, at, "rerouted", command, department, reason=command.reason, route=chosen.name)
    return intake.take_route(asking.drop(duties.drop(case, pack, at), pack, at), pack, chosen, at)


def _negotiated(
    case: Case, pack: Procedure, command: Negotiated, at: datetime, department: str
) -> tuple[Case, Verdict]:
    awaited(case, "negotiated")
    if not command.agreed:
        return intake.negotiation_over(case, pack, at, command.note), ACCEPTED
    case = acted(case, at, "negotiated", command, department, reason=command.note)
    return closing.close(case, pack, Exit.NEGOTIATED, at), ACCEPTED


def _confirm(case: Case, pack: Procedure, command: Confirm, at: datetime, department: str) -> tuple[Case, Verdict]:
    known_parties(pack, command.liable)
    ask = _ask_of(case, department)
    given = Answer(actor=command.actor, at=at, liable=command.liable, reason=command.reason, evidence=command.evidence)
    if ask.silent:
        return asking.answer_late(case, pack, ask, given), Verdict(accepted=True, code="late")
    return asking.answer(case, pack, ask, given), ACCEPTED


def _ask_of(case: Case, department: str) -> Ask:
    """The ask this department can still answer: the one that runs, else the last one it was too late for."""
    asks = (*case.past_asks, *case.asks)
    last = next((ask for ask in reversed(asks) if ask.department == department), None)
    if last is not None and (last.answer or last.late_answer):
        raise Refusal(Refused.ALREADY_ANSWERED, "this department has answered; to dispute a determination use contest")
    if last is None or (last.open and not any(last.id == ask.id for ask in case.asks)):
        raise Refusal(Refused.NOT_ASKED, "this department is not asked now; nothing waits for its answer")
    return last


def _verify(case: Case, pack: Procedure, command: Verify, at: datetime, department: str) -> tuple[Case, Verdict]:
    awaited(case, "verify")
    case = acted(case, at, "verified", command, department, reason=command.note)
    return ruling.promise(case, pack, at), ACCEPTED


def _goods(case: Case, pack: Procedure, command: Goods, at: datetime, department: str) -> tuple[Case, Verdict]:
    if not remedy.awaits_goods(case, pack):
        raise Refusal(Refused.WRONG_STAGE, "no returned goods are awaited in this case now")
    case = acted(case, at, "goods", command, department, reason=command.note, accepted=int(command.accepted))
    return (remedy.goods_are_back(case, pack, at) if command.accepted else case), ACCEPTED


def _resolve(case: Case, pack: Procedure, command: Resolve, at: datetime, department: str) -> tuple[Case, Verdict]:
    awaited(case, "resolve")
    # By this the next payment of the order knows that what the gateway took back need not be held any more.
    payment = takeback.given_up(case) if command.outcome == "abandon" else None
    case = acted(
        case,
        at,
        "resolved",
        command,
        department,
        reason=command.note,
        outcome=command.outcome,
        payment=payment,
        code="not_sent" if command.not_sent else None,
    )
    if command.not_sent:
        case = not_sent(case, pack, at, again=command.outcome == "retry")
    match command.outcome:
        case "retry":
            return remedy.retry(case, pack, at), ACCEPTED
        case "settled":
            return remedy.settled_elsewhere(case, pack, at, command.reference or ""), ACCEPTED
        case "refund_instead":
            if case.task is not None and case.task.kind == "payment":
                reason = "outcome: a payment that may have been made is not made anew; use retry or settled"
                raise Refusal(Refused.BAD_INPUT, reason)
            _nothing_on_its_way(case)
            new_demand(case, pack, Demand(kind=DemandKind.REFUND))
            return remedy.refund_instead(case, pack, at), ACCEPTED
        case "abandon":
            if case.task is not None and case.task.kind == "payment" and case.task.code in _MAY_HAVE_PAID:
                reason = "outcome: a payment that may have been made is not given up; retry looks, settled names it"
                raise Refusal(Refused.BAD_INPUT, reason)
            _nothing_on_its_way(case)
            return remedy.abandoned(case, pack, at, command.note), ACCEPTED


def _nothing_on_its_way(case: Case) -> None:
    """Raises Refusal where the customer would get goods and money."""
    if parcel_in_doubt(case):
        reason = "outcome: a parcel may be on its way; retry asks for it, settled names it, not_sent says there is none"
        raise Refusal(Refused.BAD_INPUT, reason)


def _feedback(case: Case, pack: Procedure, command: Feedback, at: datetime, department: str) -> tuple[Case, Verdict]:
    awaited(case, "feedback")
    wanted = None if command.demand is None else new_demand(case, pack, command.demand)
    if command.satisfied is None:
        case = acted(case, at, "not_reached", command, department, reason=command.reason)
        return closing.called(case, pack, at, satisfied=None), ACCEPTED
    case = acted(case, at, "feedback", command, department, reason=command.reason, satisfied=int(command.satisfied))
    if command.satisfied:
        return closing.called(case, pack, at, satisfied=True), ACCEPTED
    if case.final:
        return closing.close(case, pack, Exit.DECISION_FINAL, at), ACCEPTED
    if wanted is not None:
        case = case.but(demand=wanted, wanted=wanted)
    return _examined_again(case, pack, at, command.reason), ACCEPTED


def _examined_again(case: Case, pack: Procedure, at: datetime, reason: str | None) -> Case:
    """Not satisfied: examined again, at most the procedure's number of times, then by the panel.

    A determination that is before the panel already is not asked for again.
    """
    if case.round > pack.rework.times or case.cost_held:
        return stages.to_panel(case, pack, at, reason)
    asked = tuple(ask.department for ask in case.asks)
    case = asking.drop(case, pack, at).but(round=case.round + 1, contacted=False)
    case = note(case, at, "rework", round=case.round)
    route = route_of(case, pack)
    if route is not None and (route.before or route.handling == "offer"):
        return working.restart(case, pack, at, route.before)
    departments = asked or (pack.front_desk,)
    return asking.prepare(case, pack, at, departments, direct=departments == (pack.front_desk,))


def _withdraw(case: Case, pack: Procedure, command: Withdraw, at: datetime, department: str) -> tuple[Case, Verdict]:
    if case.withdrawn:
        raise Refusal(Refused.WRONG_STAGE, "the complaint has been withdrawn already; what was promised is being paid")
    if case.exit is not None:
        raise Refusal(Refused.WRONG_STAGE, "the customer's part has ended; only who bears the cost is open")
    case = acted(case.but(withdrawn=True), at, "withdrawn", command, department, reason=command.reason)
    case = notify(case, pack, at, "customer", "withdrawn")
    if case.stage in (Stage.EXECUTING, Stage.TASK):
        # What was promised is still given; the case ends when it has been.
        return case, ACCEPTED
    case = asking.drop(case, pack, at)
    return closing.close(case, pack, Exit.WITHDRAWN, at), ACCEPTED


ACTIONS: dict[type[Command], Callable[..., tuple[Case, Verdict]]] = dict(
    [
        on(ContactMade, _contact),
        on(Triage, _triage),
        on(Negotiated, _negotiated),
        on(Confirm, _confirm),
        on(Verify, _verify),
        on(Contest, disputes.contest),
        on(Decide, disputes.decide),
        on(IncidentDecision, disputes.decide_together),
        on(Insist, disputes.insist),
        on(Goods, _goods),
        on(Resolve, _resolve),
        on(Feedback, _feedback),
        on(Withdraw, _withdraw),
        on(TakenBack, takeback.take_back),
        on(Forget, forget),
        on(RecordDuty, working.record),
        on(MakeOffer, offers.offer),
        on(Respond, offers.respond),
        on(Approve, permits.approve),
        on(Extend, permits.extend),
        on(Move, permits.move),
    ]
)
