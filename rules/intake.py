"""Intake and triage: the first steps of a case (S0-02, S0-03, S0-11, S0-12, S0-31)."""

from datetime import datetime

from models.case import Case, Stage
from models.complaint import Complaint, Negotiation
from models.procedure import Procedure, Route
from rules.asking import prepare
from rules.record import note, notify, stamp
from rules.ruling import in_rule, refuse
from rules.stages import move
from rules.triage import route


def open_case(complaint: Complaint, pack: Procedure, number: str, at: datetime) -> Case:
    """Take a complaint in, triage it, and acknowledge it with number, next step and clock."""
    case = Case(
        number=number,
        complaint=complaint,
        procedure=pack.ref,
        opened_at=at,
        stage=Stage.EXPLAINING,
        stage_since=at,
        demand=complaint.demand,
        contacted=complaint.contact is not None,
    )
    case = note(case, at, "filed", channel=complaint.channel, cause=complaint.cause)
    if complaint.contact is not None:
        case = note(case, at, "contacted", actor=complaint.contact.by, mode=complaint.contact.mode)
    return _acknowledged(take_route(case, pack, route(pack, complaint, at), at), at)


def _acknowledged(case: Case, at: datetime) -> Case:
    """The customer gets the number, the next step and its clock, ahead of every other notice."""
    deadline = min((ask.deadline for ask in case.asks if ask.deadline), default=case.due)
    case = notify(case, at, "customer", "acknowledged", stage=case.stage, due_at=stamp(deadline))
    return case.but(mails=(case.mails[-1], *case.mails[:-1]))


def take_route(case: Case, pack: Procedure, chosen: Route, at: datetime) -> Case:
    """Send a case down a route of its procedure."""
    case = case.but(route=chosen.name, direct=chosen.handling != "ask", out_of_rule=chosen.handling == "refuse")
    case = note(case, at, "triaged", route=chosen.name, handling=chosen.handling, ask=",".join(chosen.ask))
    if chosen.negotiate and case.complaint.negotiation is Negotiation.NOT_TRIED:
        due = at + pack.clocks.negotiation.within
        case = note(move(case, Stage.NEGOTIATING, at, due=due), at, "negotiating", due_at=stamp(due))
        return notify(case, at, "customer", "negotiate", due_at=stamp(due))
    return handle(case, pack, chosen.handling, chosen.ask, at)


def handle(
    case: Case, pack: Procedure, handling: str, ask: tuple[str, ...], at: datetime, *, reason: str | None = None
) -> Case:
    """Go on as triage says: directly (S0-02, S0-12) or by asking departments (S0-03)."""
    match handling:
        case "grant":
            return in_rule(case, pack, at)
        case "refuse":
            return refuse(case, pack, at, "refused_rule", reason=reason)
        case "own":
            return prepare(case, pack, at, ask or (pack.front_desk,), direct=True)
        case _:
            return prepare(case, pack, at, ask)


def negotiation_over(case: Case, pack: Procedure, at: datetime, reason: str | None = None) -> Case:
    """The talk failed or its time is up: the platform's dispute procedure begins (S0-11)."""
    chosen = next(candidate for candidate in pack.routes if candidate.name == case.route)
    case = note(case, at, "negotiation_failed", reason=reason)
    return handle(case, pack, chosen.handling, chosen.ask, at)
