"""The sandbox as the service runs it: spared a question the SDK asks for every payload, and no run outlives its end."""

import sys
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from starter.kept_code import keep_code_of

_ENDS = frozenset({
    "continue_as_new_workflow_execution", "complete_workflow_execution", "fail_workflow_execution",
    "cancel_workflow_execution",
})  # fmt: skip
_AFTER_THE_END = frozenset({"query_workflow", "remove_from_cache"})
_OF_ANY_CLASS = frozenset({
    "__module__", "__doc__", "__dict__", "__weakref__", "__abstractmethods__", "_abc_impl",
})  # fmt: skip


@dataclass(frozen=True)
class ContextFreeRunner(SandboxedWorkflowRunner):
    """For data converters that do without a serialization context and without external storage, as ours do.

    The SDK has the sandbox compile and run code to learn the context of each payload, 70 times a case: a twelfth of
    what a worker's event loop does (docs/performance.md).
    """

    tried: set[type] = field(default_factory=set, init=False, compare=False)
    """Workflows the sandbox has taken: what each worker of a process and each replay would try, and costs 5 ms."""

    def prepare_workflow(self, defn: Any) -> None:
        """See WorkflowRunner."""
        if defn.cls in self.tried:
            return
        keep_code_of(defn.cls.__module__)
        super().prepare_workflow(defn)
        self.tried.add(defn.cls)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """See WorkflowRunner.

        A part of a protobuf message holds the whole: here all that the start brought, for as long as the run lasts.
        """
        last = Payloads.FromString(det.last_completion_result.SerializeToString())
        return Run(super().create_instance(replace(det, last_completion_result=last)))


class Run(WorkflowInstance):
    """One run in the sandbox: no payload asks it for a context, and once it has ended it takes no further task."""

    def __init__(self, sandboxed: WorkflowInstance) -> None:
        self._sandboxed = sandboxed
        self._ended = False

    def activate(self, act: Any) -> Any:
        """See WorkflowInstance. A task that comes after the end is refused; a question is answered."""
        if self._ended and not all(job.WhichOneof("variant") in _AFTER_THE_END for job in act.jobs):
            return _refused(act.run_id)
        if any(job.HasField("remove_from_cache") for job in act.jobs):
            return _put_away(self._sandboxed, act)
        completion = self._sandboxed.activate(act)
        commands = completion.successful.commands if completion.HasField("successful") else ()
        self._ended = self._ended or any(command.WhichOneof("variant") in _ENDS for command in commands)
        return completion

    def get_serialization_context(self, command_info: Any) -> None:
        return None

    def get_external_store_context(self, command_info: Any) -> StorageDriverStoreContext:
        return StorageDriverStoreContext(target=None)

    def get_info(self) -> Any:
        return self._sandboxed.get_info()

    def get_thread_id(self) -> int | None:
        return self._sandboxed.get_thread_id()


def _put_away(sandboxed: Any, act: Any) -> Any:
    """The run's last task; then what it was made of is taken apart.

    Module, class, event loop and tasks of a run all refer to each other, and Python's garbage collector comes by so
    seldom that a worker held a thousand runs it had put away beside those in its cache. What cannot be taken apart
    here, the collector finds.
    """
    with suppress(AttributeError, KeyError, TypeError):
        # A timer cancelled now raises inside the SDK, and the traceback would hold the whole run. It gives no command.
        vars(sandboxed.globals_and_locals["__temporal_in_sandbox"].instance)["_pending_timers"].clear()
    completion = sandboxed.activate(act)
    with suppress(AttributeError, KeyError, TypeError):
        _take_apart(sandboxed)
    return completion


def _take_apart(sandboxed: Any) -> None:
    """Only what is the run's own: where a module is passed through to the sandbox, other runs have the same class."""
    importer, names = sandboxed.importer, sandboxed.globals_and_locals
    inside, flow = names["__temporal_in_sandbox"], names["__temporal_workflow_class"]
    module = importer.new_modules[flow.__module__]
    if module is sys.modules.get(flow.__module__):
        return
    loop = inside.instance
    parts = (vars(loop)["_defn"], vars(loop)["_object"], inside, importer, module)
    for name in vars(loop).keys() - {"_deleting"}:  # tasks that go now ask it whether anybody need know how they ended
        delattr(loop, name)
    for part in parts:
        vars(part).clear()
    for name in vars(flow).keys() - _OF_ANY_CLASS:
        delattr(flow, name)
    names.clear()


def _refused(run_id: str) -> WorkflowActivationCompletion:
    """A task that comes to a run which has ended is done again from the history's beginning.

    A server refuses an end where a message has come meanwhile, and the SDK (1.35) puts the run away. On a busy machine
    the next task may be quicker: the SDK then sends the old end again, beside what the message brings, and the message
    is lost.
    """
    completion = WorkflowActivationCompletion(run_id=run_id)
    completion.failed.failure.message = "the run has ended; a message that came in that moment has it done again"
    completion.failed.force_cause = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND
    return completion
