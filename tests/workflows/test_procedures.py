"""Procedures of other companies run on the same engine, by their data alone."""

from typing import Any

from models.case import Basis, Exit
from procedures import PACKS
from tests.support import SERVICE, Office

GUEST: dict[str, Any] = {
    "procedure": "hotel",
    "channel": "reception",
    "order": {"kind": "self_operated", "merchant": None},
    "contact": None,
}
SHIPMENT: dict[str, Any] = {
    "procedure": "courier",
    "cause": "lost",
    "order": {"kind": "self_operated", "merchant": None},
    "details": {"sender": "张三", "recipient": "李四", "request": "赔偿"},
    "demand": {"kind": "compensation", "amount": 20_000},
    "contact": None,
}


async def test_a_fifth_procedure_that_is_data_alone_runs_to_its_end(office: Office) -> None:
    case = await office.start(cause="dirty", details={"room": 12}, **GUEST)
    await case.at("working")
    await case.send("record", "Anna")
    seen = {"as_told": True, "seen_by": "Hugo"}
    await case.send("record", "Hugo", fields=seen, liable=[{"party": "hotel"}], note="Hair in the bath.")
    assert (await case.at("approving")).waiting_for == "general_manager"
    await case.send("approve", "Gil", approve=True)
    seen_now = await case.at("feedback")
    assert seen_now.ruling is not None
    assert (seen_now.ruling.basis, seen_now.refunded) == (Basis.INVESTIGATION, 21_000)
    await case.send("feedback", "Anna", satisfied=True)
    assert (await case.result()).exit is Exit.SATISFIED
    assert "Hugo" not in str([event.data for event in await case.events()])


async def test_a_complex_courier_complaint_goes_by_meeting_inquiry_plan_and_result(office: Office) -> None:
    case = await office.start(**SHIPMENT)
    await case.at("working")
    await case.forward(minutes=31)  # nobody has answered at once: recorded, and on
    assert (await case.until("duty_missed")).data["duty"] == "respond"
    given = {"decisions": "站点与运输部门"}
    code, reason = await case.refusal("record", "客服主管", fields={})
    assert (code, "fields.decisions: is missing" in reason) == ("bad_input", True)
    await case.send("record", "客服主管", fields=given, assign=[{"department": "station"}, {"department": "transport"}])
    assert (await case.view()).waiting_for == "station,transport"
    await case.send("extend", "客服主管", of="transport", by="1wd", asked_by="运输主管", reason="等待交警记录")
    found = {"finding": "途中事故", "waybill": "f/1", "logistics_record": "f/2"}
    await case.signal("record", "站长", fields=found)
    await case.send("record", "运输主管", fields=found)
    plan = {"measures": "赔偿", "owner": "运输主管", "milestones": "三日内"}
    await case.send("record", "客服主管", fields=plan, liable=[{"party": "transport_company"}])
    await case.until("executed")
    await case.send("record", SERVICE, duty="tell_result")
    await case.at("feedback")
    await case.send("feedback", SERVICE, satisfied=True)
    assert (await case.result()).refunded == 20_000


async def test_an_offer_is_countered_accepted_and_carried_out_under_a_new_version(office: Office) -> None:
    hotel = PACKS.pinned("hotel.1")
    PACKS.add(hotel.model_copy(update={"version": 2, "rework": hotel.rework.model_copy(update={"times": 3})}))
    case = await office.start(cause="rude", details={"room": 12}, **GUEST)
    await case.at("working")
    code, _ = await case.refusal("move", "Anna", version=1, reason="x")
    assert code == "wrong_department"
    code, _ = await case.refusal("move", "Olga", version=9, reason="x")
    assert code == "bad_input"
    await case.send("move", "Olga", version=1, reason="as it was")
    assert (await case.view()).procedure == "hotel.1"
    await case.send("record", "Anna")
    amount = {"kind": "refund", "amount": 4_000}
    offer = {"demand": amount, "basis": "rule 11", "liable": [{"party": "hotel"}], "fields": {"impact": "small"}}
    await case.send("offer", "Dora", **offer)
    await case.send("respond", "Anna", version=1, accept=False, reason="more")
    await case.send("offer", "Dora", **(offer | {"demand": amount | {"amount": 6_000}}))
    code, _ = await case.refusal("approve", "Dora", approve=True)
    assert code == "wrong_stage"  # the duty manager may authorise as much: nobody approves
    await case.send("respond", "Anna", version=2, accept=True)
    assert (await case.until("executed")).data["refunded"] == 6_000
    await case.at("feedback")
    await case.send("feedback", "Anna", satisfied=True)
    await case.until("duties_left")  # the countersignature after the fact
    await case.send("record", "Gil")
    assert (await case.result()).exit is Exit.SATISFIED
