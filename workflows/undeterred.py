"""Workflows that a request for cancellation does not end: only their own rules do."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")


def undeterred(run: Callable[Given, Coroutine[Any, Any, Result]]) -> Callable[Given, Coroutine[Any, Any, Result]]:
    """The same run, which goes on when somebody asks Temporal to cancel it.

    One click in the Web UI is enough to ask, and a case that followed it would be gone: nobody's deadline, no refund,
    its row open for ever. The request stays in the history. A case is ended by a message (`withdraw`), which says who
    and why.
    """

    @wraps(run)
    async def through(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        whole = asyncio.create_task(run(*args, **kwargs))
        while True:
            try:
                return await asyncio.shield(whole)
            except asyncio.CancelledError:
                if whole.done():  # the worker puts the workflow away
                    raise

    return through
