"""The supervision meeting's life: called, in session, over; what is carried and who is told. Pure, as all rules.

What people say to it stands in motions.py.
"""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from models.case import Mail
from models.ledger import Objection
from models.meeting import (
    Action,
    Agenda,
    Call,
    Item,
    ItemState,
    Meeting,
    MeetingResult,
    MeetingStage,
    Minutes,
)
from models.names import meeting_id
from models.procedure import MeetingRules, Procedure
from models.reporting import ENCLOSED, PERIOD
from rules.calendar import session_start, week_before
from rules.reporting import days, files

SHOWN_IN_MAIL = 40
"""Cases a mail lists; the agenda itself holds all."""
MAIL_BYTES = 256 * 1024
"""How much the mails to all members are together: they leave by one page, which may be 2 MiB."""
_SHORTER = ((200, 2_000), (40, 600), (40, 100), (10, 100), (1, 40))
"""Entries of each list and signs of each text in a mail, by and by less until all mails have room."""
LOOK_AGAIN = timedelta(hours=1)
"""How often an urgent session sees whether its case still waits."""


def rules_of(pack: Procedure) -> MeetingRules:
    """The procedure's meeting. Raises ValueError where it holds none: such a meeting is never called."""
    if pack.meeting is None:
        raise ValueError(f"{pack.ref} holds no meeting")
    return pack.meeting


def opened(call: Call, agenda: Agenda, pack: Procedure, now: datetime) -> Meeting:
    """A meeting that has just been called: its agenda goes to every member. A missed hour is made up for at once."""
    rules = rules_of(pack)
    hour = now if call.at_once or call.case else session_start(call.name, rules, pack.time_zone)
    starts_at = max(hour, now)
    meeting = Meeting(
        procedure=pack.ref,
        name=call.name,
        stage=MeetingStage.CALLED,
        called_at=now,
        starts_at=starts_at,
        ends_at=starts_at + rules.length,
        agenda=agenda.model_copy(update={"cases": ()}),
        items=tuple(Item(case=case) for case in agenda.cases),
    )
    return _to_members(meeting, rules, now, "meeting_agenda", **_forms(call, rules, pack, now))


def _forms(call: Call, rules: MeetingRules, pack: Procedure, now: datetime) -> dict[str, str]:
    """The weekly agenda brings the forms of the days it looks back on (S0-26); an urgent session is about its case."""
    if call.case is not None or not rules.forms:
        return {}
    period = days(week_before(now), now, pack.time_zone)
    return {ENCLOSED: files(rules.forms, rules.form_formats), PERIOD: period}


def begun(meeting: Meeting, agenda: Agenda, pack: Procedure, now: datetime) -> Meeting:
    """The session begins on what stands now; an announced case that waits no more stays visible as settled.

    Nobody could attend while our own worker was away: the session then lasts from `now`.
    """
    cases = {case.number: Item(case=case) for case in agenda.cases}
    settled = [
        item.model_copy(update={"state": ItemState.ELSEWHERE})
        for item in meeting.items
        if item.case.number not in cases
    ]
    return meeting.but(
        stage=MeetingStage.IN_SESSION,
        agenda=agenda.model_copy(update={"cases": ()}),
        items=(*cases.values(), *settled),
        ends_at=max(meeting.ends_at, now + rules_of(pack).length),
    )


def next_due(meeting: Meeting, pack: Procedure) -> datetime | None:
    """When the meeting goes on by itself."""
    match meeting.stage:
        case MeetingStage.CALLED:
            return meeting.starts_at
        case MeetingStage.IN_SESSION:
            return min(meeting.ends_at, _next_look(meeting)) if meeting.urgent else meeting.ends_at
        case MeetingStage.REPORTING:
            unreminded = [action.due for action in meeting.actions if action.open and action.reminded_at is None]
            return min(unreminded, default=_waited_until(meeting, pack))
        case _:
            return None


def _next_look(meeting: Meeting) -> datetime:
    return (meeting.looked_at or meeting.starts_at) + LOOK_AGAIN


def _waited_until(meeting: Meeting, pack: Procedure) -> datetime | None:
    """Until when execution reports are waited for."""
    last = max((action.due for action in meeting.actions if action.open), default=None)
    return None if last is None else last + rules_of(pack).reports


def to_look(meeting: Meeting, at: datetime) -> bool:
    """Whether an urgent session must see if its case has been decided elsewhere meanwhile."""
    return meeting.urgent and meeting.stage is MeetingStage.IN_SESSION and at >= _next_look(meeting)


def looked(meeting: Meeting, at: datetime, waiting: Collection[str]) -> Meeting:
    """An urgent session whose case has been decided elsewhere has nothing left to do: it ends."""
    meeting = meeting.but(looked_at=at)
    open_items = [item.case.number for item in meeting.items if item.state is ItemState.OPEN]
    if not open_items or any(number in waiting for number in open_items):
        return meeting
    return meeting.but(ends_at=at)


def reminded(meeting: Meeting, at: datetime) -> Meeting:
    """Each owner of an action whose due date has passed without a report is told so, once."""
    for action in meeting.actions:
        if not action.open or action.reminded_at is not None or at < action.due:
            continue
        told = action.model_copy(update={"reminded_at": at})
        meeting = tell(
            meeting.but(actions=tuple(told if each is action else each for each in meeting.actions)),
            at,
            action.owner,
            "meeting_overdue",
            f"action-{action.number}-overdue",
            number=f"{meeting.name}/{action.number}",
            reason=action.what,
            due_at=action.due.isoformat(),
        )
    return meeting


def undecided(meeting: Meeting) -> tuple[str, ...]:
    """The cases whose fate must be looked up before the meeting ends."""
    return tuple(item.case.number for item in meeting.items if item.state in (ItemState.OPEN, ItemState.LEFT))


def ended(meeting: Meeting, pack: Procedure, at: datetime, waiting: Collection[str]) -> Meeting:
    """The session is over: what still waits is carried to the next agenda, the minutes go to every member."""
    command = meeting.ending
    meeting = meeting.but(
        stage=MeetingStage.REPORTING,
        ending=None,
        closed_at=at,
        closed_by=command.actor if command else None,
        note=command.note if command else None,
        items=tuple(_final(item, waiting) for item in meeting.items),
    )
    return _to_members(meeting, rules_of(pack), at, "meeting_minutes")


def _final(item: Item, waiting: Collection[str]) -> Item:
    if item.state not in (ItemState.OPEN, ItemState.LEFT):
        return item
    if item.case.number in waiting:
        return item.model_copy(update={"state": ItemState.CARRIED})
    state = ItemState.ELSEWHERE if item.state is ItemState.OPEN else ItemState.DECIDED
    return item.model_copy(update={"state": state})


def done(meeting: Meeting, pack: Procedure, now: datetime) -> bool:
    """Whether nothing is left to wait for: every action reported, or waited for long enough."""
    due = _waited_until(meeting, pack)
    return meeting.stage is MeetingStage.REPORTING and (due is None or now >= due)


def minutes_of(meeting: Meeting) -> Minutes:
    """The meeting as its members read it."""
    return Minutes.model_validate(meeting.model_dump(include=set(Minutes.model_fields)))


def result(meeting: Meeting) -> MeetingResult:
    """How a closed meeting ended."""
    states = [item.state for item in meeting.items]
    return MeetingResult(
        name=meeting.name,
        decided=states.count(ItemState.DECIDED),
        carried=states.count(ItemState.CARRIED),
        actions=len(meeting.actions),
        unreported=sum(action.open for action in meeting.actions),
    )


def _to_members(meeting: Meeting, rules: MeetingRules, at: datetime, template: str, **more: str) -> Meeting:
    content = _content(meeting, MAIL_BYTES // len(set(rules.members)))
    cases = sum(item.state is not ItemState.ELSEWHERE for item in meeting.items)
    for member in dict.fromkeys(rules.members):
        what = f"{template.removeprefix('meeting_')}-{member}"
        starts_at = meeting.starts_at.isoformat()
        values: dict[str, str | int] = {
            "name": meeting.name,
            "starts_at": starts_at,
            "cases": cases,
            "minutes": content,
            **more,
        }
        meeting = tell(meeting, at, member, template, what, **values)
    return meeting


def _content(meeting: Meeting, room: int) -> str:
    """The meeting as a mail has it, in at most so many bytes: fewer entries, shorter texts. The book holds all."""
    content = ""
    for entries, signs in _SHORTER:
        content = _cut(meeting, entries, signs).model_dump_json(exclude_none=True)
        if len(content.encode()) <= room:
            break
    return content


def _cut(meeting: Meeting, entries: int, signs: int) -> Minutes:
    def short(text: str | None) -> str | None:
        return text if text is None or len(text) <= signs else f"{text[: signs - 1]}…"

    def told(actions: tuple[Action, ...]) -> tuple[Action, ...]:
        return tuple(
            each.model_copy(update={"what": short(each.what), "report": short(each.report)})
            for each in actions[:entries]
        )

    def heard(objection: Objection) -> Objection:
        return objection.model_copy(update={"reason": short(objection.reason)})

    agenda = meeting.agenda
    objections = tuple(map(heard, agenda.objections[:entries]))
    cut = agenda.model_copy(
        update={"objections": objections, "actions": told(agenda.actions), "costs": agenda.costs[:entries]}
    )
    items = tuple(_said_short(item, short) for item in _shown(meeting.items, min(entries, SHOWN_IN_MAIL)))
    actions = told(meeting.actions)
    return minutes_of(meeting.but(agenda=cut, items=items, actions=actions, note=short(meeting.note)))


def _said_short(item: Item, short: Callable[[str | None], str | None]) -> Item:
    if item.decision is None:
        return item
    decision = item.decision.model_copy(update={"reason": short(item.decision.reason)})
    return item.model_copy(update={"decision": decision})


def _shown(items: tuple[Item, ...], at_most: int) -> tuple[Item, ...]:
    kept: list[Item] = []
    for section in ("A", "C"):
        kept += [item for item in items if item.case.section == section][:at_most]
    return tuple(kept)


def tell(meeting: Meeting, at: datetime, to: str, template: str, what: str, **values: str | int) -> Meeting:
    """Have a notice sent to a department; `what` makes it one of its kind in this meeting."""
    mail = Mail(
        id=f"{meeting_id(meeting.procedure, meeting.name)}.{what}", at=at, to=to, template=template, values=values
    )
    return meeting.but(mails=(*meeting.mails, mail))
