"""The measures against a table worked out by hand.

March 2026, days in Shanghai. Six complaints are submitted in it, five end in it.

| case | customer | submitted | ended  | exit      | clock ran out | before it          | in time | satisfied | repeat |
|------|----------|-----------|--------|-----------|---------------|--------------------|---------|-----------|--------|
| A-0  | U-1      | 20 Feb    | 1 Mar  | satisfied | no            | -                  | -       | yes       | -      |
| A-1  | U-1      | 2 Mar     | 6 Mar  | satisfied | no            | A-0, 10 days       | yes     | yes       | yes    |
| A-2  | U-1      | 9 Mar     | 12 Mar | no answer | no            | A-1, 7 days        | yes     | no        | yes    |
| A-3  | U-2      | 3 Mar     | 20 Mar | satisfied | silence       | none               | no      | yes       | no     |
| A-4  | U-3      | 4 Mar     | -      | -         | no            | A-9, 31 days: over | no      | -         | no     |
| A-5  | U-4      | 10 Mar    | 1 Apr  | satisfied | no            | none               | yes     | -         | no     |
| A-6  | U-5      | 11 Mar    | 15 Mar | withdrawn | task overdue  | none               | no      | no        | no     |
| A-9  | U-3      | 1 Feb     | 2 Feb  | satisfied | no            | -                  | -       | -         | -      |

In time 3 / 6 = 50.0 %. Satisfied 3 / 5 = 60.0 %. Repeat customers: U-1 alone, 1 / 6 = 16.7 %.
A settlement was offered in A-1 (accepted), A-3 (the panel decided), A-4 (still open), A-6 (withdrawn): 1 / 3 = 33.3 %.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from models.language import Language
from procedures import HERE, read_pack
from reports.cohort import counted
from reports.document import Setting
from reports.metrics import cases, group_title, metrics
from tests.reports.conftest import Put, at

Build = Callable[..., Setting]


@pytest.fixture
async def month(put: Put) -> None:
    """The cases of the table above."""
    asked = ("asked", at(2), "merchandise", {"ask": "1-merchandise"})
    both = ("asked", at(2), "logistics", {"ask": "1-logistics"})
    silent = ("silence", at(4), "merchandise", {"ask": "1-merchandise", "undelivered": 0})
    overdue = ("task_overdue", at(13), "panel", {"code": "panel"})
    february = datetime(2026, 2, 20, 4, tzinfo=UTC)
    done = {"stage": "closed", "exit": "satisfied"}
    home = {"category": "home", "cause": "damaged"}
    await put("A-0", opened_at=february, customer="U-1", closed_at=at(1), **done)
    offered = ("offered", at(5), "merchandise", {"amount": 1})
    settled, by_panel = {"basis": "settlement"}, {"basis": "panel"}
    await put("A-1", asked, offered, opened_at=at(2), customer="U-1", closed_at=at(6), **done, **home, **settled)
    ended = {"stage": "closed", "exit": "no_feedback"}
    await put("A-2", asked, both, opened_at=at(9), customer="U-1", closed_at=at(12), **ended)
    await put(
        "A-3", asked, silent, offered, opened_at=at(3), customer="U-2", closed_at=at(20), **done, **home, **by_panel
    )
    await put("A-4", offered, opened_at=at(4, 5), customer="U-3")
    await put("A-5", opened_at=at(10), customer="U-4", closed_at=at(31, 16), **done)
    withdrawn = {"stage": "closed", "exit": "withdrawn"}
    await put("A-6", overdue, offered, opened_at=at(11), customer="U-5", closed_at=at(15), **withdrawn)
    long_ago = datetime(2026, 2, 1, 4, tzinfo=UTC)
    await put("A-9", opened_at=long_ago, customer="U-3", closed_at=datetime(2026, 2, 2, tzinfo=UTC), **done)


async def figures(database: AsyncConnection, setting: Setting) -> dict[tuple[str, str], dict[str, Any]]:
    rows = [row.facts async for row in metrics(database, setting).sections[0].rows()]
    return {(row["dimension"], row["group"]): dict(row) for row in rows}


@pytest.mark.usefixtures("month")
async def test_the_measures_are_as_worked_out_by_hand(database: AsyncConnection, setting: Build) -> None:
    found = await figures(database, setting())
    assert found["all", ""] == {
        "dimension": "all", "group": "", "complaints": 6, "timely": 3, "timeliness": 50.0, "open": 1, "handled": 5,
        "satisfied": 3, "satisfaction": 60.0, "repeaters": 1, "repeats": 16.7,
        "mediated": 3, "settled": 1, "mediation": 33.3,
    }  # fmt: skip


GROUPS = {
    # complaints, in time, handled, satisfied, repeat customers
    ("procedure", "marketplace.1"): (6, 3, 5, 3, 1),
    ("department", "merchandise"): (3, 2, 3, 2, 1),
    ("department", "logistics"): (1, 1, 1, 0, 1),
    ("department", "customer_service"): (3, 1, 2, 1, 0),  # nobody was asked
    ("category", "home"): (2, 1, 2, 2, 1),
    ("category", ""): (4, 2, 3, 1, 1),
    ("cause", "damaged"): (2, 1, 2, 2, 1),
    ("cause", "quality"): (4, 2, 3, 1, 1),
    ("result", "satisfied"): (3, 2, 3, 3, 1),
    ("result", "no_feedback"): (1, 1, 1, 0, 1),
    ("result", "withdrawn"): (1, 0, 1, 0, 0),
    ("week", "2026-W09"): (0, 0, 1, 1, 0),  # until 1 March: A-0 ended
    ("week", "2026-W10"): (3, 1, 1, 1, 1),  # 2 to 8 March
    ("week", "2026-W11"): (3, 2, 2, 0, 1),  # 9 to 15 March
    ("week", "2026-W12"): (0, 0, 1, 1, 0),
    ("month", "2026-03"): (6, 3, 5, 3, 1),
}


@pytest.mark.usefixtures("month")
async def test_the_measures_of_each_group_are_as_worked_out_by_hand(database: AsyncConnection, setting: Build) -> None:
    names = ("complaints", "timely", "handled", "satisfied", "repeaters")
    found = await figures(database, setting())
    assert {key: tuple(row[name] for name in names) for key, row in found.items() if key[0] != "all"} == GROUPS


@pytest.mark.usefixtures("month")
async def test_complaints_are_counted_by_the_types_and_classes_of_their_procedure(
    database: AsyncConnection, setting: Build, put: Put
) -> None:
    courier = read_pack(HERE / "courier.procedure.toml")
    of = {"marketplace.1": setting().pack("marketplace.1"), "courier.1": courier}
    among = replace(setting(), pack=of.__getitem__, packs=lambda: [courier])
    parcel = {"procedure": "courier.1", "stage": "closed", "exit": "satisfied", "closed_at": at(9)}
    await put("P-1", opened_at=at(5), cause="transit_delay", **parcel)
    await put("P-2", opened_at=at(6), cause="rude", **parcel)
    found = await figures(database, among)
    counts = {group: row["complaints"] for (dimension, group), row in found.items() if dimension == "type"}
    assert counts == {"delay": 1, "attitude": 1, "service": 2}
    assert (group_title("type", "service", among), group_title("result", "satisfied", among)) == (
        "服务质量类",
        "客户满意",
    )
    rows = {
        row.facts["number"]: row async for row in cases(database, among, None, ("type", "delay")).sections[0].rows()
    }
    assert list(rows) == ["P-1"]
    assert {"延误", "运输延误", "客户满意"} <= set(rows["P-1"].cells)


async def test_a_group_another_procedure_knows_is_named_in_its_words(setting: Build) -> None:
    others = [read_pack(HERE / "courier.procedure.toml")]
    among = replace(setting(), packs=lambda: others)
    assert group_title("department", "station", among) == "站点"
    assert group_title("department", "station", setting()) == "station"


async def test_a_rate_of_nothing_is_no_figure(database: AsyncConnection, setting: Build) -> None:
    assert await figures(database, setting()) == {}


@pytest.mark.usefixtures("month")
async def test_each_figure_leads_to_its_cases(database: AsyncConnection, setting: Build) -> None:
    async def behind(measure: Any, flag: str, group: tuple[str, str] | None = None) -> list[str]:
        rows = cases(database, setting(), measure, group).sections[0].rows()
        return [row.facts["number"] + ("+" if row.facts[flag] else "") async for row in rows]

    assert await behind("timeliness", "timely") == ["A-1+", "A-2+", "A-3", "A-4", "A-5+", "A-6"]
    assert await behind("satisfaction", "satisfied") == ["A-0+", "A-1+", "A-2", "A-3+", "A-6"]
    assert await behind("repeats", "repeated") == ["A-1+", "A-2+", "A-3", "A-4", "A-5", "A-6"]
    assert await behind("mediation", "settled") == ["A-1+", "A-3", "A-6"]
    # Of no one figure: every case of the group, also those that are open.
    assert await behind(None, "timely", ("department", "customer_service")) == ["A-0", "A-4", "A-5+", "A-6"]
    assert await behind("timeliness", "timely", ("department", "merchandise")) == ["A-1+", "A-2+", "A-3"]
    assert await behind("satisfaction", "satisfied", ("week", "2026-W11")) == ["A-2", "A-6"]
    assert await behind("mediation", "settled", ("week", "2026-W10")) == ["A-1+"]
    assert await behind("repeats", "repeated", ("week", "2026-W10")) == ["A-1+", "A-3", "A-4"]


@pytest.mark.usefixtures("month")
async def test_the_charts_write_every_value_beside_its_mark(database: AsyncConnection, setting: Build) -> None:
    section = metrics(database, setting(Language.EN)).sections[0]
    _ = [row async for row in section.rows()]
    drawn = section.charts()
    assert drawn.count("<svg") == 5
    assert "66.7%" in drawn
    assert "Merchandise" in drawn
    assert "http" not in drawn


@pytest.mark.usefixtures("month")
async def test_a_case_is_counted_once_over_any_number_of_pages(database: AsyncConnection, setting: Build) -> None:
    numbers = [case.row.number async for case in counted(database, setting(), size=2)]
    assert numbers == ["A-0", "A-1", "A-2", "A-3", "A-4", "A-5", "A-6"]
