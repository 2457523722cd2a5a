"""The mailroom: one for the whole service, so that a slow mail server holds up no case."""

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.duties import PostDuties
    from models.names import MAILROOM, MAILROOM_ID, Queue
    from workflows.options import watching
    from workflows.starting import bad_start

SHIFT_SECONDS = 600.0
SHIFTS = 100


@workflow.defn(name=MAILROOM)
class MailroomWorkflow:
    """Sends the notices that cases have written. When its worker dies another takes over within seconds."""

    @workflow.run
    async def run(self) -> None:
        """One shift after another, for ever. A second mailroom, which would send each notice once more, fails."""
        if workflow.info().workflow_id != MAILROOM_ID:
            raise bad_start(
                f"workflow id: must be {MAILROOM_ID}, there is one for the whole service; leave it to the workers"
            )
        for _ in range(SHIFTS):
            try:
                await workflow.execute_activity_method(
                    PostDuties.deliver_mails,
                    SHIFT_SECONDS,
                    **watching("deliver waiting notices", Queue.NOTICES),
                )
            except ActivityError:
                workflow.logger.warning("a mailroom shift ended early")
        workflow.continue_as_new()
