"""The doctor names what is stuck, and nothing where all is well."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from activities.intents import Intents
from activities.store import Store
from models.remedy import RemedyOrder
from models.span import WorkCalendar, YearDays
from models.stage import Stage
from models.tables import CaseRow, MailRow, RefundIntent
from procedures import PACKS, PackError, Packs, load_packs
from starter.observe.figures import read_figures
from tests.activities.bookkeeping import Books, executed, ruled
from tests.activities.conftest import NOW
from tests.support import every_year
from verify.doctor import Doctor
from verify.mending import Mender


async def symptoms(store: Store, **later: float) -> list[tuple[str, str]]:
    doctor = Doctor(store, None, PACKS, every_year, now=NOW + timedelta(**later))
    return sorted([(found.number, found.code) async for found in doctor.symptoms()])


async def test_unsent_notices_and_lost_ones_are_named(store: Store, notices: Callable[..., Any]) -> None:
    await notices("merchandise", "logistics")
    assert await symptoms(store, minutes=1) == []
    async with store.write() as session:
        await session.exec(
            update(MailRow).where(col(MailRow.id) == "C-1-m2").values(failed_at=NOW, code="no_such_user")
        )
    assert await symptoms(store, minutes=11) == [("C-1-m1", "unsent"), ("C-1-m2", "undeliverable")]


@pytest.mark.parametrize("kind", ["postgresql"])
@pytest.mark.parametrize(("off", "said"), [(90, "seconds_ahead"), (-90, "seconds_behind"), (20, ""), (-20, "")])
async def test_a_host_whose_clock_is_not_the_databases_is_named_with_how_far_it_is_off(
    store: Store, off: int, said: str
) -> None:
    def host_clock() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=off)

    doctor = Doctor(store, None, PACKS, every_year, now=NOW, host_clock=host_clock)
    found = [symptom async for symptom in doctor.symptoms()]
    assert [symptom.code for symptom in found] == (["clock_differs"] if said else [])
    for symptom in found:
        seconds = symptom.facts[said]
        assert isinstance(seconds, int)
        assert 85 <= seconds <= 90
        assert symptom.facts["host"]


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize(
    ("megabytes", "said"), [(0, [("disk_full", False)]), (255, [("disk_soon_full", True)]), (256, [])]
)
async def test_a_disk_without_room_for_the_databases_file_is_named_though_all_in_it_can_be_read(
    store: Store, megabytes: int, said: list[tuple[str, bool]]
) -> None:
    doctor = Doctor(store, None, PACKS, every_year, now=NOW, free=lambda _: megabytes * 1024**2)
    found = [symptom async for symptom in doctor.symptoms()]
    assert [(symptom.code, symptom.early) for symptom in found] == said
    assert [symptom.facts["megabytes"] for symptom in found] == [megabytes] * len(said)


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_a_database_that_takes_no_writes_is_named(store: Store) -> None:
    standby = Store(f"{store.url}?options=-c%20default_transaction_read_only%3Don")
    doctor = Doctor(standby, None, PACKS, every_year, now=NOW)
    assert [symptom.code async for symptom in doctor.symptoms()] == ["takes_no_writes"]
    await standby.close()


async def test_overdue_tasks_doubtful_payments_and_cases_that_wait_for_nobody_are_named(
    books: Books, store: Store
) -> None:
    for number in ("C-1", "C-2", "C-3"):
        await books.paid(number, 500)
    async with store.write() as session:
        task = {"stage": Stage.TASK.value, "due": NOW}
        await session.exec(update(CaseRow).where(col(CaseRow.number) == "C-1").values(**task))
        await session.exec(update(CaseRow).where(col(CaseRow.number) == "C-2").values(waiting_for=""))
        doubt = {"state": "open", "suspect": True}
        await session.exec(update(RefundIntent).where(col(RefundIntent.number) == "C-3").values(**doubt))
    expected = [("C-1", "task_overdue"), ("C-2", "waits_for_nobody"), ("C-3:1:pay", "payment_doubtful")]
    assert await symptoms(store, minutes=1) == expected


async def test_a_payment_in_doubt_that_a_person_has_settled_since_is_nobodys_worry_any_more(
    books: Books, store: Store, remedy: Callable[..., RemedyOrder]
) -> None:
    intents, began = Intents(store), NOW - timedelta(hours=9)
    for number in ("C-1", "C-2"):
        await books.case(number)
        await intents.open(remedy(number, order=f"O-{number}", amount=500, paid=100_000), began)
    settled = executed(2, 500, began + timedelta(hours=2), freight=100, elsewhere=1, reference="BANK-7")
    await books.write("C-1", ruled(1), settled, refunded=500)
    await books.write("C-2", ruled(1))
    assert await symptoms(store) == [("C-2:1:pay", "payment_doubtful")]
    async with store.read() as session:
        assert (await read_figures(await session.connection(), NOW)).refunds == 1
    again = remedy("C-1", order="O-C-1", amount=500, paid=100_000, decision=2)
    await intents.open(again, began + timedelta(hours=3))
    assert await symptoms(store) == [("C-1:2:pay", "payment_doubtful"), ("C-2:1:pay", "payment_doubtful")]


async def test_a_notice_nobody_would_send_is_named_and_handed_to_the_mailroom(
    store: Store, notices: Callable[..., Any]
) -> None:
    async def nothing_missing(client: object) -> list[str]:
        return []

    await notices("merchandise")
    async with store.write() as session:
        await session.exec(update(MailRow).where(col(MailRow.id) == "C-1-m1").values(next_try_at=None))
    assert await symptoms(store) == [("C-1-m1", "notice_abandoned")]
    told: list[str] = []
    mender = Mender(store, Packs(), nothing_missing, every_year, on_mail=lambda: told.append("x"), clock=lambda: NOW)
    client: Any = None
    assert [(mended.number, mended.code) for mended in await mender.mend(client)] == [("C-1-m1", "notice_abandoned")]
    assert (told, await symptoms(store), await mender.mend(client)) == (["x"], [], [])


def only_2026(year: int) -> WorkCalendar:
    return WorkCalendar(years={2026: YearDays()} if year == 2026 else {})


def broken(year: int) -> WorkCalendar:
    raise PackError("years.toml: is not valid TOML")


@pytest.mark.parametrize(
    ("today", "calendar", "told"),
    [
        ("2026-08-01", only_2026, []),
        ("2026-11-05", only_2026, [("calendar_soon", {"year": 2027}, True)]),
        ("2026-11-05", every_year, []),
        ("2026-12-28", only_2026, [("calendar_missing", {"year": 2027}, False)]),
        ("2027-01-01", only_2026, [("calendar_missing", {"year": 2027}, False)]),
        ("2026-08-01", broken, [("calendar_unreadable", {}, False)]),
    ],
)
async def test_a_year_without_known_working_days_is_named_in_good_time_and_is_wrong_once_a_clock_waits_for_it(
    store: Store, today: str, calendar: Callable[[int], WorkCalendar], told: list[tuple[str, dict[str, int], bool]]
) -> None:
    now = datetime.fromisoformat(f"{today}T09:00:00+08:00")
    doctor = Doctor(store, None, load_packs(), calendar, now=now)
    assert [(found.code, found.facts, found.early) async for found in doctor.symptoms()] == told


async def test_procedures_without_working_days_need_no_calendar(store: Store) -> None:
    doctor = Doctor(store, None, Packs(), only_2026, now=datetime(2030, 1, 1, tzinfo=UTC))
    assert [found async for found in doctor.symptoms()] == []
