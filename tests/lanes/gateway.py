"""G2: refunds through a gateway that fails a third of the calls, stores its failures, forgets keys and takes back.

    python -m tests.lanes.gateway --seed 7 --n 2000 --gap 30

Real HTTP, our clock simulated: every refund is tried as Temporal would until it is done, some after a long gap.
"""

import argparse
import asyncio
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
from temporalio.exceptions import ApplicationError

from activities.embedded import EmbeddedCarrier, EmbeddedWarehouse
from activities.http_partner import HttpPaymentGateway
from activities.intents import Intents
from activities.remedies import Remedies
from activities.store import Store
from models.complaint import DemandKind
from models.remedy import RemedyOrder
from tests.activities.test_gateway_faults import FAULTS, KEY_LIFE, FaultyGateway, World
from tests.lanes.common import Lane, main, options
from verify.partner import Partner

TAKEN_BACK = 0.1
"""Share of the refunds that a webhook reports as failed after they were made."""
LOOKS = 3
"""More waits for a doubtful payment to settle than this would be stuck."""


def order(number: str) -> RemedyOrder:
    """A decision to pay 4.00 of 10.00."""
    facts: dict[str, Any] = {
        "number": number, "order": f"O-{number}", "decision": 1, "attempt": 1, "kind": DemandKind.REFUND,
        "steps": ("pay",), "amount": 400, "paid": 1000, "currency": "CNY", "lines": ({"sku": "CUP", "quantity": 1},),
        "goods_within": timedelta(days=15), "payment_within": timedelta(hours=1),
    }  # fmt: skip
    return RemedyOrder.model_validate(facts)


async def gateway(given: argparse.Namespace) -> Lane:
    """The lane."""
    lane = Lane("gateway", given.seed, given.n)
    world = World()
    faulty = FaultyGateway(world, given.seed)
    server = await asyncio.start_server(faulty.serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    client = HttpPaymentGateway(address, "made-up", key_life=KEY_LIFE, timeout=httpx2.Timeout(0.3, connect=3))
    with tempfile.TemporaryDirectory(prefix="redress-gateway-") as folder:
        store = Store(f"sqlite+aiosqlite:///{Path(folder) / 'redress.db'}")
        await store.create()
        remedies = Remedies(store, client, EmbeddedWarehouse(store), EmbeddedCarrier(store), clock=lambda: world.now)
        for index in range(given.n):
            due = order(f"C-{index}")
            await _pay(lane, remedies, world, due, timedelta(hours=given.gap))
            if lane.dice.random() < TAKEN_BACK:
                await _late_failure(lane, Intents(store), faulty, due)
                await _pay(lane, remedies, world, due.model_copy(update={"attempt": 2}), timedelta(hours=given.gap))
        faulty.dice.random = lambda: 1.0  # type: ignore[method-assign]
        await lane.ask(Partner(store, client).breaches())
        await store.close()
    await client.aclose()
    server.close()
    made = Counter(refund["ours"] for refund in faulty.made if not refund.get("back"))
    lane.must(made == {f"C-{index}:1:pay": 1 for index in range(given.n)}, f"{given.n} due, {made.total()} stand")
    lane.must(given.n < 100 or set(FAULTS) <= set(faulty.faults), "not every fault was tried")
    for fault, count in faulty.faults.items():
        lane.counts[fault or "good"] = count
    return lane


async def _late_failure(lane: Lane, intents: Intents, faulty: FaultyGateway, due: RemedyOrder) -> None:
    """Told that the refund came back; one time in three that is not true, and the gateway still lists it."""
    standing = faulty.standing(f"{due.number}:1:pay")
    if len(standing) != 1:
        return  # paid twice or never: the count at the end says so
    made = standing[0]
    if lane.dice.random() < 2 / 3:
        made["back"] = True
        lane.counts["taken back"] += 1
    else:
        lane.counts["said to be taken back"] += 1
    await intents.taken_back(f"{due.number}:1:pay", "account_closed")


async def _pay(lane: Lane, remedies: Remedies, world: World, due: RemedyOrder, gap: timedelta) -> None:
    settling = 0
    for attempt in range(60):
        try:
            result = await remedies.pay(due)
        except ApplicationError as error:
            if error.type != "try_again":
                raise
            settling += error.message == "settling"
            world.now += error.next_retry_delay or timedelta(seconds=5)
            if attempt == 0 and lane.dice.random() < 0.5:
                world.now += gap
            continue
        lane.must(result.failure is None, f"{due.number}: {result.failure}")
        lane.must(settling <= LOOKS, f"{due.number}: {settling} looks")
        return
    lane.wrong.append(f"{due.number}: never paid")


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--gap", type=int, default=30, help="hours between the first failure and the next try")


if __name__ == "__main__":
    main(gateway(options("gateway", 2_000, _options)))
