"""How a case's cost grows with its history: what a worker must do that does not know the case."""

import asyncio
import time

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from benchmarks.counts import ours
from benchmarks.effects import sample
from benchmarks.goals import Goal
from benchmarks.machine import middle
from benchmarks.processes import worker
from benchmarks.stand import Stand
from models.base import build_contracts
from models.names import case_id
from starter.wire import DATA_CONVERTER
from worker import RUNNER, WORKFLOWS

SHORT, LONG = 25, 150
"""Messages; a run takes 200."""


async def growth(at: Stand, rounds: int) -> list[Goal]:
    """CPU of a replay per event of a long history, against a short one."""
    histories = await _histories(at)
    build_contracts()
    replayer = Replayer(workflows=WORKFLOWS, data_converter=DATA_CONVERTER, workflow_runner=RUNNER)
    await _replay(replayer, histories[0])
    pairs = [[await _replay(replayer, history) for history in histories] for _ in range(rounds)]
    lengths = [len(ours(history)) for history in histories]
    note = f"{lengths[1]} events against {lengths[0]}"
    return [
        Goal(
            "replay: CPU per event, long history against short", middle([b / a for a, b in pairs]), "x", 1.2, note=note
        ),
        Goal("replay: CPU per event", middle([b for _, b in pairs]) * 1000, "ms", note=note),
    ]


async def _histories(at: Stand) -> list[WorkflowHistory]:
    """One case after so many messages, and after more."""
    number, found = "G-0000001", []
    async with worker(at):
        await at.cases().start(sample(number))
        handle = at.client.get_workflow_handle(case_id(number))
        sent = 0
        for messages in (SHORT, LONG):
            while sent < messages:
                await handle.signal("nonsense", {"n": sent})
                await asyncio.sleep(0.02)
                sent += 1
            await asyncio.sleep(2)
            found.append(await handle.fetch_history())
    return found


async def _replay(replayer: Replayer, history: WorkflowHistory) -> float:
    """CPU seconds per event."""
    begun = time.process_time()
    await replayer.replay_workflow(history)
    return (time.process_time() - begun) / len(ours(history))
