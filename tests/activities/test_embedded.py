"""The partners inside our own database: the same key is the same thing."""

import asyncio
from collections.abc import Callable

import pytest

from activities.embedded import EmbeddedCarrier, EmbeddedGateway, EmbeddedWarehouse
from activities.ports import GatewayRefused
from activities.remedies import Remedies
from activities.store import Store
from models.remedy import RemedyOrder

Remedy = Callable[..., RemedyOrder]


def goods(store: Store, *lacking: str) -> Remedies:
    return Remedies(store, EmbeddedGateway(store), EmbeddedWarehouse(store, frozenset(lacking)), EmbeddedCarrier(store))


async def test_the_embedded_gateway_refuses_a_key_with_other_content(store: Store) -> None:
    gateway = EmbeddedGateway(store)
    first = await gateway.refund("k:1", "k", "O-1", 400, "CNY")
    assert await gateway.refund("k:1", "k", "O-1", 400, "CNY") == first
    with pytest.raises(GatewayRefused, match="key_reused"):
        await gateway.refund("k:1", "k", "O-1", 401, "CNY")
    assert await gateway.find("k") == first
    assert await gateway.find("other") is None


async def test_goods_steps_done_twice_are_one_thing_each(store: Store, remedy: Remedy) -> None:
    for step in ("reserve", "label", "ship"):
        ends = await asyncio.gather(*(getattr(goods(store), step)(remedy()) for _ in range(4)))
        assert len(set(ends)) == 1
        assert ends[0].reference is not None
    other = await goods(store).reserve(remedy(lines=({"sku": "CUP", "quantity": 2},)))
    assert other.failure == "key_reused"


async def test_released_goods_and_voided_labels_can_be_had_again(store: Store, remedy: Remedy) -> None:
    for make, undo in ((goods(store).reserve, goods(store).release), (goods(store).label, goods(store).void_label)):
        assert (await undo(remedy())).failure is None
        first = await make(remedy())
        assert (await undo(remedy())).failure is None
        assert await make(remedy()) == first


async def test_goods_that_are_not_there_are_a_refusal(store: Store, remedy: Remedy) -> None:
    assert (await goods(store, "CUP").reserve(remedy())).failure == "out_of_stock"
