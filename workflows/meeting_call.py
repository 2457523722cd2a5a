"""What the weekly schedule starts: it calls the meeting of the week its instant belongs to, once."""

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from models.meeting import Call, WeeklyCall
    from models.names import MEETING_CALL, SUPERVISION_MEETING, meeting_id
    from rules.calendar import week_called
    from workflows.starting import contract_of, scheduled_for


@workflow.defn(name=MEETING_CALL)
class MeetingCallWorkflow:
    """A schedule gives each of its runs an id of its own; the meeting's id is the week's, whoever calls it."""

    @workflow.run
    async def run(self, *args: Any) -> str:
        """Start the week's meeting, or leave the one that is there. Returns its workflow id."""
        weekly = contract_of(args, WeeklyCall)
        due = weekly.due or scheduled_for()
        if (early := due - workflow.now()) > timedelta():
            await workflow.sleep(early)
        call = Call(procedure=weekly.procedure, name=week_called(due, weekly.notice, weekly.time_zone))
        meeting = meeting_id(call.procedure, call.name)
        try:
            started = await workflow.start_child_workflow(
                SUPERVISION_MEETING,
                call,
                id=meeting,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                static_summary=meeting,
            )
        except WorkflowAlreadyStartedError:
            workflow.logger.info("the week's meeting has been called before")
            return meeting
        return started.id
