"""G11: a bad deploy wedges cases in eleven ways. The alarm comes, nothing is lost, and the fix sets all right.

    python -m tests.lanes.wedges --seed 7 --n 10

Of each build two cases: to one an honest answer comes while it is wedged, to the other nobody answers.
"""

import argparse
import asyncio
import logging
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.service import RPCError

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
"""Seconds from the first failed step until a wedged case can be listed: the server counts the second failure, and that
of a step tried again it learns after the step's 10 s."""
FIXED = 60.0
"""Seconds from the fix until the default ruling."""


FAILED = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
AT_ONCE = 4
"""Builds deployed side by side: more of them, and the machine's two cores are what is measured."""
LONGEST = 240.0
"""Seconds after which a build is given up: the lane ends whatever does not come."""


async def wedge(lane: Lane, office: Office, build: type) -> None:
    """One build: deployed, noticed, replaced."""
    heard, silent = await office.asked(), await office.asked()
    for case in (heard, silent):
        await case.written()
    await office.rest()
    plain = Client(office.client.service_client, data_converter=office.client.data_converter)
    workflows = [build if kind is ComplaintWorkflow else kind for kind in WORKFLOWS]
    async with build_worker(plain, office.settings, office.parts, workflows=workflows):
        deployed = datetime.now(UTC)
        await heard.handle.signal(
            "confirm", {"actor": GOODS_DEPT, "liable": liable(merchant=100), "reason": "属实", "command_id": "honest"}
        )
        await silent.handle.signal("withdraw", {"actor": "nobody"})
        for case in (heard, silent):
            listed = await until_listed(case, listed=True)
            failed = await first_failure(case)
            waited = _noted(lane, "slowest alarm, ms", listed - failed)
            _noted(lane, "slowest first failure, ms", failed - deployed)
            lane.must(waited <= ALARM, f"{build.__name__}: the alarm came after {waited:.1f} s")
    fixed = time.monotonic()
    await office.work()
    for case in (heard, silent):
        await until_listed(case, listed=False)
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


async def until_listed(case: OfCase, *, listed: bool) -> datetime:
    """When the server reports the case's problems, or none any more."""
    async with asyncio.timeout(90):
        while True:
            with suppress(RPCError):  # a server that answers late is asked again
                if bool((await case.handle.describe()).typed_search_attributes.get(PROBLEMS)) is listed:
                    return datetime.now(UTC)
            await asyncio.sleep(0.2)


async def first_failure(case: OfCase) -> datetime:
    """When the case's first failed step failed, by the server's clock."""
    failed = (event for event in (await case.history()).events if event.event_type == FAILED)
    return next(failed).event_time.ToDatetime(tzinfo=UTC)


def _noted(lane: Lane, name: str, took: timedelta) -> float:
    """Keep the slowest of its kind; in seconds."""
    lane.counts[name] = max(lane.counts[name], int(1000 * took.total_seconds()))
    return took.total_seconds()


async def wedges(given: argparse.Namespace) -> Lane:
    """The lane."""
    lane = Lane("wedges", given.seed, given.n)
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)  # each failure is one we want
    builds = Random(lane.seed).sample(BUILDS, len(BUILDS))[: lane.n]
    with tempfile.TemporaryDirectory(prefix="redress-wedges-") as folder:
        store = Store(f"sqlite+aiosqlite:///{Path(folder) / 'redress.db'}")
        await store.create()
        places = asyncio.Semaphore(AT_ONCE)
        async with local_environment() as env:

            async def one(build: type) -> None:
                try:
                    async with places, asyncio.timeout(LONGEST), office_at_work(env, store) as office:
                        await wedge(lane, office, build)
                except (TimeoutError, RPCError) as error:
                    what = type(error).__name__
                    lane.wrong.append(f"{build.__name__}: what was waited for did not come ({what})")

            await asyncio.gather(*map(one, builds))
            await lane.ask(Oracle(store, PACKS.pinned, client=env.client).violations())
        await store.close()
    return lane


if __name__ == "__main__":
    main(wedges(options("wedges", len(BUILDS))))
