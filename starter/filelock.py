"""One holder at a time: locks the operating system frees when their holders are gone, however they ended."""

import asyncio
import os
import sys
import time
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int, *, shared: bool) -> None:  # Windows knows only exclusive ones
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int, *, shared: bool) -> None:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)


class LockHeldError(RuntimeError):
    """Somebody else holds the lock. `holder` is the process id they wrote into it, if any."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"held by process {holder or '(unknown)'}")
        self.holder = holder


class FileLock:
    """An exclusive lock on a file. A child process given `descriptor` keeps it locked as long as it lives."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def descriptor(self) -> int:
        """The open, locked file. Raises RuntimeError when not locked."""
        if self._descriptor is None:
            raise RuntimeError(f"{self.path.name} is not locked")
        return self._descriptor

    async def acquire(self, *, patience: float = 0.0) -> None:
        """Takes the lock, waiting up to `patience` seconds. Raises LockHeldError."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            await _lock_within(descriptor, patience)
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def release(self) -> None:
        """Lets go; harmless when not locked."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


async def _lock_within(descriptor: int, patience: float) -> None:
    until = time.monotonic() + patience
    while True:
        try:
            _lock(descriptor, shared=False)
        except OSError:
            if time.monotonic() >= until:
                raise LockHeldError(_holder(descriptor)) from None
            await asyncio.sleep(0.05)
        else:
            return


def _holder(descriptor: int) -> str:
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        return os.read(descriptor, 20).decode("ascii", "replace")
    except OSError:  # Windows keeps even readers out
        return ""


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock now."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        _lock(descriptor, shared=True)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
