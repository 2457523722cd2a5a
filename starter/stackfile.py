"""What a running local stack tells other processes of its home: stack.json, and a lock that proves it."""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from starter.errors import OperatorError
from starter.filelock import is_locked

NAME = "stack.json"
LOCK = "stack.lock"


class HomeError(OperatorError):
    """The home cannot be used."""


class StackInfo(BaseModel):
    """Where a running stack is: Temporal's address, HTTP API and web page, the mail catcher's port, and its process."""

    model_config = ConfigDict(frozen=True)

    address: str
    http: str
    ui: str
    smtp_port: int
    pid: int


def make_home(home: Path) -> None:
    """Creates the folder, for this user alone: what it will hold names customers. Raises HomeError."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        usable = os.access(home, os.W_OK | os.X_OK)
    except (OSError, ValueError):
        usable = False
    if not usable:
        raise HomeError(f"home {home} is not a folder we may write to; set REDRESS_HOME to one")


def running_stack(home: Path) -> StackInfo | None:
    """The stack that runs on this home now; None when none does, whatever file a killed one left."""
    try:
        info = StackInfo.model_validate_json((home / NAME).read_bytes())
    except (OSError, ValidationError):
        return None
    return info if is_locked(home / LOCK) else None


def publish(home: Path, info: StackInfo) -> None:
    """Writes the file at once or not at all."""
    draft = home / f".{NAME}.{os.getpid()}"
    draft.write_text(info.model_dump_json(indent=2) + "\n", encoding="utf-8")
    draft.replace(home / NAME)


def withdraw(home: Path) -> None:
    """Removes the file; harmless when there is none."""
    (home / NAME).unlink(missing_ok=True)
