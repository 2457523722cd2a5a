"""Builds of the case that a bad deploy could bring: each fails its next step for good, in a place of its own."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from models.names import COMPLAINT
    from workflows.complaint import ComplaintWorkflow

Run = Callable[..., Awaitable[Any]]


def _raises(*_: Any, **__: Any) -> Any:
    raise ValueError("a mistake in the code")


async def _raises_later(*_: Any, **__: Any) -> Any:
    raise KeyError("a mistake in the code")


class _Mistaken:
    """A method, because the SDK would count a plain function's `self` among the message's arguments."""

    @workflow.signal(dynamic=True)
    def signalled(self, name: str, args: Sequence[RawValue]) -> None:
        raise ValueError("a mistake in the code")


async def _as_it_was(self: Any, *args: Any) -> Any:
    return await ComplaintWorkflow.run(self, *args)


async def _sleeps_first(self: Any, *args: Any) -> Any:
    await workflow.sleep(1)
    return await ComplaintWorkflow.run(self, *args)


async def _asks_first(self: Any, *args: Any) -> Any:
    await workflow.execute_activity("nobody_knows_it", start_to_close_timeout=timedelta(seconds=1))
    return await ComplaintWorkflow.run(self, *args)


async def _forgets_to_open(self: Any, *args: Any) -> Any:
    return self.case


def _build(name: str, run: Run = _as_it_was, **broken: Any) -> type:
    """The case with one thing broken; known to the sandbox by its name in this module."""
    if lacking := [part for part in broken if not hasattr(ComplaintWorkflow, part)]:
        raise AttributeError(f"{name} breaks nothing: a case has no {lacking[0]} any more")

    def init(self: Any, *args: Any) -> None:
        ComplaintWorkflow.__init__(self, *args)

    async def own(self: Any, *args: Any) -> Any:
        return await run(self, *args)

    init.__name__, init.__qualname__ = "__init__", f"{name}.__init__"
    own.__name__, own.__qualname__ = "run", f"{name}.run"
    body = {"__init__": workflow.init(init), "run": workflow.run(own), "__module__": __name__, "__qualname__": name}
    made: type = workflow.defn(name=COMPLAINT)(type(name, (ComplaintWorkflow,), body | broken))
    return made


ClockFails = _build("ClockFails", set_alarm=_raises)
JudgeFails = _build("JudgeFails", judge=_raises_later)
CatchingUpFails = _build("CatchingUpFails", catch_up=_raises_later)
PageFails = _build("PageFails", show=_raises)
HandlerFails = _build("HandlerFails", _signalled=_Mistaken.signalled)
CalendarFails = _build("CalendarFails", knowing_days=_raises_later)
PackGone = _build("PackGone", pack=property(_raises))
SleepsFirst = _build("SleepsFirst", _sleeps_first)
AsksFirst = _build("AsksFirst", _asks_first)
ForgetsToOpen = _build("ForgetsToOpen", _forgets_to_open)
BookFails = _build("BookFails", write=_raises_later)
BUILDS = (
    ClockFails, JudgeFails, CatchingUpFails, PageFails, HandlerFails, CalendarFails, PackGone, SleepsFirst, AsksFirst,
    ForgetsToOpen, BookFails,
)  # fmt: skip
