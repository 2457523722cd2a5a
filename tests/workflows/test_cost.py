"""What a case costs, exactly: the bounds every change keeps to. docs/performance.md accounts for each event."""

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.store import Store
from benchmarks.counts import Cost, cost
from benchmarks.paths import PATHS
from tests.support import office_at_work

BOUNDS = {
    "answered": Cost(events=58, tasks=10, bytes=12_100, actions=13),
    "silence": Cost(events=67, tasks=12, bytes=13_100, actions=14),
    "agreed": Cost(events=79, tasks=14, bytes=15_000, actions=17),
    "contested": Cost(events=86, tasks=15, bytes=16_700, actions=20),
    "rework": Cost(events=124, tasks=21, bytes=23_800, actions=29),
    "exchange": Cost(events=105, tasks=18, bytes=19_500, actions=25),
}
"""Parent and children together. What a page's activity shares with other steps of its moment depends a little on which
is first, so rework and exchange have some room."""


@pytest.mark.parametrize("path", BOUNDS)
async def test_a_case_costs_no_more_than_its_bound(env: WorkflowEnvironment, store: Store, path: str) -> None:
    async with office_at_work(env, store) as office:
        spent = cost(await (await PATHS[path](office)).histories())
    assert all(used <= bound for used, bound in zip(spent, BOUNDS[path], strict=True)), spent
