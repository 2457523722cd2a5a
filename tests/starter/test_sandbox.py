"""A run that has ended takes no task any more: one that comes all the same is done again from the history."""

from typing import Any

from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.bridge.proto.workflow_activation import WorkflowActivation, WorkflowActivationJob
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.worker import WorkflowInstance

from starter.sandbox import Run


class Ending(WorkflowInstance):
    """Goes on in a new run at its first task, and keeps count of the tasks it gets."""

    def __init__(self) -> None:
        self.tasks = 0

    def activate(self, act: Any) -> Any:
        self.tasks += 1
        completion = WorkflowActivationCompletion(run_id=act.run_id)
        if self.tasks == 1:
            completion.successful.commands.add().continue_as_new_workflow_execution.workflow_type = "Complaint"
        return completion

    def get_serialization_context(self, command_info: Any) -> None:
        return None

    def get_external_store_context(self, command_info: Any) -> Any:
        return None

    def get_info(self) -> Any:
        return None

    def get_thread_id(self) -> int | None:
        return None


def task(**job: Any) -> WorkflowActivation:
    return WorkflowActivation(run_id="run", jobs=[WorkflowActivationJob(**job)])


def test_a_message_that_comes_after_a_run_has_ended_has_it_done_again_and_is_not_lost() -> None:
    ending = Ending()
    run = Run(ending)
    assert run.activate(task(signal_workflow={"signal_name": "a"})).HasField("successful")
    late = run.activate(task(signal_workflow={"signal_name": "b"}))
    assert late.failed.force_cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND
    assert ending.tasks == 1


def test_a_run_that_has_ended_still_answers_questions_and_is_put_away() -> None:
    ending = Ending()
    run = Run(ending)
    run.activate(task(signal_workflow={"signal_name": "a"}))
    run.activate(task(query_workflow={"query_id": "q"}))
    run.activate(task(remove_from_cache={}))
    assert ending.tasks == 3
