"""The list, or one case, kept up to date."""

import asyncio
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from starter.cli.lists import checked_limit
from starter.cli.pages import case_page, timeline_tree
from starter.cli.reading_rights import Reader, concerned, reader
from starter.cli.session import Flag, Session, Whole, case_number, session
from starter.cli.tables import list_table
from starter.failures import BadInput, TryAgain
from starter.listing import Filters

if TYPE_CHECKING:
    from starter.cases import Cases

SHOWN = 20
"""So many lines of a case's record, the latest."""


async def watch(
    number: Annotated[str | None, Parameter(name="NUMBER", help="A case; none: the list of open cases.")] = None,
    /,
    *,
    every: float = 1.0,
    limit: Whole = 30,
    once: Flag = False,
) -> int:
    """Show it again and again until Ctrl-C.

    :param every: Seconds between two looks.
    :param limit: At most so many cases.
    :param once: Show it once.
    """
    current = session()
    if not 0.1 <= every <= 3600:
        raise BadInput("bad_every")
    case = None if number is None else case_number(number)
    checked_limit(limit)
    who = reader(current)
    async with current.cases() as cases:
        page = await _page(current, cases, case, limit, who)
        if case is not None:
            await who.has_read(case, "timeline")
        if once:
            current.out.print(page)
            return 0
        with Live(page, console=current.out, auto_refresh=False) as live:
            while True:
                await asyncio.sleep(every)
                live.update(await _page_or_trouble(current, cases, case, limit, who), refresh=True)


async def _page_or_trouble(
    current: Session, cases: "Cases", case: str | None, limit: int, who: Reader
) -> RenderableType:
    """A server that is away for a while does not end the watch."""
    try:
        return await _page(current, cases, case, limit, who)
    except TryAgain as away:
        return Text(away.line(current.lang), style="yellow")


async def _page(current: Session, cases: "Cases", case: str | None, limit: int, who: Reader) -> RenderableType:
    if case is not None:
        view = await cases.view(case)
        await who.case(case, concerned(view))
        pack, now = current.pack(view.procedure), await cases.now(case)
        (view,) = await who.discreet(case, view)
        events = await who.discreet(case, *(await cases.timeline(case))[-SHOWN:])
        return Group(case_page(current, view, pack, now), timeline_tree(current, case, events, pack))
    found = [
        line
        async for line in cases.listing(Filters(open_only=True, department=await who.department(None)), limit=limit)
    ]
    return list_table(current, found, await cases.clocks(found))
