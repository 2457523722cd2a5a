"""The supervisor's sample (S3-14): drawn by nobody's choice, with what the record shows."""

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from reports.document import Setting
from reports.spot_checks import spot_checks
from tests.reports.conftest import Put, at

Build = Callable[..., Setting]


async def drawn(database: AsyncConnection, setting: Setting) -> list[dict[str, Any]]:
    return [dict(row.facts) async for row in spot_checks(database, setting).sections[0].rows()]


async def test_s3_14_a_spot_check_draws_cases_nobody_can_choose_with_their_records_and_call_backs(
    database: AsyncConnection, setting: Build, put: Put
) -> None:
    done = {"stage": "closed", "exit": "satisfied"}
    events = [
        ("recorded", at(2), "customer_service", {"duty": "classify"}),
        ("duty_missed", at(3), "customer_service", {"duty": "verify_order"}),
        ("feedback", at(5), "customer_service", {"satisfied": 1}),
    ]
    for n in range(60):
        await put(f"A-{n:02}", *events, closed_at=at(5 + n % 20), **done)
    await put("B-1")
    month = await drawn(database, setting())
    numbers = [case["number"] for case in month]
    assert (len(numbers), numbers == sorted(numbers), "B-1" in numbers) == (20, True, False)
    assert numbers != [f"A-{n:02}" for n in range(20)]
    assert [case["number"] for case in await drawn(database, setting())] == numbers
    assert {(case["reports"], case["calls"], *case["missed"]) for case in month} == {(1, 1, "duty_missed")}
    later = await drawn(database, setting(first=date(2026, 3, 2)))
    assert [case["number"] for case in later] != numbers
