"""Working days of China with their make-up days, and an error instead of a guess."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from models.span import Age, Span, WallSpan, WorkCalendar, WorkingDays, YearDays, span_text
from procedures import PackError
from procedures.workdays import Workdays
from rules.spans import CalendarGap, ends, is_working, surely_longer, years_needed

SPAN: TypeAdapter[object] = TypeAdapter(Span)
SHANGHAI = "Asia/Shanghai"
DAYS = Workdays()(2026)


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


@pytest.mark.parametrize(
    ("begins", "days", "ends_at"),
    [
        ("2026-03-02T10:00", 1, "2026-03-04T00:00"),  # Monday: Tuesday is the first day, it ends at 24:00
        ("2026-03-02T00:00", 1, "2026-03-04T00:00"),
        ("2026-03-02T23:59", 1, "2026-03-04T00:00"),
        ("2026-03-06T10:00", 3, "2026-03-12T00:00"),  # over a weekend
        ("2026-02-12T10:00", 3, "2026-02-25T00:00"),  # 13th, make-up Saturday 14th, and after the Spring Festival 24th
        ("2026-09-30T10:00", 5, "2026-10-14T00:00"),  # after the National Day: 8, 9, make-up Saturday 10, 12, 13
        ("2026-02-14T10:00", 1, "2026-02-25T00:00"),  # begun on a make-up Saturday
    ],
)
def test_working_days_leave_the_first_day_out_and_end_at_midnight(begins: str, days: int, ends_at: str) -> None:
    assert ends(local(begins), WorkingDays(days), SHANGHAI, DAYS) == local(ends_at)


def test_the_instant_a_day_begins_is_the_procedures_not_the_servers() -> None:
    late = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)  # already Tuesday in Shanghai
    assert ends(late, WorkingDays(1), SHANGHAI, DAYS) == local("2026-03-05T00:00")


def test_make_up_days_are_worked_and_holidays_are_not() -> None:
    assert is_working(date(2026, 2, 14), DAYS)
    assert not is_working(date(2026, 2, 17), DAYS)
    assert not is_working(date(2026, 2, 15), DAYS)


def test_a_year_nobody_knows_is_an_error_that_names_it_and_never_a_guess() -> None:
    with pytest.raises(CalendarGap, match="2027"):
        ends(local("2026-12-30T10:00"), WorkingDays(3), SHANGHAI, Workdays()(2026))
    with pytest.raises(CalendarGap, match="2026"):
        ends(local("2026-03-02T10:00"), WorkingDays(1), SHANGHAI, None)


def test_the_years_a_clock_may_run_into_are_wanted_before_it_needs_them() -> None:
    assert years_needed(local("2026-03-02T10:00"), 5) == {2026}
    assert years_needed(local("2026-12-20T10:00"), 5) == {2026, 2027}
    assert years_needed(local("2026-12-20T10:00"), 0) == set()


def test_the_companys_file_adds_a_year_and_stands_above_what_is_published(tmp_path: Path) -> None:
    file = tmp_path / "days.toml"
    file.write_text('[2026]\noff = ["2026-03-03"]\n[2027]\nworked = ["2027-02-06"]\n', encoding="utf-8")
    known = Workdays(file)(2026)
    assert known.years[2026] == YearDays(off=(date(2026, 3, 3),))
    assert is_working(date(2027, 2, 6), known)
    file.write_text('[2027]\nworked = ["2027-02-05"]\n', encoding="utf-8")  # a Friday
    with pytest.raises(PackError, match="2027-02-05 is in the wrong list"):
        Workdays(file)(2026)


def test_what_a_case_knows_of_a_year_survives_as_json() -> None:
    assert WorkCalendar.model_validate_json(DAYS.model_dump_json()) == DAYS


@pytest.mark.parametrize("text", ["10m", "24h", "7d", "3wd", "90s"])
def test_a_span_is_written_as_it_is_read(text: str) -> None:
    assert span_text(SPAN.validate_python(text)) == text  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["3 wd", "0wd", "251wd", "-1h", "0h", "500d", "soon"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        SPAN.validate_python(text)


def test_what_lies_back_may_lie_years_back_as_no_timer_waits_for_it() -> None:
    age: TypeAdapter[timedelta] = TypeAdapter(Age)
    assert age.validate_python("730d") == timedelta(days=730)
    with pytest.raises(ValidationError):
        SPAN.validate_python("730d")


def test_working_days_are_refused_where_only_the_wall_clock_makes_sense() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(WallSpan).validate_python("3wd")


@pytest.mark.parametrize(
    ("span", "other", "longer"),
    [
        (WorkingDays(4), WorkingDays(3), True),
        (WorkingDays(3), WorkingDays(3), False),
        (timedelta(hours=3), timedelta(hours=2), True),
        (WorkingDays(4), timedelta(days=3), True),
        (WorkingDays(3), timedelta(days=3), False),
        (timedelta(days=21), WorkingDays(3), True),
        (timedelta(days=20), WorkingDays(3), False),
    ],
)
def test_a_span_is_surely_longer_only_where_it_is_whatever_the_days(span: Any, other: Any, *, longer: bool) -> None:
    assert surely_longer(span, other) is longer
