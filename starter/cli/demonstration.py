"""The demo on the terminal."""

import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from starter.cli.pages import case_page, timeline_tree
from starter.cli.session import Session, session
from texts import money, named
from texts.values import title

if TYPE_CHECKING:
    from starter.cases import Cases
    from starter.players import Told
    from starter.stack import LocalStack


async def demo(
    *,
    every: Annotated[
        bool,
        Parameter(name="--all", negative="", help="Also a case of each other procedure, and where each case stands."),
    ] = False,
    keep: Annotated[bool | None, Parameter(help="Keep the stack up afterwards; a terminal does.")] = None,
) -> int:
    """File four complaints and carry them to their end, on the running local stack or on one of its own."""
    from starter.stackfile import running_stack

    current = session()
    stays = keep if keep is not None else sys.stdin.isatty() and sys.stdout.isatty()
    async with AsyncExitStack() as running:
        stack: LocalStack | None = None
        info = running_stack(current.settings.home)
        if info is None:
            stack = await _own_stack(current, running)
            ui = stack.ui_url
            await _play(current, _cases_of(current, stack), every=every)
        else:
            ui = info.ui
            await _play(current, await running.enter_async_context(current.cases()), every=every)
        current.out.print(current.say("demo.web" if stack is None or stays else "demo.again", url=ui), markup=False)
        if stack is not None and stays:
            await _stay(current, stack)
    return 0


async def _own_stack(current: Session, running: AsyncExitStack) -> "LocalStack":
    from starter.cli.service import local_stack
    from starter.logs import setup_logging

    # The demo's own lines are what counts; the worker speaks only of trouble.
    setup_logging(json=current.settings.log_json, level="warning")
    current.out.print(current.say("demo.starting"))
    return await running.enter_async_context(local_stack(current.settings))


def _cases_of(current: Session, stack: "LocalStack") -> "Cases":
    from starter.cases import Cases

    return Cases(stack.client, task_queue=current.settings.task_queue, local=True)


async def _play(current: Session, cases: "Cases", *, every: bool) -> None:
    from procedures import HERE
    from procedures.workdays import Workdays
    from starter.demo import Demo
    from starter.tour import Tour, runs_out, stories

    def tell(key: str, values: dict[str, object]) -> None:
        story = values.get("story")
        shown = values | {"story": current.say(f"demo.story.{story}")} if story else values
        current.out.print(f"  {current.say(key, **shown)}", style="dim", markup=False)

    async for told in Demo(cases, current.directory, current.default_pack, tell).play():
        _print_story(current, told, every=every)
    if every:
        tour = Tour(cases, current.directory, tell)
        days = Workdays(current.settings.calendar_file)(datetime.now(UTC).year)
        for pack, trial in stories(HERE, current.packs(), current.default_pack.name):
            if gap := runs_out(pack, days, datetime.now(UTC)):
                current.out.print(f"  {title(pack.title, current.lang)}: {gap}", markup=False)
                continue
            _print_story(current, await tour.play(pack, trial), every=every)


def _print_story(current: Session, told: "Told", *, every: bool) -> None:
    pack, view = current.pack(told.view.procedure), told.view
    current.out.print()
    heading = title(told.title, current.lang) if told.title else current.say(f"demo.story.{told.story}")
    current.out.print(heading, style="bold", markup=False)
    current.out.print(timeline_tree(current, view.number, told.events, pack))
    if every:
        current.out.print(case_page(current, view, pack))
    ending = named("exit", view.exit, current.lang) if view.exit else ""
    paid = money(view.refunded, view.currency, current.lang)
    current.out.print(current.say("demo.ended", exit=ending, refunded=paid), style="green", markup=False)
    current.out.print()


async def _stay(current: Session, stack: "LocalStack") -> None:
    from starter.cli.service import print_addresses, until_stopped

    print_addresses(current, stack)
    await until_stopped(stack)
