"""Many clocks that run ahead together: one that is held costs the others nothing, and no span is run twice."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from starter.ahead import Ahead
from starter.failures import TryAgain

NOW = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)


class Clocks:
    """Cases with clocks. `held`: how far each gets at its next tries, which fail all the same."""

    def __init__(self, **held: list[timedelta]) -> None:
        self.at = dict.fromkeys(("A", "B", "C", "D"), NOW)
        self.held = held

    async def now(self, number: str) -> datetime:
        return self.at[number]

    async def fast_forward(self, number: str, by: timedelta) -> bool:
        if tries := self.held.get(number):
            self.at[number] += tries.pop(0)
            raise TryAgain("clock_held", number=number)
        self.at[number] += by
        return True


class Nobody:
    """A service without meetings."""

    async def list_workflows(self, _: str) -> AsyncIterator[Any]:
        for nothing in ():
            yield nothing


async def test_a_clock_held_on_its_way_is_moved_on_from_where_it_is_once_the_others_have_arrived() -> None:
    clocks = Clocks(B=[DAY], C=[DAY / 4], D=[DAY / 4, DAY / 4])
    ticks: list[int] = []
    ahead = Ahead(Nobody(), clocks, [], "q")  # type: ignore[arg-type]
    arrived = await ahead.run(list(clocks.at), DAY, lambda: ticks.append(1))
    assert {number: at - NOW for number, at in clocks.at.items()} == {"A": DAY, "B": DAY, "C": DAY, "D": DAY / 2}
    assert (arrived.cases, len(ticks)) == (3, 4)
    assert (await ahead.run(list(clocks.at), NOW + DAY, lambda: None)).failed == []
    assert set(clocks.at.values()) == {NOW + DAY}, "to an instant: who is there stays"
    assert [failure.values for failure in arrived.failed] == [{"number": "D"}]
