"""The same case on DBOS with PostgreSQL: steps with the same effects, a child workflow, messages by topic."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from dbos import DBOS, SetWorkflowID

from activities.store import Store
from benchmarks.apart import Place
from benchmarks.contenders import Contender
from benchmarks.effects import Effects, post_office
from benchmarks.machine import cpu_of_python, cpu_seconds, family
from tests.activities.cluster import cluster

_DAY = 86_400.0
_effects: list[Effects] = []


@DBOS.step()
async def opened(number: str) -> None:
    """Register and first page."""
    await _effects[0].open(number)


@DBOS.step()
async def paid(number: str) -> None:
    """The refund."""
    await _effects[0].pay(number)


@DBOS.step()
async def told(number: str) -> None:
    """Ruling and result."""
    await _effects[0].told(number)


@DBOS.step()
async def closed(number: str) -> None:
    """The last page."""
    await _effects[0].closed(number)


@DBOS.workflow()
async def refund(number: str) -> None:
    """The child."""
    await paid(number)


@DBOS.workflow()
async def complaint(number: str) -> None:
    """The whole case."""
    await opened(number)
    await DBOS.recv_async("confirm", timeout_seconds=_DAY)
    with SetWorkflowID(f"{number}.refund"):
        child = await DBOS.start_workflow_async(refund, number)
    await child.get_result()
    await told(number)
    await DBOS.recv_async("feedback", timeout_seconds=_DAY)
    await closed(number)


@asynccontextmanager
async def dbos(place: Place) -> AsyncIterator[Contender]:
    """DBOS in this process, its state and our rows in one PostgreSQL (fsync and synchronous_commit on)."""
    before = set(family(os.getpid()))
    with cluster(durable=True) as database:
        (postmaster,) = [one for one in family(os.getpid()) if one not in before][:1]
        admin = await asyncpg.connect(f"postgresql://postgres@{database}/postgres")
        for name in ("bench_rows", "bench_dbos"):
            await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        await admin.close()
        store = Store(f"postgresql://postgres@{database}/bench_rows")
        await store.create()
        _effects[:] = [Effects(store)]
        url = f"postgresql://postgres@{database}/bench_dbos"
        DBOS(config={"name": "bench", "system_database_url": url, "log_level": "ERROR", "application_version": "1"})
        DBOS.launch()

        async def case(number: str) -> None:
            with SetWorkflowID(number):
                handle = await DBOS.start_workflow_async(complaint, number)
            await DBOS.send_async(number, "merchant", "confirm")
            await DBOS.send_async(number, "satisfied", "feedback")
            await handle.get_result()

        def cpu() -> dict[str, float]:
            used, database = cpu_of_python(os.getpid(), "process"), cpu_seconds(postmaster)
            return {**used, "threads": used["threads"] - database, "PostgreSQL": database}

        async with post_office(store, place.smtp_port):
            yield Contender(case, cpu)
