"""A run the worker puts away is gone at once: nothing of it waits for Python's garbage collector."""

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from procedures import load_packs
from starter.sandbox import ContextFreeRunner
from tests.replay.commands import replay
from tests.replay.test_replay import PACKS, content_of
from worker import RESTRICTIONS
from workflows.complaint import ComplaintWorkflow

HISTORIES = Path(__file__).parent / "histories" / "0.1.0"
ASKED = HISTORIES / "waiting_for_an_answer.case.json"
ENDED = HISTORIES / "answered_in_time.case.json"


@pytest.fixture(autouse=True)
def without_collector() -> Iterator[None]:
    load_packs(PACKS)
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def left(file: Path, runner: type[SandboxedWorkflowRunner]) -> int:
    """Of how many parts of a replayed run something is left: its event loop, its module, its code's globals."""
    parts: list[weakref.ref[Any]] = []

    class Watching(runner):  # type: ignore[valid-type,misc]
        def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
            run: WorkflowInstance = super().create_instance(det)
            parts.clear()  # the first run is the worker's trial at its start, which nobody puts away
            sandboxed: Any = getattr(run, "_sandboxed", run)
            module = sandboxed.importer.new_modules[ComplaintWorkflow.__module__]
            loop = sandboxed.globals_and_locals["__temporal_in_sandbox"].instance
            parts.extend(map(weakref.ref, (loop, module, module.ComplaintWorkflow.run)))
            return run

    failure, _ = await replay(content_of(file), [ComplaintWorkflow], Watching(RESTRICTIONS))
    assert failure is None
    assert len(parts) == 3
    return sum(part() is not None for part in parts)


@pytest.mark.parametrize("file", [ASKED, ENDED], ids=lambda file: file.stem)
async def test_nothing_is_left_of_a_run_that_was_put_away(file: Path) -> None:
    assert not await left(file, ContextFreeRunner), "the SDK keeps its runs in another way now? See starter/sandbox.py"


async def test_the_sdk_itself_leaves_it_to_the_collector() -> None:
    assert await left(ASKED, SandboxedWorkflowRunner), "starter/sandbox.py need not take runs apart any more"


async def test_a_class_that_runs_share_stays_whole() -> None:
    shared = ContextFreeRunner(RESTRICTIONS.with_passthrough_modules("workflows"))
    for _ in range(2):
        failure, _ = await replay(content_of(ASKED), [ComplaintWorkflow], shared)
        assert failure is None
