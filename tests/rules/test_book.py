"""The case's book: which page is certain before Temporal has the task that writes it."""

from models.names import Refused
from rules.book import page, written
from rules.messages import refused
from rules.record import KEPT_EVENTS, note
from tests.rules.builders import World


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
