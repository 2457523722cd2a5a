"""Batch incidents on a real server: one decision for all cases, each paid once (S2-01 to S2-05)."""

import asyncio
import uuid
from typing import Any

import pytest
from sqlmodel import col, select

from models.incident import IncidentView, OpenIncident, Scope
from models.names import BATCH_RETURN, VIEW, incident_id
from models.tables import GatewayRefund, IncidentCase, IncidentReportRow, IncidentRow, MailRow
from procedures import Packs, load_packs
from tests.quality import known, quality_pack
from tests.support import GOODS_DEPT, LEADER, SERVICE, OfCase, Office, cached, every_year, liable
from verify.doctor import Doctor

GRANT: dict[str, Any] = {"grant": True, "liable": liable(merchant=100), "reason": "整批不良"}
FOUND: dict[str, Any] = {"confirmed": True, "defect": "密封圈缺失", "inspected": 10, "defective": 7}


class OfIncident(OfCase):
    """One incident, as its groups see it."""

    def __init__(self, office: Office, procedure: str, scope: Scope, *, drill: bool = False) -> None:
        super().__init__(office, scope.key)
        self.handle = office.client.get_workflow_handle(incident_id(procedure, scope.key, drill=drill))

    async def seen(self) -> IncidentView:
        return IncidentView.model_validate(await self.handle.query(VIEW))

    async def once(self, stage: str, **figures: int) -> IncidentView:
        """The incident when it stands at a stage with these figures."""
        async with asyncio.timeout(30):
            while True:
                found = await self.handle.query(VIEW)
                if found and found["stage"] == stage and all(found["progress"][k] == n for k, n in figures.items()):
                    return IncidentView.model_validate(found)
                await asyncio.sleep(0.05)


async def opened(office: Office, procedure: str, scope: Scope, *, drill: int | None = None) -> OfIncident:
    wish = OpenIncident(procedure=procedure, scope=scope, reason="同批退货", opened_by=SERVICE, drill=drill)
    incident = OfIncident(office, procedure, scope, drill=drill is not None)
    await office.begin(BATCH_RETURN, wish, incident.handle.id)
    office.follow(incident)
    return incident


@pytest.fixture
def procedure(office: Office) -> str:
    """A procedure of the test's own."""
    load_packs()
    return known(quality_pack(f"q{uuid.uuid4().hex[:8]}")).name


@pytest.fixture
async def batch(office: Office, procedure: str) -> list[OfCase]:
    """Six complaints about one product, of four reasons: below every threshold."""
    causes = ("quality", "quality", "not_as_described", "damaged", "other", "not_as_described")
    cases = [await office.start(procedure=procedure, cause=cause) for cause in causes]
    for case in cases:
        await case.at("asked")
    return cases


KETTLE = Scope(product="S-1")


async def paid(office: Office, cases: list[OfCase]) -> list[int]:
    async with office.store.read() as session:
        references = (await session.exec(select(GatewayRefund.our_reference))).all()
    return [sum(reference.startswith(f"{case.number}:") for reference in references) for case in cases]


@cached
async def test_one_decision_pays_every_case_once_and_both_groups_are_told(
    office: Office, procedure: str, batch: list[OfCase]
) -> None:
    await batch[0].send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="密封圈缺失")
    await batch[0].at("feedback")
    incident = await opened(office, procedure, KETTLE)
    seen = await incident.once("verifying", cases=6)
    assert seen.number.startswith("IN")
    code, _ = await incident.refusal("decide", LEADER, **GRANT)
    assert code == "wrong_stage"
    await incident.send("verify", GOODS_DEPT, **FOUND)
    await incident.written()
    before = len((await incident.history()).events)
    code, reason = await incident.refusal("decide", LEADER, **(GRANT | {"liable": []}))
    assert (code, reason.partition(":")[0]) == ("bad_input", "liable")
    assert len((await incident.history()).events) == before, "refused at the door"
    await incident.send("decide", LEADER, **GRANT)
    code, reason = await incident.refusal("decide", LEADER, **(GRANT | {"reason": "again"}))
    assert (code, "decide a single case by itself" in reason) == ("already_answered", True)
    seen = await incident.once("summing_up", cases=6, decided=5, kept=1, settled=5)
    assert seen.progress.refunded == {"CNY": 5 * 21_000}
    later = await office.start(procedure=procedure, cause="wrong_item")
    await incident.once("summing_up", cases=7, decided=6, settled=6)
    assert await paid(office, [*batch, later]) == [1] * 7
    assert [(await case.view()).refunded for case in batch] == [21_000] * 6
    event = await later.until("decided")
    assert event.data["incident"] == seen.number
    await incident.send("close", SERVICE, causes="来料不良", improvements="更换密封圈供应商")
    assert (await incident.handle.result())["progress"]["cases"] == 7
    async with office.store.read() as session:
        wanted = select(MailRow.to, MailRow.template).where(MailRow.number == seen.number)
        mails = set((await session.exec(wanted)).all())
        row = await session.get(IncidentRow, seen.number)
    groups = {"leadership", "panel", "customer_service", "logistics", "returns_centre", "merchandise"}
    for template in ("incident_opened", "incident_closed"):
        assert {to for to, name in mails if name == template} == groups
    assert row is not None
    assert (row.stage, row.closed_at is not None) == ("closed", True)


async def test_so_many_complaints_in_the_window_open_an_incident_that_later_ones_join(
    office: Office, procedure: str
) -> None:
    scope = Scope(product="S-1", cause="quality")
    for _ in range(3):
        case = await office.start(procedure=procedure)
        await case.at("asked")
    incident = OfIncident(office, procedure, scope)
    office.follow(incident)
    seen = await incident.once("verifying", cases=3)
    assert (seen.opened_by, seen.scope) == ("threshold", scope)
    await (await office.start(procedure=procedure)).at("asked")
    await incident.once("verifying", cases=4)
    await (await office.start(procedure=procedure, cause="damaged")).at("asked")
    async with office.store.read() as session:
        linked = (await session.exec(select(IncidentCase).where(IncidentCase.incident == seen.number))).all()
    assert len(linked) == 4


@cached
async def test_silence_of_the_groups_is_recorded_and_the_leading_group_hears_how_it_goes(
    office: Office, procedure: str
) -> None:
    incident = await opened(office, procedure, KETTLE)
    seen = await incident.once("verifying")
    await incident.forward(hours=25)
    async with asyncio.timeout(20):
        while (seen := await incident.seen()).situations < 2:
            await asyncio.sleep(0.05)
    assert seen.late == ("verifying",)
    await incident.send("evaluate", LEADER, adequate=False, note="太慢", at_once=50, report_hours=2)
    seen = await incident.seen()
    assert (seen.plan, seen.at_once, seen.report_every.total_seconds()) == (2, 50, 7200)
    await incident.send("situation", SERVICE, note="已联系客户")
    async with asyncio.timeout(20):
        while True:
            async with office.store.read() as session:
                wanted = select(IncidentReportRow).where(IncidentReportRow.incident == seen.number)
                reports = (await session.exec(wanted.order_by(col(IncidentReportRow.serial)))).all()
            if len(reports) == seen.situations + 1:
                break
            await asyncio.sleep(0.05)
    assert reports[-1].report["note"] == "已联系客户"


@cached
async def test_a_drill_touches_no_case_and_moves_no_money(office: Office, procedure: str, batch: list[OfCase]) -> None:
    drill = await opened(office, procedure, KETTLE, drill=40)
    await drill.once("verifying", cases=40)
    await drill.send("verify", GOODS_DEPT, **FOUND)
    await drill.send("decide", LEADER, **GRANT)
    seen = await drill.once("summing_up", cases=40, settled=40)
    assert seen.progress.refunded == {}
    await drill.send("close", SERVICE, causes="演练", improvements="无")
    await drill.handle.result()
    assert await paid(office, batch) == [0] * 6
    assert {(await case.view()).stage for case in batch} == {"asked"}


@cached
async def test_messages_that_never_cease_do_not_keep_an_incident_from_a_new_run(office: Office, procedure: str) -> None:
    incident = await opened(office, procedure, KETTLE)
    await incident.once("verifying")
    first, over = (await incident.handle.describe()).run_id, asyncio.Event()

    async def speak() -> int:
        sent = 0
        while not over.is_set():
            await incident.send("situation", SERVICE, note="已联系客户")
            sent += 1
        return sent

    speakers = [asyncio.create_task(speak()) for _ in range(8)]
    async with asyncio.timeout(30):
        while (await incident.handle.describe()).run_id == first:
            await asyncio.sleep(0.1)
    over.set()
    sent = sum(await asyncio.gather(*speakers))
    assert (await incident.seen()).situations == sent
    ended = await office.client.get_workflow_handle(incident.handle.id, run_id=first).describe()
    assert ended.history_length < 800, "suggested at 400, taken soon after"


@cached
async def test_one_decision_pays_every_case_of_the_packaged_plan_wherever_it_stands(office: Office) -> None:
    product = f"K-{uuid.uuid4().hex[:8]}"
    order = {"lines": [{"sku": product, "quantity": 1, "unit_price": 9_000}], "freight": 0, "paid": 9_000}
    facts: dict[str, Any] = {"procedure": "returns", "channel": "email", "contact": None, "order": order}
    batch = [await office.start(**facts) for _ in range(4)]
    for case in batch:
        await case.at("working")
    found = {"finding": "开裂", "valid": True, "responsible": "商品部"}
    for case in batch[1:]:
        await case.send("record", SERVICE, duty="investigate", fields=found, liable=liable(supplier=100))
    for case, amount in ((batch[2], 1_000), (batch[3], 5_000)):
        demand = {"kind": "compensation", "amount": amount}
        await case.send("offer", GOODS_DEPT, demand=demand, basis="退货规定", fields={"solution": "补偿"})
    await batch[3].at("approving")
    for case in batch:
        await case.written()
    incident = await opened(office, "returns", Scope(product=product))
    await incident.once("verifying", cases=4)
    await incident.send("verify", "质控代表", **FOUND)
    await incident.send("decide", "客服经理", grant=True, liable=liable(supplier=100), reason="整批不良")
    seen = await incident.once("summing_up", cases=4, decided=4, kept=0, settled=4)
    assert seen.progress.refunded == {"CNY": 4 * 9_000}
    assert await paid(office, batch) == [1] * 4
    assert [(await case.view()).refunded for case in batch] == [9_000] * 4


@cached
async def test_an_incident_ended_in_temporal_is_named_and_opened_anew_takes_over_its_cases(
    office: Office, procedure: str, batch: list[OfCase]
) -> None:
    first = await opened(office, procedure, KETTLE)
    number = (await first.once("verifying", cases=6)).number
    await first.written()
    assert await named(office, first) == []
    await first.handle.terminate()
    joined = await office.start(procedure=procedure, cause="wrong_item")
    await joined.at("asked")
    assert await named(office, first) == ["dossier_ended"]
    again = await opened(office, procedure, KETTLE)
    seen = await again.once("verifying", cases=7)
    assert seen.number != number
    assert await named(office, first) == []
    await again.send("verify", GOODS_DEPT, **FOUND)
    await again.send("decide", LEADER, **GRANT)
    await again.once("summing_up", cases=7, settled=7)
    assert await paid(office, [*batch, joined]) == [1] * 7
    async with office.store.read() as session:
        row = await session.get(IncidentRow, number)
    assert row is not None
    assert row.incident is not None
    ended = IncidentView.model_validate(row.incident)
    assert (row.stage, ended.stage, ended.closed_at == row.closed_at) == ("closed", "closed", True)


async def named(office: Office, incident: OfIncident) -> list[str]:
    """What the doctor says of an incident."""
    doctor = Doctor(office.store, office.client, Packs(), every_year)
    return [found.code async for found in doctor.symptoms() if found.number == incident.handle.id]
