"""Whose liability it is (S0-07, S0-08), and shared liability: verified, promised, given (S0-14)."""

import pytest

from models.commands import Share
from rules.liability import settled
from tests.rules.builders import DESK, LOGISTICS, MERCHANDISE, PACK, World, hours


@pytest.mark.parametrize(
    ("given", "becomes"),
    [
        ({"merchant": 30, "customer": 70}, {"merchant": 100}),
        ({"merchant": 20, "customer": 30, "carrier": 50}, {"merchant": 50, "carrier": 50}),
        ({"carrier": 50, "customer": 50}, {"carrier": 50, "customer": 50}),
        ({"customer": 100}, {"customer": 100}),
    ],
)
def test_mixed_liability_of_merchant_and_customer_is_the_merchants(
    given: dict[str, int], becomes: dict[str, int]
) -> None:
    shares = tuple(Share(party=party, percent=percent) for party, percent in given.items())
    assert {share.party: share.percent for share in settled(PACK, shares)} == becomes


@pytest.mark.parametrize("answer", [{"merchant": 100}, {"merchant": 50, "customer": 50}, {"customer": 100}, None])
@pytest.mark.parametrize("negotiation", ["failed", "not_tried"])
def test_a_postal_recruited_merchant_is_treated_exactly_like_any_other(
    answer: dict[str, int] | None, negotiation: str
) -> None:
    outcomes = []
    for kind in ("platform_recruited", "postal_recruited"):
        world = World(order={"number": "YL-1", "merchant_kind": kind}, negotiation=negotiation).wait(hours=49)
        if world.stage == "asked" and answer:
            world.confirms(**answer)
        outcomes.append(world.wait(hours=100).case.model_dump(exclude={"complaint"}))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(
    ("cause", "department", "shares"),
    [
        ("damaged", LOGISTICS, {"carrier": 50, "customer": 50}),
        ("quality", MERCHANDISE, {"merchant": 60, "customer": 40}),
    ],
)
def test_shared_liability_is_verified_then_promised_then_given_within_24_hours(
    cause: str, department: str, shares: dict[str, int]
) -> None:
    world = World(cause=cause).confirms(department, **shares)
    assert (world.stage, world.view.waiting_for, world.view.due) == ("verifying", DESK, world.now + hours(4))
    assert (world.mails("promised"), len(world.mails("verify"))) == ([], 1)
    world.wait(hours=1).does("verify", DESK)
    assert (world.stage, world.view.due) == ("executing", world.now + hours(24))
    assert world.mails("promised")[0].values["due_at"] == (world.now + hours(24)).isoformat()
    assert world.kinds().index("verified") < world.kinds().index("promised") < world.kinds().index("executing")


def test_the_silence_of_three_is_borne_to_the_last_percent() -> None:
    world = World().does("triage", DESK, handling="ask", ask=[MERCHANDISE, LOGISTICS, DESK], reason="x")
    assert world.wait(hours=24).shares == {MERCHANDISE: 34, LOGISTICS: 33, DESK: 33}


def test_a_missed_verification_is_recorded_and_the_customer_gets_the_promise_all_the_same() -> None:
    world = World(cause="damaged").confirms(LOGISTICS, carrier=50, customer=50).wait(hours=4)
    assert (world.stage, world.event("not_verified").department) == ("executing", DESK)
    assert len(world.mails("promised")) == 1


def test_a_verification_our_own_outage_hid_is_nobodys_omission() -> None:
    world = World(cause="damaged")
    world.handing_over = False
    world.confirms(LOGISTICS, carrier=50, customer=50).outage(hours=5)
    assert (world.stage, "not_verified" in world.kinds()) == ("executing", False)


def test_a_promise_not_kept_in_its_24_hours_is_recorded() -> None:
    world = World(cause="damaged").confirms(LOGISTICS, carrier=50, customer=50).does("verify", DESK)
    world.wait(hours=24, microseconds=-1)
    assert "not_same_day" not in world.kinds()
    assert world.wait(microseconds=1).event("not_same_day").department == "returns_centre"


def test_the_liability_of_one_party_alone_needs_no_verification() -> None:
    assert World().confirms(merchant=100).stage == "executing"
    assert World(cause="damage_unclear").confirms(MERCHANDISE, merchant=50, carrier=50).wait(hours=24).stage == (
        "executing"
    )
