"""Numbers without gap or double, on both databases, however many ask at once (S2-29)."""

import asyncio
from datetime import UTC, datetime

from activities.series import next_number
from activities.store import Store

LATE = datetime(2017, 3, 30, 16, 30, tzinfo=UTC)
"""The next day already in Shanghai."""


async def taken(store: Store, *, fails: bool = False) -> str:
    async with store.write() as session:
        number = await next_number(session, "8D", LATE, "Asia/Shanghai")
        if fails:
            raise LookupError(number)
    return number


async def test_numbers_have_no_gap_and_no_double_when_many_take_one_and_some_fail(store: Store) -> None:
    tries = [taken(store, fails=place % 4 == 0) for place in range(40)]
    numbers = await asyncio.gather(*tries, return_exceptions=True)
    kept = sorted(number for number in numbers if isinstance(number, str))
    assert kept == [f"8D20170331{serial:03}" for serial in range(1, 31)]


async def test_each_day_and_each_kind_has_its_own_series(store: Store) -> None:
    assert await taken(store) == "8D20170331001"
    async with store.write() as session:
        assert await next_number(session, "IN", LATE, "Asia/Shanghai") == "IN20170331001"
        assert await next_number(session, "8D", LATE, "UTC") == "8D20170330001"
