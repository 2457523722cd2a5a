"""What a flow on Temporal needs, on this machine: server, stores, mail sink. Shipped settings, nothing tuned."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP
from temporalio.client import Client

from benchmarks.machine import family
from procedures import load_packs
from procedures.directory import read_directory
from starter.cases import Cases
from starter.connection import connect_to
from starter.localserver import LocalServer
from starter.settings import Observe, Settings, Smtp, load_settings
from workflows import attributes


class _Sink:
    async def handle_DATA(self, *_: object) -> str:  # noqa: N802 - aiosmtpd's name
        return "250 OK"


@asynccontextmanager
async def mail_sink() -> AsyncIterator[int]:
    """Takes every mail and keeps none; its port. In a process that is nobody's cost."""
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(_Sink(), enable_SMTPUTF8=True), "127.0.0.1", 0)
    yield listening.sockets[0].getsockname()[1]
    listening.close()


@dataclass
class Stand:
    """What runs."""

    client: Client
    settings: Settings
    folder: Path
    server: int
    """The Temporal server's process."""

    def cases(self) -> Cases:
        """The facade, as on a machine that has the service's directory."""
        people = read_directory(self.settings.directory)
        return Cases(self.client, task_queue=self.settings.task_queue, standings=people.standing_of)


@asynccontextmanager
async def stand(folder: Path, packs: Path, smtp_port: int) -> AsyncIterator[Stand]:
    """A server on a file (WAL, synchronous=FULL), settings for a worker: the shipped ones but for the environment's."""
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    load_packs(packs)
    before = set(family(os.getpid()))
    async with LocalServer(
        folder / "temporal", port=0, ui_port=None, http_port=0, search_attributes=_searched()
    ) as server:
        (pid,) = [one for one in family(os.getpid()) if one not in before][:1]
        smtp = Smtp(host="127.0.0.1", port=smtp_port, tls="none")
        observe = Observe(health_port=0, metrics_port=0)
        settings = load_settings(home=folder, procedures_dir=packs, smtp=smtp, observe=observe)
        yield Stand(await connect_to({"target_host": server.address}, settings), settings, folder, pid)


def _searched() -> list[Any]:
    return [
        (key.name, "".join(word.capitalize() for word in key.indexed_value_type.name.split("_")))
        for key in attributes.ALL
    ]
