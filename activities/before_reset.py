"""What a reset leaves to find out: what the register has told the run before, and whether this run is the last one."""

from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.service import RPCError

from activities.notfound import is_gone
from activities.receipt import history_of, made_of
from models.pages import Opened


async def is_last_run() -> bool:
    """Whether no other run has taken this one's place, as a reset does. Inside an activity only."""
    info = activity.info()
    now = await activity.client().get_workflow_handle(info.workflow_id or "").describe()
    return now.run_id == info.workflow_run_id


async def told_before() -> Opened | None:
    """The register's answer to the run that this one is a reset of; None where it is none, or that run is deleted.

    One that goes back to its first step begins as that one did.
    Inside the activity that asks the register only.
    """
    run: str | None = activity.info().workflow_run_id
    try:
        while run is not None:
            told, run = await _told(run)
            if told is not None:
                return told
    except RPCError as error:
        if not is_gone(error):
            raise
    return None


async def _told(run: str) -> tuple[Opened | None, str | None]:
    """What a run was answered, and the run it was made of by a reset."""
    asked, before = activity.info().activity_type, None
    asking: set[int] = set()
    async for event in history_of(run):
        match event.event_type:
            case EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
                before = made_of(event) or before
            case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                if event.activity_task_scheduled_event_attributes.activity_type.name == asked:
                    asking.add(event.event_id)
            case EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                done = event.activity_task_completed_event_attributes
                if done.scheduled_event_id in asking:
                    converter = activity.client().data_converter
                    [told] = await converter.decode(done.result.payloads, [Opened])
                    return told, None
    return None, before
