"""Which cases a list shows where there are more than it shows."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from starter.listing import SPARE, CaseLine, nearest

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
