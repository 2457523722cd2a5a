"""Who runs the same case: redress, the leanest flow on the bare SDK, a SQL polling loop."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from activities.store import Store
from benchmarks.bare_flow import BareCase, BareRefund, BareWait
from benchmarks.effects import ANSWER, WORD, Effects, post_office, sample
from benchmarks.stand import Stand
from models.names import case_id, remedy_id
from starter.calls import patiently
from starter.cases import Cases
from worker import RUNNER, working

CPU = Callable[[], float]
_serial = itertools.count(1)


class Runner(Protocol):
    """Whatever can be measured."""

    @property
    def name(self) -> str:
        """What it is called."""

    async def run(self, cases: int, at_once: int) -> list[float]:
        """So many cases: cases per second, CPU seconds per case."""


@dataclass(frozen=True)
class Contender:
    """One whole case by its number: filed, answered, refunded, told, satisfied, closed."""

    name: str
    case: Callable[[str], Awaitable[None]]
    cpu: CPU
    """CPU seconds so far of all that works for it."""

    async def run(self, cases: int, at_once: int) -> list[float]:
        """So many cases: cases per second, CPU seconds per case."""
        gate = asyncio.Semaphore(at_once)

        async def one() -> None:
            async with gate:
                await self.case(f"B-{next(_serial):07d}")

        spent, begun = self.cpu(), time.perf_counter()
        await asyncio.gather(*(one() for _ in range(cases)))
        lasted = time.perf_counter() - begun
        return [cases / lasted, (self.cpu() - spent) / cases]


@asynccontextmanager
async def redress(stand: Stand, name: str = "redress") -> AsyncIterator[Contender]:
    """The product as it is shipped: rules, lists, audit, outbox, sandbox."""
    async with working(stand.client, stand.settings):
        yield Contender(name, whole_case(stand), lambda: sum(stand.cpu()))


def whole_case(stand: Stand) -> Callable[[str], Awaitable[None]]:
    """A case of redress from filing to its end, by its number."""
    cases = Cases(stand.client, task_queue=stand.settings.task_queue)

    async def case(number: str) -> None:
        await cases.start(sample(number))
        await cases.send(number, "confirm", ANSWER, wait=120)
        await ended(stand.client, remedy_id(number, 1, 1, "Refund"))
        while (await cases.send(number, "feedback", WORD, wait=120)).code == "wrong_stage":  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        await stand.client.get_workflow_handle(case_id(number)).result()

    return case


@asynccontextmanager
async def bare(stand: Stand) -> AsyncIterator[Contender]:
    """The leanest flow with the same effects, under the same server, sandbox policy and store settings."""
    store = Store(f"sqlite+aiosqlite:///{stand.folder / 'bare.db'}")
    await store.create()
    effects, client = Effects(store), stand.client
    makes = {"bare_open": effects.open, "bare_told": effects.told, "bare_closed": effects.closed}
    rows = {**makes, "bare_pay": effects.pay, "bare_row": effects.open}

    async def case(number: str) -> None:
        handle = await client.start_workflow(BareCase.run, number, id=f"bare.{number}", task_queue="bare")
        await patiently(lambda: handle.execute_update(BareCase.confirm, "merchant", id="confirm"))
        await ended(client, f"bare.{number}.refund")
        await patiently(lambda: handle.execute_update(BareCase.feedback, "satisfied", id="feedback"))
        await handle.result()

    async with (
        post_office(store, stand.settings.smtp.port),
        Worker(
            client,
            task_queue="bare",
            workflows=[BareCase, BareRefund, BareWait],
            activities=[activity.defn(name=name)(_named(do)) for name, do in rows.items()],
            workflow_runner=RUNNER,
        ),
    ):
        yield Contender("bare SDK", case, lambda: sum(stand.cpu()))
    await store.close()


def _named(do: Callable[[str], Awaitable[None]]) -> Callable[[str], Awaitable[None]]:
    async def run(number: str) -> None:
        await do(number)

    return run


@asynccontextmanager
async def polling(stand: Stand) -> AsyncIterator[Contender]:
    """The floor: a state column and a loop that looks every 20 ms. Nothing is durable but the rows."""
    store = Store(f"sqlite+aiosqlite:///{stand.folder / 'polling.db'}")
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
    async with post_office(store, stand.settings.smtp.port):
        yield Contender("SQL polling loop", case, lambda: stand.cpu()[0])
    running.cancel()
    await store.close()


async def ended(client: Client, child: str) -> None:
    """Wait for a child, which the server may not have started yet."""
    while True:
        try:
            await client.get_workflow_handle(child).result()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            await asyncio.sleep(0.005)
        else:
            return
