"""Three hundred hostile values against every sink: nothing comes through."""

import pytest

from tests.lanes.injections import KNOWN, SINKS, sql


def test_there_are_three_hundred() -> None:
    assert len(set(KNOWN)) == 300


@pytest.mark.parametrize("sink", SINKS.values(), ids=SINKS)
def test_nothing_comes_through_a_sink(sink: object) -> None:
    assert callable(sink)
    assert [(value, came_through) for value in KNOWN if (came_through := sink(value)) is not None] == []


async def test_sql_keeps_a_value_as_it_is_and_finds_no_row_but_its_own() -> None:
    assert await sql(list(KNOWN)) == []
