"""The ask, the 24 hours, the ruling (S0-03 … S0-09, S0-14 … S0-16)."""

from datetime import timedelta

from models.case import Basis, Exit
from tests.support import GOODS_DEPT, LOGISTICS, SERVICE, Office, liable


async def test_an_answer_in_time_is_the_ruling_and_the_customer_is_paid_and_asked(office: Office) -> None:
    case = await office.asked()
    await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="检测属实")
    seen = await case.at("feedback")
    assert seen.ruling is not None
    assert (seen.ruling.basis, seen.ruling.department, seen.refunded) == (Basis.ANSWER, "merchandise", 21_000)
    await case.send("feedback", SERVICE, satisfied=True)
    result = await case.result()
    assert (result.exit, result.refunded, result.currency) == (Exit.SATISFIED, 21_000, "CNY")


async def test_silence_for_24_hours_rules_for_the_customer(office: Office) -> None:
    case = await office.asked()
    await case.forward(hours=23, minutes=59)
    assert (await case.view()).stage == "asked"
    await case.forward(minutes=2)
    seen = await case.at("feedback")
    assert seen.ruling is not None
    assert (seen.ruling.basis, seen.ruling.for_customer, seen.refunded) == (Basis.SILENCE, True, 21_000)
    assert [(share.party, share.percent) for share in seen.ruling.liable] == [("merchandise", 100)]
    asked, silence = await case.until("asked"), await case.until("silence")
    assert silence.at - asked.at == timedelta(hours=24)


async def test_two_parties_in_dispute_are_asked_in_parallel_each_with_its_own_clock(office: Office) -> None:
    case = await office.asked(cause="damage_unclear")
    await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="包装不当")
    seen = await case.view()
    assert (seen.stage, seen.waiting_for) == ("asked", "logistics")
    await case.send("confirm", LOGISTICS, liable=liable(merchant=100), reason="外包装完好")
    seen = await case.at("feedback")
    assert seen.ruling is not None
    assert [share.party for share in seen.ruling.liable] == ["merchant"]
