"""What people say to a corrective action: its gates in order, approval, replies. Every refusal says what to do."""

from collections.abc import Callable
from datetime import datetime

from models.case import Verdict
from models.commands import Command
from models.corrective import Corrective, Gate, Said
from models.corrective_forms import (
    Approve,
    CarryOutSteps,
    CheckEffect,
    CloseReport,
    Contain,
    CustomerFeedback,
    DescribeProblem,
    FindCauses,
    FormTeam,
    PlanSteps,
    Prevent,
    Recall,
    Reply,
    SendBack,
)
from models.names import Refused
from models.procedure import Procedure
from rules import corrective_checks as checks
from rules.checks import Refusal, corrective_closed, known_parties
from rules.corrective import again_from_causes, begin_effect_clock, met, rules_of, settle, tell
from rules.corrective_costs import moved_by
from rules.record import stamp
from rules.replies import Message, hat, judged, on, surely


def receive(state: Corrective, pack: Procedure, message: Message) -> tuple[Corrective, Verdict]:
    """Judge a message."""
    command = message.command

    def act() -> Corrective:
        _still_open(state)
        own = hat(message.departments, command, _allowed(pack, command))
        said = Said(at=message.at, actor=command.actor, department=own)
        return settle(_ACTS[type(command)](state, pack, command, said))

    return judged(state, message, act)


def precheck(state: Corrective, pack: Procedure, name: str, command: Command, at: datetime) -> Verdict | None:
    """Why a message would be refused whoever sent it; None when it may pass. Changes nothing."""
    return surely(receive, state, pack, name, command, at)


def _still_open(state: Corrective) -> None:
    if state.stage is Gate.CLOSED:
        raise corrective_closed()


def _allowed(pack: Procedure, command: Command) -> tuple[str, ...]:
    """Everybody works on the report; only some approve, recall, send back or speak with the customer."""
    rules = rules_of(pack)
    match command:
        case Approve():
            return rules.approvers
        case Recall():
            return tuple(dict.fromkeys((*rules.approvers, *rules.alarm)))
        case SendBack():
            return tuple(dict.fromkeys((rules.quality, *rules.approvers)))
        case Reply() | CustomerFeedback():
            return (rules.quality, rules.sales)
        case CheckEffect() | CloseReport():
            return (rules.quality,)
        case _:
            return tuple(pack.departments)


def _at_gate(state: Corrective, *gates: Gate) -> None:
    if state.stage not in gates:
        expected = " or ".join(gates)
        raise Refusal(Refused.WRONG_STAGE, f"the report is at {state.stage}; this is for {expected}")


def _early(state: Corrective) -> None:
    """D1 to D3 may come in any order, and again, until the causes are found: containment waits for no meeting."""
    _at_gate(state, Gate.D1, Gate.D2, Gate.D3, Gate.D4)


def _given(state: Corrective, gate: str, said: Said, **content: object) -> Corrective:
    return state.but(said=state.said | {gate: said}, **content)


def _team(state: Corrective, pack: Procedure, command: FormTeam, said: Said) -> Corrective:
    _early(state)
    return _given(state, "d1", said, d1=command)


def _problem(state: Corrective, pack: Procedure, command: DescribeProblem, said: Said) -> Corrective:
    _early(state)
    return _given(state, "d2", said, d2=command, to_trace=command.lots)


def _contain(state: Corrective, pack: Procedure, command: Contain, said: Said) -> Corrective:
    """The containment clocks stop once the customer has been contacted (S2-20, S2-32)."""
    _early(state)
    checks.measured(state, pack.time_zone, command, said.at)
    if command.customer_contacted:
        for name in ("containment", "temporary"):
            state = met(state, name, said.at)
    return _given(state, "d3", said, d3=command)


def _causes(state: Corrective, pack: Procedure, command: FindCauses, said: Said) -> Corrective:
    _at_gate(state, Gate.D4, Gate.D5)
    checks.root_causes(state, rules_of(pack), command)
    return _given(state, "d4", said, d4=command)


def _plan(state: Corrective, pack: Procedure, command: PlanSteps, said: Said) -> Corrective:
    _at_gate(state, Gate.D5)
    checks.every_cause_has_a_step(state, command)
    checks.timely(state, pack.time_zone, command, said.at)
    checks.improvements(rules_of(pack), "steps", (step.what for step in command.steps))
    return _given(state, "d5", said, d5=command)


def _done(state: Corrective, pack: Procedure, command: CarryOutSteps, said: Said) -> Corrective:
    _at_gate(state, Gate.D6)
    checks.known_steps(state, command.done)
    checks.carried_out(state, pack.time_zone, command.done, said.at)
    newer = {each.step for each in command.done}
    kept = tuple(each for each in state.done if each.step not in newer)
    state = _given(state, "d6", said, done=(*kept, *command.done))
    finished, planned = state.completion
    return begin_effect_clock(state, pack, said.at) if finished == planned else state


def _check(state: Corrective, pack: Procedure, command: CheckEffect, said: Said) -> Corrective:
    """Not reached: back to the root cause (S2-28)."""
    _at_gate(state, Gate.CHECK)
    state = met(_given(state, "check", said, check=command), "effectiveness", said.at)
    if command.reached:
        return state
    return _back(state, pack, said, command.note)


def _prevent(state: Corrective, pack: Procedure, command: Prevent, said: Said) -> Corrective:
    _at_gate(state, Gate.D7)
    checks.improvements(rules_of(pack), "measures", command.measures)
    return _given(state, "d7", said, d7=command)


def _close_report(state: Corrective, pack: Procedure, command: CloseReport, said: Said) -> Corrective:
    """Handed in: whoever may approve is told (S2-18)."""
    _at_gate(state, Gate.D8)
    known_parties(pack, command.liability)
    state = _given(state, "d8", said, d8=command)
    for department in rules_of(pack).approvers:
        what = f"approval-{stamp(said.at)}-{department}"
        state = tell(state, said.at, department, "corrective_approval", what, reason=command.note)
    return state


def _approve(state: Corrective, pack: Procedure, command: Approve, said: Said) -> Corrective:
    """Valid from now on; a copy for quality and one for the works manager (S2-17, S2-18)."""
    _at_gate(state, Gate.APPROVAL)
    if command.actor in (state.complaint.requester, state.said["d8"].actor):
        raise Refusal(Refused.WRONG_DEPARTMENT, "actor: asked for it or wrote it; somebody else must approve")
    state = _given(state, "approval", said, approved=said)
    return _copies(state, said, rules_of(pack).copies)


def _copies(state: Corrective, said: Said, departments: tuple[str, ...]) -> Corrective:
    for department in dict.fromkeys(departments):
        what = f"copy-{stamp(said.at)}-{department}"
        state = tell(state, said.at, department, "corrective_copy", what)
    return state


def _send_back(state: Corrective, pack: Procedure, command: SendBack, said: Said) -> Corrective:
    _at_gate(state, Gate.D5, Gate.D6, Gate.CHECK, Gate.D7, Gate.D8, Gate.APPROVAL)
    return _back(state, pack, said, command.reason)


def _back(state: Corrective, pack: Procedure, said: Said, reason: str) -> Corrective:
    state = again_from_causes(state.but(transfers=moved_by(state)), said.at, reason)
    what = f"again-{state.round - 1}"
    return tell(state, said.at, rules_of(pack).quality, "corrective_again", what, reason=reason)


def _reply(state: Corrective, pack: Procedure, command: Reply, said: Said) -> Corrective:
    """The final one only after approval; it goes to company management as well (S2-36)."""
    if command.kind == "final":
        _at_gate(state, Gate.REPLY)
    met_by = {"first": ("first_reply",), "written": ("first_reply", "written_reply")}
    for name in met_by.get(command.kind, ("first_reply", "written_reply")):
        state = met(state, name, said.at)
    state = state.but(replies=(*state.replies, (said, command))[-20:])
    return _copies(state, said, (rules_of(pack).management,)) if command.kind == "final" else state


def _feedback(state: Corrective, pack: Procedure, command: CustomerFeedback, said: Said) -> Corrective:
    """Satisfied: closed. Not satisfied: back to the root cause (S2-19)."""
    _at_gate(state, Gate.FEEDBACK)
    if not command.satisfied:
        return _back(state, pack, said, command.reason or "")
    return _given(state, "feedback", said, stage=Gate.CLOSED, closed_at=said.at)


def _recall(state: Corrective, pack: Procedure, command: Recall, said: Said) -> Corrective:
    """Decided by those who approve; everybody who must act is told, with what the trace shows (S2-27)."""
    rules = rules_of(pack)
    state = _given(state, "recall", said, recall=command, to_trace=command.lots)
    if not command.recall:
        return state
    for department in dict.fromkeys((rules.quality, rules.sales, *rules.alarm)):
        what = f"recall-{stamp(said.at)}-{department}"
        lots = ", ".join(command.lots)
        state = tell(state, said.at, department, "corrective_recall", what, reason=command.reason, lots=lots)
    return state


_ACTS: dict[type[Command], Callable[..., Corrective]] = dict(
    [
        on(FormTeam, _team),
        on(DescribeProblem, _problem),
        on(Contain, _contain),
        on(FindCauses, _causes),
        on(PlanSteps, _plan),
        on(CarryOutSteps, _done),
        on(CheckEffect, _check),
        on(Prevent, _prevent),
        on(CloseReport, _close_report),
        on(Approve, _approve),
        on(SendBack, _send_back),
        on(Reply, _reply),
        on(CustomerFeedback, _feedback),
        on(Recall, _recall),
    ]
)
