"""The midnight herd: many clocks that run out together, against as many bare timers that each write one row."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from sqlmodel import col, func, select
from temporalio.api.enums.v1 import EventType

from activities.store import Store
from benchmarks.bare_flow import BareWait
from benchmarks.contenders import bounded
from benchmarks.effects import sample
from benchmarks.stand import Stand
from models.names import case_id
from models.tables import CaseRow

AT_ONCE = 20
"""So many are filed together: more would wait for each other, and their deadlines with them."""
PACK = Path(__file__).resolve().parent.parent / "procedures" / "marketplace.procedure.toml"


def hasty_packs(folder: Path, seconds: int) -> Sequence[int]:
    """The marketplace's procedure without a reminder and with an answer clock of so many seconds, under a name of its
    own; and others with shorter clocks, down to half: cases filed one after the other can thus have one deadline.

    Returns the clocks, in seconds.
    """
    text = PACK.read_text(encoding="utf-8")
    spans = range(seconds, seconds // 2 - 1, -max(1, seconds // 120))
    for within in spans:
        hasty = text
        for old, new in (
            ('name = "marketplace"', f'name = "{_hasty(within)}"'),
            ('answer = { within = "24h"', f'answer = {{ within = "{within}s"'),
            ('reminders = [{ within = "4h", source = "ours" }]', "reminders = []"),
        ):
            if old not in hasty:
                raise ValueError(f"the marketplace's procedure no longer says {old}")
            hasty = hasty.replace(old, new, 1)
        (folder / f"{_hasty(within)}.procedure.toml").write_text(hasty, encoding="utf-8")
    return spans


def _hasty(within: int) -> str:
    return f"hasty_{within}"


class Late(NamedTuple):
    """Seconds, from the last deadline but for the spread."""

    ruled: float
    """Until the last ruling stood in its history, or the last bare row in SQL."""
    done: float
    """Until the last case was refunded and written down."""
    spread: float
    """From the first deadline to the last."""


async def ours(stand: Stand, how_many: int, prefix: str, spans: Sequence[int]) -> Late:
    """Cases whose departments stay silent, all with the same deadline as nearly as the clocks allow."""
    cases, end = stand.cases(), time.time() + max(spans)

    async def file(number: str) -> None:
        left = end - time.time()
        if left < min(spans):
            raise RuntimeError(f"{how_many} cases were not filed in time; give BENCH_SECONDS more than {max(spans)}")
        within = min(spans, key=lambda span: abs(span - left))
        await cases.start(sample(number).model_copy(update={"procedure": _hasty(within)}))

    await bounded(file, numbers := _numbers(prefix, how_many), AT_ONCE)
    store = Store(stand.settings.database)
    await written(store, prefix, how_many, "feedback")
    done = time.time()
    await store.close()
    instants = [await _instants(stand, case_id(number)) for number in numbers]
    last = max(deadline for deadline, _ in instants)
    return Late(max(ruled for _, ruled in instants) - last, done - last, last - min(instants)[0])


async def theirs(stand: Stand, how_many: int, prefix: str, seconds: int) -> Late:
    """As many bare workflows that wait for the same instant and each write one row."""
    end = time.time() + seconds

    async def start(number: str) -> None:
        left = end - time.time()
        await stand.client.start_workflow(BareWait.run, args=[number, left], id=f"wait.{number}", task_queue="bare")

    await bounded(start, numbers := _numbers(prefix, how_many), AT_ONCE)
    store = Store(f"sqlite+aiosqlite:///{stand.folder / 'bare.db'}")
    await written(store, prefix, how_many)
    done = time.time()
    await store.close()
    deadlines = [(await _instants(stand, f"wait.{number}"))[0] for number in numbers]
    last = max(deadlines)
    return Late(done - last, done - last, last - min(deadlines))


def _numbers(prefix: str, how_many: int) -> list[str]:
    return [f"{prefix}{one:05d}" for one in range(how_many)]


async def _instants(stand: Stand, workflow: str) -> tuple[float, float]:
    """When its first clock runs out, and when it ordered a child: a case orders its remedy in the step that rules."""
    deadline = ordered = 0.0
    async for event in stand.client.get_workflow_handle(workflow).fetch_history_events():
        at = event.event_time.ToNanoseconds() / 1e9
        if event.event_type == EventType.EVENT_TYPE_TIMER_STARTED and not deadline:
            deadline = at + event.timer_started_event_attributes.start_to_fire_timeout.ToNanoseconds() / 1e9
        if event.event_type == EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
            ordered = at
            break
    return deadline, ordered


async def written(store: Store, prefix: str, how_many: int, stage: str | None = None) -> None:
    """Until so many cases with the prefix stand in SQL, at that stage if one is named."""
    wanted = select(func.count()).select_from(CaseRow).where(col(CaseRow.number).like(f"{prefix}%"))
    if stage is not None:
        wanted = wanted.where(CaseRow.stage == stage)
    found = -1
    while found < how_many:
        await asyncio.sleep(0.2)
        async with store.read() as session:
            found = (await session.exec(wanted)).one()
