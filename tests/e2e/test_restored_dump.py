"""Temporal's database and a PostgreSQL copied one after the other, as docs/operate.md says, while cases are open."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.activities.test_dump import run
from tests.databases import Schemas, new_database
from tests.e2e.test_backup import answer, file_case, holds, stack


def copy(source: Path, target: Path) -> None:
    """A copy of Temporal's database while it is written."""
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target)) as writing:
        reading.backup(writing)


@pytest.mark.timeout(180)
async def test_a_service_restored_from_a_dump_goes_on_and_everything_holds(
    schemas: Schemas, postgres: str, tmp_path: Path
) -> None:
    home, kept, dump = tmp_path / "home", tmp_path / "temporal.db", str(tmp_path / "redress.dump")
    before, after = await schemas.new(tmp_path, "postgresql"), await new_database(postgres)
    async with stack(home, before) as case:
        due = await file_case(case)
        await asyncio.to_thread(copy, home / "temporal.db", kept)
        await answer(case)  # ours is a step ahead of Temporal's
        await case.written()
        await run("pg_dump", "--format=custom", f"--file={dump}", before)
    await run("pg_restore", "--exit-on-error", f"--dbname={after}", dump)
    for file in home.glob("temporal.db*"):
        file.unlink()
    shutil.move(kept, home / "temporal.db")
    async with stack(home, after) as case:
        assert (await case.at("asked", within=40)).due == due
        await answer(case)
        await case.written()
        assert await holds(case, after)
