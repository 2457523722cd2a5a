"""What people say to a meeting: quorum, who may do what, and what a decision does. Every refusal says what to do."""

import hashlib
from collections.abc import Callable
from datetime import datetime

from models.case import Verdict
from models.commands import Command, Decide
from models.meeting import (
    Action,
    AgendaCase,
    Attend,
    Attendance,
    CaseAnswer,
    CaseDecision,
    CloseMeeting,
    DecideCase,
    Decision,
    FoundCase,
    GiveAction,
    Item,
    ItemState,
    Meeting,
    MeetingStage,
    ReportAction,
)
from models.names import Refused, meeting_id
from models.procedure import Procedure
from rules.checks import FARTHEST, Refusal, case_closed
from rules.meeting import rules_of, tell
from rules.replies import ROOM, Message, hat, judged, on, remembered, size


def receive(meeting: Meeting, pack: Procedure, message: Message) -> tuple[Meeting, Verdict]:
    """Judge a message other than a decision."""
    act = _ACTS[type(message.command)]
    return judged(meeting, message, lambda: act(meeting, pack, message.command, message.at, message.departments))


def _in_session(meeting: Meeting) -> None:
    if meeting.stage is MeetingStage.CALLED:
        begins = meeting.starts_at.isoformat()
        raise Refusal(Refused.WRONG_STAGE, f"the session begins at {begins}; send it then")
    if meeting.stage is not MeetingStage.IN_SESSION or meeting.ending is not None:
        raise Refusal(Refused.CLOSED, "the session is over; use the next meeting")


def _attend(meeting: Meeting, pack: Procedure, command: Attend, at: datetime, departments: tuple[str, ...]) -> Meeting:
    rules = rules_of(pack)
    own = hat(departments, command, rules.members)
    if meeting.stage not in (MeetingStage.CALLED, MeetingStage.IN_SESSION):
        raise Refusal(Refused.CLOSED, "the session is over; use the next meeting")
    members = command.members or (own,)
    if strangers := [name for name in members if name not in rules.members]:
        raise Refusal(
            Refused.BAD_INPUT, f"members: {strangers[0]} is no member; members are {', '.join(rules.members)}"
        )
    others = [entry for entry in meeting.attendance if entry.department not in members]
    noted = [Attendance(department=name, mode=command.mode, noted_by=command.actor, at=at) for name in members]
    return meeting.but(attendance=(*others, *noted))


def _action(
    meeting: Meeting, pack: Procedure, command: GiveAction, at: datetime, departments: tuple[str, ...]
) -> Meeting:
    hat(departments, command, rules_of(pack).may_decide)
    _in_session(meeting)
    if command.owner not in pack.departments:
        known = ", ".join(pack.departments)
        raise Refusal(Refused.BAD_INPUT, f"owner: is not a department here; use one of {known}")
    if command.due <= at:
        raise Refusal(Refused.BAD_INPUT, "due: has passed; give a later date")
    if command.due > at + FARTHEST:
        raise Refusal(Refused.BAD_INPUT, "due: is more than 400 days away; give an earlier date")
    action = Action(
        meeting=meeting.name,
        number=len(meeting.actions) + 1,
        owner=command.owner,
        due=command.due,
        what=command.what,
        rule_change=command.rule_change,
        given_by=command.actor,
        given_at=at,
    )
    return tell(
        meeting.but(actions=(*meeting.actions, action)),
        at,
        command.owner,
        "meeting_action",
        f"action-{action.number}",
        number=f"{meeting.name}/{action.number}",
        reason=action.what,
        due_at=action.due.isoformat(),
    )


def _report(
    meeting: Meeting, pack: Procedure, command: ReportAction, at: datetime, departments: tuple[str, ...]
) -> Meeting:
    action = next((action for action in meeting.actions if action.number == command.action), None)
    if action is None:
        raise Refusal(Refused.BAD_INPUT, "action: there is none of this number in this meeting; look at its minutes")
    hat(departments, command, (action.owner,))
    if not action.open:
        raise Refusal(Refused.ALREADY_ANSWERED, "the action has its execution report")
    reported = action.model_copy(update={"report": command.report, "reported_by": command.actor, "reported_at": at})
    return meeting.but(actions=tuple(reported if each is action else each for each in meeting.actions))


def _close(
    meeting: Meeting, pack: Procedure, command: CloseMeeting, at: datetime, departments: tuple[str, ...]
) -> Meeting:
    hat(departments, command, rules_of(pack).may_decide)
    _in_session(meeting)
    return meeting.but(ending=command)


_ACTS: dict[type[Command], Callable[..., Meeting]] = dict(
    [
        on(Attend, _attend),
        on(GiveAction, _action),
        on(ReportAction, _report),
        on(CloseMeeting, _close),
    ]
)


def may_decide(
    meeting: Meeting, pack: Procedure, command: DecideCase, found: FoundCase | None, departments: tuple[str, ...]
) -> AgendaCase:
    """The case a decision is about. Raises Refusal: wrong time, no quorum, a stranger, or a case nobody must decide.

    `found` is the case looked up where it is not on the agenda: one that came before the panel meanwhile counts too.
    """
    rules = rules_of(pack)
    hat(departments, command, rules.may_decide)
    _in_session(meeting)
    if len(meeting.attendance) < rules.quorum:
        raise Refusal(
            Refused.NO_QUORUM,
            f"{len(meeting.attendance)} of {rules.quorum} members needed attend; record who does with attend",
        )
    case = _waiting(meeting.item(command.case), found)
    hat(departments, command, [name for name in rules.may_decide if name == case.department])
    if size(meeting) + len(command.model_dump_json().encode()) > ROOM:
        raise Refusal(Refused.TOO_MUCH, "(message): there is no room for so much here; decide the case by itself")
    return case


def _waiting(item: Item | None, found: FoundCase | None) -> AgendaCase:
    """The case, where it waits for a decision: as the agenda has it, or as it was found meanwhile."""
    if item is not None and item.state in (ItemState.DECIDED, ItemState.LEFT):
        raise Refusal(Refused.ALREADY_ANSWERED, "this meeting has decided the case; its decision is final")
    if item is not None and item.state is ItemState.OPEN:
        return item.case
    if found is not None and found.case is not None:
        return found.case
    if item is not None:
        reason = "the case was settled elsewhere; where it waits again, decide it by itself"
        raise Refusal(Refused.NOT_ON_AGENDA, reason)
    raise _not_to_decide(found)


def _not_to_decide(found: FoundCase | None) -> Refusal:
    if found is None or found.stage is None:
        return Refusal(Refused.NOT_ON_AGENDA, "case: there is no such case; check its number")
    if found.stage == "closed":
        return case_closed()
    return Refusal(Refused.NOT_ON_AGENDA, f"the case is at {found.stage} and waits for no decision of the meeting")


def order_for(meeting: Meeting, command: DecideCase, case: AgendaCase) -> CaseDecision:
    """What the case is told: the same decision, as of the department it waits for, under an id of its own."""
    decision = Decide(
        actor=command.actor,
        department=case.department,
        grant=command.grant,
        demand=command.demand,
        liable=command.liable,
        reason=command.reason,
    )
    own = decision.model_copy(update={"command_id": _id_of(meeting, case, decision)})
    return CaseDecision(number=case.number, decide=own)


def _id_of(meeting: Meeting, case: AgendaCase, decision: Decide) -> str:
    """The same for the same decision of a meeting about a case, so that a second copy counts once."""
    text = f"{meeting_id(meeting.procedure, meeting.name)}/{case.number}/{decision.model_dump_json()}"
    return f"meeting-{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def decided(meeting: Meeting, command: DecideCase, case: AgendaCase, at: datetime, answer: CaseAnswer) -> Meeting:
    """The case has answered: its decision stands in the minutes. What the case refused is still open."""
    if not answer.verdict.accepted:
        if answer.verdict.code is not Refused.CLOSED:
            return meeting.but(refusals=meeting.refusals + 1)
        settled = Item(case=case, state=ItemState.ELSEWHERE)
        return _with(meeting.but(refusals=meeting.refusals + 1), settled)
    decision = Decision(
        at=at,
        actor=command.actor,
        department=case.department,
        grant=command.grant,
        reason=command.reason,
        liable=command.liable,
        demand=command.demand,
    )
    state = ItemState.DECIDED if answer.confirmed else ItemState.LEFT
    meeting = remembered(meeting, "decide", command, answer.verdict)
    return _with(meeting, Item(case=case, state=state, decision=decision))


def _with(meeting: Meeting, item: Item) -> Meeting:
    number = item.case.number
    if meeting.item(number) is None:
        return meeting.but(items=(*meeting.items, item))
    return meeting.but(items=tuple(item if each.case.number == number else each for each in meeting.items))
