"""Many clocks that run ahead together: one that is held costs the others nothing, and no span is run twice."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from temporalio.client import WorkflowExecutionStatus

from starter.ahead import Ahead
from starter.cli.forward import held
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
    """A service without meetings. `ended`: workflows that are over, though a query of them finds no worker."""

    def __init__(self, *ended: str) -> None:
        self.ended = ended

    def get_workflow_handle(self, workflow_id: str) -> Any:
        status = WorkflowExecutionStatus.COMPLETED if workflow_id in self.ended else WorkflowExecutionStatus.RUNNING

        async def describe(**_: object) -> Any:
            return SimpleNamespace(status=status)

        return SimpleNamespace(describe=describe)

    async def list_workflows(self, _: str) -> AsyncIterator[Any]:
        none: list[Any] = []
        for execution in none:
            yield execution


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


async def test_a_case_that_has_ended_on_its_way_has_arrived_though_no_worker_answers_for_it() -> None:
    clocks = Clocks(B=[DAY / 4, timedelta()], C=[DAY / 4, timedelta()])
    ahead = Ahead(Nobody("complaint.B"), clocks, [], "q")  # type: ignore[arg-type]
    arrived = await ahead.run(list(clocks.at), DAY, lambda: None)
    assert [failure.values for failure in arrived.failed] == [{"number": "C"}]
    assert arrived.cases == 3


def test_clocks_held_on_their_way_are_named_and_a_server_that_went_away_is_told_instead() -> None:
    on_the_way = [TryAgain("clock_held", number=f"R-{place}") for place in range(6)]
    assert "6 clocks were held on their way: R-0, R-1, R-2, R-3, R-4 …; " in str(held(on_the_way))
    assert str(held([*on_the_way, TryAgain("server_away")])).startswith("server: does not answer;")
