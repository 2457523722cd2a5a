"""A service that seals what Temporal stores: nothing to read in its histories, nobody heard without the key."""

import base64
import os
import uuid

import pytest
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from activities.store import Store
from models.base import PAYLOAD_LIMIT
from models.names import COMPLAINT, case_id
from procedures import load_packs
from starter.keyring import KeyRing
from starter.settings import Settings
from starter.wire import data_converter
from tests.support import SERVICE, OfCase, Office, complaint_data, new_number, test_parts
from worker import RUNNER, WORKFLOWS, build_worker

KEY = base64.b64encode(os.urandom(32)).decode()
CONVERTER = data_converter(KeyRing.parse(f"a:{KEY}"))
PHONE, WORDS = "13800138000", "canary-words"


async def test_a_sealed_case_shows_nothing_hears_nobody_without_the_key_and_replays(
    env: WorkflowEnvironment, store: Store
) -> None:
    load_packs()
    client = Client(env.client.service_client, namespace=env.client.namespace, data_converter=CONVERTER)
    settings, number = Settings(task_queue=f"sealed-{uuid.uuid4().hex[:8]}"), new_number()
    case = OfCase(Office(env, settings, test_parts(store)), number)
    case.handle = client.get_workflow_handle(case_id(number))
    data = complaint_data(text=WORDS)
    data["complainant"] |= {"phone": PHONE, "name": WORDS}
    async with build_worker(client, settings, test_parts(store)):
        await client.start_workflow(COMPLAINT, data, id=case_id(number), task_queue=settings.task_queue)
        await case.at("asked")
        stranger = env.client.get_workflow_handle(case_id(number))
        await stranger.signal("withdraw", {"actor": SERVICE, "reason": WORDS})
        refused = await case.until("message_refused")
        assert "is not sealed with the service's key" in str(refused.data["reason"])
        with pytest.raises(WorkflowUpdateFailedError) as too_large:
            await case.send("withdraw", SERVICE, reason="x" * PAYLOAD_LIMIT)
        assert isinstance(too_large.value.cause, ApplicationError)
        assert "over 64 KiB" in too_large.value.cause.message
        with pytest.raises(WorkflowUpdateFailedError) as told:
            await case.send("withdraw", WORDS)
        assert isinstance(told.value.cause, ApplicationError)
        assert (told.value.cause.type, told.value.cause.message[:6]) == ("unknown_actor", "actor:")
        assert (await case.send("withdraw", SERVICE, reason=WORDS))["accepted"]
        assert (await case.result()).exit == "withdrawn"
    history = await case.history()
    stranger_said = b"".join(
        event.SerializeToString()
        for event in history.events
        if not event.HasField("workflow_execution_signaled_event_attributes")
    )
    assert not [word for word in (PHONE, WORDS, "withdrawn the") if word.encode() in stranger_said]
    await Replayer(workflows=WORKFLOWS, data_converter=CONVERTER, workflow_runner=RUNNER).replay_workflow(history)
