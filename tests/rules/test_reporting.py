"""Regular reports: which period they are about, and to whom they go."""

from datetime import UTC, datetime, timedelta

import pytest

from models.reporting import ReportCall
from procedures import HERE, read_pack
from rules.reporting import days, ended_period, post_of

PACK = read_pack(HERE / "marketplace.procedure.toml")
ZONE = "Asia/Shanghai"
NOW = datetime(2026, 3, 9, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "every", "period"),
    [
        (datetime(2026, 3, 9, 0, 0, tzinfo=UTC), "week", "2026-W10"),  # Monday, 08:00 in Shanghai
        (datetime(2026, 3, 8, 15, 59, tzinfo=UTC), "week", "2026-W09"),  # Sunday, 23:59: the week still lasts
        (datetime(2027, 1, 4, 0, 0, tzinfo=UTC), "week", "2026-W53"),
        (datetime(2026, 3, 1, 0, 0, tzinfo=UTC), "month", "2026-02"),
        (datetime(2026, 2, 28, 16, 0, tzinfo=UTC), "month", "2026-02"),  # midnight of 1 March in Shanghai
        (datetime(2027, 1, 1, 0, 0, tzinfo=UTC), "month", "2026-12"),
    ],
)
def test_a_round_is_about_the_period_that_ended_last_on_the_clock_of_the_procedure(
    moment: datetime, every: str, period: str
) -> None:
    assert ended_period(moment, every, ZONE) == period  # type: ignore[arg-type]


def call(**changes: str) -> ReportCall:
    return ReportCall.model_validate(
        {"procedure": PACK.name, "name": "weekly", "every": "week", "time_zone": ZONE, **changes}
    )


def test_each_reader_gets_one_mail_of_a_period_whoever_asks_and_another_only_on_a_wish() -> None:
    first, again = (post_of(call(**more), PACK, "2026-W10", NOW) for more in ({}, {"again": "ab12"}))
    assert [mail.to for mail in first.mails] == list(PACK.sending["weekly"].to)
    assert first.mails[0].id == "report.marketplace.weekly.2026-W10.leadership"
    assert post_of(call(), PACK, "2026-W10", NOW + timedelta(hours=1)).mails[0].id == first.mails[0].id
    assert not {mail.id for mail in first.mails} & {mail.id for mail in again.mails}
    assert first.mails[0].values["enclosed"] == "out_of_rule.xlsx,disputes.xlsx,breaches.xlsx"


def test_a_round_the_procedure_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="sends no daily reports"):
        post_of(call(name="daily"), PACK, "2026-W10", NOW)


def test_the_days_of_a_span_are_those_of_the_procedure() -> None:
    assert days(NOW - timedelta(days=7, hours=10), NOW, ZONE) == "2026-03-01/2026-03-09"
