"""Which cases a list shows where there are more than it shows."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import ListWorkflowExecutionsRequest, ListWorkflowExecutionsResponse

from models.names import case_id
from starter import lists
from starter.listing import SPARE, CaseLine, Filters, nearest
from starter.lists import Lists

START = datetime(2026, 3, 1, tzinfo=UTC)


def line(place: int, hours: int | None) -> CaseLine:
    due = None if hours is None else START + timedelta(hours=hours)
    return CaseLine(
        number=f"C-{place}",
        stage="asked",
        waiting_for=("merchandise",),
        deadline=due,
        order="O",
        overdue=False,
        opened_at=START,
        open=True,
    )


async def listed(lines: list[CaseLine]) -> AsyncIterator[CaseLine]:
    for one in lines:
        yield one


async def test_an_inbox_too_long_to_show_shows_the_nearest_deadlines_and_counts_all() -> None:
    hours = list(range(2 * SPARE + 500))
    random.Random(1).shuffle(hours)
    found = await nearest(listed([line(place, due) for place, due in enumerate(hours)]), 3)
    assert [one.deadline for one in found.cases] == [START + timedelta(hours=due) for due in range(3)]
    assert found.total == len(hours)


async def test_a_case_without_a_deadline_comes_last_in_an_inbox() -> None:
    found = await nearest(listed([line(1, None), line(2, 5)]), 200)
    assert [one.number for one in found.cases] == ["C-2", "C-1"]


class Index:
    """A server that has so many cases, and among them a child of one, and gives no more at once than is asked for."""

    def __init__(self, cases: int) -> None:
        self.ids = [case_id(f"C-{place}") for place in range(cases)]
        self.ids.insert(2, f"{case_id('C-1')}.refund-1")
        self.asked: list[int] = []

    async def list_workflow_executions(
        self, request: ListWorkflowExecutionsRequest, *, retry: bool
    ) -> ListWorkflowExecutionsResponse:
        assert (request.namespace, retry) == ("ours", True)
        self.asked.append(request.page_size)
        begin = int(request.next_page_token or b"0")
        end = begin + request.page_size
        found = ListWorkflowExecutionsResponse(next_page_token=b"%d" % end if end < len(self.ids) else b"")
        for one in self.ids[begin:end]:
            info = WorkflowExecutionInfo()
            info.execution.workflow_id = one
            found.executions.append(info)
        return found


@pytest.mark.parametrize(
    ("limit", "shown", "asked"),
    [(None, 6, [3, 3, 3]), (50, 6, [3, 3, 3]), (4, 3, [3, 1]), (3, 2, [3]), (6, 5, [3, 3]), (1, 1, [1])],
)
async def test_a_list_is_read_page_by_page_and_not_beyond_its_limit(
    limit: int | None, shown: int, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "PAGE", 3)
    index = Index(6)
    service: Any = SimpleNamespace(workflow_service=index)
    found = [line async for line in Lists(service, "ours").listing(Filters(), limit=limit)]
    assert [line.number for line in found] == [f"C-{place}" for place in range(shown)]
    assert (index.asked, {line.stage for line in found}) == (asked, {"new"})
