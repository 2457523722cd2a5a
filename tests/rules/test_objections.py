"""What an objection books: balanced, to the cent, whichever way the cost goes, and never on the customer."""

import pytest

from models.commands import Share
from models.ledger import Account, Entry, LedgerCase
from rules.objections import deciding, holding, mistake
from tests.rules.builders import PACK

CASE = LedgerCase(number="T-1", order="O-1", merchant="M-7", carrier=None)
SHARES = (Share(party="merchant", percent=67), Share(party="carrier", percent=33))


def booked(entries: tuple[Entry, ...]) -> dict[str, int]:
    assert sum(entry.amount for entry in entries) == 0
    assert all((entry.party != "") == (entry.account is Account.COST) for entry in entries)
    return {entry.party or entry.account: entry.amount for entry in entries}


@pytest.mark.parametrize("sign", [1, -1])
def test_a_cost_or_a_credit_is_held_and_laid_on_who_bears_it(sign: int) -> None:
    assert booked(holding("merchant:M-7", sign * 101)) == {"merchant:M-7": -sign * 101, "held": sign * 101}
    split = {"held": -sign * 101, "merchant:M-7": sign * 68, "carrier": sign * 33}
    assert booked(deciding("merchandise", sign * 101, SHARES, CASE, PACK)) == split
    assert booked(deciding("merchandise", sign * 101, (), CASE, PACK)) == {
        "held": -sign * 101,
        "merchandise": sign * 101,
    }
    customer = (Share(party="customer", percent=100),)
    assert booked(deciding("merchandise", sign * 101, customer, CASE, PACK)) == {
        "held": -sign * 101,
        "company": sign * 101,
    }


def test_who_bears_nothing_of_an_objection_stands_on_no_statement() -> None:
    assert booked(deciding("merchandise", 1, SHARES, CASE, PACK)) == {"held": -1, "merchant:M-7": 1}


def test_shares_of_a_stranger_or_of_less_than_the_whole_are_a_mistake() -> None:
    assert [mistake(liable, PACK) for liable in (SHARES, ())] == [None, None]
    assert "martians is no party here" in (mistake((Share(party="martians"),), PACK) or "")
    assert "must add up to 100" in (mistake(SHARES[:1], PACK) or "")
