"""Intake and triage: the first steps of a case (S0-02, S0-03, S0-11, S0-12, S0-31)."""

from datetime import datetime

from models.case import Basis, Case
from models.complaint import Complaint, Negotiation
from models.procedure import Procedure, Route
from models.span import WorkCalendar
from models.stage import Stage
from rules.asking import prepare
from rules.duties import due_of, enter, whose
from rules.liability import Finding, favours_customer
from rules.record import note, notify, stamp
from rules.ruling import in_rule, refuse, rule
from rules.spans import CalendarGap, deadline
from rules.stages import move, to_offer, to_panel
from rules.triage import Facts, holds, outside_of, route, route_of, severity_of


def open_case(
    complaint: Complaint,
    pack: Procedure,
    number: str,
    at: datetime,
    calendar: WorkCalendar | None = None,
    *,
    lines: int = 0,
    notices: int = 0,
) -> Case:
    """Take a complaint in, triage it, and acknowledge it with number, next step and clock. Raises CalendarGap.

    `lines` and `notices` stand in its record already.
    """
    severity = severity_of(pack, complaint, at)
    case = Case(
        number=number,
        complaint=complaint,
        procedure=pack.ref,
        opened_at=at,
        stage=Stage.EXPLAINING,
        stage_since=at,
        severity=severity,
        calendar=calendar,
        demand=complaint.demand,
        contacted=complaint.contact is not None,
        event_count=lines,
        written=lines,
        mail_count=notices,
    )
    case = note(case, at, "filed", channel=complaint.channel, cause=complaint.cause, severity=severity)
    if complaint.contact is not None:
        case = note(case, at, "contacted", actor=complaint.contact.by, mode=complaint.contact.mode)
    return _acknowledged(take_route(case, pack, route(pack, Facts.of(case)), at), pack, at)


def _acknowledged(case: Case, pack: Procedure, at: datetime) -> Case:
    """The customer gets the number, where the case stands and its clock, ahead of every other notice."""
    case = notify(case, pack, at, "customer", "acknowledged", stage=case.stage, due_at=stamp(_heard_by(case, pack)))
    return case.but(mails=(case.mails[-1], *case.mails[:-1]))


def _heard_by(case: Case, pack: Procedure) -> datetime | None:
    """When the customer hears from us at the latest if every clock is kept: what is promised to begin with."""
    told = [work.deadline for work in case.works if pack.duties[work.duty].tells_customer]
    match case.stage:
        case Stage.WORKING:
            return min(told) if told else _end_of_plan(case, pack)
        case Stage.EXPLAINING if case.due is not None and pack.clocks.answer is not None:
            return deadline(case, pack, case.due, pack.clocks.answer.within)
        case Stage.ASKED:
            return max((ask.deadline for ask in case.asks if ask.deadline), default=None)
        case _:
            return case.task.due if case.task else case.due


def _end_of_plan(case: Case, pack: Procedure) -> datetime | None:
    """When the steps before are done, or the first of them that tells the customer; then what is offered."""
    end = max((work.deadline for work in case.works if not work.aside), default=None)
    chosen = route_of(case, pack)
    if end is None or chosen is None:
        return end
    try:
        for duty in (pack.duties[name] for name in case.plan):
            if duty.aside or not holds(duty.when, pack, Facts.of(case)):
                continue
            end = due_of(case, pack, end, duty)
            if duty.tells_customer:
                return end
        return deadline(case, pack, end, pack.offers.make) if chosen.handling == "offer" and pack.offers else end
    except CalendarGap:
        # No clock of the case runs that far yet: nothing waits for the year, and nothing is promised.
        return None


def take_route(case: Case, pack: Procedure, chosen: Route, at: datetime, *, skip: frozenset[str] = frozenset()) -> Case:
    """Send a case down a route of its procedure; `skip`: steps that have been done."""
    direct = _is_direct(chosen, pack)
    case = case.but(route=chosen.name, direct=direct, out_of_rule=chosen.handling == "refuse")
    case = note(case, at, "triaged", route=chosen.name, handling=chosen.handling, ask=",".join(chosen.ask))
    for department in chosen.tell:
        case = notify(case, pack, at, department, "major", department=department, cause=case.complaint.cause)
    if chosen.negotiate and pack.clocks.negotiation and case.complaint.negotiation is Negotiation.NOT_TRIED:
        due = deadline(case, pack, at, pack.clocks.negotiation.within)
        case = note(move(case, Stage.NEGOTIATING, at, due=due), at, "negotiating", due_at=stamp(due))
        return notify(case, pack, at, "customer", "negotiate", due_at=stamp(due))
    return _begin(case, pack, chosen, at, skip)


def _is_direct(chosen: Route, pack: Procedure) -> bool:
    """直接处理: the front desk settles it alone (S0-31)."""
    alone = all(pack.duties[name].department == pack.front_desk for name in chosen.before)
    return chosen.handling not in {"ask", "offer"} and alone


def _begin(case: Case, pack: Procedure, chosen: Route, at: datetime, skip: frozenset[str] = frozenset()) -> Case:
    """The steps of the route, then its determination."""
    if chosen.before:
        case, waits = enter(case, pack, at, [name for name in chosen.before if name not in skip], "before")
        if waits:
            return case
    return handle(case, pack, chosen.handling, chosen.ask, at)


def determine(case: Case, pack: Procedure, at: datetime) -> Case:
    """The steps before are done: the route's determination."""
    chosen = route_of(case, pack)
    return to_panel(case, pack, at) if chosen is None else handle(case, pack, chosen.handling, chosen.ask, at)


def handle(
    case: Case, pack: Procedure, handling: str, ask: tuple[str, ...], at: datetime, *, reason: str | None = None
) -> Case:
    """Go on as triage says: directly (S0-02, S0-12) or by asking departments (S0-03)."""
    match handling:
        case "grant":
            return in_rule(case, pack, at)
        case "refuse":
            why = None if reason else outside_of(pack, case.complaint, case.opened_at)
            facts = None if why is None else why.facts() | {"cause": case.complaint.cause}
            return refuse(case, pack, at, "refused_rule", reason=reason, why=facts)
        case "own":
            return prepare(case, pack, at, ask or (pack.front_desk,), direct=True)
        case "found" | "offer":
            return _by_findings(case, pack, at, handling)
        case _:
            return prepare(case, pack, at, ask)


def negotiation_over(case: Case, pack: Procedure, at: datetime, reason: str | None = None) -> Case:
    """The talk failed or its time is up: the platform's dispute procedure begins (S0-11)."""
    chosen = route_of(case, pack)
    case = note(case, at, "negotiation_failed", reason=reason)
    return to_panel(case, pack, at) if chosen is None else _begin(case, pack, chosen, at)


def _by_findings(case: Case, pack: Procedure, at: datetime, handling: str) -> Case:
    """By what the steps before have determined: a ruling, or an offer. What they left open is the panel's."""
    for_customer = favours_customer(pack, case.found)
    chosen = route_of(case, pack)
    if handling == "offer" and chosen is not None and (for_customer or not case.found):
        return to_offer(case, pack, at, whose(case, pack, chosen.offers_by or pack.front_desk))
    if not case.found:
        return to_panel(case, pack, at)
    finding = Finding(
        for_customer=for_customer,
        basis=Basis.INVESTIGATION,
        liable=case.found,
        reason=case.found_reason,
        department=case.requested_by or None,
    )
    return rule(case, pack, at, finding)
