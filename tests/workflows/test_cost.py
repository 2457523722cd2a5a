"""What a case costs, exactly: the bounds every change keeps to. docs/performance.md accounts for each event."""

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.store import Store
from benchmarks.counts import Cost, cost
from benchmarks.paths import PATHS
from tests.support import office_at_work

BOUNDS = {
    "answered": Cost(events=50, tasks=8, bytes=9_900, actions=15),
    "silence": Cost(events=58, tasks=10, bytes=10_600, actions=15),
    "agreed": Cost(events=63, tasks=10, bytes=12_200, actions=19),
    "contested": Cost(events=80, tasks=13, bytes=14_800, actions=24),
    "rework": Cost(events=112, tasks=18, bytes=21_500, actions=34),
    "exchange": Cost(events=97, tasks=16, bytes=18_300, actions=28),
}
"""Parent and children together. What a page's activity shares with other steps of its moment depends a little on which
is first, so rework and exchange have some room."""


@pytest.mark.parametrize("path", BOUNDS)
async def test_a_case_costs_no_more_than_its_bound(env: WorkflowEnvironment, store: Store, path: str) -> None:
    async with office_at_work(env, store) as office:
        spent = cost(await (await PATHS[path](office)).histories())
    assert all(used <= bound for used, bound in zip(spent, BOUNDS[path], strict=True)), spent
