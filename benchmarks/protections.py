"""What each protection costs: the same flow with it switched off or on, against the product as it is shipped."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from temporalio.worker import UnsandboxedWorkflowRunner

import worker
from benchmarks.contenders import Runner, redress
from benchmarks.stand import stand

KEYS = f"bench:{base64.b64encode(bytes(range(32))).decode()}"


@asynccontextmanager
async def variant(folder: Path, packs: Path, name: str, **changes: Any) -> AsyncIterator[Runner]:
    """The product on a server of its own, with other settings."""
    async with stand(folder / name.replace(" ", "_"), packs, **changes) as place, redress(place, name) as contender:
        yield contender


@asynccontextmanager
async def sealed(folder: Path, packs: Path) -> AsyncIterator[Runner]:
    """Everything Temporal stores is sealed."""
    async with variant(folder, packs, "sealed", codec={"keys": KEYS}) as contender:
        yield contender


@asynccontextmanager
async def unsandboxed(folder: Path, packs: Path) -> AsyncIterator[Runner]:
    """Workflow code runs as it is: nothing would notice a clock or a file read in it."""
    shipped = worker.RUNNER
    worker.RUNNER = UnsandboxedWorkflowRunner()  # type: ignore[assignment]
    try:
        async with variant(folder, packs, "no sandbox") as contender:
            yield contender
    finally:
        worker.RUNNER = shipped


@asynccontextmanager
async def uncached(folder: Path, packs: Path) -> AsyncIterator[Runner]:
    """Every step replays its case, as after a restart."""
    async with variant(folder, packs, "no cache", worker={"max_cached_workflows": 0}) as contender:
        yield contender


VARIANTS = (sealed, unsandboxed, uncached)
