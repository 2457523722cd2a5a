"""G3: hostile signals, updates, queries and starts. Nothing wedges, nothing fails, every refusal is on its case.

python -m tests.lanes.hostile --seed 7 --n 10000

`--updates 0.38 --queries 0.21` is the mix that finds most races between messages and tasks; `--keep FOLDER` takes the
histories that do not replay.
"""

import argparse
import asyncio
import tempfile
import uuid
from contextlib import suppress
from pathlib import Path

from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import (
    WorkflowExecutionStatus,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError, RPCStatusCode

from activities.store import Store
from models.names import COMPLAINT, EXCHANGE, REFUND, SUPERVISION_MEETING, case_id
from models.views import CaseView
from procedures import PACKS
from starter.calls import ClosedError, patiently
from tests.builders import complaint_data
from tests.lanes import hostility
from tests.lanes.common import Lane, main, options, patient
from tests.server import local_environment
from tests.support import GOODS_DEPT, SERVICE, OfCase, Office, liable, office_at_work
from verify.oracle import Oracle
from workflows.attributes import STAGE

CASES = 6
AT_ONCE = 8
"""Messages on their way to one case. The server takes ten updates at once: one more, and it drops them all to be sent
again. `crowd` shows that this is survived; as a rule it would only measure the server."""
CROWD = 24
PER_CASE = 400
PATIENCE = 120
"""Seconds until an update must be answered, however busy the machine."""
STARTS = 0.08
"""Of all messages; those that are neither starts nor updates nor queries are signals."""
TYPES = (COMPLAINT, COMPLAINT, COMPLAINT, REFUND, EXCHANGE, SUPERVISION_MEETING, "NoSuchWorkflow")


async def hostile(given: argparse.Namespace) -> Lane:
    """The lane."""
    lane = Lane("hostile", given.seed, given.n)
    with tempfile.TemporaryDirectory(prefix="redress-hostile-") as folder:
        store = Store(f"sqlite+aiosqlite:///{Path(folder) / 'redress.db'}")
        await store.create()
        async with local_environment() as env, office_at_work(env, store) as office:
            patient(office)
            await attack(office, lane, given)
        await store.close()
    return lane


async def attack(office: Office, lane: Lane, given: argparse.Namespace) -> None:
    """Cases in turn, a few hundred messages each, some at a time."""
    left = lane.n
    while left > 0:
        group = [await office.asked(cause="damage_unclear") for _ in range(min(CASES, 1 + left // PER_CASE))]
        share = min(left, PER_CASE * len(group))
        left -= share
        places = [asyncio.Semaphore(AT_ONCE) for _ in group]

        async def one(index: int, group: list[OfCase] = group, places: list[asyncio.Semaphore] = places) -> None:
            async with places[index % len(group)]:
                await strike(office, lane, group[index % len(group)], given.updates, given.queries)

        await asyncio.gather(*(one(index) for index in range(share)))
        await crowd(lane, group[0])
        for case in group:
            try:
                await unharmed(lane, case)
            except TimeoutError:
                lane.wrong.append(f"{case.number}: no longer answers")
            office._cases.clear()
    await everywhere(office, lane, given.keep)


async def strike(office: Office, lane: Lane, case: OfCase, updates: float, queries: float) -> None:
    """One message, by one of the doors; so many of all are updates, so many queries."""
    dice = lane.dice
    door, name = dice.random(), hostility.name(dice)
    args = hostility.arguments(dice, name)
    if door < 1 - STARTS - queries - updates:
        await _signal(lane, case, name, args)
    elif door < 1 - STARTS - queries:
        lane.counts["updates"] += 1
        try:
            async with asyncio.timeout(PATIENCE):
                await case.handle.execute_update(name, args=args, id=f"u-{dice.randrange(500)}-{case.number}")
            lane.counts["updates accepted"] += 1
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            lane.wrong.append(f"{case.number}: an update had no answer within {PATIENCE} s")
        except (WorkflowUpdateFailedError, RPCError, ValueError):
            pass
    elif door < 1 - STARTS:
        lane.counts["queries"] += 1
        with suppress(WorkflowQueryFailedError, WorkflowQueryRejectedError, RPCError, ValueError):
            await case.handle.query(dice.choice(("view", "timeline", name)), args=args)
    else:
        lane.counts["starts"] += 1
        kind = dice.choice(TYPES)
        given = hostility.complaint(dice, complaint_data()) if kind == COMPLAINT else args
        wid = case_id(f"H-{uuid.uuid4().hex[:8].upper()}") if dice.random() < 0.8 else f"{name[:50]} {dice.random()}"
        with suppress(RPCError, ValueError), office.env.with_time_skipping_disabled():
            await office.client.start_workflow(kind, args=given, id=wid, task_queue=office.settings.task_queue)


async def crowd(lane: Lane, case: OfCase) -> None:
    """More updates at once than the server takes: each is answered all the same, were it that the case has ended."""
    async with asyncio.timeout(90):
        said = [_insists(case, f"crowd-{index}") for index in range(CROWD)]
        answers = await asyncio.gather(*said, return_exceptions=True)
    others = [answer for answer in answers if not _is_answer(answer)]
    lane.counts["refused in a crowd"] += CROWD - len(others)
    said_instead = {repr(answer)[:200] for answer in others}
    lane.must(not others, f"{case.number}: {len(others)} of a crowd had no answer: {said_instead}")


async def _insists(case: OfCase, command_id: str) -> object:
    """As a sender does: what the server could not do just now is sent again under its id."""
    return await patiently(lambda: case.send("insist", SERVICE, reason="坚持", command_id=command_id))


def _is_answer(answer: object) -> bool:
    """The case's own verdict, or the server's word that it has ended, at this very moment or before."""
    if isinstance(answer, dict | ClosedError):
        return True
    if isinstance(answer, RPCError):
        ended = "already completed" in answer.message or "by closing workflow" in answer.message
        return answer.status is RPCStatusCode.NOT_FOUND and ended
    return isinstance(answer, WorkflowUpdateFailedError)


async def _signal(lane: Lane, case: OfCase, name: str, args: list[object]) -> None:
    lane.counts["signals"] += 1
    try:
        await case.handle.signal(name, args=args)
    except (RPCError, ValueError):
        lane.counts["signals the server refused"] += 1


async def unharmed(lane: Lane, case: OfCase) -> None:
    """The case has judged everything, shows no trace of the canary, and hears an honest person."""
    async with asyncio.timeout(90):
        view = await _seen(lane, case)
        if view.stage == "asked":
            try:
                await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="属实", command_id="honest")
                lane.counts["honest messages heard"] += 1
            except (WorkflowUpdateFailedError, RPCError) as error:
                if not _is_answer(error):
                    raise
        view = await _seen(lane, case)
    lane.counts["refusals on record"] += view.refusals
    events = await case.events()
    refusals = [event for event in events if event.kind == "message_refused"]
    lane.must(view.refusals > 0, f"{case.number}: nothing was refused")
    lane.must(all(event.data.get("reason") for event in refusals), f"{case.number}: a refusal without a reason")
    told = [event for event in refusals if hostility.CANARY in str(event.data.get("reason"))]
    lane.must(not told, f"{case.number}: an input is echoed: {[event.data for event in told[:2]]}")


async def _seen(lane: Lane, case: OfCase) -> CaseView:
    """The case, asked until it answers: one whose task has failed refuses questions until the next try."""
    while True:
        try:
            return await case.view()
        except RPCError as error:
            lane.counts[f"question refused: {error.status.name}"] += 1
            await asyncio.sleep(1)


async def everywhere(office: Office, lane: Lane, keep: Path | None) -> None:
    """No workflow of any kind is stuck or has failed a task, no case has failed, and the oracle agrees."""
    await asyncio.sleep(2)
    async for run in office.client.list_workflows(f"TaskQueue = '{office.settings.task_queue}'"):
        history = await office.client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history()
        failed = [event for event in history.events if _failed(event)]
        why = {e.workflow_task_failed_event_attributes.failure.message[:200] for e in failed}
        lane.must(not failed, f"{run.workflow_type} {run.id}: {len(failed)} failed tasks {why}")
        if run.status is WorkflowExecutionStatus.RUNNING:
            described = await office.client.get_workflow_handle(run.id, run_id=run.run_id).describe()
            pending = described.raw_description.pending_workflow_task
            lane.must(pending.attempt <= 1, f"{run.workflow_type}: wedged, attempt {pending.attempt}")
        elif run.status is WorkflowExecutionStatus.FAILED:
            lane.counts["starts that failed in one line"] += 1
            lane.must(run.typed_search_attributes.get(STAGE) is None, f"{run.id}: a case failed")
    await lane.replay(office.client, keep)
    await lane.ask(Oracle(office.store, PACKS.pinned, client=office.client).violations())


def _failed(event: HistoryEvent) -> bool:
    """A task that failed by our fault. A message that comes while a run ends or hands over has the task done again."""
    late = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND
    failed = event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    return failed and event.workflow_task_failed_event_attributes.cause != late


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--updates", type=float, default=0.26, help="share of the messages")
    parser.add_argument("--queries", type=float, default=0.04, help="share of the messages")
    parser.add_argument("--keep", type=Path, default=None, help="folder for the histories that do not replay")


if __name__ == "__main__":
    main(hostile(options("hostile", 10_000, _options)))
