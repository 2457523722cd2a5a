"""What a case takes while it waits, and that nothing is left of a run the worker has put away."""

import gc
import sys
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
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
MOST_KB = 95
"""Of Python's objects since the run was made: some 53 are the case's (docs/performance.md), the rest the replay's."""


@pytest.fixture(autouse=True)
def without_collector() -> Iterator[None]:
    load_packs(PACKS)
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def replayed(
    content: dict[str, Any],
    runner: type[SandboxedWorkflowRunner],
    *,
    begun: Callable[[], None] = lambda: None,
    made: Callable[[Any], None] = lambda _: None,
    waits: Callable[[Any], None] = lambda _: None,
) -> None:
    """A history, looked at before the run is made, when it is made, and at its end before it is put away."""

    class Watching(runner):  # type: ignore[valid-type,misc]
        def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
            begun()
            run: WorkflowInstance = super().create_instance(det)
            sandboxed: Any = getattr(run, "_sandboxed", run)
            made(sandboxed)
            activate = sandboxed.activate

            def seen(act: Any) -> Any:
                if act.jobs[0].HasField("remove_from_cache"):
                    waits(sandboxed)
                return activate(act)

            sandboxed.activate = seen
            return run

    failure, _ = await replay(content, [ComplaintWorkflow], Watching(RESTRICTIONS))
    assert failure is None


async def left(content: dict[str, Any], runner: type[SandboxedWorkflowRunner]) -> int:
    """Of how many parts of a run something is left: its event loop, its module, its code's globals."""
    parts: list[weakref.ref[Any]] = []

    def made(sandboxed: Any) -> None:
        parts.clear()  # the first run is the worker's trial at its start, which nobody puts away
        module = sandboxed.importer.new_modules[ComplaintWorkflow.__module__]
        loop = sandboxed.globals_and_locals["__temporal_in_sandbox"].instance
        parts.extend(map(weakref.ref, (loop, module, module.ComplaintWorkflow.run)))

    await replayed(content, runner, made=made)
    assert len(parts) == 3
    return sum(part() is not None for part in parts)


@pytest.mark.parametrize("file", [ASKED, ENDED], ids=lambda file: file.stem)
async def test_nothing_is_left_of_a_run_that_was_put_away(file: Path) -> None:
    assert not await left(content_of(file), ContextFreeRunner), (
        "the SDK keeps its runs in another way now? See starter/sandbox.py"
    )


async def test_a_run_that_asked_for_something_is_put_away_without_a_word(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its task ends by an exception of the SDK's; whoever made the task go is asked what to do with that."""
    said: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    content = content_of(ASKED)
    asked = [event["eventType"] for event in content["events"]].index("EVENT_TYPE_ACTIVITY_TASK_SCHEDULED")
    await replayed(content | {"events": content["events"][: asked + 1]}, ContextFreeRunner)
    gc.collect()
    assert not said
    assert not caplog.records


async def test_the_sdk_itself_leaves_it_to_the_collector() -> None:
    assert await left(content_of(ASKED), SandboxedWorkflowRunner), (
        "starter/sandbox.py need not take runs apart any more"
    )


async def test_a_class_that_runs_share_stays_whole() -> None:
    shared = ContextFreeRunner(RESTRICTIONS.with_passthrough_modules("workflows"))
    for _ in range(2):
        failure, _ = await replay(content_of(ASKED), [ComplaintWorkflow], shared)
        assert failure is None


async def test_a_waiting_case_takes_little_memory() -> None:
    took: list[float] = []

    def begun() -> None:
        gc.collect()
        tracemalloc.clear_traces()

    def waits(_: Any) -> None:
        gc.collect()
        took.append(tracemalloc.get_traced_memory()[0] / 1000)

    tracemalloc.start()
    try:
        for _ in range(3):  # the first ones also fill what all cases share
            await replayed(content_of(ASKED), ContextFreeRunner, begun=begun, waits=waits)
    finally:
        tracemalloc.stop()
    assert min(took) <= MOST_KB, f"{took} kB"


async def test_what_a_start_was_read_from_is_not_kept() -> None:
    kept: list[Any] = []

    def waits(sandboxed: Any) -> None:
        loop = sandboxed.globals_and_locals["__temporal_in_sandbox"].instance
        kept.extend(vars(loop)["_workflow_input"].args)

    await replayed(content_of(ASKED), ContextFreeRunner, waits=waits)
    assert kept == [{}]
