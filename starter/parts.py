"""What the activities work with: the adapters the settings choose, with their connections."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx2

from activities.chat import chat
from activities.embedded import EmbeddedCarrier, EmbeddedGateway, EmbeddedWarehouse
from activities.http_partner import HttpCarrier, HttpPaymentGateway, HttpWarehouse
from activities.identity import Gate
from activities.ports import Carrier, Chat, PaymentGateway, Post, Renderer, Traced, Warehouse
from activities.post import SmtpPost
from activities.store import Store
from models.directory import Directory
from procedures.people import DirectoryFile
from starter.errors import OperatorError
from starter.gate import gate_of
from starter.observe.tracing import partner_calls
from starter.settings import Partner, Settings
from texts.mails import render_mail


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
    gate: Gate
    render: Renderer = render_mail
    default_procedure: str = "marketplace"


@asynccontextmanager
async def real_parts(settings: Settings, store: Store, address: str) -> AsyncIterator[Parts]:
    """The parts the settings choose for the Temporal service at `address`, closed again at the end.

    Raises PackError for a directory that cannot be used, OperatorError for keys that cannot, and for a partner over
    HTTP without a secret.
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
        aclosing(
            HttpPaymentGateway(*_http("payment", partner), key_life=life, timeout=_patience(partner), traced=traced)
        )
    )


async def _warehouse(partner: Partner, store: Store, traced: Traced, closing: AsyncExitStack) -> Warehouse:
    if partner.kind == "embedded":
        return EmbeddedWarehouse(store)
    return await closing.enter_async_context(
        aclosing(HttpWarehouse(*_http("warehouse", partner), timeout=_patience(partner), traced=traced))
    )


async def _carrier(partner: Partner, store: Store, traced: Traced, closing: AsyncExitStack) -> Carrier:
    if partner.kind == "embedded":
        return EmbeddedCarrier(store)
    return await closing.enter_async_context(
        aclosing(HttpCarrier(*_http("carrier", partner), timeout=_patience(partner), traced=traced))
    )


def _http(name: str, partner: Partner) -> tuple[str, str]:
    """Address and secret. Raises OperatorError without a secret: signed with none, anybody could ask for a refund."""
    if not partner.secret.get_secret_value():
        variable = f"REDRESS_PARTNERS__{name.upper()}__SECRET"
        raise OperatorError(f"partners.{name}.secret: is missing, and kind http signs with it; set {variable}")
    return partner.base_url or "", partner.secret.get_secret_value()


def _patience(partner: Partner) -> httpx2.Timeout:
    return httpx2.Timeout(partner.timeout_seconds, connect=min(3.0, partner.timeout_seconds))
