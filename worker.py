"""The one place where the service is put together. The process, the CLI's local stack and the tests build it here."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypedDict

from temporalio import workflow
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.worker import (
    PollerBehaviorAutoscaling,
    Worker,
    WorkerDeploymentConfig,
    WorkerDeploymentVersion,
)
from temporalio.worker.workflow_sandbox import SandboxRestrictions

from activities.audit import append, configuration
from activities.before_reset import is_last_run, told_before
from activities.calendar import WorkingDaysDesk
from activities.casebook import Casebook
from activities.clock import wall_clock
from activities.corrective import CorrectiveDesk
from activities.door import Door
from activities.doorkeeper import Doorkeeper
from activities.followup import Follower
from activities.incident import IncidentDesk
from activities.incident_watch import IncidentWatch
from activities.mailroom import MailDesk
from activities.meeting import MeetingDesk, UrgentCalls
from activities.origins import Origins
from activities.remedies import Remedies
from activities.reporting import ReportDesk
from activities.store import Store
from activities.takeback import TakeBackDesk
from models.base import build_contracts
from models.names import MAILROOM_ID, TASK_QUEUE, Queue, task_queue
from procedures import PACKS, load_packs
from procedures.workdays import Workdays
from reports.enclosing import Enclosing
from starter.connection import connect, see_namespace
from starter.crew import Crew
from starter.doorway import Doorway
from starter.logs import setup_logging
from starter.main import spare_garbage
from starter.observe.service import metered_runtime, observed, settled
from starter.parts import Parts, real_parts
from starter.rollout import RELEASE
from starter.sandbox import ContextFreeRunner
from starter.schedules import ensure_schedules
from starter.settings import Settings, Tuning
from starter.stopping import stopped
from verify.mending import Mender
from verify.service import lost
from workflows.complaint import ComplaintWorkflow
from workflows.corrective import CorrectiveActionWorkflow
from workflows.exchange import ExchangeWorkflow
from workflows.incident import BatchReturnWorkflow
from workflows.mailroom import MailroomWorkflow
from workflows.meeting import SupervisionMeetingWorkflow
from workflows.meeting_call import MeetingCallWorkflow
from workflows.refund import RefundWorkflow
from workflows.report_round import ReportRoundWorkflow
from workflows.stranger import StrangerWorkflow
from workflows.sweep import SweepWorkflow
from workflows.taken_back import RefundTakenBackWorkflow

WORKFLOWS = [
    StrangerWorkflow,
    ComplaintWorkflow,
    RefundWorkflow,
    ExchangeWorkflow,
    MailroomWorkflow,
    SupervisionMeetingWorkflow,
    MeetingCallWorkflow,
    ReportRoundWorkflow,
    SweepWorkflow,
    BatchReturnWorkflow,
    CorrectiveActionWorkflow,
    RefundTakenBackWorkflow,
]

_LONG_CASES = VersioningBehavior.AUTO_UPGRADE
"""Cases outlive releases and go on under the newest one (ADR 12)."""
_POLICY = workflow.SandboxImportNotificationPolicy
RESTRICTIONS = SandboxRestrictions.default.with_import_notification_policy(
    _POLICY.WARN_ON_DYNAMIC_IMPORT | _POLICY.RAISE_ON_UNINTENTIONAL_PASSTHROUGH
)
"""The sandbox, strict: a workflow module that imports what it did not say is refused when the worker starts."""
RUNNER = ContextFreeRunner(RESTRICTIONS)


def duties(settings: Settings, parts: Parts) -> Mapping[Queue, Sequence[Callable[..., Any]]]:
    """Every activity of the service, by the queue it is asked for on."""
    days, vouch = Workdays(settings.calendar_file), parts.gate.vouch
    door = Doorkeeper(parts.store, parts.gate, parts.directory)
    desk = MailDesk(
        parts.store,
        PACKS,
        post=parts.post,
        chat=parts.chat,
        directory_reader=parts.directory,
        render=parts.render,
        printer=Enclosing(parts.store.url, PACKS.pinned, parts.directory, packs=PACKS.all),
        vouch=vouch,
    )
    book = Casebook(
        parts.store,
        PACKS,
        parts.default_procedure,
        door=door,
        on_mail=desk.nudge,
        on_panel=UrgentCalls(parts.store, PACKS),
        on_case=IncidentWatch(parts.store, PACKS, vouch),
        lost=lost,
        before_reset=told_before,
        is_last_run=is_last_run,
        calendar=days,
    )
    origins = Origins(parts.store, PACKS, parts.directory, parts.gate)
    meetings = MeetingDesk(parts.store, PACKS, on_mail=desk.nudge, vouch=vouch, door=door)
    incidents = IncidentDesk(parts.store, PACKS, on_mail=desk.nudge, vouch=vouch, door=door)
    correctives = CorrectiveDesk(parts.store, PACKS, on_mail=desk.nudge, calendar=days, door=door)
    remedies = Remedies(parts.store, parts.payment, parts.warehouse, parts.carrier)
    taken_back = TakeBackDesk(parts.store, PACKS, parts.payment, parts.directory, door=door, vouch=vouch)
    return {
        Queue.RULINGS: [
            book.open_case,
            book.write_down,
            origins.examine,
            origins.passed_on,
            WorkingDaysDesk(days).working_days,
            Follower().await_remedy,
            meetings.draw_agenda,
            meetings.find_case,
            meetings.still_waiting,
            meetings.put_decision,
            meetings.write_meeting,
            ReportDesk(parts.store, PACKS, on_mail=desk.nudge).post_reports,
            correctives.register_corrective,
            correctives.trace_lots,
            correctives.write_corrective,
            incidents.register_incident,
            incidents.gather_cases,
            incidents.carry_out,
            incidents.write_incident,
            taken_back.take_back,
            mender(settings, parts.store, on_mail=desk.nudge).sweep,
        ],
        Queue.PARTNERS: [
            remedies.pay,
            remedies.pay_state,
            remedies.reserve,
            remedies.release,
            remedies.label,
            remedies.void_label,
            remedies.ship,
        ],
        Queue.NOTICES: [desk.deliver_mails],
    }


def mender(settings: Settings, store: Store, *, on_mail: Callable[[], None] = lambda: None) -> Mender:
    """The service's care for itself, for a worker and for `redress doctor --mend`."""

    async def made(client: Client) -> list[str]:
        return await furnish(client, settings)

    return Mender(store, PACKS, made, Workdays(settings.calendar_file), on_mail=on_mail)


def build_worker(
    client: Client,
    settings: Settings,
    parts: Parts,
    *,
    queues: Collection[Queue] = tuple(Queue),
    workflows: Sequence[type] = WORKFLOWS,
) -> Crew:
    """Workers with every workflow and activity of the service, or for some queues only; built where they will run."""
    build_contracts()
    asked = duties(settings, parts)
    door = Door(parts.store, parts.gate, parts.directory, asyncio.get_running_loop())
    return Crew(
        Worker(
            client,
            task_queue=task_queue(settings.task_queue, queue),
            activities=asked[queue],
            workflows=workflows if queue is Queue.RULINGS else [],
            workflow_runner=RUNNER,
            interceptors=[Doorway(door)],
            **tuned(settings.worker),
        )
        for queue in queues
    )


class Tuned(TypedDict):
    """Options of a worker."""

    max_cached_workflows: int
    workflow_task_poller_behavior: PollerBehaviorAutoscaling
    activity_task_poller_behavior: PollerBehaviorAutoscaling
    sticky_queue_schedule_to_start_timeout: timedelta
    graceful_shutdown_timeout: timedelta
    deployment_config: WorkerDeploymentConfig


def tuned(tuning: Tuning) -> Tuned:
    """What the settings say of a worker, as the SDK wants it."""
    versioned = tuning.deployment is not None
    most = tuning.most_pollers
    return {
        "max_cached_workflows": tuning.max_cached_workflows,
        "workflow_task_poller_behavior": PollerBehaviorAutoscaling(2, most, tuning.workflow_task_pollers),
        "activity_task_poller_behavior": PollerBehaviorAutoscaling(1, most),
        "sticky_queue_schedule_to_start_timeout": timedelta(seconds=tuning.sticky_seconds),
        "graceful_shutdown_timeout": timedelta(seconds=tuning.graceful_shutdown_seconds),
        "deployment_config": WorkerDeploymentConfig(
            WorkerDeploymentVersion(tuning.deployment or TASK_QUEUE, tuning.build_id or RELEASE),
            use_worker_versioning=versioned,
            default_versioning_behavior=_LONG_CASES if versioned else VersioningBehavior.UNSPECIFIED,
        ),
    }


def _unchanged(parts: Parts) -> Parts:
    return parts


@asynccontextmanager
async def working(
    client: Client,
    settings: Settings,
    *,
    queues: Collection[Queue] = tuple(Queue),
    change: Callable[[Parts], Parts] = _unchanged,
) -> AsyncIterator[Crew]:
    """A worker at work with its real parts, its tables made, the mailroom open and the meetings on the calendar.

    `change` puts other parts in the place of some: the lanes under tests/lanes have them fail.
    """
    spare_garbage()
    load_packs(*settings.procedure_folders)
    store = Store(settings.database)
    try:
        await store.create()
        async with (
            real_parts(settings, store, client.service_client.config.target_host) as parts,
            observed(client, settings, store),
            build_worker(client, settings, change(parts), queues=queues) as crew,
        ):
            async with store.write() as session:
                await append(session, configuration(PACKS.all(), parts.directory()), wall_clock)
            if Queue.RULINGS in queues:
                await furnish(client, settings)
            yield crew
    finally:
        await store.close()


async def furnish(client: Client, settings: Settings) -> list[str]:
    """See that the mailroom runs and that every schedule is as it must be; names what was not. Safe to repeat."""
    opened = [MAILROOM_ID] if await open_mailroom(client, settings) else []
    return [*opened, *await ensure_schedules(client, PACKS, settings.task_queue)]


async def open_mailroom(client: Client, settings: Settings) -> bool:
    """See that the one mailroom of the service runs; whether it had to be opened."""
    try:
        await client.start_workflow(
            MailroomWorkflow.run,
            id=MAILROOM_ID,
            task_queue=settings.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        )
    except WorkflowAlreadyStartedError:
        return False
    return True


async def run_worker(settings: Settings, *, queues: Collection[Queue] = tuple(Queue)) -> None:
    """Work until SIGTERM or SIGINT, then finish what is being done. Raises OperatorError when it cannot start."""
    setup_logging(json=settings.log_json, level=settings.log_level, traces=settings.observe.traces_url is not None)
    settings = settled(settings)
    client = await connect(settings, runtime=metered_runtime(settings))
    stop = stopped()
    await see_namespace(client)
    async with working(client, settings, queues=queues):
        await stop.wait()
