"""What each human action does to a case, once its sender may do it. Every refusal says what to do instead."""

from collections.abc import Callable
from datetime import datetime

from models.case import Answer, Ask, Basis, Case, Exit, Stage, Verdict
from models.commands import (
    Command,
    Confirm,
    ContactMade,
    Contest,
    Decide,
    Feedback,
    Goods,
    Insist,
    Negotiated,
    Resolve,
    Share,
    Triage,
    Verify,
    Withdraw,
)
from models.complaint import Demand
from models.names import Refused
from models.procedure import Procedure
from rules import asking, closing, intake, remedy, ruling
from rules.liability import Finding, favours_customer, settled
from rules.record import note, notify

ACCEPTED = Verdict(accepted=True, code="accepted")


class Refusal(Exception):
    """A message the rules do not accept; the text says what to do instead."""

    def __init__(self, code: Refused, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def _in(case: Case, *stages: Stage) -> None:
    if case.stage not in stages:
        expected = " or ".join(stages)
        raise Refusal(Refused.WRONG_STAGE, f"the case is at {case.stage}; this is for {expected}")


def _known(pack: Procedure, liable: tuple[Share, ...]) -> None:
    for index, share in enumerate(liable):
        if share.party not in pack.parties:
            known = ", ".join(pack.parties)
            raise Refusal(Refused.BAD_INPUT, f"liable.{index}.party: is not a party here; use one of {known}")


def _fits(case: Case, demand: Demand) -> None:
    order = case.complaint.order
    if demand.amount is not None and demand.amount > order.paid - case.refunded:
        raise Refusal(Refused.TOO_MUCH, "demand.amount: is more than is left of what was paid; lower it")
    held = {line.sku: 0 for line in order.lines}
    for line in order.lines:
        held[line.sku] += line.quantity
    if any(part.quantity > held.get(part.sku, 0) for part in demand.lines):
        raise Refusal(Refused.TOO_MUCH, "demand.lines: is more than the order holds; check sku and quantity")


def _contact(case: Case, pack: Procedure, command: ContactMade, at: datetime, department: str) -> tuple[Case, Verdict]:
    _in(case, Stage.EXPLAINING, Stage.NEGOTIATING)
    case = note(
        case.but(contacted=True), at, "contacted", actor=command.actor, department=department, mode=command.mode
    )
    if case.stage is Stage.NEGOTIATING:
        return case, ACCEPTED
    return asking.issue(case, pack, at), ACCEPTED


def _triage(case: Case, pack: Procedure, command: Triage, at: datetime, department: str) -> tuple[Case, Verdict]:
    _in(case, Stage.NEGOTIATING, Stage.EXPLAINING, Stage.ASKED, Stage.REFUSED)
    if unknown := [name for name in command.ask if name not in pack.departments]:
        index = command.ask.index(unknown[0])
        known = ", ".join(pack.departments)
        raise Refusal(Refused.BAD_INPUT, f"ask.{index}: is not a department here; use one of {known}")
    case = case.but(route="by_hand", direct=command.handling != "ask", out_of_rule=command.handling == "refuse")
    case = note(
        case,
        at,
        "triaged",
        actor=command.actor,
        department=department,
        route="by_hand",
        handling=command.handling,
        ask=",".join(command.ask),
    )
    if command.handling in {"grant", "refuse"}:
        case = asking.drop(case, at)
    return intake.handle(case, pack, command.handling, command.ask, at), ACCEPTED


def _negotiated(
    case: Case, pack: Procedure, command: Negotiated, at: datetime, department: str
) -> tuple[Case, Verdict]:
    _in(case, Stage.NEGOTIATING)
    if not command.agreed:
        return intake.negotiation_over(case, pack, at), ACCEPTED
    case = note(case, at, "negotiated", actor=command.actor, department=department)
    return closing.close(case, Exit.NEGOTIATED, at), ACCEPTED


def _confirm(case: Case, pack: Procedure, command: Confirm, at: datetime, department: str) -> tuple[Case, Verdict]:
    _known(pack, command.liable)
    ask = _ask_of(case, department)
    given = Answer(actor=command.actor, at=at, liable=command.liable, reason=command.reason, evidence=command.evidence)
    if ask.silent:
        return _too_late(case, pack, ask, given), Verdict(accepted=True, code="late")
    if case.stage is Stage.EXPLAINING:
        case = asking.issue(case.but(contacted=True), pack, at)
        ask = _ask_of(case, department)
    return asking.answer(case, pack, ask, given), ACCEPTED


def _ask_of(case: Case, department: str) -> Ask:
    """The ask this department can still answer: an open one first, else one it was too late for."""
    own = [ask for ask in (*case.asks, *reversed(case.past_asks)) if ask.department == department]
    for ask in own:
        if ask.open and ask in case.asks and case.stage in (Stage.EXPLAINING, Stage.ASKED):
            return ask
    for ask in own:
        if ask.silent and ask.late_answer is None:
            return ask
    if any(ask.answer or ask.late_answer for ask in own):
        raise Refusal(Refused.ALREADY_ANSWERED, "this department has answered; to dispute a determination use contest")
    raise Refusal(Refused.NOT_ASKED, "this department is not asked now; nothing waits for its answer")


def _too_late(case: Case, pack: Procedure, ask: Ask, given: Answer) -> Case:
    """A late answer is kept as late and changes only who bears the cost, never what the customer got."""
    case = asking.replace(case, ask.model_copy(update={"late_answer": given}))
    liable = settled(pack, given.liable)
    case = note(
        case,
        given.at,
        "answered_late",
        actor=given.actor,
        department=ask.department,
        liable=ruling.shares_text(liable),
    )
    by_silence = case.ruling is not None and case.ruling.basis is Basis.SILENCE
    if by_silence and favours_customer(pack, liable) and not case.cost_held:
        return ruling.bear_cost(case, given.at, liable)
    return case


def _verify(case: Case, pack: Procedure, command: Verify, at: datetime, department: str) -> tuple[Case, Verdict]:
    _in(case, Stage.VERIFYING)
    case = note(case, at, "verified", actor=command.actor, department=department)
    return ruling.promise(case, pack, at), ACCEPTED


def _contest(case: Case, pack: Procedure, command: Contest, at: datetime, department: str) -> tuple[Case, Verdict]:
    if command.by not in pack.parties and command.by not in pack.departments:
        raise Refusal(Refused.BAD_INPUT, "by: is neither a party nor a department here; correct it")
    if case.ruling is None and not any(ask.answer for ask in case.asks):
        raise Refusal(Refused.WRONG_STAGE, "nothing has been determined yet; contest a determination once there is one")
    if case.stage in (Stage.PANEL, Stage.LEADERSHIP) or case.final:
        raise Refusal(Refused.WRONG_STAGE, "the matter is with those whose decision is final")
    case = note(case.but(contested=True), at, "contested", actor=command.actor, department=department, by=command.by)
    if case.ruling is not None and case.ruling.for_customer and case.stage is not Stage.VERIFYING:
        # The customer keeps what was ruled; only who bears the cost waits for the panel.
        case = notify(case.but(cost_held=True), at, pack.panel, "panel", reason=command.reason, due_at=None)
        return case, ACCEPTED
    return ruling.to_panel(case, pack, at, command.reason), ACCEPTED


def _decide(case: Case, pack: Procedure, command: Decide, at: datetime, department: str) -> tuple[Case, Verdict]:
    _known(pack, command.liable)
    if case.stage not in (Stage.PANEL, Stage.LEADERSHIP):
        if not case.cost_held:
            _in(case, Stage.PANEL, Stage.LEADERSHIP)
        if not command.liable:
            raise Refusal(Refused.BAD_INPUT, "liable: is missing; only who bears the cost is open here")
        case = note(case, at, "decided", actor=command.actor, department=department, grant=1)
        return ruling.bear_cost(case.but(cost_held=False), at, command.liable), ACCEPTED
    if command.demand is not None:
        _fits(case, command.demand)
        case = case.but(demand=command.demand)
    basis = Basis.PANEL if case.stage is Stage.PANEL else Basis.LEADERSHIP
    case = note(case, at, "decided", actor=command.actor, department=department, grant=int(command.grant))
    finding = Finding(
        agreed=True,
        for_customer=command.grant,
        basis=basis,
        liable=command.liable or (case.ruling.liable if case.ruling else ()),
        reason=command.reason,
        department=department,
    )
    case = ruling.decided(case, pack, at, finding)
    if command.grant:
        return remedy.execute(case, pack, at), ACCEPTED
    case = notify(case, at, "customer", "decided_against", reason=command.reason)
    return closing.close(case, Exit.DECIDED_AGAINST, at), ACCEPTED


def _insist(case: Case, pack: Procedure, command: Insist, at: datetime, department: str) -> tuple[Case, Verdict]:
    _in(case, Stage.REFUSED)
    case = note(case, at, "insisted", actor=command.actor, department=department)
    return ruling.to_leadership(case, pack, at, command.reason), ACCEPTED


def _goods(case: Case, pack: Procedure, command: Goods, at: datetime, department: str) -> tuple[Case, Verdict]:
    if not remedy.awaits_goods(case, pack):
        raise Refusal(Refused.WRONG_STAGE, "no returned goods are awaited in this case now")
    case = note(case, at, "goods", actor=command.actor, department=department, accepted=int(command.accepted))
    return (remedy.goods_are_back(case, pack, at) if command.accepted else case), ACCEPTED


def _resolve(case: Case, pack: Procedure, command: Resolve, at: datetime, department: str) -> tuple[Case, Verdict]:
    _in(case, Stage.TASK)
    case = note(case, at, "resolved", actor=command.actor, department=department, outcome=command.outcome)
    match command.outcome:
        case "retry":
            return remedy.retry(case, pack, at), ACCEPTED
        case "settled":
            return remedy.settled_elsewhere(case, pack, at, command.reference or ""), ACCEPTED
        case "refund_instead":
            return remedy.refund_instead(case, pack, at), ACCEPTED
        case "abandon":
            return remedy.abandoned(case, pack, at), ACCEPTED


def _feedback(case: Case, pack: Procedure, command: Feedback, at: datetime, department: str) -> tuple[Case, Verdict]:
    _in(case, Stage.FEEDBACK)
    if command.demand is not None:
        _fits(case, command.demand)
    case = note(case, at, "feedback", actor=command.actor, department=department, satisfied=int(command.satisfied))
    if command.satisfied:
        return closing.close(case, Exit.SATISFIED, at), ACCEPTED
    if case.final:
        return closing.close(case, Exit.DECISION_FINAL, at), ACCEPTED
    return _again_from_the_ask(case.but(demand=command.demand or case.demand), pack, at, command.reason), ACCEPTED


def _again_from_the_ask(case: Case, pack: Procedure, at: datetime, reason: str | None) -> Case:
    """Not satisfied: examined again, at most the procedure's number of times, then by the panel."""
    if case.round > pack.rework.times:
        return ruling.to_panel(case, pack, at, reason)
    departments = tuple(ask.department for ask in case.asks) or (pack.front_desk,)
    direct = departments == (pack.front_desk,)
    past = (*case.past_asks, *case.asks)[-20:]
    case = case.but(round=case.round + 1, past_asks=past, asks=(), contacted=False, ruling=None)
    case = note(case, at, "rework", round=case.round)
    return asking.prepare(case, pack, at, departments, direct=direct)


def _withdraw(case: Case, pack: Procedure, command: Withdraw, at: datetime, department: str) -> tuple[Case, Verdict]:
    if case.withdrawn:
        raise Refusal(Refused.WRONG_STAGE, "the complaint has been withdrawn already; what was promised is being paid")
    case = note(case.but(withdrawn=True), at, "withdrawn", actor=command.actor, department=department)
    case = notify(case, at, "customer", "withdrawn")
    if case.stage in (Stage.EXECUTING, Stage.TASK):
        # What was promised is still given; the case ends when it has been.
        return case, ACCEPTED
    case = asking.drop(case, at)
    return closing.close(case, Exit.WITHDRAWN, at), ACCEPTED


ACTIONS: dict[type[Command], Callable[..., tuple[Case, Verdict]]] = {
    ContactMade: _contact,
    Triage: _triage,
    Negotiated: _negotiated,
    Confirm: _confirm,
    Verify: _verify,
    Contest: _contest,
    Decide: _decide,
    Insist: _insist,
    Goods: _goods,
    Resolve: _resolve,
    Feedback: _feedback,
    Withdraw: _withdraw,
}
