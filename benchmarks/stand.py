"""What a contender needs, on this machine: server, mail sink, stores. Shipped settings, nothing tuned for a run."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP
from temporalio.client import Client

from benchmarks.machine import cpu_seconds, family
from procedures import load_packs
from starter.connection import connect_to
from starter.localserver import LocalServer
from starter.settings import Settings
from workflows import attributes


class Sink:
    """Takes every mail and keeps none; `taken` counts them."""

    taken = 0

    async def handle_DATA(self, *_: object) -> str:  # noqa: N802 - aiosmtpd's name
        """A mail."""
        self.taken += 1
        return "250 OK"


@dataclass
class Stand:
    """What runs."""

    client: Client
    settings: Settings
    sink: Sink
    folder: Path
    server: int
    """The Temporal server's process."""

    def cpu(self) -> tuple[float, float]:
        """CPU seconds so far: ours (worker and client), the server's."""
        times = os.times()
        return times.user + times.system, cpu_seconds(self.server)


@asynccontextmanager
async def stand(folder: Path, packs: Path, **changes: Any) -> AsyncIterator[Stand]:
    """A server on a file (WAL, synchronous=FULL), a sink, settings for a worker: the shipped ones but for `changes`."""
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    load_packs(packs)
    sink = Sink()
    listening = await asyncio.get_running_loop().create_server(lambda: SMTP(sink, enable_SMTPUTF8=True), "127.0.0.1", 0)
    before = set(family(os.getpid()))
    async with LocalServer(
        folder / "temporal", port=0, ui_port=None, http_port=0, search_attributes=_searched()
    ) as server:
        (pid,) = [one for one in family(os.getpid()) if one not in before][:1]
        smtp = {"host": "127.0.0.1", "port": listening.sockets[0].getsockname()[1], "tls": "none"}
        observe = {"health_port": 0, "metrics_port": 0}
        settings = Settings(home=folder, procedures_dir=packs, smtp=smtp, observe=observe, **changes)
        client = await connect_to({"target_host": server.address}, settings)
        yield Stand(client, settings, sink, folder, pid)
    listening.close()


def _searched() -> list[Any]:
    return [
        (key.name, "".join(word.capitalize() for word in key.indexed_value_type.name.split("_")))
        for key in attributes.ALL
    ]
