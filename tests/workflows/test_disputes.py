"""Shared liability, contested determinations, refusal and insistence (S0-10, S0-13, S0-14)."""

from datetime import timedelta

from models.case import Basis, Exit
from tests.support import GOODS_DEPT, LEADER, LOGISTICS, PANEL, SERVICE, Office, liable


async def test_shared_liability_is_verified_promised_and_given_within_the_promise(office: Office) -> None:
    case = await office.asked(cause="damaged")
    await case.send("confirm", LOGISTICS, liable=liable(carrier=50, customer=50), reason="双方均有责任")
    assert (await case.view()).waiting_for == "customer_service"
    await case.send("verify", SERVICE, note="已核实")
    seen = await case.at("feedback")
    promised, verified = await case.until("promised"), await case.until("verified")
    assert str(promised.data["due_at"]) == (verified.at + timedelta(hours=24)).isoformat()
    assert seen.refunded == 21_000
    assert seen.ruling is not None
    assert {share.party: share.percent for share in seen.ruling.liable} == {"carrier": 50, "customer": 50}


async def test_an_unverified_shared_liability_is_promised_all_the_same_and_the_omission_recorded(
    office: Office,
) -> None:
    case = await office.asked(cause="damaged")
    await case.send("confirm", LOGISTICS, liable=liable(carrier=50, customer=50), reason="双方均有责任")
    await case.forward(hours=4, minutes=1)
    assert (await case.at("feedback")).refunded == 21_000
    assert (await case.until("not_verified")).department == "customer_service"


async def test_mixed_liability_of_merchant_and_customer_is_the_merchants(office: Office) -> None:
    case = await office.asked()
    await case.send("confirm", GOODS_DEPT, liable=liable(merchant=30, customer=70), reason="均有责任")
    await case.send("verify", SERVICE)
    seen = await case.at("feedback")
    assert seen.ruling is not None
    assert [(share.party, share.percent) for share in seen.ruling.liable] == [("merchant", 100)]


async def test_contradicting_determinations_go_to_the_panel_whose_decision_resumes_the_case(office: Office) -> None:
    case = await office.asked(cause="damage_unclear")
    await case.send("confirm", GOODS_DEPT, liable=liable(carrier=100), reason="运输所致")
    await case.send("confirm", LOGISTICS, liable=liable(merchant=100), reason="包装不当")
    seen = await case.view()
    assert (seen.stage, seen.contested, seen.waiting_for) == ("panel", True, "panel")
    code, _ = await case.refusal("decide", GOODS_DEPT, grant=True, liable=liable(merchant=100), reason="越权")
    assert code == "wrong_department"
    await case.signal("decide", PANEL, grant=True, liable=liable(merchant=60, carrier=40), reason="共同承担")
    seen = await case.at("feedback")
    assert seen.ruling is not None
    assert (seen.ruling.basis, seen.refunded) == (Basis.PANEL, 21_000)


async def test_a_determination_against_the_customer_can_be_contested_and_is_decided_by_the_panel(
    office: Office,
) -> None:
    case = await office.asked()
    await case.send("confirm", GOODS_DEPT, liable=liable(customer=100), reason="人为损坏")
    assert (await case.view()).stage == "refused"
    await case.send("contest", SERVICE, by="customer", reason="客户提供了开箱视频")
    assert (await case.view()).stage == "panel"
    await case.send("decide", PANEL, grant=False, reason="视频不完整")
    assert (await case.result()).exit is Exit.DECIDED_AGAINST


async def test_a_contest_after_the_customer_was_paid_moves_only_the_cost(office: Office) -> None:
    case = await office.asked()
    await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="属实")
    await case.at("feedback")
    await case.send("contest", SERVICE, by="merchant", reason="商家不认可")
    assert (await case.view()).stage == "feedback"
    await case.send("decide", PANEL, grant=True, liable=liable(carrier=100), reason="实为运输所致")
    seen = await case.view()
    assert seen.ruling is not None
    assert ([share.party for share in seen.ruling.liable], seen.refunded) == (["carrier"], 21_000)


async def test_a_panel_that_is_late_is_reminded_and_the_case_stays_open(office: Office) -> None:
    case = await office.asked()
    await case.send("confirm", GOODS_DEPT, liable=liable(customer=100), reason="人为损坏")
    await case.send("contest", SERVICE, by="customer", reason="不服")
    await case.forward(hours=24, minutes=1)
    assert (await case.until("task_overdue")).department == "panel"
    seen = await case.view()
    assert (seen.stage, seen.overdue) == ("panel", True)


async def test_a_customer_who_insists_waits_for_the_leadership_whose_plan_is_carried_out(office: Office) -> None:
    case = await office.start(order={"kind": "self_operated", "merchant": None}, cause="no_reason")
    await case.at("refused")
    await case.send("insist", SERVICE, reason="客户坚持")
    seen = await case.view()
    assert (seen.stage, seen.waiting_for, seen.out_of_rule, seen.contested) == ("leadership", "leadership", True, False)
    await case.signal("decide", LEADER, grant=True, demand={"kind": "compensation", "amount": 5_000}, reason="酌情补偿")
    seen = await case.at("feedback")
    assert (seen.refunded, seen.ruling and seen.ruling.basis) == (5_000, "leadership")
