"""What complaints were about, how that moved, and what a change of the rules changed."""

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from models.language import Language
from reports.causes import causes
from reports.document import Document, Setting
from tests.reports.conftest import Put, at, table

Build = Callable[..., Setting]


async def section(report: Document, key: str) -> list[tuple[object, ...]]:
    place = [section.key for section in report.sections].index(key)
    return await table(report, place)


async def test_reasons_products_merchants_and_carriers_are_ranked_with_their_change(
    database: AsyncConnection, setting: Build, put: Put
) -> None:
    february = at(1).replace(month=2, day=20)
    await put("A-0", opened_at=february, cause="damaged", merchant="M-1")
    await put("A-1", cause="damaged", merchant="M-1", carrier="ems", contested=True)
    await put("A-2", cause="damaged", merchant="M-2", opened_at=at(9))
    await put("A-3", cause="quality", merchant="M-2", opened_at=at(10), out_of_rule=True)
    report = causes(database, setting(Language.EN))
    # rank, of, complaints, share %, disputed, outside the rules, before, change
    assert await section(report, "cause") == [
        (1, "Damaged in transit", 2, 66.7, 1, 0, 1, 1),
        (2, "Quality", 1, 33.3, 0, 1, 0, 1),
    ]
    assert await section(report, "merchant") == [(1, "M-2", 2, 66.7, 0, 1, 0, 2), (2, "M-1", 1, 33.3, 1, 0, 1, 0)]
    assert await section(report, "carrier") == [(1, "ems", 1, 33.3, 1, 0, 0, 1)]
    assert await section(report, "product") == [(1, "CUP-1", 3, 100.0, 1, 1, 1, 2)]
    assert await section(report, "weeks") == [("2026-W10", 1, 1, 0), ("2026-W11", 2, 0, 1)]
    assert await section(report, "changes") == []
    assert all("<svg" in section.charts() for section in report.sections[:5])


async def test_since_a_change_of_the_rules_causes_are_compared_with_as_many_days_before(
    database: AsyncConnection, setting: Build, put: Put
) -> None:
    for number in range(3):
        await put(f"A-{number}", opened_at=at(6 + number), cause="damaged")
    await put("A-5", opened_at=at(21), cause="damaged", procedure="marketplace.10")
    await put("A-6", opened_at=at(22), cause="late", procedure="marketplace.10")
    await put("A-7", opened_at=at(20), cause="late", procedure="marketplace.9")
    report = causes(database, setting(Language.EN))
    assert await section(report, "changes") == [
        ("marketplace.10", "2026-03-21", "Damaged in transit", 0, 1, 1),
        ("marketplace.10", "2026-03-21", "Late delivery", 1, 1, 0),
    ]
