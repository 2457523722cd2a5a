"""What the verbs of a meeting share: which meeting, sending, showing."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import TypeAdapter, ValidationError
from rich.table import Table
from rich.text import Text

from models.meeting import MEETING_COMMANDS, MeetingName, MeetingStage, Minutes
from models.procedure import MeetingRules, Procedure
from starter.cli.actors import refusal, titles
from starter.cli.choosing import by_title, half_width
from starter.cli.lists import checked_limit
from starter.cli.reading_rights import reader
from starter.cli.sending import Sender, composed, tell
from starter.cli.session import Session, lines_of_text
from starter.failures import BadInput, NoSuchCase, NotAllowed
from texts import brief, values
from texts.meeting import page

if TYPE_CHECKING:
    from starter.meetings import Meetings
    from starter.minutes import Delivery

Mode = Annotated[Literal["in_person", "phone"], by_title("meeting.mode")]
_NAME: TypeAdapter[str] = TypeAdapter(MeetingName)


def meeting_name(field: str, text: str) -> str:
    """A meeting's name as typed. Raises BadInput."""
    prefix, dot, rest = half_width(text).strip().partition(".")
    try:
        return _NAME.validate_python(f"{prefix.lower()}.{rest.upper()}" if dot else prefix.upper())
    except ValidationError:
        raise BadInput("bad_meeting", field=field) from None


def held(pack: Procedure) -> MeetingRules:
    """The rules of a procedure's meeting. Raises BadInput where it holds none."""
    if pack.meeting is None:
        raise BadInput("no_meetings_held", name=pack.name)
    return pack.meeting


@asynccontextmanager
async def holding(current: Session, pack: Procedure) -> "AsyncIterator[Meetings]":
    """The meetings of a procedure on the configured service. Raises ConnectFailed, BadInput."""
    from starter.connection import connect
    from starter.meetings import Meetings

    held(pack)
    client = await connect(current.settings)
    yield Meetings(client, pack, task_queue=current.settings.task_queue, tokens=current.login.token)


async def which(current: Session, pack: Procedure, given: str | None, case: str | None = None) -> str:
    """The meeting a message is for: the one given, else the open one; of several the one that has the case.

    Of several that have it, the one most members attend. Raises BadInput where that leaves none or several.
    """
    from starter.minutes import listing, open_meetings

    if given is not None:
        return meeting_name("--meeting", given)
    held(pack)
    found = await open_meetings(current.settings, pack.name)
    if case is not None and len(found) > 1:
        having = await listing(current.settings, pack.name, case)
        found = [minutes for minutes in found if minutes.name in having] or found
        found = sorted(found, key=lambda minutes: len(minutes.attendance))[-1:] if having else found
    weekly = [minutes for minutes in found if not minutes.urgent]
    found = weekly if len(weekly) == 1 else found
    if not found:
        raise BadInput("no_open_meeting")
    if len(found) > 1:
        raise BadInput("several_meetings", names=", ".join(minutes.name for minutes in found[:5]))
    return found[0].name


async def act(current: Session, pack: Procedure, name: str, message: str, sender: Sender, **fields: object) -> int:
    """Send a message to a meeting. Returns the exit code; raises Failure."""
    checked = composed(current, MEETING_COMMANDS[message], sender, fields, pack=pack)
    _known(current, pack, checked.actor, checked.department)
    async with holding(current, pack) as meetings:
        verdict = await meetings.send(name, message, checked, wait=sender.wait)
    reason = refusal(current, verdict.reason, pack, MEETING_COMMANDS[message].model_fields)
    return tell(current, name, verdict, key="meeting", reason=reason, as_json=sender.as_json)


def _known(current: Session, pack: Procedure, actor: str, department: str | None) -> None:
    """Raises NotAllowed for a stranger, or for somebody who acts for a department of others."""
    own = current.directory.departments_of(actor)
    if not own:
        raise NotAllowed("stranger", who=titles(current, held(pack).members))
    if department is not None and department not in own:
        raise NotAllowed("not_of_department", departments=titles(current, own))


async def show(
    current: Session,
    pack: Procedure,
    name: str | None,
    stages: Sequence[Sequence[MeetingStage]],
    *,
    delivered: Literal["agenda", "minutes"],
    as_json: bool,
) -> int:
    """A meeting's page; without a name of the latest at the first stages that have one. Raises NoSuchCase."""
    from starter.minutes import latest, stored_deliveries, stored_minutes

    held(pack)
    await reader(current).of(pack.departments, "meeting")
    wanted = meeting_name("NAME", name) if name is not None else None
    for group in () if wanted else stages:
        wanted = wanted or await latest(current.settings, pack.name, *group)
    found = await stored_minutes(current.settings, pack.name, wanted) if wanted else None
    if found is None:
        raise NoSuchCase("no_meeting", name=wanted) if wanted else NoSuchCase("no_meeting_yet")
    copies = await stored_deliveries(current.settings, pack.name, found.name)
    copies = [copy for copy in copies if copy.what == delivered]
    if as_json:
        current.print_json({"meeting": found, "delivery": copies})
    else:
        _print(current, found, copies)
    return 0


def _print(current: Session, found: Minutes, copies: "Sequence[Delivery]") -> None:
    pack = current.pack(found.procedure)
    current.out.print(lines_of_text(page(found, pack, current.lang)))
    if copies:
        current.out.print(Text(f"\n{current.say('meeting_delivery')}"))
    for copy in copies:
        who = values.department(copy.member, pack, current.lang)
        current.out.print(Text("  " + current.say("labelled", name=who, value=_fate(current, copy, pack.time_zone))))


def _fate(current: Session, copy: "Delivery", zone: str) -> str:
    from texts import say

    if copy.failed_at is not None:
        return say("meeting.delivery.failed", current.lang, code=current.named("code", copy.code))
    if copy.sent_at is None:
        return say("meeting.delivery.waiting", current.lang)
    return say("meeting.delivery.sent", current.lang, at=brief(copy.sent_at, zone))


async def table(current: Session, pack: Procedure, limit: int, *, as_json: bool) -> int:
    """Meetings as a table."""
    from starter.minutes import stored_meetings

    held(pack)
    await reader(current).of(pack.departments, "meeting")
    found = await stored_meetings(current.settings, pack.name, checked_limit(limit))
    if as_json:
        current.print_json(found)
        return 0
    if not found:
        current.out.print(current.say("no_meetings"))
        return 0
    shown = Table(header_style="bold", box=None, pad_edge=False)
    for label in ("meeting", "state", "begins", "cases", "decided", "carried", "actions"):
        shown.add_column(current.say(f"label.{label}"), overflow="fold")
    for line in found:
        shown.add_row(
            Text(line.name),
            Text(current.named("meeting.stage", line.stage)),
            Text(brief(line.starts_at, pack.time_zone)),
            *(Text(str(number)) for number in (line.cases, line.decided, line.carried, line.open_actions)),
        )
    current.out.print(shown)
    return 0
