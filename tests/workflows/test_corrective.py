"""8D reports on a real server: numbers under concurrency, gates, approval, the supplier's cost in the ledger."""

import asyncio
import uuid
from typing import Any

import pytest
from sqlmodel import col, select
from temporalio.client import WorkflowFailureError

from models.corrective import CorrectiveView
from models.names import CORRECTIVE_ACTION, VIEW, corrective_id
from models.quality_complaint import QualityComplaint
from models.tables import CorrectiveRow, LedgerEntry, LedgerTxn, MailRow
from procedures import load_packs
from tests.eightd import CHECK, COMPLAINT, D1, D2, D3, D4, D6, D7, D8, FINAL, TODAY_D5
from tests.quality import known, quality_pack
from tests.support import GOODS_DEPT, LEADER, PANEL, SERVICE, OfCase, Office, cached


class OfReport(OfCase):
    """One 8D report, as people see it."""

    def __init__(self, office: Office, reference: str) -> None:
        super().__init__(office, reference)
        self.handle = office.client.get_workflow_handle(corrective_id(reference))

    async def seen(self) -> CorrectiveView:
        """As it stands, once it has its number."""
        async with asyncio.timeout(20):
            while (found := await self.handle.query(VIEW)) is None:
                await asyncio.sleep(0.05)
        return CorrectiveView.model_validate(found)


@pytest.fixture
def procedure(office: Office) -> str:
    """A procedure of the test's own."""
    load_packs()
    return known(quality_pack(f"q{uuid.uuid4().hex[:8]}")).name


async def opened(office: Office, procedure: str, **changes: Any) -> OfReport:
    reference = f"QC-{uuid.uuid4().hex[:8]}"
    content = COMPLAINT | {"reference": reference, "procedure": procedure} | changes
    complaint = QualityComplaint.model_validate(content)
    await office.begin(CORRECTIVE_ACTION, complaint, corrective_id(reference))
    report = OfReport(office, reference)
    office.follow(report)
    return report


@cached
async def test_a_report_goes_from_complaint_to_reply_and_moves_the_suppliers_cost(
    office: Office, procedure: str
) -> None:
    lot = f"L-{uuid.uuid4().hex[:6]}"
    lines = [{"sku": "S-1", "lot": lot, "quantity": 2, "unit_price": 10_000}]
    case = await office.start(procedure=procedure, order={"lines": lines})
    await case.at("asked")
    report = await opened(office, procedure, lots=[lot])
    steps = {
        "d1": D1,
        "d2": D2 | {"lots": [lot]},
        "d3": D3,
        "d4": D4,
        "d5": TODAY_D5,
        "d6": D6,
        "check": CHECK,
        "d7": D7,
    }
    for name, content in (*steps.items(), ("d8", D8)):
        await report.send(name, GOODS_DEPT, **content)
    code, reason = await report.refusal("approve", SERVICE)
    assert (code, "it may: panel, leadership" in reason) == ("wrong_department", True)
    await report.send("approve", LEADER)
    await report.send("reply", SERVICE, **FINAL)
    seen = await report.seen()
    assert (seen.stage, seen.trace.cases, seen.trace.orders, seen.completion) == ("feedback", 1, 1, (1, 1))
    await report.send("feedback", SERVICE, satisfied=True)
    assert (await report.handle.result())["rounds"] == 1
    async with office.store.read() as session:
        txn = (await session.exec(select(LedgerTxn).where(LedgerTxn.number == seen.number))).one()
        entries = (await session.exec(select(LedgerEntry).where(LedgerEntry.txn == txn.id))).all()
        row = await session.get(CorrectiveRow, seen.number)
        mails = set((await session.exec(select(MailRow.template).where(MailRow.number == seen.number))).all())
    assert {(entry.party, entry.amount) for entry in entries} == {("operations", -120_050), ("supplier:SUP-3", 120_050)}
    assert (txn.kind, txn.clause) == ("transfer", "S2-22")
    assert row is not None
    assert (row.stage, row.closed_at is not None) == ("closed", True)
    assert mails == {"corrective_opened", "corrective_approval", "corrective_copy"}


async def test_a_report_made_anew_moves_only_what_it_says_otherwise(office: Office, procedure: str) -> None:
    report = await opened(office, procedure, lots=[])
    for name, content in (("d1", D1), ("d2", D2), ("d3", D3)):
        await report.send(name, GOODS_DEPT, **content)
    kept, once = D8["costs"][0], D8["costs"][0] | {"supplier": "SUP-4", "amount": 700}
    for costs, satisfied in (([kept, once], False), ([kept], True)):
        for name, content in (("d4", D4), ("d5", TODAY_D5), ("d6", D6), ("check", CHECK), ("d7", D7)):
            await report.send(name, GOODS_DEPT, **content)
        await report.send("d8", GOODS_DEPT, **(D8 | {"costs": costs}))
        await report.send("approve", LEADER)
        await report.send("reply", SERVICE, **FINAL)
        await report.send("feedback", SERVICE, satisfied=satisfied, reason="仍漏")
    assert (await report.handle.result())["rounds"] == 2
    number = (await report.seen()).number
    async with office.store.read() as session:
        txns = (await session.exec(select(LedgerTxn).where(LedgerTxn.number == number))).all()
        entries = (await session.exec(select(LedgerEntry).where(col(LedgerEntry.txn).in_([t.id for t in txns])))).all()
    borne: dict[str, int] = {}
    for entry in entries:
        borne[entry.party] = borne.get(entry.party, 0) + entry.amount
    assert borne == {"operations": -120_050, "supplier:SUP-3": 120_050, "supplier:SUP-4": 0}
    assert [txn.reverses for txn in txns if txn.reverses] == [f"{number}:1:2"]


@cached
async def test_a_complaint_of_days_that_cannot_be_is_not_taken_in(office: Office, procedure: str) -> None:
    report = await opened(office, procedure, reported_on="2026-01-31")
    with pytest.raises(WorkflowFailureError) as failed:
        await report.handle.result()
    assert "shipped_on: is after the day of the report" in str(failed.value.cause)


@cached
async def test_reports_opened_at_once_get_numbers_without_gap_or_double(office: Office, procedure: str) -> None:
    reports = await asyncio.gather(*(opened(office, procedure) for _ in range(12)))
    async with asyncio.timeout(20):
        numbers = [(await report.seen()).number for report in reports]
    serials = sorted(int(number[10:]) for number in numbers)
    assert serials == list(range(serials[0], serials[0] + 12))
    assert {number[:10] for number in numbers} == {numbers[0][:10]}


@cached
async def test_a_missed_containment_is_told_and_an_effect_not_reached_leads_back(
    office: Office, procedure: str
) -> None:
    report = await opened(office, procedure, special="batch")
    await report.seen()
    await report.forward(hours=5)
    async with asyncio.timeout(20):
        while not (timer := (await report.seen()).timers[0]).missed:
            await asyncio.sleep(0.05)
    assert timer.name == "containment"
    steps = {"d1": D1, "d2": D2, "d3": D3, "d4": D4, "d5": TODAY_D5, "d6": D6, "check": CHECK | {"reached": False}}
    for name, content in steps.items():
        await report.send(name, GOODS_DEPT, **content)
    seen = await report.seen()
    assert (seen.stage, len(seen.rounds), seen.timers[0].in_time) == ("d4", 1, False)
    code, reason = await report.refusal("d4", GOODS_DEPT, **(D4 | {"causes": [D4["causes"][0] | {"root": "漏水"}]}))
    assert (code, "repeats the symptom" in reason) == ("bad_input", True)
    code, _ = await report.refusal("approve", PANEL)
    assert code == "wrong_stage"


@pytest.mark.parametrize("office", [False], indirect=True, ids=["cached"])
async def test_a_report_ended_in_temporal_is_closed_by_the_one_opened_anew_for_the_same_complaint(
    office: Office, procedure: str
) -> None:
    first = await opened(office, procedure, lots=[])
    number = (await first.seen()).number
    await first.send("d1", GOODS_DEPT, **D1)
    await first.handle.terminate()
    complaint = QualityComplaint.model_validate(COMPLAINT | {"reference": first.number, "procedure": procedure})
    await office.begin(CORRECTIVE_ACTION, complaint, first.handle.id)
    again = OfReport(office, first.number)
    assert (await again.seen()).number != number
    async with office.store.read() as session:
        row = await session.get_one(CorrectiveRow, number)
    assert row.report is not None
    kept = CorrectiveView.model_validate(row.report)
    assert (row.stage, row.due, kept.stage, kept.closed_at == row.closed_at) == ("closed", None, "closed", True)
