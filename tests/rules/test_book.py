"""The case's book: which page is certain before Temporal has the task that writes it."""

from datetime import timedelta

import pytest

from models.case import Case
from models.commands import COMMANDS
from models.names import Refused
from rules.book import page, written
from rules.messages import receive, refused
from rules.record import KEPT_BYTES, KEPT_EVENTS, note
from rules.replies import Message
from tests.rules.builders import DESK, World, paid


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


@pytest.mark.parametrize("mark", ["x", "话", "😀", "“"])
def test_lines_in_memory_are_bounded_by_what_they_take_too_so_that_a_run_can_hand_its_state_over(mark: str) -> None:
    world = paid()
    for _ in range(400):
        world.now += timedelta(seconds=1)
        world.does("feedback", DESK, reached=False, reason=2_000 * mark)
    lines = world.case.events
    assert sum(len(event.model_dump_json().encode()) for event in lines) < 1.1 * KEPT_BYTES
    assert [event.seq for event in lines] == list(range(lines[0].seq, world.case.event_count + 1))


def test_the_longest_lines_stay_in_memory_until_the_book_has_them_and_no_longer() -> None:
    case = paid().case
    for _ in range(2 * KEPT_BYTES // 2_000):
        case = note(case, case.opened_at, "not_reached", reason="x" * 2_000)
    assert [event.seq for event in page(case, World().pack).events] == list(
        range(case.written + 1, case.event_count + 1)
    )
    case = written(case, page(case, World().pack))
    assert sum(len(event.model_dump_json()) for event in case.events) < 1.1 * KEPT_BYTES


def test_what_a_forgotten_customer_wrote_takes_no_room_any_more() -> None:
    world = paid()
    for _ in range(5):
        world.now += timedelta(seconds=1)
        world.does("feedback", DESK, reached=False, reason=2_000 * "x")
    case = world.does("forget", DESK, pseudonym="erased-1").case
    as_handed_over = Case.model_validate_json(case.model_dump_json())
    assert [event.size for event in case.events] == [event.size for event in as_handed_over.events]
    assert [mail.size for mail in case.mails] == [mail.size for mail in as_handed_over.mails]


def test_while_sql_is_down_a_case_takes_no_more_words_than_a_page_and_a_hand_over_hold() -> None:
    world = paid()
    case, codes = world.case, []
    word = COMMANDS["feedback"].model_validate({"actor": "x", "reached": False, "reason": 2_000 * "😀"})
    for _ in range(300):
        world.now += timedelta(seconds=1)
        case, verdict = receive(case, world.pack, Message("feedback", word, world.now, (DESK,)))
        codes.append(verdict.code)
    assert set(codes) == {"accepted", "try_later"}
    assert codes == sorted(codes), "from then on until there is room"
    assert len(page(case, world.pack).model_dump_json().encode()) < 1.2 * KEPT_BYTES
    case = written(case, page(case, world.pack))
    assert receive(case, world.pack, Message("feedback", word, world.now, (DESK,)))[1].accepted


def test_a_case_whose_memory_holds_all_its_lines_is_stored_as_before() -> None:
    assert "parts" not in paid().case.model_dump()
    assert Case.model_validate_json(paid().case.model_dump_json()).parts == ()
