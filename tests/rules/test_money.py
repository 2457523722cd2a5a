"""Whole minor units, never more than was paid (S0-17, S0-19)."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from models.complaint import Demand, Order
from rules.money import allocate, on_top, stake
from tests.rules.builders import DESK, World, paid

AMOUNTS = st.integers(0, 10**9)
LINES = st.lists(
    st.tuples(st.sampled_from(["A", "B", "C"]), st.integers(1, 20), st.integers(0, 10**6)), min_size=1, max_size=5
)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    lines = [{"sku": sku, "quantity": number, "unit_price": price} for sku, number, price in draw(LINES)]
    data = {"number": "O-1", "kind": "self_operated", "lines": lines, "freight": draw(AMOUNTS), "paid": draw(AMOUNTS)}
    return Order.model_validate(data)


@st.composite
def demands(draw: st.DrawFn) -> Demand:
    data: dict[str, Any] = {"kind": draw(st.sampled_from(["refund", "return_and_refund", "apology"]))}
    if draw(st.booleans()):
        data["amount"] = draw(AMOUNTS)
    lines = draw(st.lists(st.tuples(st.sampled_from("ABCD"), st.integers(1, 30)), max_size=4))
    data["lines"] = [{"sku": sku, "quantity": number} for sku, number in lines]
    return Demand.model_validate(data)


@given(AMOUNTS, st.lists(st.integers(1, 100), min_size=1, max_size=10))
def test_a_cost_is_split_without_losing_a_cent(amount: int, percents: list[int]) -> None:
    parts = allocate(amount, percents)
    assert sum(parts) == amount
    assert all(part >= 0 for part in parts)
    total = sum(percents)
    assert all(abs(part * total - amount * percent) < total for part, percent in zip(parts, percents, strict=True))


@given(orders(), st.lists(demands(), min_size=1, max_size=5))
def test_over_any_number_of_rounds_never_more_than_was_paid(order: Order, wanted: list[Demand]) -> None:
    refunded = 0
    for demand in wanted:
        asked = on_top(order, demand, refunded)
        refunded += stake(order, asked, refunded)
        assert 0 <= refunded <= order.paid
        assert stake(order, asked, refunded) == 0


@given(orders(), demands(), AMOUNTS)
def test_a_further_demand_is_worth_as_much_as_a_first_one_as_far_as_money_is_left(
    order: Order, demand: Demand, before: int
) -> None:
    before = min(before, order.paid)
    worth = stake(order, demand)
    assert stake(order, on_top(order, demand, before), before) == min(worth, order.paid - before)


def value(**demand: Any) -> int:
    order = Order.model_validate(
        {
            "number": "O-1",
            "kind": "self_operated",
            "lines": [
                {"sku": "A", "quantity": 2, "unit_price": 300},
                {"sku": "B", "quantity": 1, "unit_price": 500},
                {"sku": "A", "quantity": 1, "unit_price": 100},
            ],
            "freight": 50,
            "paid": 1_250,
        }
    )
    return stake(order, Demand.model_validate({"kind": "refund"} | demand))


def test_partial_lines_pay_their_prices_and_the_freight_only_with_the_whole_order() -> None:
    assert value() == 1_250
    assert value(lines=[{"sku": "A", "quantity": 1}]) == 300
    assert value(lines=[{"sku": "A", "quantity": 3}]) == 700
    assert value(lines=[{"sku": "B", "quantity": 1}]) == 500
    assert value(lines=[{"sku": "A", "quantity": 2}, {"sku": "A", "quantity": 1}]) == 700
    assert value(lines=[{"sku": "A", "quantity": 3}, {"sku": "B", "quantity": 1}]) == 1_250
    assert value(amount=77) == 77
    assert value(kind="apology") == 0


def again(world: World, **feedback: Any) -> World:
    world.does("feedback", DESK, satisfied=False, **feedback).does("contact", DESK).wait(hours=24)
    return world.child() if world.stage == "executing" else world


def test_a_demand_that_was_paid_is_not_paid_again_by_asking_again() -> None:
    for demand in (
        {"kind": "refund", "lines": [{"sku": "S-1", "quantity": 1}]},
        {"kind": "compensation", "amount": 10_000},
        {"kind": "return_and_refund", "amount": 10_000},
    ):
        world = again(paid(demand=demand))
        assert (world.stage, world.case.refunded) == ("feedback", 10_000)


def test_a_further_demand_is_paid_on_top_but_never_above_what_was_paid() -> None:
    world = paid(demand={"kind": "compensation", "amount": 1_000})
    assert again(world, demand={"kind": "refund", "lines": [{"sku": "S-1", "quantity": 1}]}).case.refunded == 11_000
    assert again(world, demand={"kind": "refund"}).case.refunded == 21_000
    too_much = paid(demand={"kind": "refund", "amount": 6_000})
    fields = {"satisfied": False, "demand": {"kind": "refund", "amount": 15_001}}
    assert too_much.refuses("feedback", DESK, **fields) == "too_much"


def test_money_for_goods_in_a_later_round_comes_on_top_of_what_was_refunded_before() -> None:
    world = paid(demand={"kind": "compensation", "amount": 1_000})
    lines = [{"sku": "S-1", "quantity": 1}]
    world.does("feedback", DESK, satisfied=False, demand={"kind": "exchange", "lines": lines})
    world.does("contact", DESK).confirms().child(failure="out_of_stock", step="reserve")
    assert world.does("resolve", "returns_centre", outcome="refund_instead").child().case.refunded == 11_000
