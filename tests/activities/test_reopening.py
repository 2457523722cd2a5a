"""A case that has ended is put together again as it ended, whatever the customer had asked for and was given."""

from typing import Any

import pytest

from activities.casebook import Casebook
from activities.reopening import came_back
from activities.store import Store
from models.case import Case
from models.complaint import DemandKind
from models.pages import OpenCase, Page
from models.tables import CaseRow, RefundIntent
from rules.view import summary
from tests.rules.builders import DESK, PACK, PANEL, RETURNS, START, World, granted, liable

PART: list[dict[str, Any]] = [{"sku": "S-1", "quantity": 1}]
SHAPES: dict[str, dict[str, Any]] = {
    "all": {},
    "a part": {"lines": PART},
    "an amount": {"amount": 3_000},
    "both": {"lines": PART, "amount": 3_000},
}


async def reopened(store: Store, casebook: Casebook, world: World) -> Case:
    """The ended case as a new run gets it, once the payment P-1 of its first decision has come back."""
    assert world.case.closed
    filed = world.case.complaint
    await casebook.open_case(
        OpenCase(number="T-1", workflow_id="complaint.T-1", run_id="run-1", opened_at=START, complaint=filed)
    )
    await casebook.write_down(Page(summary=summary(world.case, PACK), events=world.case.events))
    async with store.write() as session:
        amount = int(next(event for event in world.case.events if event.kind == "executed").data["refunded"])
        intent = RefundIntent(
            key="T-1:1:pay", number="T-1", order_number=filed.order.number, amount=amount, currency="CNY"
        )
        intent.state, intent.reference, intent.code = "taken_back", "P-1", "account_closed"
        session.add(intent)
    async with store.read() as session:
        row = await session.get(CaseRow, "T-1")
        assert row is not None
        found = await came_back(session, row, PACK, None, world.now)
    assert found is not None
    return Case.model_validate_json(found.model_dump_json())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("remedy", list(PACK.remedies))
async def test_whatever_was_given_last_the_case_goes_on(
    store: Store, casebook: Casebook, remedy: DemandKind, shape: str
) -> None:
    demand = {"kind": remedy, **SHAPES[shape]}
    if remedy is DemandKind.COMPENSATION and "amount" not in demand:
        demand["amount"] = 3_000
    world = granted(demand={"kind": "refund", "amount": 1_000}).child(amount=1_000, reference="P-1", done=("pay",))
    world.does("feedback", DESK, satisfied=False, reason="x", demand=demand).does("contact", DESK).confirms()
    if world.stage == "executing":
        if "goods" in PACK.remedies[remedy].steps:
            world.does("goods", RETURNS, accepted=True)
        owed = world.case.execution
        assert owed is not None
        world.child(amount=owed.remedy.amount, reference="P-2", done=PACK.remedies[remedy].steps)
    world.does("feedback", DESK, satisfied=True)
    case = await reopened(store, casebook, world)
    assert (case.demand.kind, summary(case, PACK).amount) == (remedy, summary(world.case, PACK).amount)
    assert (case.refunded, case.stage) == (world.case.refunded - 1_000, "task")


async def test_what_the_panel_decided_is_final_after_a_reopening_too(store: Store, casebook: Casebook) -> None:
    world = World(cause="damage_unclear").confirms().confirms("logistics", carrier=100)
    world.does("decide", PANEL, grant=True, liable=liable(merchant=100), reason="x").child()
    case = await reopened(store, casebook, world.does("feedback", DESK, satisfied=True))
    assert (world.case.final, case.final) == (True, True)


async def test_a_departments_ruling_may_be_examined_again_after_a_reopening(store: Store, casebook: Casebook) -> None:
    world = granted().child()
    case = await reopened(store, casebook, world.does("feedback", DESK, satisfied=True))
    assert (world.case.final, case.final) == (False, False)
