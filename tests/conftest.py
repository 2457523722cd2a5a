"""One real Temporal server and one real store per test process."""

import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.store import Store
from starter.main import spare_garbage
from tests.activities.cluster import cluster
from tests.databases import KIND, Schemas
from tests.server import local_environment
from tests.support import Office, office_at_work


@pytest.fixture(scope="session")
async def env() -> AsyncIterator[WorkflowEnvironment]:
    """The server."""
    async with local_environment() as running:
        yield running


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """`host:port` of a PostgreSQL of our own, one for the test process."""
    with cluster() as place:
        yield place


@pytest.fixture(scope="session")
def schemas(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Schemas:
    """Where a test gets a database with the schema in it."""
    return Schemas(tmp_path_factory.mktemp("schema"), lambda: request.getfixturevalue("postgres"))


@pytest.fixture(scope="session")
async def store(schemas: Schemas, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Store]:
    """The service's SQL store: a SQLite file, or with REDRESS_TEST_DATABASE=postgresql a database there."""
    made = Store(await schemas.new(tmp_path_factory.mktemp("store") / "redress.db"))
    yield made
    await made.close()


@pytest.fixture(scope="session", params=[False, True], ids=["cached", "replayed"])
async def office(
    env: WorkflowEnvironment, schemas: Schemas, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncIterator[Office]:
    """The service at work: once with cached cases, once with a worker that keeps none, so that each task replays.

    The one works on SQLite, the other on PostgreSQL, so that every path of a case has been on both.
    """
    kind = "postgresql" if request.param else KIND
    store = Store(await schemas.new(tmp_path_factory.mktemp("office") / "redress.db", kind))
    async with office_at_work(env, store, forgetful=request.param) as working:
        yield working
    await store.close()


@pytest.fixture(autouse=True)
async def _every_history_replays(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """After a test of cases, each history it made is replayed from its start, task by task."""
    yield
    if "office" in request.fixturenames:
        await request.getfixturevalue("office").replay_all()


LONG = {
    "e2e/test_hosts.py",
    "e2e/test_incident.py",
    "e2e/test_meeting_missed.py",
    "e2e/test_restored_dump.py",
    "e2e/test_rollout.py",
    "lanes/test_long_lanes.py",
    "lanes/test_planted.py",
    "replay/test_mutants.py",
}
"""Half a minute and more each: `make test-long` runs them, `make test` the others."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what takes long."""
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).as_posix() in LONG:
            item.add_marker("long")


def pytest_collection_finish() -> None:
    """Thousands of tests stay to the end. Looking through them for garbage took half a second each time, in the middle
    of a workflow's task, which has two.
    """
    spare_garbage()
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Hypothesis, which may be loaded first for the summary, asks the collector who refers to what."""
    gc.unfreeze()
