"""Letting cases' clocks run ahead."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.progress import Progress

from models.base import Line
from starter.cli.parsing import span
from starter.cli.session import Session, case_number, session
from starter.failures import BadInput, Failure, TryAgain
from starter.listing import Filters
from texts import span as shown_span
from texts import when

if TYPE_CHECKING:
    from starter.cases import Cases

MEETING = "meeting"
SHOWN = 5
"""How many clocks that did not arrive are named."""


async def fast_forward(
    *words: Annotated[
        Line,
        Parameter(
            name="NUMBER DURATION",
            help="A case and a span such as 30m, 24h or 2d; with --all also: meeting, to the next weekly session.",
        ),
    ],
    every: Annotated[
        bool, Parameter(name="--all", negative="", help="Every open case and the meetings on the way; no NUMBER.")
    ] = False,
) -> int:
    """Let a case's own clock run ahead; every deadline on the way happens. Local stack only."""
    current = session()
    if len(words) != (1 if every else 2):
        raise BadInput("forward_usage")
    length = None if every and words[-1].strip().lower() == MEETING else span("DURATION", words[-1])
    async with current.cases() as cases:
        if length is None or every:
            return await _all(current, cases, length)
        number = case_number(words[0])
        arrived = await cases.fast_forward(number, length)
    key = "forwarded" if arrived else "ended_first"
    current.out.print(current.say(key, number=number, span=shown_span(length, current.lang)), markup=False)
    return 0


async def _all(current: Session, cases: "Cases", length: timedelta | None) -> int:
    from procedures import PACKS
    from starter.ahead import Ahead

    cases.only_local()
    _ = current.default_pack  # loads the procedures
    newest = (PACKS.newest(name) for name in sorted({pack.name for pack in PACKS.all()}))
    ahead = Ahead(cases.client, cases, [pack for pack in newest if pack], current.settings.task_queue)
    numbers = [line.number async for line in cases.listing(Filters(open_only=True))]
    aim = await ahead.next_session(numbers) if length is None else length
    with Progress(console=current.err, transient=True, disable=not current.err.is_terminal) as progress:
        task = progress.add_task(current.say("forwarding"), total=len(numbers))
        arrived = await ahead.run(numbers, aim, lambda: progress.advance(task))
    current.out.print(_summary(current, arrived.cases, aim))
    for meeting in arrived.meetings:
        current.out.print(current.say("meeting_on_the_way", name=meeting.rpartition(".")[2]), markup=False)
    if arrived.failed:
        raise held(arrived.failed)
    return 0


def held(failed: Sequence[Failure]) -> Failure:
    """Which clocks are still on their way; or what stopped them all, such as a server that has gone away."""
    if (stopped := next((failure for failure in failed if "number" not in failure.values), None)) is not None:
        return stopped
    first = ", ".join(str(failure.values["number"]) for failure in failed[:SHOWN])
    return TryAgain("some_held", n=len(failed), first=first, more="" if len(failed) <= SHOWN else " …")


def _summary(current: Session, cases: int, aim: timedelta | datetime) -> str:
    if isinstance(aim, datetime):
        return current.say("forwarded_to", n=cases, at=when(aim, current.default_pack.time_zone, current.lang))
    return current.say("forwarded_all", n=cases, span=shown_span(aim, current.lang))
