"""The Temporal service is made what redress needs, once; the second time nothing is changed."""

import base64
import uuid

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from models.names import SWEEP_SCHEDULE
from procedures import load_packs
from starter.cli.service import search_attributes
from starter.cluster import ClusterError, ensure_search_attributes, retention_days
from starter.keyring import KeyRing
from starter.rollout import rollout
from starter.settings import Settings, Tuning
from starter.setup import Change, set_up
from starter.wire import data_converter


@pytest.fixture
async def elsewhere(env: WorkflowEnvironment) -> Client:
    """A client of a namespace that does not exist yet, which seals what it sends."""
    return await client(env, f"n-{uuid.uuid4().hex[:8]}", "new", "old")


async def client(env: WorkflowEnvironment, namespace: str, *keys: str) -> Client:
    """One that seals with the first of these keys and knows the others."""
    ring = KeyRing.parse(",".join(f"{key}:{base64.b64encode(key.ljust(32).encode()).decode()}" for key in keys))
    address = env.client.service_client.config.target_host
    return await Client.connect(address, namespace=namespace, data_converter=data_converter(ring))


async def test_a_schedule_sealed_with_a_key_that_is_gone_is_set_again(
    env: WorkflowEnvironment, elsewhere: Client
) -> None:
    load_packs()
    before = await client(env, elsewhere.namespace, "old")

    async def schedules(by: Client) -> list[Change]:
        found = [change async for change in set_up(by, Settings(), search_attributes(), 30, "b1")]
        return [change for change in found if change.kind == "schedule"]

    made = await schedules(before)
    assert await schedules(elsewhere) == [], "the old key is still known"
    sealed = [change for change in made if change.name != SWEEP_SCHEDULE]
    assert await schedules(await client(env, elsewhere.namespace, "new")) == sealed
    assert await schedules(elsewhere) == []


async def test_setting_up_makes_everything_once_and_says_what_it_changed(elsewhere: Client) -> None:
    load_packs()
    settings = Settings(worker=Tuning(deployment="redress", build_id="b1"))

    async def changes(days: int = 30) -> list[Change]:
        return [change async for change in set_up(elsewhere, settings, search_attributes(), days, "b1")]

    first = await changes()
    kinds = {change.kind for change in first}
    assert kinds == {"namespace", "attribute", "schedule", "build"}
    assert {change.name for change in first if change.kind == "attribute"} == {name for name, _ in search_attributes()}
    assert await changes() == []
    assert await changes(days=60) == [Change("retention", "60")]
    assert await retention_days(elsewhere) == 60
    state = await rollout(elsewhere, "redress")
    assert state is not None
    assert state.current == "b1"


async def test_a_search_attribute_of_another_type_is_one_line(elsewhere: Client) -> None:
    async for _ in set_up(elsewhere, Settings(), (("RedressStage", "Int"),), 1, "b1"):
        pass
    with pytest.raises(
        ClusterError, match=r"^search attribute RedressStage of namespace n-\w+ has another type[^\n]*$"
    ):
        await ensure_search_attributes(elsewhere, (("RedressStage", "Keyword"),))
