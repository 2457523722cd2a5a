"""A report of one procedure, such as each that goes out by itself, counts no case of another."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from activities.store import Store, at_one_moment
from models.language import Language
from reports.catalogue import REPORTS
from reports.document import Setting
from tests.activities.conftest import kind, store, url  # noqa: F401 - fixtures
from tests.reports.conftest import Put, at

Build = Callable[..., Setting]
ENDED = {"stage": "closed", "exit": "satisfied", "closed_at": at(6), "contested": True, "out_of_rule": True}


@pytest.mark.parametrize("name", REPORTS)
async def test_no_line_and_no_figure_of_it_is_of_another_procedures_case(
    name: str,
    store: Store,  # noqa: F811
    setting: Build,
    put: Put,
) -> None:
    silent = ("silence", at(4), "merchandise", {"ask": "1-merchandise", "undelivered": 0})
    await put("A-1", silent, order_number="MINE", customer="U-1", **ENDED)
    await put("B-1", silent, order_number="THEIRS", customer="U-2", procedure="marketplacex.1", **ENDED)
    build, counted = REPORTS[name]
    everything, mine = setting(Language.EN), replace(setting(Language.EN), only="marketplace")
    async with store.read() as session:
        database = await at_one_moment(session)
        assert 2 * await counted(database, mine) == await counted(database, everything)
        document = build(database, mine)
        cells = [str(row.cells) for section in document.sections async for row in section.rows()]
    assert "Procedure: Quick complaint handling" in document.notes
    assert cells
    assert "THEIRS" not in str(cells)
    if name == "metrics":
        assert cells[0].startswith("('All', '', 1,")
    if name == "causes":
        assert cells[0].startswith("(1, 'Quality', 1, 100.0,")
