"""Many complaints, one decision, a worker killed in the middle: no case twice, none missing."""

import pytest

from tests.e2e.batch import run
from tests.e2e.conftest import Premises

CASES = 40


@pytest.mark.timeout(180)
async def test_a_worker_killed_in_the_middle_of_an_incident_leaves_no_case_out_and_pays_none_twice(
    premises: Premises,
) -> None:
    figures = await run(premises, CASES, at_once=4, patience=150)
    assert figures.fates == {"decided": CASES}
    assert figures.payments == {1: CASES}
    assert figures.progress.settled == CASES
    assert figures.progress.refunded == {"CNY": CASES * 21_000}
    assert figures.killed_at >= CASES / 2
