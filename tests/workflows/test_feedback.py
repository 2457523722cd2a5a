"""The customer's word (S0-18), withdrawal, and every exit's name."""

import pytest
from temporalio.service import RPCError

from models.case import Exit
from tests.support import GOODS_DEPT, PANEL, SERVICE, OfCase, Office, liable


async def answered(office: Office, **changes: object) -> OfCase:
    case = await office.asked(**changes)
    await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="属实")
    await case.at("feedback")
    return case


async def test_no_answer_after_the_last_call_back_ends_as_no_answer_not_as_satisfied(office: Office) -> None:
    case = await answered(office)
    await case.forward(days=3, hours=1)
    assert (await case.result()).exit is Exit.NO_FEEDBACK
    assert (await case.kinds()).count("feedback_asked") == 3


async def test_an_unsatisfied_customer_is_examined_again_then_by_the_panel_and_never_paid_more_than_was_paid(
    office: Office,
) -> None:
    case = await answered(office)
    for round_ in (2, 3):
        await case.send("feedback", SERVICE, satisfied=False, reason="未解决")
        seen = await case.at("explaining")
        assert seen.round == round_
        await case.send("contact", SERVICE)
        await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="属实")
        await case.at("feedback")
    await case.send("feedback", SERVICE, satisfied=False, reason="未解决")
    assert (await case.view()).stage == "panel"
    await case.send("decide", PANEL, grant=True, reason="维持")
    await case.at("feedback")
    await case.send("feedback", SERVICE, satisfied=False)
    result = await case.result()
    assert (result.exit, result.refunded, result.rounds) == (Exit.DECISION_FINAL, 21_000, 3)


async def test_a_part_paid_first_leaves_the_rest_for_the_re_examination(office: Office) -> None:
    case = await answered(office, demand={"kind": "refund", "amount": 6_000})
    assert (await case.view()).refunded == 6_000
    code, _ = await case.refusal("feedback", SERVICE, satisfied=False, demand={"kind": "refund", "amount": 15_001})
    assert code == "too_much"
    await case.send("feedback", SERVICE, satisfied=False, demand={"kind": "refund", "amount": 15_000})
    await case.send("contact", SERVICE)
    await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="属实")
    assert (await case.at("feedback")).refunded == 21_000


async def test_a_withdrawn_case_ends_as_withdrawn(office: Office) -> None:
    case = await office.asked()
    await case.signal("withdraw", SERVICE, reason="客户撤诉")
    assert (await case.result()).exit is Exit.WITHDRAWN


async def test_withdrawing_after_the_promise_still_pays(office: Office) -> None:
    case = await office.asked(demand={"kind": "return_and_refund"})
    await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="属实")
    await case.at("executing")
    await case.send("withdraw", SERVICE)
    assert (await case.view()).stage == "executing"
    await case.send("goods", "退换货专员", accepted=True)
    result = await case.result()
    assert (result.exit, result.refunded) == (Exit.WITHDRAWN, 21_000)


async def test_a_closed_case_takes_no_message(office: Office) -> None:
    case = await office.asked()
    await case.send("withdraw", SERVICE)
    await case.result()
    with pytest.raises(RPCError, match="already completed"):
        await case.send("feedback", SERVICE, satisfied=True)


async def test_an_apology_needs_no_child(office: Office) -> None:
    case = await answered(office, demand={"kind": "apology"})
    seen = await case.view()
    assert (seen.refunded, seen.child) == (0, None)
