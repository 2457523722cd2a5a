"""What a case costs, exactly: the bounds every change keeps to. docs/performance.md accounts for each event."""

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.store import Store
from benchmarks.counts import Cost, cost
from benchmarks.paths import PATHS
from tests.support import office_at_work

BOUNDS = {
    "answered": Cost(events=45, tasks=7, bytes=9_000, actions=14),
    "silence": Cost(events=48, tasks=8, bytes=9_000, actions=14),
    "agreed": Cost(events=53, tasks=8, bytes=10_700, actions=17),
    "contested": Cost(events=63, tasks=9, bytes=12_600, actions=21),
    "rework": Cost(events=95, tasks=14, bytes=18_000, actions=30),
    "exchange": Cost(events=84, tasks=14, bytes=15_500, actions=26),
}
"""Parent and children together. An exchange depends a little on which of its two workflows is first."""


@pytest.mark.parametrize("path", BOUNDS)
async def test_a_case_costs_no_more_than_its_bound(env: WorkflowEnvironment, store: Store, path: str) -> None:
    async with office_at_work(env, store) as office:
        spent = cost(await (await PATHS[path](office)).histories())
    assert all(used <= bound for used, bound in zip(spent, BOUNDS[path], strict=True)), spent
