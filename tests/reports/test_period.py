"""The days a report is about."""

from datetime import date

import pytest

from reports.period import BadPeriod, Period, period

TODAY = date(2026, 3, 4)


def typed(**words: str) -> Period:
    options = dict.fromkeys(("first", "last", "week", "month"))
    return period(**(options | words), today=TODAY, zone="Asia/Shanghai")


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ({}, "2026-03-02", "2026-03-08"),
        ({"week": "2026-W01"}, "2025-12-29", "2026-01-04"),
        ({"month": "2024-02"}, "2024-02-01", "2024-02-29"),
        ({"month": "2026-12"}, "2026-12-01", "2026-12-31"),
        ({"first": "2026-01-31"}, "2026-01-31", "2026-03-04"),
        ({"first": "2026-01-31", "last": "2026-01-31"}, "2026-01-31", "2026-01-31"),
    ],
)
def test_a_period_is_said_by_days_a_week_or_a_month(words: dict[str, str], first: str, last: str) -> None:
    found = typed(**words)
    assert (found.first.isoformat(), found.last.isoformat()) == (first, last)


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ({"week": "2026-W54"}, "period_week"),
        ({"week": "26W1"}, "period_week"),
        ({"week": "2026-W00"}, "period_week"),
        ({"month": "2026-13"}, "period_month"),
        ({"month": "0000-01"}, "period_month"),
        ({"first": "31.1.2026"}, "period_day"),
        ({"first": "9999-12-31"}, "period_day"),
        ({"last": "2026-01-31"}, "period_from"),
        ({"first": "2026-02-01", "last": "2026-01-31"}, "period_order"),
        ({"first": "2026-03-05"}, "period_order"),
        ({"first": "1970-01-01", "last": "2026-01-31"}, "period_order"),
        ({"first": "2026-01-01", "week": "2026-W01"}, "period_twice"),
        ({"month": "2026-01", "week": "2026-W01"}, "period_twice"),
    ],
)
def test_a_period_that_cannot_be_used_is_told(words: dict[str, str], key: str) -> None:
    with pytest.raises(BadPeriod) as told:
        typed(**words)
    assert told.value.key == key


def test_its_days_are_local_also_where_the_clocks_change() -> None:
    shanghai = Period(date(2026, 3, 1), date(2026, 3, 1), "Asia/Shanghai")
    assert (shanghai.since.isoformat(), shanghai.until.isoformat()) == (
        "2026-02-28T16:00:00+00:00",
        "2026-03-01T16:00:00+00:00",
    )
    berlin = Period(date(2026, 3, 29), date(2026, 3, 29), "Europe/Berlin")
    assert (berlin.until - berlin.since).total_seconds() == 23 * 3600


def test_the_days_before_are_as_many() -> None:
    before = Period(date(2026, 3, 1), date(2026, 3, 31), "UTC").before
    assert (before.first.isoformat(), before.last.isoformat()) == ("2026-01-29", "2026-02-28")
