"""A state at rest shares what pydantic notes of its parts, and stays the state it was."""

from datetime import timedelta

from models.base import lean
from models.case import Case, Event
from rules.book import page, written
from rules.intake import open_case
from tests.builders import complaint
from tests.rules.builders import PACK, START


def fresh() -> Case:
    return open_case(complaint(number="R-1001"), PACK, "R-1001", START, None)


def kept() -> Case:
    case = fresh()
    return written(case, page(case, PACK))


def test_a_lean_state_is_the_same_state() -> None:
    case = fresh()
    told = case.model_dump_json()
    assert lean(case) is case
    assert case.model_dump_json() == told
    assert case == Case.model_validate_json(told)


def test_parts_of_a_kind_share_what_is_noted_of_them() -> None:
    one, other = kept(), kept()
    assert len(one.events) > 1
    assert len({id(event.model_fields_set) for event in (*one.events, *other.events)}) == 1
    assert one.complaint.order.model_fields_set is other.complaint.order.model_fields_set


def test_a_change_of_one_case_is_noted_nowhere_else() -> None:
    case = kept()
    case.but(refunded=1).asks[0].model_copy(update={"reminded": 1})
    event = case.events[0].model_copy(update={"at": START + timedelta(days=1), "stranger": 1})
    assert "stranger" in event.model_fields_set
    assert case.events[0].model_fields_set == set(Event.model_fields)
