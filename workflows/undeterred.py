"""Runs that only their own rules end: no request to cancel does, and a mistake stops the step it is made in."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

from temporalio import workflow

Given = ParamSpec("Given")
Result = TypeVar("Result")

_fault: ContextVar["asyncio.Future[None]"] = ContextVar("fault")
"""Of a run: the first mistake in what is done beside it."""


def undeterred(run: Callable[Given, Coroutine[Any, Any, Result]]) -> Callable[Given, Coroutine[Any, Any, Result]]:
    """The same run, which goes on when somebody asks Temporal to cancel it.

    One click in the Web UI is enough to ask, and a case that followed it would be gone: nobody's deadline, no refund,
    its row open for ever. The request stays in the history. A case is ended by a message (`withdraw`), which says who
    and why.
    """

    @wraps(run)
    async def through(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        fault: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        _fault.set(fault)
        whole = asyncio.create_task(run(*args, **kwargs))
        either: list[asyncio.Future[Any]] = [whole, fault]
        while True:
            try:
                await workflow.wait(either, return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                if whole.done():  # the worker puts the workflow away
                    raise
            else:
                if fault.done():
                    fault.result()
                return await whole

    return through


def beside(work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    """Do something beside an undeterred run. What it raises fails the step, which is then tried again.

    A task by itself keeps its exception until somebody asks: the run would go on without its book or its remedy, and
    the corrected code, which does what this step left out, could not do the history again.
    """
    task = asyncio.create_task(work)
    task.add_done_callback(partial(_heed, _fault.get()))
    return task


def _heed(fault: "asyncio.Future[None]", task: "asyncio.Task[None]") -> None:
    if task.cancelled() or fault.done() or (error := task.exception()) is None:
        return
    mistake = RuntimeError("what is done beside the run has failed")  # a FailureError itself would end the run
    mistake.__cause__ = error
    fault.set_exception(mistake)
