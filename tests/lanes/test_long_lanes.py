"""The lanes that wait for clocks, or whose short form takes a minute."""

import pytest

from tests.lanes.test_lanes import run_lane

SHORT = (
    ("canaries", 5, ("--n", "1")),
    ("wedges", 5, ()),
    ("keys", 5, ("--n", "1")),
    ("starts", 5, ("--n", "2")),
    ("dark", 5, ("--n", "12", "--answer", "40", "--dark", "20")),
    ("deadlines", 5, ("--n", "24", "--answer", "40")),
    ("flood", 5, ("--n", "1200", "--updates", "200")),
    ("load", 5, ("--n", "20", "--rate", "5", "--seconds", "4", "--rounds", "2")),
    ("walk", 5, ("--pack", "courier", "--n", "12")),
    ("walk", 5, ("--pack", "live", "--n", "12")),
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("lane", "seed", "options"), SHORT, ids=["-".join((run[0], *run[2][1:2])) for run in SHORT])
def test_a_lane_holds(lane: str, seed: int, options: tuple[str, ...]) -> None:
    run_lane(lane, seed, options)
