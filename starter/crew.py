"""Several workers of one process, one for each task queue, that work and rest together."""

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from temporalio.worker import Worker


class Crew:
    """Run it, or work while it is entered; either way it ends by draining: no new tasks, what is begun is finished."""

    def __init__(self, workers: Iterable[Worker]) -> None:
        self._workers = tuple(workers)
        self._entered = AsyncExitStack()

    async def run(self) -> None:
        """Work until `shutdown`. Raises what stops any of the workers for good, after the others have drained."""
        running = [asyncio.create_task(worker.run()) for worker in self._workers]
        try:
            await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for one in running:
                one.cancel()
            ended = await asyncio.gather(*running, return_exceptions=True)
        for error in ended:
            if isinstance(error, BaseException) and not isinstance(error, asyncio.CancelledError):
                raise error

    async def shutdown(self) -> None:
        """Drain all at once, each as long as its own patience."""
        await asyncio.gather(*(worker.shutdown() for worker in self._workers))

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as entering:
            for worker in self._workers:
                await entering.enter_async_context(worker)
            self._entered = entering.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.shutdown()
        await self._entered.__aexit__(kind, error, trace)
