"""The service as its operator runs it: processes, a home of their own, a procedure whose clocks are seconds."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL

import pytest

from procedures import HERE
from starter.cli.service import local_stack
from starter.settings import load_settings
from starter.stack import LocalStack
from tests.databases import KIND, Schemas

OBSERVE = {"health_port": 0, "metrics_port": 0}
REDRESS = [sys.executable, "-m", "starter.main"]
ROOT = HERE.parent


def quick_pack(seconds: int) -> str:
    """The marketplace's procedure with an answer clock of seconds, under a name of its own."""
    text = (HERE / "marketplace.procedure.toml").read_text(encoding="utf-8")
    text = text.replace('name = "marketplace"', 'name = "quick"', 1)
    text = re.sub(r'^answer = \{ within = "24h"', f'answer = {{ within = "{seconds}s"', text, flags=re.MULTILINE)
    return re.sub(r"^reminders = .*$", "reminders = []", text, flags=re.MULTILINE)


@dataclass
class Premises:
    """A home with its settings, and the processes that run in it."""

    home: Path
    extra: Mapping[str, str] = field(default_factory=dict)
    running: list[asyncio.subprocess.Process] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("REDRESS_", "TEMPORAL_"))}
        ports = {f"REDRESS_LOCAL__{name}": "0" for name in ("PORT", "UI_PORT", "SMTP_PORT", "HTTP_PORT")}
        ports |= {f"REDRESS_OBSERVE__{name}_PORT": "0" for name in ("HEALTH", "METRICS")}
        ours = {"REDRESS_HOME": str(self.home), "PYTHONPATH": str(ROOT), "REDRESS_LANG": "en"}
        return {**kept, **ports, **ours, **self.extra}

    async def spawn(self, *arguments: str) -> asyncio.subprocess.Process:
        """Start a verb that runs on; its log is in the home."""
        log = (self.home / f"{arguments[0]}-{len(self.running)}.log").open("wb")
        process = await asyncio.create_subprocess_exec(
            *REDRESS, *arguments, env=self.environment, stdout=log, stderr=log, stdin=DEVNULL, cwd=self.home
        )
        log.close()
        self.running.append(process)
        return process

    async def run(self, *arguments: str, within: float = 100) -> tuple[int, str, str]:
        """Run a verb to its end: exit code, what it printed, what it complained of."""
        process = await asyncio.create_subprocess_exec(
            *REDRESS,
            *arguments,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            stdin=DEVNULL,
            cwd=self.home,
        )
        async with asyncio.timeout(within):
            out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()

    async def stack(self) -> asyncio.subprocess.Process:
        """`redress dev`, ready."""
        process = await self.spawn("dev")
        async with asyncio.timeout(60):
            while not (self.home / "stack.json").exists():
                assert process.returncode is None, self.logs()
                await asyncio.sleep(0.1)
        return process

    def logs(self) -> str:
        """What every process wrote."""
        return "\n".join(file.read_text(encoding="utf-8", errors="replace")[-3000:] for file in self.home.glob("*.log"))

    async def close(self) -> None:
        """End what still runs."""
        for process in self.running:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
                try:
                    async with asyncio.timeout(40):
                        await process.wait()
                except TimeoutError:
                    process.kill()
                    await process.wait()


@pytest.fixture
async def premises(tmp_path: Path) -> AsyncIterator[Premises]:
    """An empty home."""
    made = Premises(tmp_path)
    yield made
    await made.close()


@pytest.fixture(scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory, schemas: Schemas) -> AsyncIterator[LocalStack]:
    """The local stack in this process, as `redress dev` runs it; shared, so each test uses numbers of its own."""
    home = tmp_path_factory.mktemp("stack")
    database = None if KIND == "sqlite" else await schemas.new(home)
    ports = {"port": 0, "ui_port": 0, "http_port": 0, "smtp_port": 0}
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TEMPORAL_CONFIG_FILE", str(home / "none.toml"))
        settings = load_settings(home=home / "home", local=ports, observe=OBSERVE, database_url=database)
        async with local_stack(settings) as running:
            yield running
