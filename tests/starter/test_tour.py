"""Which procedures the demo can show."""

from datetime import UTC, datetime

import pytest

from procedures import HERE, read_pack
from procedures.workdays import Workdays
from starter.tour import runs_out


@pytest.mark.parametrize(("day", "known"), [(1, True), (31, False)])
def test_a_tour_late_in_a_year_says_which_years_working_days_are_not_known(day: int, *, known: bool) -> None:
    pack = read_pack(HERE / "courier.procedure.toml")
    gap = runs_out(pack, Workdays()(2026), datetime(2026, 12, day, tzinfo=UTC))
    assert (gap is None) is known
    assert known or "2027" in str(gap)
