"""The Temporal service is made what redress needs, once; the second time nothing is changed."""

import uuid

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from procedures import load_packs
from starter.cli.service import search_attributes
from starter.cluster import ClusterError, ensure_search_attributes, retention_days
from starter.rollout import rollout
from starter.settings import Settings, Tuning
from starter.setup import Change, set_up
from starter.wire import DATA_CONVERTER


@pytest.fixture
async def elsewhere(env: WorkflowEnvironment) -> Client:
    """A client of a namespace that does not exist yet."""
    address = env.client.service_client.config.target_host
    return await Client.connect(address, namespace=f"n-{uuid.uuid4().hex[:8]}", data_converter=DATA_CONVERTER)


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
