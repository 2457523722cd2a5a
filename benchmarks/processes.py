"""Processes of their own: workers whose memory and CPU are measured, and which are killed; the command line."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest

from benchmarks.machine import cpu_seconds, memory_mb
from benchmarks.stand import Stand
from benchmarks.startup import REDRESS
from models.names import TASK_QUEUE

PATIENCE = 300.0
_MEASURED = [sys.executable, "-c", """
import json, resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""]  # fmt: skip
"""In between: to the kernel the peak of a process is at least what whoever started it had in memory."""


@dataclass(frozen=True)
class Working:
    """A worker's process."""

    process: asyncio.subprocess.Process

    @property
    def memory(self) -> float:
        """MB."""
        return memory_mb(self.process.pid)

    @property
    def cpu(self) -> float:
        """Seconds so far."""
        return cpu_seconds(self.process.pid)

    async def kill(self) -> None:
        """As the kernel does when memory runs out."""
        self.process.kill()
        await self.process.wait()


class Program(NamedTuple):
    """What a worker's process runs, and the queue it serves."""

    command: Sequence[str]
    queue: str


SHIPPED = Program((REDRESS, "worker"), TASK_QUEUE)
BARE = Program((sys.executable, "-m", "benchmarks.bare_worker"), "bare")
"""The bare flow's worker, with the same settings."""


def without(protection: str) -> Program:
    """The product's worker without it (`benchmarks.without`)."""
    return Program((sys.executable, "-m", "benchmarks.without", protection), TASK_QUEUE)


@asynccontextmanager
async def worker(stand: Stand, program: Program = SHIPPED) -> AsyncIterator[Working]:
    """A worker, at work when entered, killed after."""
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*program.command, env=around(stand), stdout=quiet, stderr=quiet)
    try:
        await _polls(stand, program.queue, process.pid)
        yield Working(process)
    finally:
        if process.returncode is None:
            await Working(process).kill()


async def _polls(stand: Stand, queue: str, pid: int) -> None:
    """Until the server has seen the process ask for workflow tasks."""
    wanted = DescribeTaskQueueRequest(
        namespace=stand.client.namespace,
        task_queue=TaskQueue(name=queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await stand.client.workflow_service.describe_task_queue(wanted)
            if any(poller.identity.startswith(f"{pid}@") for poller in found.pollers):
                return
            await asyncio.sleep(0.1)


def around(stand: Stand) -> dict[str, str]:
    """The environment of a program that works on this stand."""
    smtp = stand.settings.smtp
    return os.environ | {
        "TEMPORAL_ADDRESS": stand.client.service_client.config.target_host,
        "REDRESS_HOME": str(stand.folder),
        "REDRESS_PROCEDURES_DIR": str(stand.settings.procedures_dir),
        "REDRESS_SMTP__HOST": str(smtp.host),
        "REDRESS_SMTP__PORT": str(smtp.port),
        "REDRESS_SMTP__TLS": smtp.tls,
        "REDRESS_OBSERVE__HEALTH_PORT": "0",
        "REDRESS_OBSERVE__METRICS_PORT": "0",
        "REDRESS_ACTOR": "",
    }


async def command(stand: Stand, *arguments: str) -> tuple[float, float]:
    """A command of the product: CPU seconds and peak memory in MB."""
    return await asyncio.to_thread(run, [REDRESS, *arguments], around(stand))


def run(command: list[str], env: dict[str, str]) -> tuple[float, float]:
    """A program to its end: CPU seconds and peak memory in MB. Raises RuntimeError where it does not end well."""
    told = subprocess.run([*_MEASURED, *command], env=env, capture_output=True, check=True).stdout
    code, cpu, peak = json.loads(told)
    if code:
        raise RuntimeError(f"{command[1]} ended with {code}")
    return cpu, peak / 1024


def since(begun: float) -> float:
    """Seconds."""
    return time.perf_counter() - begun
