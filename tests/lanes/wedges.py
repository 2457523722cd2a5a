"""G11: a bad deploy wedges cases in ten ways. The alarm comes, nothing is lost, and the fix sets all right.

    python -m tests.lanes.wedges --seed 7 --n 10

Of each build two cases: to one an honest answer comes while it is wedged, to the other nobody answers.
"""

import argparse
import asyncio
import logging
import tempfile
import time
from pathlib import Path
from random import Random

from temporalio.client import Client

from activities.store import Store
from procedures import PACKS
from tests.lanes.common import Lane, main, options
from tests.lanes.wedged import BUILDS
from tests.server import local_environment
from tests.support import GOODS_DEPT, OfCase, Office, liable, office_at_work
from verify.oracle import Oracle
from verify.service import PROBLEMS
from worker import WORKFLOWS, build_worker
from workflows.complaint import ComplaintWorkflow

ALARM = 15.0
"""Seconds from the first failed step until a wedged case can be listed."""
FIXED = 60.0
"""Seconds from the fix until the default ruling."""


async def wedge(lane: Lane, office: Office, build: type) -> None:
    """One build: deployed, noticed, replaced."""
    heard, silent = await office.asked(), await office.asked()
    for case in (heard, silent):
        await case.written()
    await office.rest()
    plain = Client(office.client.service_client, data_converter=office.client.data_converter)
    workflows = [build if kind is ComplaintWorkflow else kind for kind in WORKFLOWS]
    async with build_worker(plain, office.settings, office.parts, workflows=workflows):
        began = time.monotonic()
        await heard.handle.signal(
            "confirm", {"actor": GOODS_DEPT, "liable": liable(merchant=100), "reason": "属实", "command_id": "honest"}
        )
        await silent.handle.signal("withdraw", {"actor": "nobody"})
        for case in (heard, silent):
            waited = await until_listed(case, began, listed=True)
            lane.counts["slowest alarm, ms"] = max(lane.counts["slowest alarm, ms"], int(1000 * waited))
            lane.must(waited <= ALARM, f"{build.__name__}: the alarm came after {waited:.1f} s")
    fixed = time.monotonic()
    await office.work()
    for case in (heard, silent):
        await until_listed(case, fixed, listed=False)
    await heard.until("answered", within=FIXED)
    await silent.until("message_refused", within=FIXED)
    await silent.forward(hours=24)
    ruled = await silent.until("ruled", within=FIXED)
    spent = time.monotonic() - fixed
    lane.counts["slowest fix, ms"] = max(lane.counts["slowest fix, ms"], int(1000 * spent))
    lane.must(spent <= FIXED, f"{build.__name__}: ruled {spent:.0f} s after the fix")
    lane.must(ruled.data.get("basis") == "silence", f"{build.__name__}: ruled by {ruled.data.get('basis')}")
    await heard.at("feedback", within=FIXED)
    for case in (heard, silent):
        await case.written()
    lane.counts["wedged"] += 2


async def until_listed(case: OfCase, began: float, *, listed: bool) -> float:
    """Seconds until the server reports the case's problems, or none any more."""
    async with asyncio.timeout(90):
        while bool((await case.handle.describe()).typed_search_attributes.get(PROBLEMS)) is not listed:
            await asyncio.sleep(0.2)
    return time.monotonic() - began


async def wedges(given: argparse.Namespace) -> Lane:
    """The lane."""
    lane = Lane("wedges", given.seed, given.n)
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)  # each failure is one we want
    builds = Random(lane.seed).sample(BUILDS, len(BUILDS))[: lane.n]
    with tempfile.TemporaryDirectory(prefix="redress-wedges-") as folder:
        store = Store(f"sqlite+aiosqlite:///{Path(folder) / 'redress.db'}")
        await store.create()
        async with local_environment() as env:

            async def one(build: type) -> None:
                async with office_at_work(env, store) as office:
                    await wedge(lane, office, build)

            await asyncio.gather(*map(one, builds))
            await lane.ask(Oracle(store, PACKS.pinned, client=env.client).violations())
        await store.close()
    return lane


if __name__ == "__main__":
    main(wedges(options("wedges", len(BUILDS))))
