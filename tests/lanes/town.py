"""A whole service that can be killed: server, workers and mail server, each a process of its own, on one home."""

import asyncio
import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from subprocess import PIPE
from typing import Self

from temporalio.client import Client
from temporalio.service import RPCError

from activities.store import Store
from procedures import HERE, load_packs
from starter.cli.service import _kind
from starter.cluster import ClusterError, SearchAttribute
from starter.localserver import LocalServer
from starter.mailcatcher import MailCatcher
from starter.ports import free_port
from starter.wire import DATA_CONVERTER
from workflows import attributes

ROOT = HERE.parent
CLOCKS = {"answer": 6, "explanation": 4, "negotiation": 8, "panel": 30, "task": 20, "verification": 4}


def swift_pack(clocks: Mapping[str, int] = CLOCKS) -> str:
    """The marketplace's procedure with clocks of seconds, under a name of its own."""
    text = (HERE / "marketplace.procedure.toml").read_text(encoding="utf-8")
    text = text.replace('name = "marketplace"', 'name = "swift"', 1)
    for clock, seconds in clocks.items():
        wanted = rf'^{clock} = \{{ within = "[^"]*"'
        text = re.sub(wanted, f'{clock} = {{ within = "{seconds}s"', text, flags=re.MULTILINE)
    return re.sub(r"^reminders = .*$", "reminders = []", text, flags=re.MULTILINE)


class Town:
    """`async with Town(home) as town:` a server, a mail catcher and a nursery of workers; all end with the block."""

    def __init__(self, home: Path, clocks: Mapping[str, int] = CLOCKS) -> None:
        self.home = home
        self._clocks = clocks
        self.port, self.http_port = free_port(), free_port()
        self.crashes = home / "crashes"
        self.database = f"sqlite+aiosqlite:///{home / 'redress.db'}"
        self.workers: list[int] = []
        self._catcher = MailCatcher(home / "mails", free_port())
        self._server: LocalServer | None = None
        self._nursery: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        packs = self.home / "packs"
        packs.mkdir(parents=True)
        (packs / "swift.procedure.toml").write_text(swift_pack(self._clocks), encoding="utf-8")
        try:
            await self._catcher.__aenter__()
            await self.serve()
            self._nursery = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.lanes.nursery"),
                env=self._environment(),
                cwd=ROOT,
                stdin=PIPE,
                stdout=PIPE,
                stderr=(self.home / "workers.log").open("ab"),
            )
            await self._answer()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        for pid in self.workers:
            send(pid, signal.SIGKILL)
        if self._nursery is not None:
            with suppress(ProcessLookupError):
                self._nursery.kill()
            await self._nursery.wait()
        if self._server is not None:
            await self._server.__aexit__(None, None, None)
        await self._catcher.__aexit__(None, None, None)

    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("REDRESS_", "TEMPORAL_"))}
        return kept | {
            "REDRESS_HOME": str(self.home),
            "REDRESS_DATABASE_URL": self.database,
            "REDRESS_PROCEDURES_DIR": str(self.home / "packs"),
            "REDRESS_SMTP__HOST": "127.0.0.1",
            "REDRESS_SMTP__PORT": str(self._catcher.port),
            "REDRESS_SMTP__TLS": "none",
            "REDRESS_TEST_CRASHES": str(self.crashes),
            "TEMPORAL_ADDRESS": f"127.0.0.1:{self.port}",
            "REDRESS_OBSERVE__HEALTH_PORT": "0",
            "REDRESS_OBSERVE__METRICS_PORT": "0",
            "PYTHONPATH": str(ROOT),
        }

    async def serve(self) -> None:
        """The server comes (back), on the same ports and file."""
        for _ in range(5):
            server = LocalServer(
                self.home, port=self.port, ui_port=None, http_port=self.http_port, search_attributes=_registered()
            )
            with suppress(RPCError, ClusterError):  # a server that has too little time answers late
                await server.__aenter__()
                self._server = server
                return
        raise RuntimeError("the server does not come back")

    async def strike_server(self, dark: float) -> None:
        """SIGKILL the server, leave it dark for so many seconds, start it again."""
        server, self._server = self._server, None
        if server is None or server._process is None:
            return
        await server._process.kill()
        server._process = None
        await server.__aexit__(None, None, None)
        await asyncio.sleep(dark)
        await self.serve()

    async def hire(self, point: str, countdown: int, seed: int) -> int:
        """A new worker, mined at a point; its pid."""
        if self._nursery is None or self._nursery.stdin is None:
            raise RuntimeError("the nursery does not run")
        order = json.dumps({"point": point, "countdown": str(countdown), "seed": str(seed)})
        self._nursery.stdin.write(f"{order}\n".encode())
        pid = int(await self._answer())
        self.workers.append(pid)
        return pid

    async def _answer(self) -> str:
        if self._nursery is None or self._nursery.stdout is None:
            raise RuntimeError("the nursery does not run")
        return (await self._nursery.stdout.readline()).decode().strip()

    def bury(self) -> int:
        """Forget the dead; how many there were."""
        dead = [pid for pid in self.workers if not send(pid, 0)]
        self.workers = [pid for pid in self.workers if pid not in dead]
        return len(dead)

    async def client(self) -> Client:
        """A client as any program has."""
        return await Client.connect(f"127.0.0.1:{self.port}", data_converter=DATA_CONVERTER)

    def log(self) -> str:
        """What the workers complained of."""
        return (self.home / "workers.log").read_text(encoding="utf-8", errors="replace")

    def mails(self) -> list[str]:
        """The Message-IDs of every mail that arrived."""
        found = []
        for file in (self.home / "mails").glob("*.eml"):
            match = re.search(rb"^Message-ID:\s*(\S+)", file.read_bytes(), flags=re.MULTILINE | re.IGNORECASE)
            found.append(match.group(1).decode() if match else "")
        return found


@asynccontextmanager
async def manned(name: str, clocks: Mapping[str, int]) -> AsyncIterator[tuple[Town, Store, Client]]:
    """A town for a lane, with one worker, its book and a client; its procedure is known here too."""
    with tempfile.TemporaryDirectory(prefix=f"redress-{name}-") as folder:
        async with Town(Path(folder), {**CLOCKS, **clocks}) as town:
            load_packs(town.home / "packs")
            await town.hire("", 0, 0)
            store = Store(town.database)
            await store.create()
            try:
                yield town, store, await town.client()
            finally:
                await store.close()


def _registered() -> list[SearchAttribute]:
    return [(key.name, _kind(key)) for key in attributes.ALL]


def send(pid: int, sign: int) -> bool:
    """Send a signal; False where there is nobody."""
    try:
        os.kill(pid, sign)
    except ProcessLookupError:
        return False
    return True
