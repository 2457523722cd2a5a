"""Copies of the local stack's two databases that fit together, taken while it runs, and the way back."""

import json
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from migrations import HEAD
from starter.errors import OperatorError
from starter.filelock import is_locked
from starter.stackfile import LOCK

FILES = ("temporal.db", "redress.db")
"""Temporal's comes first: see `back_up`."""
NOTE = "backup.json"
_PATIENCE = 30.0


class BackupError(OperatorError):
    """A backup cannot be made, or cannot be used, as one line."""


class WrongFolderError(BackupError):
    """The folder given is none that can be copied from or to."""

    code = 2


def back_up(home: Path, target: Path) -> None:
    """Copy the databases of `home` into the new folder `target`, whether or not the stack runs.

    Our own SQL takes no write meanwhile, so the copy of it holds everything the copy of Temporal's store knows of; what
    it holds beyond that is done again under the same keys and changes nothing. Raises BackupError.
    """
    for name in FILES:
        if not (home / name).is_file():
            raise WrongFolderError(f"{home} holds no {name}; name the home of a local stack (REDRESS_HOME)")
    if target.exists() and any(target.iterdir()):
        raise WrongFolderError(f"{target} is not empty; name a new folder")
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with closing(_open(home / "redress.db")) as ours:
            ours.execute("BEGIN IMMEDIATE")
            for name in FILES:
                _copy(home / name, target / name)
            ours.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise BackupError(f"the databases could not be copied ({error}); try again") from None
    note = {"schema": HEAD, "taken_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    (target / NOTE).write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")


def restore(source: Path, home: Path) -> Path | None:
    """Put a backup into `home`, whose stack must rest; what was there is moved to the folder returned.

    Raises BackupError, and then has changed nothing.
    """
    for name in (NOTE, *FILES):
        if not (source / name).is_file():
            raise WrongFolderError(f"{source} holds no {name}; name a folder that `redress backup` has written")
    _rests(home)
    for name in FILES:
        _check(source / name)
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        # The disk may be full: what is there moves only once the copies are whole.
        with TemporaryDirectory(dir=home, prefix="restoring-", ignore_cleanup_errors=True) as whole:
            for name in FILES:
                _of_ours_alone(Path(whole) / name)
                shutil.copyfile(source / name, Path(whole) / name)
            return _swap(home, Path(whole))
    except OSError as error:
        raise BackupError(f"the backup could not be put into {home} ({error.strerror}); nothing has changed") from None


def _open(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None)


def _rests(home: Path) -> None:
    """Raises BackupError where something works on the home."""
    if is_locked(home / LOCK):
        raise BackupError(f"a local stack runs on {home}; stop it first")
    for name in FILES:
        if _in_use(home / name):
            raise BackupError(f"a program has {name} in {home} open, such as a worker; stop it first")


def _in_use(file: Path) -> bool:
    """Whether somebody has the database open: a worker that runs by itself does not hold the stack's lock.

    It would go on writing into the file that was moved away. SQLite gives its journal up only where it is alone.
    """
    if not file.is_file():
        return False
    try:
        with closing(sqlite3.connect(file, timeout=1.0, isolation_level=None)) as alone:
            alone.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.DatabaseError as error:
        return error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return False


def _copy(source: Path, target: Path) -> None:
    _of_ours_alone(target)
    with closing(_open(source)) as reading, closing(_open(target)) as writing:
        reading.backup(writing)
        # One file without a journal beside it, so that it can be carried about.
        writing.execute("PRAGMA journal_mode=DELETE")
    _check(target)


def _of_ours_alone(file: Path) -> None:
    """Make the file before anything is in it: it will name customers, whoever may look into its folder."""
    file.touch(mode=0o600)
    file.chmod(0o600)


def _check(file: Path) -> None:
    try:
        with closing(_open(file)) as copy:
            found = copy.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError:
        found = "no database"
    if found != "ok":
        raise BackupError(f"{file.name} of the backup is damaged; use another backup")


def _swap(home: Path, whole: Path) -> Path | None:
    """Move what is there away and the copies in its place, all or nothing; the folder of what was there."""
    there = [file for name in FILES for file in home.glob(f"{name}*")]
    before = home / f"before-restore-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}"
    moves = [(file, before / file.name) for file in there] + [(whole / name, home / name) for name in FILES]
    if there:
        before.mkdir(mode=0o700)
    done: list[tuple[Path, Path]] = []
    try:
        for old, new in moves:
            old.rename(new)
            done.append((old, new))
    except OSError:
        for old, new in reversed(done):
            new.rename(old)
        if there:
            before.rmdir()
        raise
    return before if there else None
