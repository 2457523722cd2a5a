"""Who bears what (S0-19): every cost is somebody's, every transaction balances, the customer is never charged."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from models.case import Event
from models.ledger import Account, LedgerCase, Posting
from rules.settlement import month_of, next_month, postings
from tests.rules.builders import (
    DESK,
    LEADERSHIP,
    LOGISTICS,
    MERCHANDISE,
    PACK,
    PANEL,
    RETURNS,
    SELF_OPERATED,
    START,
    World,
    granted,
    liable,
    paid,
)
from tests.rules.test_worlds import AnyCase


def ledger(world: World) -> list[Posting]:
    order = world.case.complaint.order
    case = LedgerCase(number="T-1", order=order.number, merchant=order.merchant, carrier=order.carrier)
    return postings(case, world.pack, world.case.events)


def balances(made: list[Posting]) -> dict[str, int]:
    """What stands on each account; a cost under its party's name."""
    found: Counter[str] = Counter()
    for posting in made:
        for entry in posting.entries:
            found[entry.party or entry.account] += entry.amount
    return {name: amount for name, amount in found.items() if amount}


def test_a_refund_is_borne_by_the_merchant_of_the_order_and_its_freight_is_named() -> None:
    made = ledger(paid())
    assert [(posting.kind, posting.entries[1].amount, posting.clause) for posting in made] == [
        ("refund", 20_000, "S0-06, S0-09"),
        ("freight", 1_000, "S0-06, S0-09"),
    ]
    assert balances(made) == {"gateway": -21_000, "merchant:M-7": 21_000}
    assert {posting.reference for posting in made} == {"P-1"}


def test_a_split_cost_loses_no_cent_and_the_carrier_is_the_orders_own() -> None:
    world = World(cause="damage_unclear", order={"carrier": "EMS-3"}, demand={"kind": "refund", "amount": 101})
    world.confirms(MERCHANDISE, merchant=67, carrier=33).confirms(LOGISTICS, merchant=67, carrier=33).child()
    assert balances(ledger(world)) == {"gateway": -101, "merchant:M-7": 68, "carrier:EMS-3": 33}


def test_a_compensation_is_booked_as_one() -> None:
    (posting,) = ledger(paid(demand={"kind": "compensation", "amount": 700}))
    assert (posting.kind, posting.entries[1].amount) == ("compensation", 700)


def test_goods_sent_from_stock_are_booked_at_the_orders_prices_without_freight() -> None:
    world = granted(demand={"kind": "exchange", "lines": [{"sku": "S-1", "quantity": 1}]})
    world.does("goods", RETURNS, accepted=True).child()
    assert balances(ledger(world)) == {"goods": -10_000, "merchant:M-7": 10_000}


def test_a_repair_and_an_apology_cost_the_party_nothing() -> None:
    assert ledger(granted(demand={"kind": "repair"}).does("goods", RETURNS, accepted=True).child()) == []
    assert ledger(granted(demand={"kind": "apology"})) == []


def test_the_customers_part_and_what_nobody_is_liable_for_is_the_companys() -> None:
    world = World(cause="damaged").confirms(LOGISTICS, carrier=50, customer=50).does("verify", DESK).child()
    assert balances(ledger(world)) == {"gateway": -21_000, "carrier": 10_500, "company": 10_500}
    delivered = {"delivered_at": "2026-03-01T00:00:00Z"}
    allowed = World(order=SELF_OPERATED | delivered, cause="no_reason", demand={"kind": "return_and_refund"})
    allowed.does("goods", RETURNS, accepted=True).child()
    (refund, _) = made = ledger(allowed)
    assert balances(made) == {"gateway": -21_000, "company": 21_000}
    assert (refund.ground, refund.clause) == ("in_rule", "S0-12")


def test_silence_is_booked_on_the_silent_department_and_a_late_answer_is_a_reversal_and_a_new_booking() -> None:
    world = World(demand={"kind": "refund", "amount": 9_000}).wait(hours=24).child()
    assert [(posting.ground, posting.clause) for posting in ledger(world)] == [("silence", "S0-16")]
    assert balances(ledger(world)) == {"gateway": -9_000, MERCHANDISE: 9_000}
    world.send("confirm", MERCHANDISE, liable=liable(merchant=100), reason="迟")
    first, back, again = made = ledger(world)
    assert balances(made) == {"gateway": -9_000, "merchant:M-7": 9_000}
    assert (back.reverses, again.reverses, again.ground) == (first.id, None, "late_answer")
    assert [entry.amount for entry in back.entries] == [-entry.amount for entry in first.entries]


def test_a_contested_cost_is_held_for_nobody_until_the_panel_has_decided() -> None:
    world = paid().does("contest", DESK, by="merchant", reason="不服")
    assert balances(ledger(world)) == {"gateway": -21_000, "held": 21_000}
    world.does("decide", PANEL, grant=True, liable=liable(carrier=100), reason="定")
    made = ledger(world)
    assert balances(made) == {"gateway": -21_000, "carrier": 21_000}
    assert (made[-1].ground, made[-1].clause, made[-1].contested) == ("panel", "S0-10, S0-27", True)
    assert made[0].contested is False


def test_a_held_cost_the_panel_leaves_where_it_was_is_free_again() -> None:
    world = paid().does("contest", DESK, by="merchant", reason="不服")
    world.does("decide", PANEL, grant=True, liable=liable(merchant=100), reason="维持")
    assert balances(ledger(world)) == {"gateway": -21_000, "merchant:M-7": 21_000}


def test_what_is_paid_while_the_cost_is_in_dispute_goes_to_the_held_account() -> None:
    world = granted().does("contest", DESK, by="merchant", reason="不服").child()
    assert balances(ledger(world)) == {"gateway": -21_000, "held": 21_000}
    assert {posting.ground for posting in ledger(world)} == {"contested"}


def test_an_unsatisfied_customers_disputed_case_is_decided_whole_and_frees_the_cost() -> None:
    world = paid().does("contest", DESK, by="merchant", reason="不服").does("feedback", DESK, satisfied=False)
    assert balances(ledger(world))["held"] == 21_000
    world.does("decide", PANEL, grant=True, liable=liable(merchant=60, carrier=40), reason="定")
    assert balances(ledger(world)) == {"gateway": -21_000, "merchant:M-7": 12_600, "carrier": 8_400}


def test_a_second_round_moves_nothing_of_the_first() -> None:
    world = paid(demand={"kind": "refund", "amount": 6_000})
    world.does("feedback", DESK, satisfied=False, demand={"kind": "refund", "amount": 15_000})
    world.does("contact", DESK).confirms(MERCHANDISE, carrier=100).child()
    assert balances(ledger(world)) == {"gateway": -21_000, "merchant:M-7": 6_000, "carrier": 15_000}
    world.does("contest", DESK, by="carrier", reason="不服")
    assert balances(ledger(world)) == {"gateway": -21_000, "merchant:M-7": 6_000, "held": 15_000}


def test_money_paid_by_other_means_has_an_account_of_its_own() -> None:
    world = granted().child(failure="account_closed", step="pay")
    world.does("resolve", RETURNS, outcome="settled", reference="BANK-1")
    assert balances(ledger(world)) == {"elsewhere": -21_000, "merchant:M-7": 21_000}


def test_money_given_instead_of_goods_is_still_borne_under_the_ruling() -> None:
    world = granted(demand={"kind": "exchange"}).child(failure="out_of_stock", step="reserve")
    world.does("resolve", RETURNS, outcome="refund_instead").child()
    assert balances(ledger(world)) == {"gateway": -21_000, "merchant:M-7": 21_000}
    assert {posting.decision for posting in ledger(world)} == {1}


def test_the_leaderships_grant_is_the_companys_where_it_names_nobody() -> None:
    world = World(order=SELF_OPERATED, cause="other").does("insist", DESK, reason="坚持")
    world.does("decide", LEADERSHIP, grant=True, demand={"kind": "compensation", "amount": 500}, reason="x").child()
    (posting,) = ledger(world)
    assert (balances([posting]), posting.clause) == ({"gateway": -500, "company": 500}, "S0-13")


def test_an_undelivered_ask_puts_the_silence_on_the_system() -> None:
    world = World()
    world.mail_says(world.ask(MERCHANDISE).mail, delivered=False).wait(hours=24).child()
    assert balances(ledger(world)) == {"gateway": -21_000, "system": 21_000}


def test_disagreeing_departments_make_a_contested_booking_and_a_weary_customer_does_not() -> None:
    world = World(cause="damage_unclear").confirms(MERCHANDISE, carrier=100).confirms(LOGISTICS, merchant=100)
    world.does("decide", PANEL, grant=True, liable=liable(merchant=100), reason="定").child()
    assert {posting.contested for posting in ledger(world)} == {True}
    weary = paid(demand={"kind": "refund", "amount": 6_000})
    for _ in range(PACK.rework.times):
        weary.does("feedback", DESK, satisfied=False, reason="x").does("contact", DESK).confirms()
    weary.does("feedback", DESK, satisfied=False, reason="x", demand={"kind": "refund", "amount": 9_000})
    weary.does("decide", PANEL, grant=True, liable=liable(merchant=100), reason="定").child()
    assert (weary.event("panel").kind, weary.view.refunded) == ("panel", 15_000)
    assert {posting.contested for posting in ledger(weary)} == {False}


def test_a_transaction_goes_by_the_number_the_line_and_the_place_that_nothing_may_change() -> None:
    world = paid()
    line = world.event("executed").seq
    assert [posting.id for posting in ledger(world)] == [f"T-1:{line}:1", f"T-1:{line}:2"]


def test_a_department_of_ours_bears_under_its_own_name_whoever_carried_the_order() -> None:
    world = World(order={"carrier": "EMS-3"}).wait(hours=24).child()
    assert balances(ledger(world)) == {"gateway": -21_000, "merchandise": 21_000}


def test_a_party_the_procedure_does_not_know_any_more_leaves_its_cost_with_the_company() -> None:
    world = paid()
    world.pack = PACK.model_copy(update={"parties": {k: v for k, v in PACK.parties.items() if k != "merchant"}})
    assert balances(ledger(world)) == {"gateway": -21_000, "company": 21_000}


def test_who_bears_nothing_of_a_cost_does_not_stand_in_its_transaction() -> None:
    world = World(cause="damage_unclear", demand={"kind": "refund", "amount": 1})
    world.confirms(MERCHANDISE, merchant=67, carrier=33).confirms(LOGISTICS, merchant=67, carrier=33).child()
    assert [[entry.party for entry in posting.entries] for posting in ledger(world)] == [["", "merchant:M-7"]]


def test_only_what_the_gateway_gave_under_a_reference_is_taken_back_under_it() -> None:
    order = World().case.complaint.order
    case = LedgerCase(number="T-1", order=order.number, merchant=order.merchant, carrier=order.carrier)
    ruled = {"decision": 1, "basis": "answer", "liable": "merchant=100"}
    given = [
        {"decision": 1, "refunded": 500, "reference": "P-1"},
        {"decision": 1, "refunded": 300, "reference": "P-2"},
        {"decision": 1, "refunded": 200, "reference": "P-1", "elsewhere": 1},
    ]
    lines = [("ruled", ruled), *(("executed", each) for each in given), ("taken_back", given[0])]
    events = [Event.model_validate({"seq": n, "at": START, "kind": k, "data": d}) for n, (k, d) in enumerate(lines, 1)]
    assert balances(postings(case, PACK, events)) == {"gateway": -300, "elsewhere": -200, "merchant:M-7": 500}
    moved = {"decision": 1, "liable": "carrier=100", "ground": "panel"}
    events.append(Event.model_validate({"seq": len(events) + 1, "at": START, "kind": "cost_moved", "data": moved}))
    assert balances(postings(case, PACK, events)) == {"gateway": -300, "elsewhere": -200, "carrier": 500}


@pytest.mark.parametrize(("at", "month"), [("2026-10-31T15:59:59Z", "2026-10"), ("2026-10-31T16:00:00Z", "2026-11")])
def test_a_month_is_the_procedures_own(at: str, month: str) -> None:
    event = Event.model_validate({"seq": 1, "at": at, "kind": "executed"})
    assert month_of(event.at, PACK) == month
    assert (next_month("2026-12"), next_month("2026-09")) == ("2027-01", "2026-10")


class AnyLedger(AnyCase):
    """Whatever happens to a case, its ledger holds."""

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        case = self.world.case
        if case.event_count > len(case.events):
            return  # only SQL has the whole record
        made = ledger(self.world)
        for posting in made:
            assert sum(entry.amount for entry in posting.entries) == 0
            assert all((entry.party != "") == (entry.account is Account.COST) for entry in posting.entries)
        self._holds(made)

    def _holds(self, made: list[Posting]) -> None:
        case, sums = self.world.case, balances(made)
        assert sums.get("gateway", 0) + sums.get("elsewhere", 0) == -case.refunded
        borne: dict[str, Any] = {name: amount for name, amount in sums.items() if amount > 0}
        assert sum(borne.values()) == case.refunded - sums.get("goods", 0)
        assert "customer" not in sums
        assert case.cost_held or "held" not in sums
        ids = [posting.id for posting in made]
        assert len(ids) == len(set(ids))
        reversed_ = [posting.reverses for posting in made if posting.reverses]
        assert len(reversed_) == len(set(reversed_))
        assert set(reversed_) <= set(ids)


TestAnyLedger = AnyLedger.TestCase
TestAnyLedger.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
