"""Who did not do what was agreed; what our own mail or outage prevented is nobody's breach."""

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from models.language import Language
from reports.breaches import breaches
from reports.document import Setting
from tests.reports.conftest import Put, at, table

Build = Callable[..., Setting]


def silence(day: int, undelivered: int = 0, ask: str = "1-merchandise") -> tuple[object, ...]:
    return ("silence", at(day), "merchandise", {"ask": ask, "undelivered": undelivered})


async def test_every_kind_of_breach_is_listed_with_department_and_person(
    database: AsyncConnection, setting: Build, put: Put
) -> None:
    await put("A-1", ("no_pre_explanation", at(2), "customer_service", {}), silence(3))
    late = ("answered_late", at(4, 7, 20), "merchandise", {"liable": "merchant=100"}, "耿焰")
    await put("A-2", silence(4), late)
    await put("A-3", ("not_verified", at(5), "customer_service", {}), ("not_same_day", at(6), "returns_centre", {}))
    await put("A-4", ("task_overdue", at(7), "panel", {"code": "panel"}))
    report = breaches(database, setting(Language.EN))
    rows = [(row[2], row[4], row[5], row[6], row[7]) for row in await table(report, 1)]
    assert rows == [
        ("A-1", "No explanation before the mail", "Customer service", None, ""),
        ("A-1", "No answer", "Merchandise", "耿焰, 郑慧娟", ""),
        ("A-2", "Answered late", "Merchandise", "耿焰", "answered 3 h 20 min late"),
        ("A-3", "Shared liability not verified in time", "Customer service", None, ""),
        ("A-3", "Not carried out in time", "Returns centre", None, ""),
        ("A-4", "Task overdue", "After-sales quality panel", None, "Decide in the panel"),
    ]
    assert await table(report, 0) == [
        ("Customer service", "No explanation before the mail", 1),
        ("Customer service", "Shared liability not verified in time", 1),
        ("Merchandise", "Answered late", 1),
        ("Merchandise", "No answer", 1),
        ("After-sales quality panel", "Task overdue", 1),
        ("Returns centre", "Not carried out in time", 1),
    ]


async def test_what_was_our_fault_is_nobodys_breach(database: AsyncConnection, setting: Build, put: Put) -> None:
    await put("A-1", silence(3, undelivered=1))
    failed = ("undelivered", at(4), "merchandise", {"ask": "1-merchandise", "code": "rejected"})
    await put("A-2", silence(3), failed)
    await put("A-3", ("not_same_day", at(3), None, {}))
    other = ("undelivered", at(4), "logistics", {"ask": "1-logistics", "code": "rejected"})
    await put("A-4", silence(3), other)
    assert [row[2] for row in await table(breaches(database, setting()), 1)] == ["A-4"]


async def test_a_late_answer_belongs_to_the_ask_it_answers(database: AsyncConnection, setting: Build, put: Put) -> None:
    again = ("asked", at(5), "merchandise", {"ask": "2-merchandise"})
    late = ("answered_late", at(9), "merchandise", {"liable": "merchant=100"}, "耿焰")
    await put("A-1", silence(3), again, silence(8, ask="2-merchandise"), late)
    kinds = [row[4] for row in await table(breaches(database, setting(Language.EN)), 1)]
    assert kinds == ["No answer", "Answered late"]


async def test_only_breaches_of_the_period_are_listed(database: AsyncConnection, setting: Build, put: Put) -> None:
    await put("A-1", ("not_verified", at(31, 16), "customer_service", {}))
    assert await table(breaches(database, setting()), 1) == []
