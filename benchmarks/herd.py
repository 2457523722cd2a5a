"""The midnight herd: many clocks that run out together, against as many bare timers that each write one row."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from sqlmodel import col, func, select
from temporalio.api.enums.v1 import EventType

from activities.store import Store
from benchmarks.bare_flow import BareWait
from benchmarks.effects import sample
from benchmarks.stand import Stand
from models.names import case_id
from models.tables import CaseRow

PACK = Path(__file__).resolve().parent.parent / "procedures" / "marketplace.procedure.toml"


def hasty_pack(folder: Path, seconds: int) -> Path:
    """The marketplace's procedure with an answer clock of so many seconds and no reminder, under a name of its own."""
    folder.mkdir(exist_ok=True)
    text = PACK.read_text(encoding="utf-8")
    for old, new in (
        ('name = "marketplace"', 'name = "hasty"'),
        ('answer = { within = "24h"', f'answer = {{ within = "{seconds}s"'),
        ('reminders = [{ within = "4h", source = "ours" }]', "reminders = []"),
    ):
        if old not in text:
            raise ValueError(f"the marketplace's procedure no longer says {old}")
        text = text.replace(old, new, 1)
    (folder / "hasty.procedure.toml").write_text(text, encoding="utf-8")
    return folder


class Late(NamedTuple):
    """Seconds from the last deadline."""

    ruled: float
    """Until the last ruling stood in its history."""
    done: float
    """Until the last case was refunded and written down."""


async def ours(stand: Stand, how_many: int, prefix: str, seconds: int) -> Late:
    """Cases whose departments stay silent, all with the same clock."""
    cases = stand.cases()
    numbers = [f"{prefix}{one:05d}" for one in range(how_many)]
    await asyncio.gather(*(cases.start(sample(number).model_copy(update={"procedure": "hasty"})) for number in numbers))
    last = datetime.now(UTC).timestamp() + seconds
    store = Store(stand.settings.database)
    await written(store, prefix, how_many, "feedback")
    done = time.time() - last
    await store.close()
    ruled = [await _ruled(stand, number) for number in numbers]
    return Late(max(ruled) - last, done)


async def _ruled(stand: Stand, number: str) -> float:
    """When the ruling was made: the case ordered its remedy in the same step."""
    history = await stand.client.get_workflow_handle(case_id(number)).fetch_history()
    ordered = EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED
    at: float = next(event.event_time.ToNanoseconds() for event in history.events if event.event_type == ordered) / 1e9
    return at


async def theirs(stand: Stand, how_many: int, prefix: str, seconds: int) -> float:
    """As many bare workflows that each write one row: seconds until the last has."""
    start = stand.client.start_workflow
    numbers = [f"{prefix}{one:05d}" for one in range(how_many)]
    await asyncio.gather(
        *(start(BareWait.run, args=[one, float(seconds)], id=f"wait.{one}", task_queue="bare") for one in numbers)
    )
    last = time.time() + seconds
    store = Store(f"sqlite+aiosqlite:///{stand.folder / 'bare.db'}")
    await written(store, prefix, how_many)
    await store.close()
    return time.time() - last


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
