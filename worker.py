"""The one place where the service is put together. The process, the CLI's local stack and the tests build it here."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

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
from activities.ports import Carrier, Chat, PaymentGateway, Post, Renderer, Warehouse
from activities.post import SmtpPost
from activities.remedies import Remedies
from activities.store import Store
from models.directory import Directory
from models.names import MAILROOM_ID
from procedures import PACKS, load_packs, read_directory
from starter.connection import connect
from starter.logs import setup_logging
from starter.settings import Partner, Settings
from texts.mails import render_mail
from workflows.complaint import ComplaintWorkflow
from workflows.exchange import ExchangeWorkflow
from workflows.mailroom import MailroomWorkflow
from workflows.refund import RefundWorkflow

WORKFLOWS = [ComplaintWorkflow, RefundWorkflow, ExchangeWorkflow, MailroomWorkflow]

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
    mail_overdue: timedelta = timedelta(minutes=15)


def build_parts(settings: Settings, store: Store) -> Parts:
    """The real parts, as the settings choose them. Raises PackError for a directory that cannot be used."""
    smtp, partners = settings.smtp, settings.partners
    directory = read_directory(settings.directory)
    return Parts(
        store=store,
        payment=EmbeddedGateway(store) if _embedded(partners.payment) else HttpPaymentGateway(*_http(partners.payment)),
        warehouse=EmbeddedWarehouse(store) if _embedded(partners.warehouse) else HttpWarehouse(*_http(partners.warehouse)),
        carrier=EmbeddedCarrier(store) if _embedded(partners.carrier) else HttpCarrier(*_http(partners.carrier)),
        post=SmtpPost(
            smtp.host or "127.0.0.1",
            smtp.port,
            user=smtp.username,
            password=smtp.password.get_secret_value(),
            tls=smtp.tls,
            sender=smtp.sender,
        ),
        chat=chat(),
        directory=lambda: directory,
        default_procedure=settings.default_procedure,
    )


def _embedded(partner: Partner) -> bool:
    return partner.kind == "embedded"


def _http(partner: Partner) -> tuple[str, str]:
    return partner.base_url or "", partner.secret.get_secret_value()


def build_worker(client: Client, settings: Settings, parts: Parts, *, max_cached_workflows: int | None = None) -> Worker:
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
        overdue=parts.mail_overdue,
    )
    book = Casebook(parts.store, PACKS, parts.directory, parts.default_procedure, on_mail=desk.nudge)
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
        ],
        workflow_runner=RUNNER,
        max_cached_workflows=cached,
        max_concurrent_workflow_task_polls=tuning.workflow_task_pollers,
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=tuning.sticky_seconds),
        graceful_shutdown_timeout=timedelta(seconds=tuning.graceful_shutdown_seconds),
    )


@asynccontextmanager
async def working(client: Client, settings: Settings) -> AsyncIterator[Worker]:
    """A worker at work with its real parts, its tables made and the mailroom open."""
    load_packs(*([settings.procedures_dir] if settings.procedures_dir else []))
    store = Store(settings.database)
    try:
        await store.create()
        async with build_worker(client, settings, build_parts(settings, store)) as worker:
            await open_mailroom(client, settings)
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
    setup_logging(json=settings.log_json, level=settings.log_level)
    client = await connect(settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            loop.add_signal_handler(sign, stop.set)
    async with working(client, settings):
        await stop.wait()
