"""One trace from the backend's start to the partner's door, the same however often the case is replayed."""

import gc
import json
from collections.abc import Sequence

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pytest_httpserver import HTTPServer
from temporalio.client import Client
from temporalio.contrib.opentelemetry import OpenTelemetryPlugin
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer
from werkzeug import Request, Response

from activities.http_partner import HttpPaymentGateway
from activities.store import Store
from models.names import COMPLAINT, case_id
from procedures import load_packs
from starter.errors import OperatorError
from starter.observe.tracing import client_span, traced_by, tracing
from starter.settings import load_settings
from starter.wire import DATA_CONVERTER
from tests.builders import GOODS_DEPT, complaint_data, liable
from tests.support import OfCase, Office, new_number
from tests.support import test_parts as make_parts
from worker import RUNNER, WORKFLOWS, build_worker


@pytest.fixture(scope="module")
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture(scope="module")
def plugin(spans: InMemorySpanExporter) -> OpenTelemetryPlugin:
    return traced_by(SimpleSpanProcessor(spans))


def test_nothing_is_traced_unless_a_receiver_is_set() -> None:
    assert tracing(load_settings()) == []


async def test_a_start_a_ruling_and_the_partners_call_are_one_trace_and_a_replay_adds_nothing(
    env: WorkflowEnvironment,
    store: Store,
    httpserver: HTTPServer,
    spans: InMemorySpanExporter,
    plugin: OpenTelemetryPlugin,
) -> None:
    seen: list[str] = []

    def pay(request: Request) -> Response:
        body = request.get_json()
        seen.append(request.headers["traceparent"])
        return Response(json.dumps({"reference": "RF-1", "amount": body["amount"], "currency": body["currency"]}))

    httpserver.expect_request("/refunds", method="POST").respond_with_handler(pay)
    load_packs()
    parts = make_parts(store, payment=HttpPaymentGateway(httpserver.url_for("/"), "made-up", traced=client_span))
    office = Office(env, load_settings(task_queue="traced"), parts)
    client = Client(env.client.service_client, data_converter=DATA_CONVERTER, plugins=[plugin])
    number = new_number()
    async with build_worker(client, office.settings, parts):
        with trace.get_tracer("order-system").start_as_current_span("complain") as root:
            handle = await client.start_workflow(
                COMPLAINT, complaint_data(), id=case_id(number), task_queue=office.settings.task_queue
            )
        case = OfCase(office, number)
        await case.at("asked")
        await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="漏水属实")
        await case.at("feedback")
        await case.written()
    made = spans.get_finished_spans()
    ours = [span for span in made if span.context and span.context.trace_id == root.get_span_context().trace_id]
    names = {span.name for span in ours}
    assert names >= {"complain", f"StartWorkflow:{COMPLAINT}"}
    assert {"RunActivity:pay", "POST /refunds"} <= names, sorted(names)
    assert {header.split("-")[1] for header in seen} == {trace.format_trace_id(root.get_span_context().trace_id)}
    assert "王芳" not in said(made)
    assert "wangfang" not in said(made)

    # A case that is put away ends its spans when it is collected.
    gc.collect()
    before = len(spans.get_finished_spans())
    histories = await case.histories()
    replayer = Replayer(workflows=WORKFLOWS, data_converter=DATA_CONVERTER, workflow_runner=RUNNER, plugins=[plugin])
    for history in histories:
        await replayer.replay_workflow(history)
    assert len(spans.get_finished_spans()) == before
    assert handle.id == case_id(number)


def said(spans: Sequence[ReadableSpan]) -> str:
    return "\n".join(span.to_json() for span in spans)


def test_a_missing_extra_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(OperatorError, match="needs the extra `tracing`"):
        tracing(load_settings(observe={"traces_url": "http://collector:4318"}))
