"""Meetings as SQL keeps them: the list, agenda and minutes, and who has got them."""

from pydantic import AwareDatetime
from sqlmodel import col, func, select

from models.base import Record
from models.meeting import Action, Item, ItemState, MeetingStage, Minutes
from models.names import meeting_id
from models.tables import ActionRow, MailRow, MeetingItemRow, MeetingRow
from starter.archive import reading
from starter.settings import Settings


class Delivery(Record):
    """What became of one member's copy of the agenda or the minutes."""

    what: str
    """agenda or minutes."""
    member: str
    sent_at: AwareDatetime | None
    failed_at: AwareDatetime | None
    code: str | None
    attempts: int


class MeetingLine(Record):
    """One meeting in a list."""

    name: str
    stage: str
    starts_at: AwareDatetime
    cases: int
    decided: int
    carried: int
    open_actions: int


async def stored_minutes(settings: Settings, procedure: str, name: str) -> Minutes | None:
    """A meeting's agenda and minutes; None for a meeting nobody has called. Raises TryAgain."""
    meeting = meeting_id(procedure, name)
    async with reading(settings) as session:
        row = await session.get(MeetingRow, meeting)
        if row is None:
            return None
        cases = select(MeetingItemRow.item).where(MeetingItemRow.meeting == meeting).order_by(col(MeetingItemRow.place))
        items = [Item.model_validate(item) for item in (await session.exec(cases)).all()]
        given = select(ActionRow.action).where(ActionRow.meeting == meeting).order_by(col(ActionRow.number))
        actions = [Action.model_validate(action) for action in (await session.exec(given)).all()]
    minutes = Minutes.model_validate(row.minutes)
    return minutes.model_copy(update={"items": tuple(items), "actions": tuple(actions)})


async def stored_deliveries(settings: Settings, procedure: str, name: str) -> list[Delivery]:
    """Each member's copy of agenda and minutes, as the mailroom has noted it. Raises TryAgain."""
    wanted = select(MailRow).where(
        MailRow.number == meeting_id(procedure, name), col(MailRow.template).in_(("meeting_agenda", "meeting_minutes"))
    )
    async with reading(settings) as session:
        rows = (await session.exec(wanted.order_by(col(MailRow.at), col(MailRow.id)))).all()
    return [
        Delivery.model_validate(
            row.model_dump() | {"what": row.template.removeprefix("meeting_"), "member": row.to},
        )
        for row in rows
    ]


async def stored_meetings(settings: Settings, procedure: str, limit: int) -> list[MeetingLine]:
    """Meetings of a procedure, the latest first. Raises TryAgain."""
    async with reading(settings) as session:
        wanted = select(MeetingRow).where(MeetingRow.procedure == procedure)
        rows = (await session.exec(wanted.order_by(col(MeetingRow.starts_at).desc()).limit(limit))).all()
        ids = [row.id for row in rows]
        states = (
            select(MeetingItemRow.meeting, MeetingItemRow.state, func.count())
            .where(col(MeetingItemRow.meeting).in_(ids))
            .group_by(MeetingItemRow.meeting, MeetingItemRow.state)
        )
        counts = {(meeting, state): n for meeting, state, n in (await session.exec(states)).all()}
        waiting = (
            select(ActionRow.meeting, func.count())
            .where(col(ActionRow.meeting).in_(ids), col(ActionRow.reported_at).is_(None))
            .group_by(ActionRow.meeting)
        )
        actions = dict((await session.exec(waiting)).all())
    return [
        MeetingLine(
            name=row.name,
            stage=row.stage,
            starts_at=row.starts_at,
            cases=sum(n for (meeting, _), n in counts.items() if meeting == row.id),
            decided=sum(counts.get((row.id, state), 0) for state in (ItemState.DECIDED, ItemState.LEFT)),
            carried=counts.get((row.id, ItemState.CARRIED), 0),
            open_actions=actions.get(row.id, 0),
        )
        for row in rows
    ]


async def latest(settings: Settings, procedure: str, *stages: MeetingStage) -> str | None:
    """The name of the latest meeting at one of these stages, a weekly one before urgent ones. Raises TryAgain."""
    wanted = (
        select(MeetingRow.name)
        .where(MeetingRow.procedure == procedure, col(MeetingRow.stage).in_(stages))
        .order_by(col(MeetingRow.name).startswith("urgent."), col(MeetingRow.starts_at).desc())
        .limit(1)
    )
    async with reading(settings) as session:
        return (await session.exec(wanted)).first()


async def open_meetings(settings: Settings, procedure: str) -> list[Minutes]:
    """Meetings that are called or in session, without their cases. Raises TryAgain."""
    before = (MeetingStage.CALLED, MeetingStage.IN_SESSION)
    wanted = select(MeetingRow.minutes).where(MeetingRow.procedure == procedure, col(MeetingRow.stage).in_(before))
    async with reading(settings) as session:
        rows = (await session.exec(wanted.order_by(col(MeetingRow.starts_at)))).all()
    return [Minutes.model_validate(row) for row in rows]


async def listing(settings: Settings, procedure: str, number: str) -> set[str]:
    """Names of the meetings that have the case on their agenda. Raises TryAgain."""
    wanted = (
        select(MeetingRow.name)
        .join(MeetingItemRow, col(MeetingItemRow.meeting) == col(MeetingRow.id))
        .where(MeetingRow.procedure == procedure, MeetingItemRow.number == number)
    )
    async with reading(settings) as session:
        return set((await session.exec(wanted)).all())
