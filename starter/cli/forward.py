"""Letting cases' clocks run ahead."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.progress import Progress

from models.base import Line
from starter.cli.parsing import span
from starter.cli.session import Session, case_number, session
from starter.failures import BadInput, Failure
from starter.listing import Filters
from texts import span as shown_span

if TYPE_CHECKING:
    from starter.cases import Cases

AT_ONCE = 40


async def fast_forward(
    *words: Annotated[Line, Parameter(name="NUMBER DURATION", help="A case and a span such as 30m, 24h or 2d.")],
    every: Annotated[bool, Parameter(name="--all", negative="", help="Every open case; give only the span.")] = False,
) -> int:
    """Let a case's own clock run ahead; every deadline on the way happens. Local stack only."""
    current = session()
    if len(words) != (1 if every else 2):
        raise BadInput("forward_usage")
    length = span("DURATION", words[-1])
    async with current.cases() as cases:
        if every:
            return await _all(current, cases, length)
        number = case_number(words[0])
        arrived = await cases.fast_forward(number, length)
    key = "forwarded" if arrived else "ended_first"
    current.out.print(current.say(key, number=number, span=shown_span(length, current.lang)), markup=False)
    return 0


async def _all(current: Session, cases: "Cases", length: timedelta) -> int:
    numbers = [line.number async for line in cases.listing(Filters(open_only=True))]
    room = asyncio.Semaphore(AT_ONCE)
    failed: list[Failure] = []

    with Progress(console=current.err, transient=True) as progress:
        task = progress.add_task(current.say("forwarding"), total=len(numbers))

        async def one(number: str) -> None:
            async with room:
                try:
                    await cases.fast_forward(number, length)
                except Failure as failure:
                    failed.append(failure)
                progress.advance(task)

        await asyncio.gather(*(one(number) for number in numbers))
    done = len(numbers) - len(failed)
    current.out.print(current.say("forwarded_all", n=done, span=shown_span(length, current.lang)))
    if failed:
        raise failed[0]
    return 0
