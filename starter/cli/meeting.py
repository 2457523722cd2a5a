"""The supervision meeting: agenda, attendance, decisions, actions, minutes."""

from datetime import timedelta
from typing import Annotated

from cyclopts import App, Parameter

from models.meeting import MeetingStage
from starter.cli.actions import handling_plan
from starter.cli.choosing import half_width
from starter.cli.dossiers import Named, pack_named
from starter.cli.parsing import Remedy, due_date, nothing_beside, one_of
from starter.cli.sending import NOBODY, Number, Sender
from starter.cli.session import Flag, Json, Many, Whole, case_number, session
from starter.cli.sitting import Mode, act, holding, meeting_name, show, table, which
from starter.failures import BadInput

meeting = App(
    name="meeting",
    help="The supervision meeting: agenda, decisions, actions, minutes.",
    result_action="return_value",
)
Which = Annotated[
    str | None, Parameter(name="--meeting", help="A week such as 2026-W48, or urgent.NUMBER; none: the open one.")
]
Name = Annotated[str | None, Parameter(name="NAME", help="A week such as 2026-W48, or urgent.NUMBER.")]
NOT_OVER = (MeetingStage.CALLED, MeetingStage.IN_SESSION)
OVER = (MeetingStage.REPORTING, MeetingStage.CLOSED)


@meeting.command(name="call")
async def call_meeting(*, week: str | None = None, procedure: Named = None, as_json: Json = False) -> int:
    """Hold the weekly meeting now instead of at its hour; a meeting that was called before stays as it is.

    :param week: An ISO week, such as 2026-W48; none: this week.
    """
    current = session()
    if week is not None and meeting_name("--week", week).startswith("urgent."):
        raise BadInput("bad_meeting", field="--week")
    async with holding(current, pack_named(current, procedure)) as meetings:
        called = await meetings.call(week)
    if as_json:
        current.print_json(called._asdict())
    else:
        key = "meeting_called" if called.new else "meeting_there"
        current.out.print(current.say(key, name=called.name), markup=False)
    return 0


@meeting.command(name="list")
async def list_meetings(*, limit: Whole = 20, procedure: Named = None, as_json: Json = False) -> int:
    """Meetings, the latest first.

    :param limit: At most so many.
    """
    current = session()
    return await table(current, pack_named(current, procedure), limit, as_json=as_json)


@meeting.command(name="agenda")
async def agenda(name: Name = None, /, *, procedure: Named = None, as_json: Json = False) -> int:
    """The five items of a meeting; without a name of the one to come or in session."""
    current = session()
    return await show(
        current, pack_named(current, procedure), name, (NOT_OVER, OVER), delivered="agenda", as_json=as_json
    )


@meeting.command(name="minutes")
async def minutes(name: Name = None, /, *, procedure: Named = None, as_json: Json = False) -> int:
    """The minutes of a meeting and who has got them; without a name of the last one."""
    current = session()
    return await show(
        current, pack_named(current, procedure), name, (OVER, NOT_OVER), delivered="minutes", as_json=as_json
    )


@meeting.command(name="attend")
async def attend(
    *,
    in_meeting: Which = None,
    procedure: Named = None,
    mode: Mode = "in_person",
    member: Many = None,
    by: Sender = NOBODY,
) -> int:
    """Record who takes part: you, or the members you name.

    :param mode: In person or by telephone.
    :param member: A department that takes part; again for more.
    """
    current = session()
    pack = pack_named(current, procedure)
    name = await which(current, pack, in_meeting)
    return await act(current, pack, name, "attend", by, mode=mode, members=member or [])


@meeting.command(name="decide")
async def decide(
    number: Number,
    /,
    *,
    in_meeting: Which = None,
    procedure: Named = None,
    grant: Flag = False,
    refuse: Flag = False,
    reason: str,
    remedy: Remedy = None,
    amount: str | None = None,
    line: Many = None,
    liable: Many = None,
    by: Sender = NOBODY,
) -> int:
    """Decide a case on the agenda; it resumes at once, the decision is final.

    :param grant: For the customer.
    :param refuse: Against the customer.
    :param reason: Why; the customer reads it in a refusal.
    :param remedy: What the customer gets instead of what was asked for.
    :param amount: How much of it, such as 12.50.
    :param line: A part of the order, as SKU=2; again for more.
    :param liable: Who bears the cost, as in confirm.
    """
    current = session()
    case = case_number(number)
    verdict = one_of({"grant": grant, "refuse": refuse})
    if verdict == "refuse":
        nothing_beside("--refuse", {"--remedy": remedy, "--amount": amount, "--line": line})
    pack = pack_named(current, procedure)
    plan = await handling_plan(case, remedy, amount, line, liable)
    name = await which(current, pack, in_meeting, case)
    return await act(current, pack, name, "decide", by, case=case, grant=verdict == "grant", reason=reason, **plan)


@meeting.command(name="action")
async def action(
    *,
    owner: str,
    due: str,
    what: str,
    rule_change: Flag = False,
    in_meeting: Which = None,
    procedure: Named = None,
    by: Sender = NOBODY,
) -> int:
    """Give a department an action; it answers with an execution report.

    :param owner: The department.
    :param due: By when: 2026-12-01, or a span such as 7d.
    :param what: What it must do.
    :param rule_change: It changes a rule or the flow.
    """
    current = session()
    pack = pack_named(current, procedure)
    until = due_date("--due", due, pack.time_zone)
    name = await which(current, pack, in_meeting)
    if isinstance(until, timedelta):
        async with holding(current, pack) as meetings:
            until += await meetings.now(name)
    return await act(current, pack, name, "action", by, owner=owner, due=until, what=what, rule_change=rule_change)


@meeting.command(name="report")
async def report(
    number: Annotated[str, Parameter(name="ACTION", help="Meeting and number, such as 2026-W48/1.")],
    /,
    *,
    text: str,
    procedure: Named = None,
    by: Sender = NOBODY,
) -> int:
    """Answer an action with its execution report.

    :param text: What was done.
    """
    name, _, place = half_width(number).strip().rpartition("/")
    if not place.isdecimal() or len(place) > 4:
        raise BadInput("bad_action")
    current = session()
    pack = pack_named(current, procedure)
    return await act(current, pack, meeting_name("ACTION", name), "report", by, action=int(place), report=text)


@meeting.command(name="close")
async def close(
    *, in_meeting: Which = None, procedure: Named = None, note: str | None = None, by: Sender = NOBODY
) -> int:
    """End the session: what is undecided is carried over, the minutes go to every member.

    :param note: What was said on B, D and E, for the minutes.
    """
    current = session()
    pack = pack_named(current, procedure)
    return await act(current, pack, await which(current, pack, in_meeting), "close", by, note=note)
