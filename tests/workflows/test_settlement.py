"""What a real case costs ends on the right accounts (S0-19): paid, moved, held, decided."""

from collections import Counter

from sqlmodel import col, select

from activities.reconcile import Reconciliation
from models.tables import LedgerEntry, LedgerTxn
from tests.support import GOODS_DEPT, PANEL, SERVICE, OfCase, Office, liable


async def balances(case: OfCase) -> dict[str, int]:
    """What stands on each account of the case, costs by party, once the record is written."""
    wanted = (
        select(LedgerEntry)
        .join(LedgerTxn, col(LedgerEntry.txn) == col(LedgerTxn.id))
        .where(LedgerTxn.number == case.number)
    )
    found: Counter[str] = Counter()
    async with case.office.store.read() as session:
        for entry in (await session.exec(wanted)).all():
            found[entry.party or entry.account] += entry.amount
    return {name: amount for name, amount in found.items() if amount}


async def test_refund_late_answer_dispute_and_panel_end_in_the_right_balances(office: Office) -> None:
    case = await office.asked()
    await case.forward(hours=24, minutes=1)
    await case.at("feedback")
    await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="迟复：属实")
    await case.send("contest", SERVICE, by="merchant", reason="商家不认可")
    await case.send("feedback", SERVICE, satisfied=True)
    assert (await case.view()).stage == "panel"
    await case.send("decide", PANEL, grant=True, liable=liable(merchant=60, carrier=40), reason="共同承担")
    assert (await case.result()).refunded == 21_000
    assert await balances(case) == {"gateway": -21_000, "merchant:M-7": 12_600, "carrier": 8_400}
    async with office.store.read() as session:
        grounds = await session.exec(
            select(LedgerTxn.ground, LedgerTxn.reverses).where(LedgerTxn.number == case.number).order_by(LedgerTxn.id)
        )
        made = Counter((ground, reverses is not None) for ground, reverses in grounds)
    # Refund and freight, each booked four times and taken back three times.
    assert made == {
        ("silence", False): 2,
        ("late_answer", True): 2,
        ("late_answer", False): 2,
        ("contested", True): 2,
        ("contested", False): 2,
        ("panel", True): 2,
        ("panel", False): 2,
    }
    run = Reconciliation(office.store, embedded=True)
    assert [found async for found in run.differences() if found.number == case.number] == []


async def test_a_second_round_leaves_the_first_rounds_cost_where_it_is(office: Office) -> None:
    case = await office.asked(demand={"kind": "refund", "amount": 6_000})
    await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="属实")
    await case.at("feedback")
    await case.send("feedback", SERVICE, satisfied=False, demand={"kind": "refund", "amount": 15_000})
    await case.send("contact", SERVICE)
    await case.send("confirm", GOODS_DEPT, liable=liable(carrier=100), reason="运输所致")
    await case.at("feedback")
    await case.send("feedback", SERVICE, satisfied=True)
    await case.result()
    assert await balances(case) == {"gateway": -21_000, "merchant:M-7": 6_000, "carrier": 15_000}
