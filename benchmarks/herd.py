"""The midnight herd: many clocks that run out together, against as many bare timers that each write one row."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import col, func, select

from activities.store import Store
from benchmarks.bare_flow import BareWait
from benchmarks.effects import sample
from benchmarks.stand import Stand
from models.tables import CaseRow
from starter.cases import Cases

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


async def ours(stand: Stand, how_many: int, prefix: str, seconds: int) -> float:
    """Seconds from the last deadline until the last case is ruled, refunded and written down."""
    cases = Cases(stand.client, task_queue=stand.settings.task_queue)
    numbers = [f"{prefix}{one:05d}" for one in range(how_many)]
    await asyncio.gather(*(cases.start(sample(number).model_copy(update={"procedure": "hasty"})) for number in numbers))
    last = datetime.now(UTC).timestamp() + seconds
    store = Store(stand.settings.database)
    await _all(store, prefix, how_many, "feedback")
    await store.close()
    return time.time() - last


async def theirs(stand: Stand, how_many: int, prefix: str, seconds: int) -> float:
    """The same for bare workflows, until the last has written its row."""
    start = stand.client.start_workflow
    numbers = [f"{prefix}{one:05d}" for one in range(how_many)]
    await asyncio.gather(
        *(start(BareWait.run, args=[one, float(seconds)], id=f"wait.{one}", task_queue="bare") for one in numbers)
    )
    last = time.time() + seconds
    store = Store(f"sqlite+aiosqlite:///{stand.folder / 'bare.db'}")
    await _all(store, prefix, how_many)
    await store.close()
    return time.time() - last


async def _all(store: Store, prefix: str, how_many: int, stage: str | None = None) -> None:
    wanted = select(func.count()).select_from(CaseRow).where(col(CaseRow.number).like(f"{prefix}%"))
    if stage is not None:
        wanted = wanted.where(CaseRow.stage == stage)
    found = -1
    while found < how_many:
        await asyncio.sleep(0.2)
        async with store.read() as session:
            found = (await session.exec(wanted)).one()
