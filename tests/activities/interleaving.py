"""Two sessions on one PostgreSQL that meet where a test has them meet: no pause of luck decides who is first."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.util import await_only

from activities.store import Store

COMMIT = "commit"
"""Ahead of the end of a transaction: everything is written, and nobody sees it yet."""
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


class _Halt:
    """A place in somebody's work; they go on from there once they are free."""

    def __init__(self, words: str) -> None:
        self._words = words
        self.there = asyncio.Event()
        self.free = asyncio.Event()

    def came_to(self, statement: str) -> None:
        if self._words in statement and not self.there.is_set():
            self.there.set()
            await_only(self.free.wait())


_HALT: ContextVar[_Halt | None] = ContextVar("_HALT", default=None)


async def meet(
    store: Store, first: Coroutine[Any, Any, Any], second: Coroutine[Any, Any, Any], *, at: str = COMMIT
) -> list[Any]:
    """What both come to, errors too. `second` is done, or waits for `first`, before `first` goes on from a place.

    The place: ahead of its first statement with the words `at`, or of its first commit.
    """
    halt = _Halt(at)
    with _watched():
        one = asyncio.create_task(_halting(halt, first))
        reached = asyncio.create_task(halt.there.wait())
        await asyncio.wait({one, reached}, return_when=asyncio.FIRST_COMPLETED)
        reached.cancel()
        two = asyncio.create_task(second)
        await waiting(store, two)
        halt.free.set()
        ends = [*await asyncio.gather(one, two, return_exceptions=True)]
    assert halt.there.is_set(), f"the first never came to {at!r}"
    return ends


async def _halting(halt: _Halt, work: Coroutine[Any, Any, Any]) -> Any:
    _HALT.set(halt)
    return await work


async def waiting(store: Store, *work: asyncio.Task[Any]) -> None:
    """Returns once each of these is done or waits for a lock. Nobody else may wait meanwhile."""
    while (left := sum(not each.done() for each in work)) > 0:
        async with store.read() as session:
            if (await (await session.connection()).execute(text(_WAITING))).scalar_one() >= left:
                return
        await asyncio.sleep(0.01)


@contextmanager
def _watched() -> Iterator[None]:
    def statement(_: Connection, __: Any, words: str, *___: Any) -> None:
        if (halt := _HALT.get()) is not None:
            halt.came_to(words)

    def commit(_: Connection) -> None:
        if (halt := _HALT.get()) is not None:
            halt.came_to(COMMIT)

    event.listen(Engine, "before_cursor_execute", statement)
    event.listen(Engine, "commit", commit)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", statement)
        event.remove(Engine, "commit", commit)
