"""The one place where the service is put together. The process, the CLI's local stack and the tests build it here."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any, TypedDict

import httpx2
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
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.audit import append, configuration
from activities.casebook import Casebook
from activities.chat import chat
from activities.corrective import CorrectiveDesk
from activities.doorkeeper import Doorkeeper
from activities.embedded import EmbeddedCarrier, EmbeddedGateway, EmbeddedWarehouse
from activities.followup import Follower
from activities.http_partner import HttpCarrier, HttpPaymentGateway, HttpWarehouse
from activities.identity import Gate
from activities.incident import IncidentDesk
from activities.incident_watch import IncidentWatch
from activities.mailroom import MailDesk
from activities.meeting import MeetingDesk, UrgentCalls
from activities.ports import Carrier, Chat, PaymentGateway, Post, Renderer, Traced, Warehouse
from activities.post import SmtpPost
from activities.remedies import Remedies
from activities.reporting import ReportDesk
from activities.store import Store
from activities.takeback import TakeBackDesk
from models.base import build_contracts
from models.directory import Directory
from models.names import MAILROOM_ID, TASK_QUEUE, Queue, task_queue
from procedures import PACKS, load_packs
from procedures.people import DirectoryFile
from procedures.workdays import Workdays
from reports.enclosing import Enclosing
from starter.connection import connect
from starter.crew import Crew
from starter.gate import gate_of
from starter.logs import setup_logging
from starter.observe.service import metered_runtime, observed, settled
from starter.observe.tracing import partner_calls
from starter.schedules import ensure_schedules
from starter.settings import Partner, Settings, Tuning
from texts.mails import render_mail
from verify.mending import Mender
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

RELEASE = version("redress")
_LONG_CASES = VersioningBehavior.AUTO_UPGRADE
"""Cases outlive releases and go on under the newest one (ADR 12)."""
_POLICY = workflow.SandboxImportNotificationPolicy
RUNNER = SandboxedWorkflowRunner(
    restrictions=SandboxRestrictions.default.with_import_notification_policy(
        _POLICY.WARN_ON_DYNAMIC_IMPORT | _POLICY.RAISE_ON_UNINTENTIONAL_PASSTHROUGH
    )
)
"""The sandbox, strict: a workflow module that imports what it did not say is refused when the worker starts."""


@dataclass(frozen=True)
class Parts:
    """What the activities work with. Tests put their own in."""

    store: Store
    payment: PaymentGateway
    warehouse: Warehouse
    carrier: Carrier
    post: Post
    chat: Chat
    directory: Callable[[], Directory]
    render: Renderer = render_mail
    default_procedure: str = "marketplace"
    gate: Gate = field(default_factory=Gate)


@asynccontextmanager
async def real_parts(settings: Settings, store: Store, address: str) -> AsyncIterator[Parts]:
    """The parts the settings choose for the Temporal service at `address`, closed again at the end.

    Raises PackError for a directory that cannot be used, OperatorError for keys that cannot.
    """
    directory = DirectoryFile(settings.directory)
    smtp, partners, traced = settings.smtp, settings.partners, partner_calls(settings)
    async with AsyncExitStack() as closing:
        yield Parts(
            store=store,
            payment=await _payment(partners.payment, store, traced, closing),
            warehouse=await _warehouse(partners.warehouse, store, traced, closing),
            carrier=await _carrier(partners.carrier, store, traced, closing),
            post=SmtpPost(
                smtp.host or "127.0.0.1",
                smtp.port,
                user=smtp.username,
                password=smtp.password.get_secret_value(),
                tls=smtp.tls,
                sender=smtp.sender,
                timeout=smtp.timeout_seconds,
            ),
            chat=chat(),
            directory=directory,
            default_procedure=settings.default_procedure,
            gate=gate_of(settings, address),
        )


async def _payment(partner: Partner, store: Store, traced: Traced, closing: AsyncExitStack) -> PaymentGateway:
    if partner.kind == "embedded":
        return EmbeddedGateway(store)
    life = timedelta(hours=partner.key_life_hours)
    return await closing.enter_async_context(
        aclosing(HttpPaymentGateway(*_http(partner), key_life=life, timeout=_patience(partner), traced=traced))
    )


async def _warehouse(partner: Partner, store: Store, traced: Traced, closing: AsyncExitStack) -> Warehouse:
    if partner.kind == "embedded":
        return EmbeddedWarehouse(store)
    return await closing.enter_async_context(
        aclosing(HttpWarehouse(*_http(partner), timeout=_patience(partner), traced=traced))
    )


async def _carrier(partner: Partner, store: Store, traced: Traced, closing: AsyncExitStack) -> Carrier:
    if partner.kind == "embedded":
        return EmbeddedCarrier(store)
    return await closing.enter_async_context(
        aclosing(HttpCarrier(*_http(partner), timeout=_patience(partner), traced=traced))
    )


def _http(partner: Partner) -> tuple[str, str]:
    return partner.base_url or "", partner.secret.get_secret_value()


def _patience(partner: Partner) -> httpx2.Timeout:
    return httpx2.Timeout(partner.timeout_seconds, connect=min(3.0, partner.timeout_seconds))


def duties(settings: Settings, parts: Parts) -> Mapping[Queue, Sequence[Callable[..., Any]]]:
    """Every activity of the service, by the queue it is asked for on."""
    desk = MailDesk(
        parts.store,
        PACKS,
        post=parts.post,
        chat=parts.chat,
        directory_reader=parts.directory,
        render=parts.render,
        printer=Enclosing(parts.store.url, PACKS.pinned, parts.directory),
        vouch=parts.gate.vouch,
    )
    book = Casebook(
        parts.store,
        PACKS,
        parts.directory,
        parts.default_procedure,
        on_mail=desk.nudge,
        on_panel=UrgentCalls(parts.store, PACKS),
        on_case=IncidentWatch(parts.store, PACKS, parts.gate.vouch),
        gate=parts.gate,
        calendar=Workdays(settings.calendar_file),
    )
    door, vouch = Doorkeeper(parts.store, parts.gate, parts.directory), parts.gate.vouch
    meetings = MeetingDesk(parts.store, PACKS, on_mail=desk.nudge, vouch=vouch, door=door)
    incidents = IncidentDesk(parts.store, PACKS, on_mail=desk.nudge, vouch=vouch, door=door)
    days = Workdays(settings.calendar_file)
    correctives = CorrectiveDesk(parts.store, PACKS, on_mail=desk.nudge, calendar=days, door=door)
    remedies = Remedies(parts.store, parts.payment, parts.warehouse, parts.carrier)
    taken_back = TakeBackDesk(parts.store, PACKS, parts.payment, parts.directory, door=door, vouch=vouch)
    return {
        Queue.RULINGS: [
            book.open_case,
            book.examine,
            book.working_days,
            book.write_down,
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

    return Mender(store, PACKS, made, on_mail=on_mail)


def build_worker(
    client: Client,
    settings: Settings,
    parts: Parts,
    *,
    queues: Collection[Queue] = tuple(Queue),
    workflows: Sequence[type] = WORKFLOWS,
) -> Crew:
    """Workers with every workflow and activity of the service, or for some queues only."""
    build_contracts()
    asked = duties(settings, parts)
    return Crew(
        Worker(
            client,
            task_queue=task_queue(settings.task_queue, queue),
            activities=asked[queue],
            workflows=workflows if queue is Queue.RULINGS else [],
            workflow_runner=RUNNER,
            **_tuned(settings.worker),
        )
        for queue in queues
    )


class _Tuned(TypedDict):
    max_cached_workflows: int
    workflow_task_poller_behavior: PollerBehaviorAutoscaling
    activity_task_poller_behavior: PollerBehaviorAutoscaling
    sticky_queue_schedule_to_start_timeout: timedelta
    graceful_shutdown_timeout: timedelta
    deployment_config: WorkerDeploymentConfig


def _tuned(tuning: Tuning) -> _Tuned:
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
    load_packs(*([settings.procedures_dir] if settings.procedures_dir else []))
    store = Store(settings.database)
    try:
        await store.create()
        async with (
            real_parts(settings, store, client.service_client.config.target_host) as parts,
            observed(client, settings, store),
            build_worker(client, settings, change(parts), queues=queues) as crew,
        ):
            async with store.write() as session:
                await append(session, configuration(PACKS.all(), parts.directory()), lambda: datetime.now(UTC))
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
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            loop.add_signal_handler(sign, stop.set)
    async with working(client, settings, queues=queues):
        await stop.wait()
