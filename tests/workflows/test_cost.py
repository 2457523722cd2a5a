"""What a case costs, exactly: the bounds every change keeps to. docs/performance.md accounts for each event."""

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.store import Store
from benchmarks.counts import Cost
from benchmarks.paths import PATHS
from benchmarks.writes import Writes, spent
from tests.support import office_at_work

BOUNDS = {
    "answered": (Cost(events=58, tasks=10, bytes=12_100, actions=13), Writes(statements=39, commits=6, mails=3)),
    "silence": (Cost(events=67, tasks=12, bytes=13_100, actions=14), Writes(statements=43, commits=7, mails=4)),
    "agreed": (Cost(events=79, tasks=14, bytes=15_000, actions=17), Writes(statements=60, commits=10, mails=4)),
    "contested": (Cost(events=86, tasks=15, bytes=16_700, actions=20), Writes(statements=78, commits=12, mails=5)),
    "rework": (Cost(events=124, tasks=21, bytes=23_800, actions=29), Writes(statements=85, commits=15, mails=5)),
    "exchange": (Cost(events=114, tasks=19, bytes=21_000, actions=27), Writes(statements=60, commits=11, mails=5)),
}
"""Parent and children together. What a page's activity shares with other steps of its moment depends a little on which
is first, so the longer paths have some room."""


@pytest.mark.parametrize("path", BOUNDS)
async def test_a_case_costs_no_more_than_its_bound(env: WorkflowEnvironment, store: Store, path: str) -> None:
    async with office_at_work(env, store) as office:
        found = await spent(PATHS[path], office)
    for used, bounds in zip(found, BOUNDS[path], strict=True):
        assert all(one <= bound for one, bound in zip(used, bounds, strict=True)), used
