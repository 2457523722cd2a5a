"""The case's book: which page is certain before Temporal has the task that writes it."""

from datetime import timedelta

from models.names import Refused
from models.remedy import RemedyResult
from rules.book import not_yet_written, page, written
from rules.messages import refused
from rules.record import KEPT_EVENTS, note
from rules.remedy import ended_at
from tests.rules.builders import World, granted


def _came_back(seconds: float) -> RemedyResult:
    case = granted().case
    return RemedyResult(
        amount=21_000, reference="P-1", done=("pay",), at=case.events[-1].at + timedelta(seconds=seconds)
    )


def test_a_result_counts_from_the_childs_own_instant_but_never_before_the_last_line() -> None:
    case = granted().case
    last = case.events[-1].at
    assert ended_at(case, _came_back(3)) == last + timedelta(seconds=3)
    assert ended_at(case, _came_back(-3)) == last
    assert ended_at(case, RemedyResult(failure="child_failed")) is None


def test_of_an_earlier_state_only_what_is_not_written_yet_goes_into_the_book() -> None:
    world = World()
    world.handing_over = False
    asked = world.confirms().case
    known = world.child().case
    now = written(known, page(asked, world.pack))
    left = page(not_yet_written(known, now), world.pack)
    assert [event.kind for event in left.events] == ["executed", "feedback_asked"]
    assert [mail.template for mail in left.mails] == ["result"]
    now = written(now, left)
    assert page(not_yet_written(known, now), world.pack).mails == ()


def test_a_line_the_book_lacks_is_kept_however_many_come_after_it() -> None:
    world = World()
    world.handing_over = False
    case = world.confirms().child().case
    for _ in range(2 * KEPT_EVENTS):
        case, _ = refused(case, "decide", Refused.WRONG_DEPARTMENT, "actor: may not", world.now)
    lines = page(case, world.pack).events
    assert [event.seq for event in lines] == list(range(case.written + 1, case.event_count + 1))
    assert "executed" in {event.kind for event in lines}
    case, _ = refused(written(case, page(case, world.pack)), "decide", Refused.BAD_INPUT, "x", world.now)
    assert len(note(case, world.now, "filed").events) == KEPT_EVENTS
