"""Three hundred hostile values against every sink: nothing comes through."""

import json

import pytest

from models.language import Language
from models.meeting import Agenda, MeetingStage, Minutes
from starter.cli import sitting
from starter.cli.session import begin
from tests.lanes.injections import KNOWN, NOW, SINKS, sql


def test_there_are_three_hundred() -> None:
    assert len(set(KNOWN)) == 300


@pytest.mark.parametrize("sink", SINKS.values(), ids=SINKS)
def test_nothing_comes_through_a_sink(sink: object) -> None:
    assert callable(sink)
    assert [(value, came_through) for value in KNOWN if (came_through := sink(value)) is not None] == []


async def test_sql_keeps_a_value_as_it_is_and_finds_no_row_but_its_own() -> None:
    assert await sql(list(KNOWN)) == []


def test_a_sign_that_a_terminal_obeys_and_an_earlier_release_has_stored_is_not_printed_raw(
    capsys: pytest.CaptureFixture[str],
) -> None:
    current, told = begin(Language.EN), "\x9b2J\x9b31m\u202eold words"
    held = Minutes(
        procedure="marketplace.1", name="2026-W40", stage=MeetingStage.CLOSED, called_at=NOW, starts_at=NOW,
        ends_at=NOW, note=told, agenda=Agenda(procedure="marketplace.1"),
    )  # fmt: skip
    sitting._print(current, held, [])
    page = capsys.readouterr().out
    current.print_json({"note": told})
    as_json = capsys.readouterr().out
    assert "old words" in page
    assert set("\x9b\u202e").isdisjoint(page + as_json)
    assert json.loads(as_json) == {"note": told}
