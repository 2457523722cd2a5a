"""The directory under a running service, which follows its file."""

from pathlib import Path

import structlog

from models.directory import Directory
from procedures import PackError
from procedures.directory import read_directory

_log = structlog.get_logger()


class DirectoryFile:
    """The directory as its file, or folder, says now: people come and go without a restart.

    A file that has become unusable is left aside until it is mended; the last good one stands.
    """

    def __init__(self, file: Path) -> None:
        """Raises PackError when the file cannot be used to begin with."""
        self._file = file
        self._stamp = self._changed()
        self._directory = read_directory(file)

    def __call__(self) -> Directory:
        """The people."""
        stamp = self._changed()
        if stamp != self._stamp:
            try:
                self._directory = read_directory(self._file)
            except PackError as error:
                _log.warning("directory_not_read", problem=str(error))
            self._stamp = stamp  # last: workflows' threads ask too
        return self._directory

    def _changed(self) -> int:
        try:
            parts = self._file.glob("*.directory.toml") if self._file.is_dir() else [self._file]
            return max((part.stat().st_mtime_ns for part in parts), default=0)
        except OSError:
            return 0
