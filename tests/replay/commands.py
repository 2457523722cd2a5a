"""The commands a workflow gives while a history is replayed, with everything they carry.

A replay by itself compares only their kinds and order; these lines also hold arguments, lengths and retry policies.
"""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from temporalio import workflow
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner

from starter.wire import DATA_CONVERTER

_UNTOLD = {"seq", "user_metadata"}
"""Not what a case does: the SDK's own numbers, and words for people."""


class Watched(WorkflowRunner):
    """Runs workflows as `inner` does and notes every command they give."""

    def __init__(self, inner: WorkflowRunner) -> None:
        self._inner = inner
        self.notes: list[str] = []

    def prepare_workflow(self, defn: workflow._Definition) -> None:
        """As `inner`."""
        self._inner.prepare_workflow(defn)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """As `inner`, with its commands noted."""
        instance = self._inner.create_instance(det)
        activate = instance.activate

        def noted(act: WorkflowActivation) -> WorkflowActivationCompletion:
            completion = activate(act)
            self.notes += [line(command) for command in completion.successful.commands]
            return completion

        instance.activate = noted  # type: ignore[method-assign]
        return instance


def line(command: Any) -> str:
    """A command as one line of JSON, payloads decoded."""
    return json.dumps(_told(MessageToDict(command, preserving_proto_field_name=True)), ensure_ascii=False)


def _told(node: Any) -> Any:
    if isinstance(node, list):
        return [_told(item) for item in node]
    if not isinstance(node, dict):
        return node
    if set(node) <= {"metadata", "data"} and "metadata" in node:
        return json.loads(base64.b64decode(node.get("data", "")) or "null")
    return {key: _told(value) for key, value in sorted(node.items()) if key not in _UNTOLD}


def history_of(content: dict[str, Any]) -> WorkflowHistory:
    """A case knows itself by its workflow id, which the first event holds."""
    first = content["events"][0]["workflowExecutionStartedEventAttributes"]
    return WorkflowHistory.from_json(first["workflowId"], content)


async def replay(
    content: dict[str, Any], workflows: Sequence[type], runner: WorkflowRunner
) -> tuple[Exception | None, list[str]]:
    """Why the history does not replay, if it does not, and the commands given meanwhile."""
    watched = Watched(runner)
    replayer = Replayer(workflows=workflows, data_converter=DATA_CONVERTER, workflow_runner=watched)
    result = await replayer.replay_workflow(history_of(content), raise_on_replay_failure=False)
    return result.replay_failure, watched.notes


def golden_file(history: Path) -> Path:
    """Where the commands of a kept history are kept."""
    return history.with_suffix(".commands")


def golden(history: Path) -> list[str]:
    """The commands its release gave."""
    return golden_file(history).read_text(encoding="utf-8").splitlines()
