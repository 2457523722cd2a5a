"""The product as a contender, as it is shipped: rules, lists, audit, outbox, sandbox; a worker process and a client."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from benchmarks.apart import Place
from benchmarks.contenders import Contender
from benchmarks.effects import ANSWER, WORD, sample
from benchmarks.machine import cpu_of_python, cpu_seconds, own_cpu
from benchmarks.processes import SHIPPED, Program, without, worker
from benchmarks.stand import Stand, stand
from models.names import case_id, remedy_id

LOOK = 0.05
"""Seconds between looks for what is not there yet. Each look costs server and client some of what is measured."""


@asynccontextmanager
async def redress(place: Place, program: Program = SHIPPED) -> AsyncIterator[Contender]:
    """Settings are the environment's (REDRESS_*), for the client and for the worker."""
    async with stand(*place) as at, worker(at, program) as process:
        yield Contender(whole_case(at), lambda: parts(at, process.process.pid))


def unsandboxed(place: Place) -> AbstractAsyncContextManager[Contender]:
    """The same without the sandbox."""
    return redress(place, without("sandbox"))


def unaudited(place: Place) -> AbstractAsyncContextManager[Contender]:
    """The same without the rows of the audit trail."""
    return redress(place, without("audit"))


def unguarded(place: Place) -> AbstractAsyncContextManager[Contender]:
    """The same with payments that are not written down before they are made."""
    return redress(place, without("intents"))


def parts(at: Stand, worker_pid: int) -> dict[str, float]:
    """CPU seconds so far: this process (the client), the worker, the server."""
    worker_parts = cpu_of_python(worker_pid, "worker")
    return {"client": own_cpu(), **worker_parts, "server": cpu_seconds(at.server)}


def whole_case(at: Stand) -> Callable[[str], Awaitable[None]]:
    """A case of redress from filing to its end, by its number."""
    cases = at.cases()

    async def case(number: str) -> None:
        await cases.start(sample(number))
        await cases.send(number, "confirm", ANSWER, wait=120)
        await ended(at.client, remedy_id(number, 1, 1, "Refund"))
        while (await cases.send(number, "feedback", WORD, wait=120)).code == "wrong_stage":  # noqa: ASYNC110
            await asyncio.sleep(LOOK)
        await at.client.get_workflow_handle(case_id(number)).result()

    return case


async def ended(client: Client, child: str) -> None:
    """Wait for a child, which the server may not have started yet."""
    while True:
        try:
            await client.get_workflow_handle(child).result()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            await asyncio.sleep(LOOK)
        else:
            return
