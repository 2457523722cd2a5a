"""A backup of the running stack, and the way back: cases go on where they stood, and no money moves twice."""

import asyncio
import errno
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from activities.reconcile import Reconciliation
from activities.store import Store
from models.names import COMPLAINT, TASK_QUEUE
from procedures import PACKS
from starter.backup import FILES, BackupError, back_up, restore
from starter.cli.service import search_attributes
from starter.observe.service import settled
from starter.settings import Local, load_settings
from starter.stack import LocalStack
from tests.e2e.conftest import OBSERVE
from tests.support import GOODS_DEPT, OfCase, complaint_data, liable
from verify.oracle import Oracle
from worker import working
from workflows import attributes

ANSWER = {"actor": GOODS_DEPT, "liable": liable(merchant=100), "reason": "属实"}


@asynccontextmanager
async def stack(home: Path, database: str | None = None) -> AsyncIterator[OfCase]:
    """The local stack, with its one case."""
    ports = Local(port=0, ui_port=0, http_port=0, smtp_port=0)
    settings = settled(load_settings(home=home, local=ports, database_url=database, observe=OBSERVE))
    async with LocalStack(settings, make_worker=working, search_attributes=search_attributes()) as running:
        yield OfCase(SimpleNamespace(client=running.client), "C-1")  # type: ignore[arg-type]


async def file_case(case: OfCase) -> datetime:
    """The case, open; the end of its clock."""
    await case.office.client.start_workflow(COMPLAINT, complaint_data(), id=case.handle.id, task_queue=TASK_QUEUE)
    due = (await case.at("asked", within=40)).due
    assert due is not None
    await case.written()
    return due


async def holds(case: OfCase, database: str) -> bool:
    """What `redress check` says, after a look that names what is wrong."""
    store = Store(database)
    oracle = Oracle(store, PACKS.pinned, client=case.office.client, pause=1.0)
    assert [wrong async for wrong in oracle.violations()] == []
    await store.close()
    return oracle.cases == 1


async def answer(case: OfCase) -> None:
    await case.handle.execute_update("confirm", ANSWER)
    async with asyncio.timeout(40):
        while (await case.handle.describe()).typed_search_attributes.get(attributes.STAGE) != "feedback":
            await asyncio.sleep(0.05)


@pytest.mark.timeout(180)
async def test_a_restored_stack_goes_on_and_its_books_agree(tmp_path: Path) -> None:
    home, kept = tmp_path / "home", tmp_path / "kept"
    database = f"sqlite:///{home / 'redress.db'}"
    async with stack(home) as case:
        due = await file_case(case)
        await asyncio.to_thread(back_up, home, kept)
        await answer(case)
        with pytest.raises(BackupError, match="stop it first"):
            restore(kept, home)
    before = restore(kept, home)
    assert before is not None
    assert (before / "redress.db").is_file()
    async with stack(home) as case:
        assert (await case.at("asked", within=40)).due == due
        assert await holds(case, database)
        await answer(case)
        await case.written()
        assert await holds(case, database)
    store = Store(database)
    books = Reconciliation(store, embedded=True)
    assert [difference async for difference in books.differences()] == []
    assert books.cases == 1
    await store.close()


async def test_a_home_whose_database_a_worker_of_its_own_has_open_is_not_restored(tmp_path: Path) -> None:
    kept, home = tmp_path / "kept", tmp_path / "home"
    home.mkdir()
    with closing(sqlite3.connect(home / "temporal.db")) as made:
        made.execute("CREATE TABLE theirs (x)")
    worker = Store(f"sqlite:///{home / 'redress.db'}")
    await worker.create()
    await asyncio.to_thread(back_up, home, kept)
    with pytest.raises(
        BackupError, match=r"^a program has redress.db in [^\n]* open, such as a worker; stop it first$"
    ):
        await asyncio.to_thread(restore, kept, home)
    assert await worker.version() is not None
    await worker.close()
    assert await asyncio.to_thread(restore, kept, home) is not None


def test_a_backup_and_what_is_restored_from_it_are_read_by_nobody_else_whoever_may_look_into_the_folder(
    tmp_path: Path,
) -> None:
    home, kept = tmp_path / "home", tmp_path / "kept"
    home.mkdir()
    kept.mkdir()
    for folder in (home, kept):
        folder.chmod(0o755)
    for name in FILES:
        with closing(sqlite3.connect(home / name)) as made:
            made.execute("CREATE TABLE t (x)")
    back_up(home, kept)
    restore(kept, home)
    assert {(folder / name).stat().st_mode & 0o777 for folder in (home, kept) for name in FILES} == {0o600}


def test_a_folder_that_is_no_backup_changes_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "redress.db").write_bytes(b"mine")
    with pytest.raises(BackupError, match=r"^[^\n]*holds no backup.json; name a folder that `redress backup` has"):
        restore(tmp_path, home)
    assert (home / "redress.db").read_bytes() == b"mine"
    with pytest.raises(BackupError, match=r"holds no temporal.db; name the home"):
        back_up(home, tmp_path / "kept")


@pytest.mark.parametrize("failing", ["copy", "move"])
def test_a_restore_that_fails_midway_changes_nothing_and_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    source, home = tmp_path / "source", tmp_path / "home"
    for folder, content in ((source, "theirs"), (home, "mine")):
        folder.mkdir()
        for name in FILES:
            with closing(sqlite3.connect(folder / name)) as made:
                made.execute(f"CREATE TABLE {content} (x)")
    (source / "backup.json").write_text("{}")
    kept = {file.name: file.read_bytes() for file in home.iterdir()}
    copy, rename = shutil.copyfile, Path.rename

    def full(old: Path, new: Path) -> Any:
        if new.name == FILES[1] and new.parent != source:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return copy(old, new)

    def stuck(old: Path, new: Path) -> Any:
        if new == home / FILES[1] and old.parent.name.startswith("restoring"):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        return rename(old, new)

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfile", full if failing == "copy" else copy)
        patched.setattr(Path, "rename", stuck if failing == "move" else rename)
        with pytest.raises(BackupError, match=r"^the backup could not be put into [^\n]*; nothing has changed$"):
            restore(source, home)
    assert {file.name: file.read_bytes() for file in home.iterdir()} == kept
    before = restore(source, home)
    assert before is not None
    assert (home / FILES[1]).read_bytes() == (source / FILES[1]).read_bytes()
    assert {file.name: file.read_bytes() for file in before.iterdir()} == kept


def test_a_damaged_backup_is_refused(tmp_path: Path) -> None:
    for name in ("backup.json", "temporal.db"):
        (tmp_path / name).touch()
    (tmp_path / "redress.db").write_bytes(b"SQLite format 3\x00" + bytes(5000))
    with pytest.raises(BackupError, match=r"^redress.db of the backup is damaged; use another backup$"):
        restore(tmp_path, tmp_path / "home")
