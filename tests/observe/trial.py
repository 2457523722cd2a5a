"""A day on which everything goes wrong, at a worker whose metrics are read as Prometheus would read them."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio import workflow
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.embedded import EmbeddedGateway
from activities.ports import GatewayRefused, Receipt, TryAgain
from activities.store import Store, StoreError
from models.names import COMPLAINT, case_id
from starter.keyring import KeyRing
from starter.observe.figures import read_figures
from starter.observe.gauges import Gauges, keep_figures
from starter.observe.service import metered_runtime, settled
from starter.seal import Sealer
from starter.settings import Settings, load_settings
from starter.wire import data_converter
from tests.support import GOODS_DEPT, OfCase, Office, complaint_data, liable, new_number
from tests.support import test_parts as make_parts
from worker import build_worker

UP = "up"
SHOWN = re.compile(r"^((?:redress|temporal)_\w+(?:\{.*\})?) (\S+)$", re.MULTILINE)
REFUSES, DARK = "refuses", "dark"
Scrape = dict[str, float]


class UnreachableGateway(EmbeddedGateway):
    """Dark for some orders, refusing for others."""

    async def refund(self, key: str, reference: str, order: str, amount: int, currency: str) -> Receipt:
        if order.startswith(REFUSES):
            raise GatewayRefused("account_closed")
        if order.startswith(DARK):
            raise TryAgain("unreachable")
        return await super().refund(key, reference, order, amount, currency)


class NoDatabase:
    def read(self) -> Any:
        raise StoreError("database: cannot be reached")


class FullStore(Store):
    """One that can still be read once its disk is full."""

    full = False

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        if self.full:
            raise StoreError("database: its disk is full; make room, what waits goes on by itself")
        async with super().write() as session:
            yield session


@workflow.defn(name="Changed", sandboxed=False)
class Before:
    @workflow.run
    async def run(self) -> None:
        await workflow.sleep(1000)


@workflow.defn(name="Changed", sandboxed=False)
class After:
    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)


@workflow.defn(name="Broken", sandboxed=False)
class Broken:
    @workflow.run
    async def run(self) -> None:
        raise ValueError("a mistake in the code")


class Trial:
    """One worker host with metrics of its own, and what Prometheus would read of it."""

    def __init__(self, env: WorkflowEnvironment, store: Store) -> None:
        self.env, self.store = env, store
        self.settings: Settings = settled(load_settings(task_queue=f"trial-{uuid.uuid4().hex[:8]}"))
        self.runtime = metered_runtime(self.settings)
        self.gauges = Gauges(self.runtime.metric_meter)

    async def client(self, **options: Any) -> Client:
        address = self.env.client.service_client.config.target_host
        return await Client.connect(address, runtime=self.runtime, data_converter=data_converter(None), **options)

    async def show(self, *, later: timedelta = timedelta()) -> None:
        """The figures as they will be when nothing changes for so long."""
        async with self.store.read() as reading:
            self.gauges.show(await read_figures(await reading.connection(), datetime.now(UTC) + later))

    async def scrape(self) -> Scrape:
        observe = self.settings.observe
        async with httpx2.AsyncClient() as prometheus:
            try:
                answer = await prometheus.get(f"http://{observe.host}:{observe.metrics_port}/metrics")
            except httpx2.ConnectError:
                return {f'{UP}{{job="redress"}}': 0.0}
        found = {name: float(value) for name, value in SHOWN.findall(answer.text) if "_bucket" not in name}
        return {f'{UP}{{job="redress"}}': 1.0} | found

    async def until(self, sign: str, *, more_than: int = 0) -> None:
        async with asyncio.timeout(20):
            while not any(re.search(sign, name) and value > more_than for name, value in (await self.scrape()).items()):
                await asyncio.sleep(0.1)


@asynccontextmanager
async def a_case_on_a_disk(trial: Trial) -> AsyncIterator[FullStore]:
    """A case that has been written down; once the disk is full it is answered, and its page is refused four times."""
    store = FullStore(trial.store.url)
    settings = trial.settings.model_copy(update={"task_queue": f"{trial.settings.task_queue}-full"})
    office = Office(trial.env, settings, make_parts(store))
    async with build_worker(await trial.client(), settings, office.parts):
        case = await office.asked()
        await case.written()
        yield store
        await case.send("confirm", GOODS_DEPT, liable=liable(customer=100), reason="人为损坏")
        await trial.until('activity_execution_failed_total.*"write_down"', more_than=3)
        await case.handle.terminate()
    await store.close()


async def silent_departments(office: Office) -> None:
    """Six requests to departments pass without an answer; the customers are paid."""

    async def pass_by(case: OfCase) -> None:
        await case.at("asked")
        await case.forward(hours=24)
        await case.at("feedback")
        await case.written()

    await asyncio.gather(*[pass_by(await office.start()) for _ in range(6)])


async def a_dark_evening(office: Office, trial: Trial) -> None:
    """The payment gateway is away, a refused refund is left lying, a case waits; mail was never there. Then nothing."""
    dark = [await office.start(order={"number": f"{DARK}-{new_number()}"}) for _ in range(5)]
    left_lying = await office.start(order={"number": f"{REFUSES}-{new_number()}"})
    waiting = await office.start()
    for case in (*dark, left_lying, waiting):
        await case.at("asked")
    for case in (*dark, left_lying):
        await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="属实")
    await left_lying.at("task")
    await left_lying.forward(hours=25)
    async with asyncio.timeout(20):
        while not (await left_lying.view()).overdue:
            await asyncio.sleep(0.1)
    for case in (left_lying, waiting):
        await case.written()
    await trial.until(r'activity_execution_failed_total.*activity_type="pay"')


async def a_bad_deploy(trial: Trial) -> None:
    """New code that does not fit a running workflow's history, and code that raises."""
    client = await trial.client()
    queue = f"{trial.settings.task_queue}-deploy"
    async with Worker(client, task_queue=queue, workflows=[Before]):
        changed = await client.start_workflow("Changed", id=f"{queue}-1", task_queue=queue)
        async with asyncio.timeout(20):
            while (await changed.fetch_history()).events[-1].event_type < 17:
                await asyncio.sleep(0.05)
    async with Worker(client, task_queue=queue, workflows=[After, Broken], max_cached_workflows=0):
        await client.start_workflow("Broken", id=f"{queue}-2", task_queue=queue)
        await changed.signal("anything")
        await trial.until("NonDeterminismError")
        await trial.until('task_execution_failed.*WorkflowError.*"Broken"')
    for number in (1, 2):
        await client.get_workflow_handle(f"{queue}-{number}").terminate()


async def a_lost_key(trial: Trial) -> None:
    """A case sealed with a key that the worker's ring lacks."""
    rings = [KeyRing(active=name, keys={name: name.encode() * 32}) for name in "ab"]
    outside, inside = (data_converter(ring) for ring in rings)
    client = await trial.client()
    sender = Client(client.service_client, data_converter=outside)
    reader = Client(client.service_client, data_converter=inside)
    settings = trial.settings.model_copy(update={"task_queue": f"{trial.settings.task_queue}-sealed"})
    number = new_number()
    case = OfCase(Office(trial.env, settings, make_parts(trial.store)), number)
    codec = inside.payload_codec
    assert isinstance(codec, Sealer)
    async with build_worker(reader, settings, make_parts(trial.store)):
        await sender.start_workflow(COMPLAINT, complaint_data(), id=case_id(number), task_queue=settings.task_queue)
        async with asyncio.timeout(20):
            while not codec.missing:
                await asyncio.sleep(0.05)
    await case.handle.terminate()
    trial.gauges.show_missing(codec.missing)


@asynccontextmanager
async def figures_kept(trial: Trial) -> AsyncIterator[None]:
    """The worker's own loop, whose database does not answer."""
    keeping = asyncio.create_task(keep_figures(NoDatabase(), trial.runtime.metric_meter, 0.01, lambda: 1))  # type: ignore[arg-type]
    await asyncio.sleep(0.1)
    yield
    keeping.cancel()
