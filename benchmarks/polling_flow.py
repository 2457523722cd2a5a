"""The floor: a state column and a loop that looks every 20 ms. Nothing is durable but the rows."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from activities.store import Store
from benchmarks.apart import Place
from benchmarks.contenders import Contender
from benchmarks.effects import Effects, post_office
from benchmarks.machine import cpu_of_python


@asynccontextmanager
async def polling(place: Place) -> AsyncIterator[Contender]:
    """Client and loop in one process."""
    store = Store(f"sqlite+aiosqlite:///{place.folder / 'polling.db'}")
    await store.create()
    effects = Effects(store)
    answered: list[tuple[str, asyncio.Future[None]]] = []

    async def serve(number: str, done: "asyncio.Future[None]") -> None:
        await effects.pay(number)
        await effects.told(number)
        await effects.closed(number)
        done.set_result(None)

    async def loop() -> None:
        while True:
            batch = answered[:]
            answered.clear()
            await asyncio.gather(*(serve(number, done) for number, done in batch))
            await asyncio.sleep(0.02)

    async def case(number: str) -> None:
        await effects.open(number)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        answered.append((number, done))
        await done

    running = asyncio.create_task(loop())
    async with post_office(store, place.smtp_port):
        yield Contender(case, lambda: cpu_of_python(os.getpid(), "process"))
    running.cancel()
    await store.close()
