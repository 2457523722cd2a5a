"""The audit trail on the command line."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from activities.audit import Entry, append
from activities.store import Store
from tests.starter.running import Redress, into_a_closed_pipe


async def write(store: Store, *entries: Entry) -> None:
    async with store.write() as session:
        await append(session, entries, lambda: datetime(2026, 3, 2, tzinfo=UTC))


async def test_an_export_is_checked_without_the_database_and_a_changed_line_is_found(
    redress: Redress, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    store = Store(f"sqlite:///{home / 'redress.db'}")
    await store.create()
    await write(store, *(Entry("read", f"C-{i}", "徐莉") for i in range(4)))
    await store.close()
    file = tmp_path / "audit.jsonl"
    ran = await asyncio.to_thread(redress, "audit", "export", "--out", str(file))
    assert ran.code == 0
    again = await asyncio.to_thread(redress, "audit", "export", "--out", str(file))
    assert (again.code, again.err) == (2, "redress: --out: is there already; choose another name\n")
    (home / "redress.db").unlink()
    ran = await asyncio.to_thread(redress, "audit", "verify", str(file))
    assert (ran.code, ran.out[:16]) == (0, "4 rows, unbroken")
    lines = file.read_text(encoding="utf-8").splitlines()
    for place, broken in (
        (3, [*lines[:2], lines[2].replace("徐莉", "张三"), lines[3]]),
        (2, [lines[0], *lines[2:]]),
        (3, [lines[0], lines[1], lines[3], lines[2]]),
    ):
        file.write_text("\n".join(broken), encoding="utf-8")
        ran = await asyncio.to_thread(redress, "audit", "verify", str(file))
        assert (ran.code, f"row {place} " in ran.err) == (3, True)
    for nothing in ("{}", "[1]", '{"at": "2026-03-02T00:00:00+00:00", "seq": 1, "prev": ""}'):
        file.write_text(nothing, encoding="utf-8")
        ran = await asyncio.to_thread(redress, "audit", "verify", str(file))
        assert (ran.code, "is not an export" in ran.err) == (2, True)


async def test_an_export_whose_reader_goes_ends_without_a_word(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'redress.db'}")
    await store.create()
    await write(store, *(Entry("read", f"C-{i}", "徐莉") for i in range(300)))
    await store.close()
    done = await asyncio.to_thread(into_a_closed_pipe, ("audit", "export"), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
