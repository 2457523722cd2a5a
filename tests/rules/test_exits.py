"""Every exit has a name, and every name a way that leads there (issue: "every exit is named, tested and recorded")."""

from collections.abc import Callable

import pytest

from models.case import Exit
from rules.view import result, summary
from tests.rules.builders import DESK, World, found_against, offered, paid

WAYS: dict[Exit, Callable[[], World]] = {
    Exit.SATISFIED: lambda: paid().does("feedback", DESK, satisfied=True),
    Exit.NO_FEEDBACK: lambda: paid().wait(days=3),
    Exit.NEGOTIATED: lambda: World(negotiation="not_tried").does("negotiated", DESK, agreed=True),
    Exit.REFUSAL_ACCEPTED: lambda: found_against().wait(days=7),
    Exit.DECIDED_AGAINST: lambda: (
        found_against().does("insist", DESK, reason="x").does("decide", "leadership", grant=False, reason="x")
    ),
    Exit.DECISION_FINAL: lambda: (
        found_against()
        .does("contest", DESK, by="customer", reason="x")
        .does("decide", "panel", grant=True, liable=[{"party": "merchant"}], reason="x")
        .child()
        .does("feedback", DESK, satisfied=False)
    ),
    Exit.OFFER_LAPSED: lambda: offered().wait(days=3),
    Exit.WITHDRAWN: lambda: World().does("withdraw", DESK),
}


def test_there_is_a_way_to_every_exit_but_the_one_of_a_second_start() -> None:
    assert set(WAYS) == set(Exit) - {Exit.DUPLICATE}


@pytest.mark.parametrize("end", WAYS)
def test_an_exit_is_recorded_in_the_last_line_the_row_and_the_result(end: Exit) -> None:
    world = WAYS[end]()
    row = summary(world.case, world.pack)
    assert (world.case.events[-1].kind, world.case.events[-1].data["exit"]) == ("closed", end.value)
    assert (row.stage, row.exit, row.closed_at, row.waiting_for) == ("closed", end, world.case.stage_since, "")
    assert (result(world.case).exit, world.view.due) == (end, None)


def test_an_open_case_has_no_result() -> None:
    with pytest.raises(ValueError, match="open"):
        result(paid().case)
