"""The Temporal service is made what redress needs, once; the second time nothing is changed."""

import base64
import uuid
from pathlib import Path

import pytest
from pydantic import SecretStr
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from models.commands import TakenBack
from models.complaint import Complaint
from models.names import SWEEP_SCHEDULE
from procedures import load_packs
from starter.cases import Cases
from starter.cli.service import search_attributes
from starter.cluster import ClusterError, ensure_search_attributes, retention_days
from starter.errors import OperatorError
from starter.keyring import KeyRing
from starter.meetings import Meetings
from starter.rollout import rollout
from starter.settings import Observe, Settings, Tuning
from starter.setup import Change, set_up
from starter.takeback import tell_taken_back
from starter.wire import DATA_CONVERTER, KeysNeeded, data_converter
from tests.builders import complaint_data
from tests.rules.builders import PACK
from worker import run_worker


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


async def test_what_a_client_without_keys_would_start_at_a_service_that_seals_is_refused_before_it_is_lost(
    env: WorkflowEnvironment, elsewhere: Client
) -> None:
    load_packs()
    address = env.client.service_client.config.target_host
    plain = await Client.connect(address, namespace=elsewhere.namespace, data_converter=DATA_CONVERTER)
    _ = [change async for change in set_up(elsewhere, Settings(), search_attributes(), 30, "b1")]
    complaint = Complaint.model_validate(complaint_data())
    told = TakenBack(actor="gateway", reference="R-1", code="closed")
    for sends in (Cases(plain).start(complaint), tell_taken_back(plain, told, wait=1), Meetings(plain, PACK).call()):
        with pytest.raises(KeysNeeded, match="set REDRESS_CODEC__KEYS"):
            await sends
    assert (await Cases(elsewhere).start(complaint)).new
    for schedule in [each async for each in await elsewhere.list_schedules()]:
        await elsewhere.get_schedule_handle(schedule.id).delete()
    _ = [change async for change in set_up(plain, Settings(), search_attributes(), 30, "b1")]
    assert not (await Cases(plain).start(complaint)).new, "a service that seals nothing takes plain text"


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


async def test_a_worker_of_a_namespace_that_is_not_there_says_so_in_one_line_with_what_to_do(
    env: WorkflowEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", env.client.service_client.config.target_host)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "nowhere")
    monkeypatch.setattr("worker.setup_logging", lambda **_: None)
    anywhere = Observe(health_port=0, metrics_port=0)
    settings = Settings(home=tmp_path, database_url=SecretStr(f"sqlite:///{tmp_path}/r.db"), observe=anywhere)
    with pytest.raises(OperatorError) as refused:
        await run_worker(settings)
    assert str(refused.value) == (
        "namespace nowhere is not there; make it with `redress setup`, or correct TEMPORAL_NAMESPACE"
    )
    assert refused.value.code == 75
