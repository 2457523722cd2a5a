"""Traces by OpenTelemetry (the extra `tracing`), from the backend's start through workflow, activity and partner call.

A caller with Temporal's OpenTelemetry interceptor of its own language is the trace's beginning; its context travels in
the start's and the messages' headers. A replay makes no span twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from starter.errors import OperatorError
from starter.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from temporalio.client import Plugin
    from temporalio.contrib.opentelemetry import OpenTelemetryPlugin

    from activities.ports import Traced

SERVICE = "redress"


def tracing(settings: Settings) -> "Sequence[Plugin]":
    """What a client, and every worker made with it, needs to be traced; nothing where no receiver is set.

    Raises OperatorError when the extra is not installed.
    """
    url = settings.observe.traces_url
    if url is None:
        return []
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise OperatorError(
            "observe.traces_url: needs the extra `tracing`; install 'redress[tracing]', or remove the setting"
        ) from None
    return [traced_by(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{url}/v1/traces")))]


def traced_by(processor: "SpanProcessor") -> "OpenTelemetryPlugin":
    """The plugin that gives every span to `processor`; the first one of a process decides where spans go."""
    from opentelemetry import trace
    from opentelemetry.sdk.resources import Resource
    from temporalio.contrib.opentelemetry import OpenTelemetryPlugin, create_tracer_provider

    provider = create_tracer_provider(resource=Resource.create({"service.name": SERVICE}))
    provider.add_span_processor(processor)
    trace.set_tracer_provider(provider)
    return OpenTelemetryPlugin(add_temporal_spans=True)


def partner_calls(settings: Settings) -> "Traced":
    """How calls to partners are traced."""
    from activities.ports import untraced

    return untraced if settings.observe.traces_url is None else client_span


@contextmanager
def client_span(name: str) -> Iterator[Mapping[str, str]]:
    """A span around one call to a partner; gives the headers by which the partner can continue the trace."""
    from opentelemetry import propagate, trace

    with trace.get_tracer(SERVICE).start_as_current_span(name, kind=trace.SpanKind.CLIENT):
        headers: dict[str, str] = {}
        propagate.inject(headers)
        yield headers
