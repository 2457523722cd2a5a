"""Trying a procedure by its own cases: whatever comes otherwise than written is told, and so is what cannot happen."""

from datetime import timedelta
from typing import Any

import pytest

from models.span import WorkingDays
from models.trial import Act, Outcome, Trial
from procedures import HERE, read_trials
from rules.trial import differences
from tests.rules.builders import CALENDAR, PACK, RETURNS_PACK

TRUE = read_trials(HERE / "returns.cases.toml").cases[0]
"""A true complaint from the inquiry to the call-back; it expects something of nearly everything."""
ENDS = TRUE.ends or pytest.fail("it says how it ends")


def told(trial: Trial) -> list[str]:
    return differences(RETURNS_PACK, trial, CALENDAR)


def expecting(**otherwise: Any) -> Trial:
    return TRUE.model_copy(update=otherwise)


def doing(*acts: Act, **facts: Any) -> Trial:
    return expecting(then=acts, ends=Outcome(), first_due=None, **facts)


def test_a_case_that_comes_as_written_is_told_nothing_of() -> None:
    assert told(TRUE) == []


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("route", "major"),
        ("handling", "ask"),
        ("asked", ("merchandise",)),
        ("duties", ("reply",)),
        ("stage", "offering"),
        ("first_due", WorkingDays(3)),
    ],
)
def test_what_a_case_begins_with_otherwise_than_written_is_told(what: str, expected: object) -> None:
    (line,) = told(expecting(**{what: expected}))
    assert line.startswith(f"{what}: is ")


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("stage", "refused"),
        ("exit", "no_feedback"),
        ("waiting_for", ("merchandise",)),
        ("basis", "panel"),
        ("for_customer", False),
        ("liable", {"supplier": 99}),
        ("recorded", ("panel",)),
        ("clocks", {"reply": WorkingDays(4)}),
        ("clocks", {"inspect": timedelta(hours=24)}),
    ],
)
def test_what_a_case_ends_with_otherwise_than_written_is_told(what: str, expected: object) -> None:
    (line,) = told(expecting(ends=ENDS.model_copy(update={what: expected})))
    assert line.startswith(f"ends.{what}")


@pytest.mark.parametrize("place", [place for place, act in enumerate(TRUE.then) if act.due is not None])
def test_a_clock_between_that_is_longer_or_shorter_than_written_is_told(place: int) -> None:
    acts = list(TRUE.then)
    acts[place] = acts[place].model_copy(update={"due": timedelta(hours=1)})
    (line,) = told(expecting(then=tuple(acts)))
    assert line.startswith(f"then.{place}.due: is ")


def test_nothing_is_due_any_more_once_a_case_has_ended() -> None:
    *acts, last = TRUE.then
    ended = last.model_copy(update={"due": timedelta(hours=1)})
    (line,) = told(expecting(then=(*acts, ended)))
    assert line.startswith(f"then.{len(acts)}.due: there is no clock, expected ")


@pytest.mark.parametrize(
    ("trial", "line"),
    [
        (expecting(cause="bad_luck"), "cause bad_luck: is not one of the procedure"),
        (expecting(demand="exchange"), "details.return_reason: is missing"),
        (doing(Act(by="customer_service", send="dance")), "then: dance is not a command"),
        (doing(Act(by="customer_service", send="offer")), "then: offer: "),
        (
            doing(Act(by="merchandise", send="respond", fields={"version": 1, "accept": True})),
            "then: respond by merchandise is refused: ",
        ),
        (doing(Act(done=True)), "then: nothing is being carried out"),
    ],
)
def test_what_cannot_happen_is_told_in_one_line_and_nothing_else_is_looked_at(trial: Trial, line: str) -> None:
    (found,) = told(trial)
    assert found.startswith(line)
    assert "\n" not in found


def test_a_procedure_of_working_days_is_not_tried_where_nobody_knows_them() -> None:
    (line,) = differences(RETURNS_PACK, TRUE, None)
    assert "working days" in line


def test_a_parcel_is_as_late_as_the_case_says() -> None:
    late = Trial.model_validate(
        {"name": "x", "cause": "other", "promised": "5d", "delivered": "2d", "explained": True, "route": "late",
         "handling": "ask", "asked": ["logistics"], "stage": "asked"}
    )  # fmt: skip
    assert differences(PACK, late) == []
    in_time = late.model_copy(update={"delivered": timedelta(days=6)})
    assert "route: is goods, expected late" in differences(PACK, in_time)
