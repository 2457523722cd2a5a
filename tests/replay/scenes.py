"""Cases worth keeping the history of: each wait once fired and once cancelled, each child, each loop."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from tests.replay import dossiers
from tests.support import GOODS_DEPT, LOGISTICS, PANEL, RETURNS, SERVICE, OfCase, Office, liable

Scene = Callable[[Office], Awaitable[OfCase]]

GUEST: dict[str, Any] = {
    "procedure": "hotel",
    "channel": "reception",
    "order": {"kind": "self_operated", "merchant": None},
    "contact": None,
}
MERCHANT = {"liable": liable(merchant=100), "reason": "属实"}


async def answered_in_time(office: Office) -> OfCase:
    """The deadline's timer is cancelled; a refund child."""
    case = await office.asked()
    await case.send("confirm", GOODS_DEPT, **MERCHANT)
    await case.at("feedback")
    await case.send("feedback", SERVICE, satisfied=True)
    await case.result()
    return case


async def silence(office: Office) -> OfCase:
    """Grace, reminder and deadline all fire; the call-backs run out."""
    case = await office.start(contact=None)
    await case.at("explaining")
    await case.forward(hours=25)
    await case.at("feedback")
    await case.forward(days=4)
    await case.result()
    return case


async def exchange(office: Office) -> OfCase:
    """An exchange child, its goods passed on by signal."""
    case = await office.asked(demand={"kind": "exchange"})
    await case.signal("confirm", GOODS_DEPT, **MERCHANT)
    await case.at("executing")
    await case.send("goods", RETURNS, accepted=True)
    await case.at("feedback")
    await case.signal("feedback", SERVICE, satisfied=True)
    await case.result()
    return case


async def goods_never_back(office: Office) -> OfCase:
    """A child whose wait runs out and that undoes its steps; a task; another remedy instead."""
    case = await office.asked(demand={"kind": "exchange"})
    await case.send("confirm", GOODS_DEPT, **MERCHANT)
    seen = await case.at("executing")
    child = office.client.get_workflow_handle(seen.child or "")
    await office.env.fast_forward(child, timedelta(days=15, minutes=1))
    await case.at("task")
    await case.send("resolve", SERVICE, outcome="refund_instead")
    await case.at("feedback")
    await case.send("feedback", SERVICE, satisfied=True)
    await case.result()
    return case


async def rework(office: Office) -> OfCase:
    """Not satisfied: examined again."""
    case = await office.asked(demand={"kind": "refund", "amount": 6_000})
    await case.send("confirm", GOODS_DEPT, **MERCHANT)
    await case.at("feedback")
    await case.send("feedback", SERVICE, satisfied=False, demand={"kind": "refund", "amount": 15_000})
    await case.send("contact", SERVICE)
    await case.send("confirm", GOODS_DEPT, **MERCHANT)
    await case.at("feedback")
    await case.send("feedback", SERVICE, satisfied=True)
    await case.result()
    return case


async def contested(office: Office) -> OfCase:
    """Two departments, contradicting; the panel."""
    case = await office.asked(cause="damage_unclear")
    await case.send("confirm", GOODS_DEPT, liable=liable(carrier=100), reason="运输所致")
    await case.send("confirm", LOGISTICS, liable=liable(merchant=100), reason="包装不当")
    await case.send("decide", PANEL, grant=True, liable=liable(merchant=60, carrier=40), reason="共同承担")
    await case.at("feedback")
    await case.send("feedback", SERVICE, satisfied=True)
    await case.result()
    return case


async def shared(office: Office) -> OfCase:
    """Verification, promise, refund."""
    case = await office.asked(cause="damaged")
    await case.send("confirm", LOGISTICS, liable=liable(carrier=50, customer=50), reason="双方均有责任")
    await case.send("verify", SERVICE)
    await case.at("feedback")
    await case.send("feedback", SERVICE, satisfied=True)
    await case.result()
    return case


async def refused(office: Office) -> OfCase:
    """Out of rule, and the refusal accepted by silence."""
    case = await office.start(order={"kind": "self_operated", "merchant": None}, cause="no_reason")
    await case.at("refused")
    await case.forward(days=8)
    await case.result()
    return case


async def negotiated(office: Office) -> OfCase:
    """A talk that fails by its time; then withdrawn."""
    case = await office.start(negotiation="not_tried")
    await case.at("negotiating")
    await case.forward(hours=49)
    await case.at("asked")
    await case.send("withdraw", SERVICE)
    await case.result()
    return case


async def waiting_for_an_answer(office: Office) -> OfCase:
    """In flight: the deadline's timer runs."""
    case = await office.asked()
    await case.handle.signal("nonsense", 1)
    await case.until("message_refused")
    return case


async def waiting_for_goods(office: Office) -> OfCase:
    """In flight: parent and child both wait."""
    case = await office.asked(demand={"kind": "return_and_refund"})
    await case.send("confirm", GOODS_DEPT, **MERCHANT)
    await case.at("executing")
    return case


async def waiting_for_the_talk(office: Office) -> OfCase:
    """In flight: customer and merchant talk."""
    case = await office.start(negotiation="not_tried")
    await case.at("negotiating")
    return case


async def waiting_for_the_call(office: Office) -> OfCase:
    """In flight: the matter is yet to be explained."""
    case = await office.start(contact=None)
    await case.at("explaining")
    return case


async def waiting_for_verification(office: Office) -> OfCase:
    """In flight: a shared liability is yet to be verified."""
    case = await office.asked(cause="damaged")
    await case.send("confirm", LOGISTICS, liable=liable(carrier=50, customer=50), reason="双方均有责任")
    await case.at("verifying")
    return case


async def waiting_for_the_panel(office: Office) -> OfCase:
    """In flight: answers differ."""
    case = await office.asked(cause="damage_unclear")
    await case.send("confirm", GOODS_DEPT, liable=liable(carrier=100), reason="运输所致")
    await case.send("confirm", LOGISTICS, liable=liable(merchant=100), reason="包装不当")
    await case.at("panel")
    return case


async def waiting_for_the_customer(office: Office) -> OfCase:
    """In flight: refused, and the customer may insist."""
    case = await office.asked()
    await case.send("confirm", GOODS_DEPT, liable=liable(customer=100), reason="人为损坏")
    await case.at("refused")
    return case


async def waiting_for_leadership(office: Office) -> OfCase:
    """In flight: the customer insists."""
    case = await waiting_for_the_customer(office)
    await case.send("insist", SERVICE, reason="客户坚持")
    await case.at("leadership")
    return case


async def waiting_for_a_person(office: Office) -> OfCase:
    """In flight: the goods never came back, and a person must say how to go on."""
    case = await office.asked(demand={"kind": "exchange"})
    await case.send("confirm", GOODS_DEPT, **MERCHANT)
    seen = await case.at("executing")
    child = office.client.get_workflow_handle(seen.child or "")
    await office.env.fast_forward(child, timedelta(days=15, minutes=1))
    await case.at("task")
    return case


async def waiting_for_a_duty(office: Office) -> OfCase:
    """In flight: a department works by a clock of its own."""
    case = await office.start(cause="dirty", details={"room": 12}, **GUEST)
    await case.at("working")
    return case


async def waiting_for_an_offer(office: Office) -> OfCase:
    """In flight: an offer is yet to be made."""
    case = await office.start(cause="rude", details={"room": 12}, **GUEST)
    await case.at("working")
    await case.send("record", "Anna")
    await case.at("offering")
    return case


async def waiting_for_approval(office: Office) -> OfCase:
    """In flight: more than its maker may authorise."""
    case = await waiting_for_a_duty(office)
    await case.send("record", "Anna")
    seen = {"as_told": True, "seen_by": "Hugo"}
    await case.send("record", "Hugo", fields=seen, liable=[{"party": "hotel"}], note="Hair in the bath.")
    await case.at("approving")
    return case


async def waiting_for_feedback(office: Office) -> OfCase:
    """In flight: the customer is asked."""
    case = await office.asked()
    await case.send("confirm", GOODS_DEPT, **MERCHANT)
    await case.at("feedback")
    return case


SCENES: dict[str, Scene] = {
    scene.__name__: scene
    for scene in (
        answered_in_time,
        silence,
        exchange,
        goods_never_back,
        rework,
        contested,
        shared,
        refused,
        negotiated,
        waiting_for_an_answer,
        waiting_for_goods,
        waiting_for_the_talk,
        waiting_for_the_call,
        waiting_for_verification,
        waiting_for_the_panel,
        waiting_for_the_customer,
        waiting_for_leadership,
        waiting_for_a_person,
        waiting_for_a_duty,
        waiting_for_an_offer,
        waiting_for_approval,
        waiting_for_feedback,
        dossiers.incident,
        dossiers.waiting_for_actions,
        dossiers.waiting_for_the_session_to_end,
    )
}
