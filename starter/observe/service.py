"""Observing one worker: its metrics endpoint, its health, its figures."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from sqlmodel import select
from temporalio.client import Client
from temporalio.runtime import LogForwardingConfig, LoggingConfig, PrometheusConfig, Runtime, TelemetryConfig

from activities.store import Store
from starter.errors import OperatorError
from starter.observe.gauges import keep_figures
from starter.observe.health import health
from starter.ports import free_or_any, free_port
from starter.seal import Sealer
from starter.settings import Settings

_log = structlog.get_logger()


def settled(settings: Settings) -> Settings:
    """The settings with free ports in the place of taken ones: a second worker on a host works all the same."""
    asked = settings.observe
    names = ("health_port", "metrics_port")
    ports = {name: free_or_any(getattr(asked, name), asked.host) or free_port() for name in names}
    return settings.model_copy(update={"observe": asked.model_copy(update=ports)})


CORE_LOG = LoggingConfig(
    filter=LoggingConfig.default.filter,
    forwarding=LogForwardingConfig(
        logging.getLogger("temporalio.core"), append_target_to_name=False, prepend_target_on_message=False
    ),
)
"""Through our own log: the core would write its own lines between ours, in another form and unmasked."""


def metered_runtime(settings: Settings) -> Runtime:
    """A runtime whose metrics, the SDK's and ours, Prometheus can read. Raises OperatorError."""
    observe = settings.observe
    address = f"{observe.host}:{observe.metrics_port}"
    metrics = PrometheusConfig(
        bind_address=address, counters_total_suffix=True, unit_suffix=True, durations_as_seconds=True
    )
    try:
        return Runtime(telemetry=TelemetryConfig(logging=CORE_LOG, metrics=metrics, attach_service_name=False))
    except (RuntimeError, ValueError):
        raise OperatorError(
            f"the metrics endpoint cannot listen on {address}; "
            "set REDRESS_OBSERVE__HOST and REDRESS_OBSERVE__METRICS_PORT"
        ) from None


@asynccontextmanager
async def observed(client: Client, settings: Settings, store: Store) -> AsyncIterator[None]:
    """Health and figures while entered. Enter it before the worker, so that probes see it drain."""
    observe = settings.observe
    metered = client.service_client.config.runtime
    codec = client.data_converter.payload_codec

    def missing() -> int:
        return codec.missing if isinstance(codec, Sealer) else 0

    async def temporal() -> bool:
        return await client.service_client.check_health()

    async def database() -> bool:
        async with store.read() as session:
            return (await session.exec(select(1))).one() == 1

    async with health(observe.host, observe.health_port, {"temporal": temporal, "database": database}):
        _log.info("health", address=f"http://{observe.host}:{observe.health_port}/readyz")
        if metered is not None:
            _log.info("metrics", address=f"http://{observe.host}:{observe.metrics_port}/metrics")
        meter = (metered or Runtime.default()).metric_meter
        figures = asyncio.create_task(keep_figures(store, meter, observe.figures_seconds, missing))
        try:
            yield
        finally:
            figures.cancel()
            with suppress(asyncio.CancelledError):
                await figures
