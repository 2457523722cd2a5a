"""G20: the key that seals is changed under open cases, one key is withheld, one customer is erased.

    python -m tests.lanes.keys --seed 7 --n 1

Each round: cases begun under an old key go on under a new one; without the old key they wait, are listed as wedged, and
go on when it is back; what is erased cannot be read by anybody, and the books stand.
"""

import argparse
import asyncio
import base64
import logging
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from activities.store import Store
from models.names import COMPLAINT, case_id
from procedures import PACKS, load_packs
from starter.cases import Cases
from starter.erasing import Eraser
from starter.keyring import KeyRing
from starter.seal import KEY_ID
from starter.settings import Settings
from starter.wire import data_converter
from tests.builders import GOODS_DEPT, SERVICE, complaint_data, liable
from tests.lanes.common import Lane, main, options
from tests.lanes.wedges import ALARM, FIXED, until_listed
from tests.server import local_environment
from tests.support import OfCase, Office, new_number, test_parts
from verify.oracle import Oracle
from worker import build_worker


class Round:
    """One old key, one new one, three cases."""

    def __init__(self, lane: Lane, env: WorkflowEnvironment, store: Store) -> None:
        self._lane, self._env, self._store = lane, env, store
        old, new = (f"{name}:{base64.b64encode(lane.dice.randbytes(32)).decode()}" for name in ("old", "new"))
        self._old, self._both, self._new = (self._client(ring) for ring in (old, f"{new},{old}", new))
        self._settings = Settings(task_queue=f"keys-{uuid.uuid4().hex[:8]}")
        self._parts = test_parts(store)

    def _client(self, ring: str) -> Client:
        return Client(self._env.client.service_client, data_converter=data_converter(KeyRing.parse(ring)))

    @asynccontextmanager
    async def _at_work(self, client: Client) -> AsyncIterator[None]:
        async with build_worker(client, self._settings, self._parts):
            yield

    async def _filed(self, customer: str) -> OfCase:
        number = new_number()
        case = OfCase(Office(self._env, self._settings, self._parts), number)
        data = complaint_data() | {"complainant": {"id": customer, "name": "王芳"}}
        queue = self._settings.task_queue
        await self._old.start_workflow(COMPLAINT, data, id=case_id(number), task_queue=queue)
        self._see(case, self._old)
        await case.at("asked")
        await case.written()
        return case

    @staticmethod
    def _see(case: OfCase, client: Client) -> None:
        case.handle = client.get_workflow_handle(case.handle.id)

    async def run(self) -> None:
        """Everything that can be done to a key."""
        customers = [f"U-{uuid.uuid4().hex[:8]}" for _ in range(3)]
        async with self._at_work(self._old):
            going, waiting, gone = [await self._filed(customer) for customer in customers]
        for case in (going, waiting, gone):
            self._see(case, self._both)
        async with self._at_work(self._both):
            await going.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="属实")
            await going.at("feedback")
            await going.send("feedback", SERVICE, satisfied=True)
            self._lane.must((await going.result()).exit == "satisfied", "a case begun under the old key did not end")
            used = {event async for event in self._keys(going)}
            self._lane.must({b"old", b"new"} <= used, f"sealed with {used}")
        await self._withheld(waiting)
        async with self._at_work(self._both):
            await self._erased(gone, customers[2])

    async def _keys(self, case: OfCase) -> AsyncIterator[bytes]:
        async for event in case.handle.fetch_history_events():
            text = event.SerializeToString()
            for name in (b"old", b"new"):
                if KEY_ID.encode() in text and name in text:
                    yield name

    async def _withheld(self, case: OfCase) -> None:
        """Without its key a case waits; with it again it goes on, and no message is lost."""
        async with self._at_work(self._new):
            began = datetime.now(UTC)
            said = {"actor": GOODS_DEPT, "liable": liable(merchant=100), "reason": "属实", "command_id": "honest"}
            await self._new.get_workflow_handle(case.handle.id).signal("confirm", said)
            waited = (await until_listed(case, listed=True) - began).total_seconds()
        self._lane.counts["slowest alarm, ms"] = max(self._lane.counts["slowest alarm, ms"], int(1000 * waited))
        self._lane.must(waited <= ALARM, f"the alarm came after {waited:.1f} s")
        async with self._at_work(self._both):
            await until_listed(case, listed=False)
            await case.until("answered", within=FIXED)
            await case.at("feedback")
            await case.written()

    async def _erased(self, case: OfCase, customer: str) -> None:
        """What a customer's case told is gone from the server and from SQL."""
        first = (await case.handle.describe()).run_id
        eraser = Eraser(self._store, self._both, Cases(self._both), Path("nowhere"), SERVICE)
        erased = await eraser.erase(customer)
        self._lane.must(erased.cases == 1, f"erased {erased.cases} cases")
        try:
            async with asyncio.timeout(FIXED):
                while True:
                    await self._both.get_workflow_handle(case.handle.id, run_id=first).fetch_history()
                    await asyncio.sleep(0.5)
        except RPCError:
            self._lane.counts["erased"] += 1
        except TimeoutError:
            self._lane.must(False, "the first run's history is still there")


async def keys(given: argparse.Namespace) -> Lane:
    """The lane."""
    lane = Lane("keys", given.seed, given.n)
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)  # a key that is missing is one we have taken
    load_packs()
    with tempfile.TemporaryDirectory(prefix="redress-keys-") as folder:
        store = Store(f"sqlite+aiosqlite:///{Path(folder) / 'redress.db'}")
        await store.create()
        async with local_environment() as env:
            for _ in range(lane.n):
                await Round(lane, env, store).run()
            await lane.ask(Oracle(store, PACKS.pinned, client=env.client, histories=False).violations())
        await store.close()
    return lane


if __name__ == "__main__":
    main(keys(options("keys", 1)))
