"""What gives a customer away is found, and what only looks like it is not."""

from collections.abc import Callable

import pytest

from rules.privacy import Marks
from tests.rules.builders import DESK, LOGISTICS, MERCHANDISE, World, guest, liable

MARKS = Marks({"id": "U-1", "name": "Ann Lee", "email": "ann@example.org", "phone": "+86 138-0013 8000"})


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ("refund for ANN LEE", "name"),
        ({"codes": ["x", {"to": "Ann@example.org"}]}, "email"),
        ({"8613800138000": 1}, "phone"),
        ("86 138 0013 8000", "phone"),
        ("YL-98613800138000", None),
        ("Joann Leeds", None),
        (["U-1", 8613800138000, None], None),
    ],
)
def test_a_customers_data_is_found_however_deep_and_however_written(content: object, field: str | None) -> None:
    assert MARKS.found_in(content) == field


def test_whoever_tells_nothing_or_too_little_cannot_be_found() -> None:
    assert not Marks({"id": "U-1", "name": "李", "phone": "110"})
    assert not Marks({"id": "U-1", "name": "U-1"})
    assert Marks({"name": "李明"}).found_in("李明的订单") == "name"


WORDS = "canary"
PERSON = {"id": "U-1", "name": f"{WORDS} Lee", "email": f"{WORDS}@example.org", "phone": "13800138000"}


def disputed() -> World:
    """A complaint whose notices have not left, with people's words wherever there is room for some."""
    contact = {"by": "徐莉", "note": WORDS}
    world = World(complainant=PERSON, text=WORDS, evidence=[f"photo/{WORDS}"], contact=contact, cause="damage_unclear")
    world.handing_over = False
    shares, evidence = liable(customer=100), [f"photo/{WORDS}"]
    world.does("confirm", MERCHANDISE, liable=shares, reason=WORDS, evidence=evidence).wait(hours=24)
    world.send("confirm", LOGISTICS, liable=shares, reason=WORDS, evidence=evidence)
    return world.does("contest", DESK, by="customer", reason=WORDS)


def settled() -> World:
    world = guest(complainant=PERSON, text=WORDS, cause="rude", details={"room": 12})
    world.handing_over = False
    world.does("record", "reception", note=WORDS, evidence=[f"photo/{WORDS}"])
    demand, shares, fields = {"kind": "refund", "amount": 4_000}, liable(hotel=100), {"impact": WORDS}
    world.does("offer", "duty_manager", demand=demand, basis=WORDS, liable=shares, fields=fields)
    return world.does("respond", "reception", version=1, accept=True, reason=WORDS)


@pytest.mark.parametrize("make", [disputed, settled])
def test_of_a_forgotten_customer_a_case_keeps_neither_name_nor_anybodys_words(make: Callable[[], World]) -> None:
    world = make()
    assert world.case.model_dump_json().count(WORDS) > 10
    world.does("forget", world.pack.front_desk, pseudonym="erased-1")
    kept = world.case.model_dump_json()
    assert [word for word in (WORDS, PERSON["phone"]) if word in kept] == []
    assert (world.case.complaint.complainant.id, world.case.forgotten) == ("erased-1", True)
