"""Disputed determinations and refusals: to the panel (S0-10), to the leadership (S0-13), and what they decide."""

from datetime import datetime

from models.case import Basis, Case, Exit, Verdict
from models.commands import Contest, Decide, IncidentDecision, Insist, Share
from models.names import Refused
from models.procedure import Procedure
from models.stage import Stage
from rules import asking, closing, duties, remedy, ruling, stages
from rules.approving import authorises
from rules.checks import ACCEPTED, Refusal, asked_for, awaited, fit_to_bear, new_demand
from rules.liability import Finding, favours_customer
from rules.record import acted, notify

_UNDECIDED = (
    Stage.NEGOTIATING,
    Stage.EXPLAINING,
    Stage.ASKED,
    Stage.OFFERING,
    Stage.APPROVING,
    Stage.REFUSED,
    Stage.PANEL,
    Stage.LEADERSHIP,
)
"""Where a batch incident's decision still finds something to decide, as with the duties before a ruling."""


def contest(case: Case, pack: Procedure, command: Contest, at: datetime, department: str) -> tuple[Case, Verdict]:
    """A determination is disputed: what the customer has been granted stands, the rest is for the panel (S0-10)."""
    if command.by not in pack.parties and command.by not in pack.departments:
        raise Refusal(Refused.BAD_INPUT, "by: is neither a party nor a department here; correct it")
    working = _working_before(case)
    being_asked = working or case.stage in (Stage.NEGOTIATING, Stage.EXPLAINING, Stage.ASKED, Stage.OFFERING)
    if (case.ruling is None or being_asked) and not any(ask.answer for ask in case.asks):
        raise Refusal(Refused.WRONG_STAGE, "nothing has been determined yet; contest a determination once there is one")
    if case.stage in (Stage.PANEL, Stage.LEADERSHIP) or case.final or case.cost_held:
        raise Refusal(Refused.WRONG_STAGE, "the matter is with those whose decision is final")
    case = acted(case.but(contested=True), at, "contested", command, department, by=command.by, reason=command.reason)
    if case.stage in (Stage.EXECUTING, Stage.TASK, Stage.FEEDBACK) or (case.stage is Stage.WORKING and not working):
        return ruling.hold_cost(case, pack, at, command.reason), ACCEPTED
    case = asking.drop(duties.drop(case, pack, at), pack, at, keep=tuple(ask for ask in case.asks if not ask.open))
    return stages.to_panel(case, pack, at, command.reason), ACCEPTED


def decide(case: Case, pack: Procedure, command: Decide, at: datetime, department: str) -> tuple[Case, Verdict]:
    """The panel's or the leadership's decision is the final handling plan (S0-13, S0-27)."""
    fit_to_bear(pack, command.liable, grant=command.grant)
    if case.cost_held and (case.exit is not None or case.stage is not Stage.PANEL):
        return _decide_cost(case, pack, command, at, department)
    awaited(case, "decide")
    liable = command.liable or _liable_so_far(case, pack, grant=command.grant)
    undecided = command.grant and not liable and case.stage is Stage.PANEL
    if undecided or (case.cost_held and not command.liable):
        raise Refusal(Refused.BAD_INPUT, "liable: is missing; the panel says who bears the cost")
    # An offer the customer did not accept is not what was asked for.
    demand = asked_for(case) if command.demand is None else new_demand(case, pack, command.demand)
    case = _decided(case.but(demand=demand), at, command, department)
    finding = Finding(
        for_customer=command.grant,
        basis=Basis.PANEL if case.stage is Stage.PANEL else Basis.LEADERSHIP,
        liable=liable,
        reason=command.reason,
        department=department,
    )
    case = ruling.decided(case, at, finding)
    if command.grant:
        return remedy.execute(case, pack, at), ACCEPTED
    case = notify(case, pack, at, "customer", "decided_against", reason=command.reason)
    return closing.close(case, pack, Exit.DECIDED_AGAINST, at), ACCEPTED


def _decide_cost(case: Case, pack: Procedure, command: Decide, at: datetime, department: str) -> tuple[Case, Verdict]:
    """The customer has what was ruled; the panel says who bears it. A case that waited only for this ends."""
    if not command.liable or not favours_customer(pack, command.liable):
        raise Refusal(Refused.BAD_INPUT, "liable: is missing; only who bears the cost is open here")
    case = _decided(case, at, command, department)
    case = ruling.bear_cost(case, at, command.liable, "panel")
    return (case if case.exit is None else closing.close(case, pack, case.exit, at)), ACCEPTED


def _decided(case: Case, at: datetime, command: Decide, department: str) -> Case:
    return acted(case, at, "decided", command, department, grant=int(command.grant), reason=command.reason)


def _liable_so_far(case: Case, pack: Procedure, *, grant: bool) -> tuple[Share, ...]:
    """What was determined before stands where the decision names nobody, unless it contradicts the decision."""
    before = case.ruling.liable if case.ruling else ()
    return before if not grant or favours_customer(pack, before) else ()


def decide_together(
    case: Case, pack: Procedure, command: IncidentDecision, at: datetime, department: str
) -> tuple[Case, Verdict]:
    """The one decision of a batch incident (S2-03). A case with a ruling of its own keeps it: nobody is paid twice."""
    fit_to_bear(pack, command.liable, grant=command.grant)
    if case.cost_held or not (case.stage in _UNDECIDED or _working_before(case)):
        raise Refusal(Refused.WRONG_STAGE, "the case has a ruling of its own, which stands")
    demand = asked_for(case) if command.demand is None else new_demand(case, pack, command.demand)
    case = acted(
        _freed(case.but(demand=demand), pack, at),
        at,
        "decided",
        command,
        department,
        grant=int(command.grant),
        reason=command.reason,
        incident=command.incident,
    )
    finding = Finding(
        for_customer=command.grant,
        basis=Basis.INCIDENT,
        liable=command.liable,
        reason=command.reason,
        department=department,
    )
    case = case.but(
        requester=command.actor,
        requested_by=department,
        found=command.liable or case.found,
        found_reason=command.reason,
    )
    # No lower authority approves what a higher one decided.
    approved = authorises(case, pack, command.liable, department)
    return ruling.rule(case, pack, at, finding, approved=approved), ACCEPTED


def _working_before(case: Case) -> bool:
    return case.stage is Stage.WORKING and case.phase == "before"


def _freed(case: Case, pack: Procedure, at: datetime) -> Case:
    """Without all that was to lead to a ruling of its own: what is asked, at work, offered, to be approved."""
    if case.task is not None and case.stage in (Stage.OFFERING, Stage.APPROVING):
        for department in case.task.holders:
            case = notify(case, pack, at, department, "ask_withdrawn", department=department)
    case = asking.drop(duties.drop(case, pack, at), pack, at)
    return stages.overtake(case).but(pending="")


def insist(case: Case, pack: Procedure, command: Insist, at: datetime, department: str) -> tuple[Case, Verdict]:
    """The customer does not accept the refusal (S0-13)."""
    awaited(case, "insist")
    case = acted(case, at, "insisted", command, department, reason=command.reason)
    return stages.to_leadership(case, pack, at, command.reason), ACCEPTED
