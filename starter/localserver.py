"""A Temporal server on this machine: loopback only, one durable file, safe to kill at any moment."""

import asyncio
import contextlib
import os
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from temporalio.client import Client

from starter.cluster import SearchAttribute, ensure_retention, ensure_search_attributes, mark_home
from starter.filelock import FileLock, LockHeldError
from starter.ports import HOST, free_port, is_free
from starter.serverprocess import LocalServerError, ServerProcess, temporal_binary
from starter.stackfile import make_home

RETENTION_DAYS = 90
LOG_LIMIT = 5 * 1024 * 1024
PORT_TRIES = 3
ADDRESS_TAKEN = "address already in use"

_DURABLE = ("--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=FULL")
DYNAMIC_CONFIG = {
    # Two names of one switch, the old and the coming one: trials and tests let days pass in seconds.
    "frontend.WorkflowTimeSkippingEnabled": "true",
    "system.workflowTimeSkippingEnabled": "true",
    # A case whose code fails is reported after two failures (10 s) instead of five (a minute).
    "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute": "2",
    # What one case is asked at the same moment. Beyond it the server refuses, and with one update too many (10) or one
    # question too many (1) it also drops the updates it holds: they come again, and some are never answered.
    "history.maxInFlightUpdates": "200",
    "history.maxBufferedQueryCount": "50",
    # The HTTP API answers to this machine's names only: not to a web page whose own name its DNS leads here.
    "frontend.httpAllowedHosts": '["127.0.0.1:*", "localhost:*", "[::1]:*"]',
}


class LocalServer:
    """`async with LocalServer(home) as server:` runs one Temporal server on `home`/temporal.db.

    Cases survive a restart and a kill. A port of 0 takes any free one; no `ui_port`, no web page.
    Entering raises LocalServerError (ports taken, home in use, program missing, server not starting),
    HomeError or ClusterError.
    """

    def __init__(
        self,
        home: Path,
        *,
        port: int = 7233,
        ui_port: int | None = 8233,
        http_port: int = 7243,
        log_level: str = "error",
        search_attributes: Sequence[SearchAttribute] = (),
        retention_days: int = RETENTION_DAYS,
        binary: Path | None = None,
        extra_args: Sequence[str] = (),
    ) -> None:
        self.home = home.absolute()
        self.port = port
        self.ui_port = ui_port
        self.http_port = http_port
        self.ui_codec = ""
        """Where the web page has sealed payloads opened."""
        self._log_level = log_level
        self._search_attributes = tuple(search_attributes)
        self._retention_days = retention_days
        self._binary = binary
        self._extra_args = tuple(extra_args)
        self._lock = FileLock(self.home / "temporal.lock")
        self._process: ServerProcess | None = None

    @property
    def store(self) -> Path:
        """The file that holds every case."""
        return self.home / "temporal.db"

    @property
    def address(self) -> str:
        """host:port of the server."""
        return f"{HOST}:{self.port}"

    @property
    def http_url(self) -> str:
        """Temporal's HTTP API."""
        return f"http://{HOST}:{self.http_port}"

    @property
    def ui_url(self) -> str:
        """The web page; empty without one."""
        return f"http://{HOST}:{self.ui_port}" if self.ui_port else ""

    async def __aenter__(self) -> Self:
        binary = temporal_binary(self._binary)
        make_home(self.home)
        await self._lock_home()
        try:
            await self._furnish(await self._serve(binary))
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def watch(self) -> NoReturn:
        """Waits until the server ends by itself, then raises LocalServerError."""
        if self._process is None:
            raise LocalServerError("the local Temporal server does not run; enter it first")
        await self._process.ended()

    async def _serve(self, binary: Path) -> Client:
        """Brings the server up. A free port may be gone by the time the server takes it: then another one."""
        asked = self.port, self.ui_port, self.http_port
        for attempt in range(PORT_TRIES):
            self.port, self.ui_port, self.http_port = asked
            self._settle_ports()
            try:
                if not self.store.exists():
                    await self._create_store(binary)
                self._process = await self._start(binary, self.store, self.port, self.http_port, self.ui_port)
                return await self._process.ready(self.address)
            except LocalServerError as error:
                if ADDRESS_TAKEN not in str(error) or attempt == PORT_TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    async def _lock_home(self) -> None:
        try:
            await self._lock.acquire(patience=2.0)
        except LockHeldError as held:
            raise LocalServerError(
                f"another local server (process {held.holder or 'unknown'}) runs on {self.home}; "
                "stop it, or set REDRESS_HOME to another folder"
            ) from None

    def _settle_ports(self) -> None:
        self.port = self.port or free_port()
        if self.ui_port is not None:
            self.ui_port = self.ui_port or free_port()
        self.http_port = self.http_port or free_port()
        for port, what, variable in (
            (self.port, "Temporal", "PORT"),
            (self.ui_port, "its web page", "UI_PORT"),
            (self.http_port, "its HTTP API", "HTTP_PORT"),
        ):
            if port is not None and not is_free(port):
                raise LocalServerError(
                    f"port {port} (for {what}) is taken by another program; "
                    f"stop that, or set REDRESS_LOCAL__{variable} to another port (0: any free one)"
                )

    async def _create_store(self, binary: Path) -> None:
        """Makes the file under another name first.

        The server sets a file up only when it does not exist: killed half way, it would leave one it can
        never open. The private port keeps everybody out of a store that may still be thrown away.
        """
        draft = self.home / "temporal.db.new"
        _remove(draft)
        port = free_port()
        process = await self._start(binary, draft, port, free_port(), None)
        try:
            await process.ready(f"{HOST}:{port}")
        finally:
            await process.kill()
        await asyncio.to_thread(_settle, draft)
        draft.replace(self.store)

    async def _start(self, binary: Path, store: Path, port: int, http_port: int, ui_port: int | None) -> ServerProcess:
        arguments = [
            "--ip",
            HOST,
            "--port",
            str(port),
            "--http-port",
            str(http_port),
            "--db-filename",
            str(store),
            "--log-level",
            self._log_level,
        ]
        arguments += ["--headless"] if ui_port is None else ["--ui-port", str(ui_port)]
        arguments += ["--ui-codec-endpoint", self.ui_codec] if self.ui_codec and ui_port is not None else []
        arguments += _DURABLE
        for key, value in DYNAMIC_CONFIG.items():
            arguments += ["--dynamic-config-value", f"{key}={value}"]
        log = self.home / "temporal.log"
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        return await ServerProcess.start(binary, [*arguments, *self._extra_args], log, self._lock.descriptor)

    async def _furnish(self, client: Client) -> None:
        await ensure_search_attributes(client, self._search_attributes)
        await ensure_retention(client, self._retention_days)
        await mark_home(client, self.home)

    async def _stop(self) -> None:
        try:
            if self._process is not None:
                await self._process.stop()
                self._process = None
        finally:
            self._lock.release()


def _settle(store: Path) -> None:
    """Folds the write-ahead log into the file, so that it can be renamed alone, and puts it on the disk."""
    with contextlib.closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    if sys.platform == "win32":
        return
    for path in (store, store.parent):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove(store: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        store.with_name(store.name + suffix).unlink(missing_ok=True)
