"""Two workers with addresses of their own on one PostgreSQL: one is killed, the other told to stop; no case notices."""

import asyncio
import signal
import urllib.request
from collections.abc import Iterator

import pytest
from sqlmodel import select

from activities.store import Store
from models.tables import GatewayRefund
from procedures import load_packs
from starter.settings import Settings
from tests.activities.cluster import cluster
from tests.e2e.conftest import Premises
from tests.server import local_environment
from tests.support import GOODS_DEPT, SERVICE, Office, liable
from tests.support import test_parts as make_parts

HOSTS = ("127.0.0.2", "127.0.0.3")
ANSWER = {"liable": liable(merchant=100), "reason": "属实"}


@pytest.fixture
def database() -> Iterator[str]:
    with cluster() as place:
        yield f"postgresql://postgres@{place}/postgres"


def ready(host: str) -> bool:
    """Whether the worker there says that it can work."""
    try:
        with urllib.request.urlopen(f"http://{host}:8099/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.mark.timeout(180)
async def test_a_worker_killed_and_one_told_to_stop_are_noticed_by_no_case(premises: Premises, database: str) -> None:
    load_packs()
    store = Store(database)
    await store.create()
    async with local_environment() as env:
        premises.extra = {
            "TEMPORAL_ADDRESS": env.client.service_client.config.target_host,
            "REDRESS_DATABASE_URL": database,
            "REDRESS_OBSERVE__HEALTH_PORT": "8099",
        }
        workers = []
        for host in HOSTS:
            premises.extra = {**premises.extra, "REDRESS_OBSERVE__HOST": host}
            workers.append(await premises.spawn("worker"))
        async with asyncio.timeout(60):
            while not all([await asyncio.to_thread(ready, host) for host in HOSTS]):
                await asyncio.sleep(0.2)
        office = Office(env, Settings(), make_parts(store))
        cases = [await office.asked() for _ in range(6)]
        workers[0].send_signal(signal.SIGKILL)
        await asyncio.gather(*(case.signal("confirm", GOODS_DEPT, **ANSWER) for case in cases))
        for case in cases:
            await case.at("feedback", within=60)
        sending = [asyncio.create_task(case.send("feedback", SERVICE, satisfied=True)) for case in cases]
        await asyncio.gather(*sending)
        workers[1].send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            assert await workers[1].wait() == 0, premises.logs()
        await premises.spawn("worker")  # what the other had not begun waits for the next
        assert [(await case.result()).exit for case in cases] == ["satisfied"] * len(cases)
    numbers = [case.number for case in cases]
    async with store.read() as session:
        paid = (await session.exec(select(GatewayRefund.our_reference))).all()
    assert sorted(reference.partition(":")[0] for reference in paid) == sorted(numbers)
    await store.close()
