"""Open cases survive a deploy: every kept history of every release replays on today's workflows."""

import json
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from procedures import load_packs
from starter.wire import DATA_CONVERTER
from tests.replay.scenes import SCENES
from worker import RUNNER, WORKFLOWS

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*/*.json"))


def replayer() -> Replayer:
    load_packs()
    return Replayer(workflows=WORKFLOWS, data_converter=DATA_CONVERTER, workflow_runner=RUNNER)


def history_of(content: dict[str, Any]) -> WorkflowHistory:
    """A case knows itself by its workflow id, which the first event holds."""
    first = content["events"][0]["workflowExecutionStartedEventAttributes"]
    return WorkflowHistory.from_json(first["workflowId"], content)


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: f"{file.parent.name}-{file.stem}")
async def test_a_kept_history_replays(file: Path) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    result = await replayer().replay_workflow(history_of(content), raise_on_replay_failure=False)
    assert result.replay_failure is None, (
        f"{file.name}: cases opened by an earlier release would stop here. Put the change behind workflow.patched(...) "
        f"so that old histories take the old path. {result.replay_failure}"
    )


def test_every_scene_has_a_kept_history() -> None:
    kept = {file.name.partition(".")[0] for file in HISTORIES}
    assert kept == set(SCENES)


def test_the_kept_histories_hold_what_they_are_kept_for() -> None:
    def kinds(name: str) -> set[str]:
        content: dict[str, Any] = json.loads(next(f for f in HISTORIES if f.stem == name).read_text(encoding="utf-8"))
        return {event["eventType"].removeprefix("EVENT_TYPE_") for event in content["events"]}

    assert "TIMER_FIRED" in kinds("silence.case")
    assert "TIMER_CANCELED" in kinds("answered_in_time.case")
    assert "CHILD_WORKFLOW_EXECUTION_COMPLETED" in kinds("exchange.case")
    assert "WORKFLOW_EXECUTION_COMPLETED" not in kinds("waiting_for_an_answer.case")
    assert "TIMER_FIRED" in kinds("goods_never_back.exchange-1")


async def test_a_changed_workflow_does_not_pass_for_the_old_one() -> None:
    """The net holds: a history whose order of commands differs from the code's is refused."""
    file = next(f for f in HISTORIES if f.stem == "answered_in_time.case")
    content = json.loads(file.read_text(encoding="utf-8"))
    for event in content["events"]:
        if "startChildWorkflowExecutionInitiatedEventAttributes" in event:
            event["startChildWorkflowExecutionInitiatedEventAttributes"]["workflowId"] = "complaint.another.refund-1"
    result = await replayer().replay_workflow(history_of(content), raise_on_replay_failure=False)
    assert result.replay_failure is not None
