"""A payment gateway with every fault a real one has, over real sockets: each refund is made exactly once.

Its rules are those of the large ones: the first answer is stored under the key, failures included, and keys are
forgotten after 24 hours.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from sqlmodel import select
from temporalio.exceptions import ApplicationError

from activities.embedded import EmbeddedCarrier, EmbeddedWarehouse
from activities.http_partner import HttpPaymentGateway
from activities.remedies import Remedies
from activities.store import Store
from models.pages import StepResult
from models.remedy import RemedyOrder
from models.tables import OrderAccount, RefundIntent

KEY_LIFE = timedelta(hours=24)
FAULTS = ("slow", "stored_500", "429", "503", "drop_before", "drop_after")
REFUNDS = 60


class World:
    """The clock our side and the gateway share."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class FaultyGateway:
    """Pays, forgets keys, and fails about a third of the calls, by a seed."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.dice = random.Random(seed)
        self.stored: dict[str, tuple[datetime, int, Any]] = {}
        self.made: list[dict[str, Any]] = []
        self.faults: Counter[str] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request on one connection."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            line, *fields = head.split("\r\n")
            method, target, _ = line.split()
            headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            if method == "GET":
                wanted = parse_qs(urlsplit(target).query)["reference"][0]
                await self.answer(writer, 200, self.standing(wanted))
            else:
                await self.refund(writer, headers["idempotency-key"], json.loads(body))
        finally:
            writer.close()

    def standing(self, ours: str) -> list[dict[str, Any]]:
        """What was made under our reference and not taken back."""
        return [made for made in self.made if made["ours"] == ours and not made.get("back")]

    async def refund(self, writer: asyncio.StreamWriter, key: str, body: dict[str, Any]) -> None:
        """Fail in one of the ways, or pay."""
        fault = self.dice.choice(FAULTS) if self.dice.random() < 0.35 else ""
        self.faults[fault] += 1
        if fault in {"429", "503"}:
            await self.answer(writer, int(fault), {}, "Retry-After: 2\r\n")
            return
        if fault == "drop_before":
            return
        status, receipt = self.process(key, body, broken=fault == "stored_500")
        if fault == "slow":
            await asyncio.sleep(0.4)  # longer than our client waits
        if fault != "drop_after":
            await self.answer(writer, status, receipt)

    def process(self, key: str, body: dict[str, Any], *, broken: bool) -> tuple[int, Any]:
        """What a key was first answered, for as long as keys are kept."""
        at, status, receipt = self.stored.get(key, (None, 0, None))
        if at is not None and self.world.now - at < KEY_LIFE:
            return status, receipt
        status, receipt = 500, {}
        if not broken:
            status = 201
            receipt = {"reference": f"RF-{len(self.made)}", "amount": body["amount"], "currency": body["currency"]}
            self.made.append(receipt | {"ours": body["reference"]})
        self.stored[key] = (self.world.now, status, receipt)
        return status, receipt

    async def answer(self, writer: asyncio.StreamWriter, status: int, body: Any, header: str = "") -> None:
        """One JSON answer."""
        content = json.dumps(body).encode()
        writer.write(
            f"HTTP/1.1 {status} X\r\n{header}Connection: close\r\nContent-Length: {len(content)}\r\n\r\n".encode()
        )
        writer.write(content)
        await writer.drain()


@pytest.fixture
async def partner() -> AsyncIterator[Callable[[int], Any]]:
    servers: list[asyncio.Server] = []
    clients: list[HttpPaymentGateway] = []

    async def build(seed: int) -> tuple[World, FaultyGateway, HttpPaymentGateway]:
        world = World()
        gateway = FaultyGateway(world, seed)
        server = await asyncio.start_server(gateway.serve, "127.0.0.1", 0)
        servers.append(server)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        clients.append(
            HttpPaymentGateway(address, "made-up", key_life=KEY_LIFE, timeout=httpx2.Timeout(0.2, connect=3))
        )
        return world, gateway, clients[-1]

    yield build
    for client in clients:
        await client.aclose()
    for server in servers:
        server.close()
        await server.wait_closed()


async def pay_to_the_end(remedies: Remedies, world: World, order: RemedyOrder, gap: timedelta) -> StepResult:
    """As Temporal would: try again until it is done, once after a long gap."""
    for attempt in range(60):
        try:
            return await remedies.pay(order)
        except ApplicationError as error:
            if error.type != "try_again":
                raise
            world.now += error.next_retry_delay or timedelta(seconds=5)
            world.now += gap if attempt == 0 else timedelta(0)
    raise AssertionError("never paid")


@pytest.mark.parametrize("gap", [timedelta(0), timedelta(hours=30)], ids=["no_gap", "gap_longer_than_a_keys_life"])
async def test_every_refund_is_made_exactly_once_whatever_the_gateway_does(
    store: Store, remedy: Callable[..., RemedyOrder], partner: Callable[[int], Any], gap: timedelta
) -> None:
    world, gateway, client = await partner(7)
    remedies = Remedies(store, client, EmbeddedWarehouse(store), EmbeddedCarrier(store), clock=lambda: world.now)
    for i in range(REFUNDS):
        end = await pay_to_the_end(remedies, world, remedy(f"C-{i}", order=f"O-{i}"), gap)
        assert end.failure is None
    assert Counter(made["ours"] for made in gateway.made) == {f"C-{i}:1:pay": 1 for i in range(REFUNDS)}
    assert set(gateway.faults) == {"", *FAULTS}
    async with store.read() as session:
        assert set((await session.exec(select(OrderAccount.refunded))).all()) == {400}
        references = (await session.exec(select(RefundIntent.reference))).all()
    assert sorted(filter(None, references)) == sorted(made["reference"] for made in gateway.made)
