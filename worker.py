"""The one place where the service is put together. The process, the CLI's local stack and the tests build it here."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import httpx2
from temporalio import workflow
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.casebook import Casebook
from activities.chat import chat
from activities.embedded import EmbeddedCarrier, EmbeddedGateway, EmbeddedWarehouse
from activities.followup import Follower
from activities.http_partner import HttpCarrier, HttpPaymentGateway, HttpWarehouse
from activities.mailroom import MailDesk
from activities.meeting import MeetingDesk, UrgentCalls
from activities.ports import Carrier, Chat, PaymentGateway, Post, Renderer, Traced, Warehouse
from activities.post import SmtpPost
from activities.remedies import Remedies
from activities.reporting import ReportDesk
from activities.store import Store
from models.directory import Directory
from models.names import MAILROOM_ID
from procedures import PACKS, DirectoryFile, load_packs
from reports.enclosing import Enclosing
from starter.connection import connect
from starter.logs import setup_logging
from starter.observe.service import metered_runtime, observed, settled
from starter.observe.tracing import partner_calls
from starter.schedules import ensure_meetings, ensure_reports
from starter.settings import Partner, Settings
from texts.mails import render_mail
from workflows.complaint import ComplaintWorkflow
from workflows.exchange import ExchangeWorkflow
from workflows.mailroom import MailroomWorkflow
from workflows.meeting import SupervisionMeetingWorkflow
from workflows.meeting_call import MeetingCallWorkflow
from workflows.refund import RefundWorkflow
from workflows.report_round import ReportRoundWorkflow

WORKFLOWS = [
    ComplaintWorkflow,
    RefundWorkflow,
    ExchangeWorkflow,
    MailroomWorkflow,
    SupervisionMeetingWorkflow,
    MeetingCallWorkflow,
    ReportRoundWorkflow,
]

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


@asynccontextmanager
async def real_parts(settings: Settings, store: Store) -> AsyncIterator[Parts]:
    """The parts the settings choose, closed again at the end. Raises PackError for a directory that cannot be used."""
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


def build_worker(
    client: Client, settings: Settings, parts: Parts, *, max_cached_workflows: int | None = None
) -> Worker:
    """A worker with every workflow and activity of the service."""
    tuning = settings.worker
    cached = tuning.max_cached_workflows if max_cached_workflows is None else max_cached_workflows
    desk = MailDesk(
        parts.store,
        PACKS,
        post=parts.post,
        chat=parts.chat,
        directory_reader=parts.directory,
        render=parts.render,
        printer=Enclosing(parts.store.url, PACKS.pinned, parts.directory),
    )
    book = Casebook(
        parts.store,
        PACKS,
        parts.directory,
        parts.default_procedure,
        on_mail=desk.nudge,
        on_panel=UrgentCalls(parts.store, PACKS),
    )
    meetings = MeetingDesk(parts.store, PACKS, on_mail=desk.nudge)
    remedies = Remedies(parts.store, parts.payment, parts.warehouse, parts.carrier)
    return Worker(
        client,
        task_queue=settings.task_queue,
        workflows=WORKFLOWS,
        activities=[
            book.open_case,
            book.examine,
            book.write_down,
            remedies.pay,
            remedies.pay_state,
            remedies.reserve,
            remedies.release,
            remedies.label,
            remedies.void_label,
            remedies.ship,
            Follower().await_remedy,
            desk.deliver_mails,
            meetings.draw_agenda,
            meetings.find_case,
            meetings.still_waiting,
            meetings.put_decision,
            meetings.write_meeting,
            ReportDesk(parts.store, PACKS, on_mail=desk.nudge).post_reports,
        ],
        workflow_runner=RUNNER,
        max_cached_workflows=cached,
        max_concurrent_workflow_task_polls=tuning.workflow_task_pollers,
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=tuning.sticky_seconds),
        graceful_shutdown_timeout=timedelta(seconds=tuning.graceful_shutdown_seconds),
    )


@asynccontextmanager
async def working(client: Client, settings: Settings) -> AsyncIterator[Worker]:
    """A worker at work with its real parts, its tables made, the mailroom open and the meetings on the calendar."""
    load_packs(*([settings.procedures_dir] if settings.procedures_dir else []))
    store = Store(settings.database)
    try:
        await store.create()
        async with (
            real_parts(settings, store) as parts,
            observed(client, settings, store),
            build_worker(client, settings, parts) as worker,
        ):
            await open_mailroom(client, settings)
            await ensure_meetings(client, PACKS, settings.task_queue)
            await ensure_reports(client, PACKS, settings.task_queue)
            yield worker
    finally:
        await store.close()


async def open_mailroom(client: Client, settings: Settings) -> None:
    """See that the one mailroom of the service runs."""
    await client.start_workflow(
        MailroomWorkflow.run,
        id=MAILROOM_ID,
        task_queue=settings.task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
    )


async def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then finish what is being done. Raises OperatorError when it cannot start."""
    setup_logging(json=settings.log_json, level=settings.log_level, traces=settings.observe.traces_url is not None)
    settings = settled(settings)
    client = await connect(settings, runtime=metered_runtime(settings))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            loop.add_signal_handler(sign, stop.set)
    async with working(client, settings):
        await stop.wait()
