"""Restate as a contender: its server (from npm), a service process (its Python SDK), a client over HTTP.

The server keeps its log as shipped: RocksDB's write-ahead log, synced (`rocksdb-disable-wal-fsync = false`).
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.apart import Place, installed
from benchmarks.contenders import Contender
from benchmarks.machine import cpu_of_python, cpu_seconds, own_cpu
from starter.ports import HOST, free_port

SERVER = "RESTATE_SERVER"
"""Names the server's program, where it is not the one `make bench` has npm fetch."""
LOOK = 0.05
PATIENCE = 60.0
PARTITIONS = "4"
"""Of 24 as shipped, meant for a cluster: on two cores fewer are faster."""


def missing() -> str | None:
    """What keeps Restate from being measured here, as one line; None where nothing does."""
    for package in ("restate", "hypercorn"):
        if not installed(package):
            return f"the package {package} is not installed; pip install '.[bench]'"
    if (program := _program()) is None:
        return f"no restate-server; `make bench` has npm fetch it, or name one in {SERVER}"
    return None if os.access(program, os.X_OK) else f"{program} is not a program"


def _program() -> Path | None:
    if named := os.environ.get(SERVER):
        return Path(named)
    found = Path(sys.prefix, "restate").glob("node_modules/@restatedev/restate-server-*/bin/restate-server")
    return next(found, None)


@asynccontextmanager
async def restate(place: Place) -> AsyncIterator[Contender]:
    """The same case as the bare flow's, told to Restate's ingress."""
    ingress, admin, service = free_port(), free_port(), free_port()
    program = _program()
    assert program is not None  # noqa: S101 - asked before by `missing`
    async with (
        _running(str(program), env=_server(place.folder, ingress, admin)) as server,
        _running(sys.executable, "-m", "benchmarks.restate_service", *_service(place, service)) as worker,
        httpx2.AsyncClient(timeout=120, limits=httpx2.Limits(max_connections=None)) as http,
    ):
        await _registered(http, f"http://{HOST}:{admin}/deployments", {"uri": f"http://{HOST}:{service}"})

        def cpu() -> dict[str, float]:
            return {"client": own_cpu(), **cpu_of_python(worker, "worker"), "server": cpu_seconds(server)}

        yield Contender(_Cases(http, f"http://{HOST}:{ingress}").whole, cpu)


class _Cases:
    """The client's side."""

    def __init__(self, http: httpx2.AsyncClient, ingress: str) -> None:
        self._http = http
        self._ingress = ingress

    async def whole(self, number: str) -> None:
        """A case from filing to its end."""
        case = f"{self._ingress}/BenchCase/{number}"
        (await self._http.post(f"{case}/run/send")).raise_for_status()
        (await self._http.post(f"{case}/confirm", json="merchant")).raise_for_status()
        await self._ended("BenchRefund", number)
        (await self._http.post(f"{case}/feedback", json="satisfied")).raise_for_status()
        await self._ended("BenchCase", number)

    async def _ended(self, workflow: str, number: str) -> None:
        """Wait for a workflow, which may not have been called yet."""
        attach = f"{self._ingress}/restate/workflow/{workflow}/{number}/attach"
        while (answer := await self._http.get(attach)).status_code == 404:  # noqa: ASYNC110
            await asyncio.sleep(LOOK)
        answer.raise_for_status()


def _server(folder: Path, ingress: int, admin: int) -> dict[str, str]:
    node = free_port()
    return {
        "RESTATE_BASE_DIR": str(folder / "restate"),
        "RESTATE_INGRESS__BIND_ADDRESS": f"{HOST}:{ingress}",
        "RESTATE_ADMIN__BIND_ADDRESS": f"{HOST}:{admin}",
        "RESTATE_BIND_ADDRESS": f"{HOST}:{node}",
        "RESTATE_ADVERTISED_ADDRESS": f"http://{HOST}:{node}",
        "RESTATE_LISTEN_MODE": "tcp",
        "RESTATE_DEFAULT_NUM_PARTITIONS": PARTITIONS,
        "RESTATE_DISABLE_TELEMETRY": "true",
        "RESTATE_LOG_FILTER": "error",
    }


def _service(place: Place, port: int) -> tuple[str, ...]:
    return str(place.folder), str(port), str(place.smtp_port)


@asynccontextmanager
async def _running(*command: str, env: dict[str, str] | None = None) -> AsyncIterator[int]:
    """A program until the block ends; its process."""
    # Its lines go where ours go: into the contender's log, whose last line is shown when it fails.
    process = await asyncio.create_subprocess_exec(*command, stdout=sys.stderr, env=os.environ | (env or {}))
    try:
        yield process.pid
    finally:
        process.kill()
        await process.wait()


async def _registered(http: httpx2.AsyncClient, admin: str, deployment: dict[str, Any]) -> None:
    """Until server and service are both up and the one knows the other."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                answer = await http.post(admin, json=deployment)
            except httpx2.TransportError:
                await asyncio.sleep(0.2)
                continue
            if answer.is_success:
                return
            await asyncio.sleep(0.2)
