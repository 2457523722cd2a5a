"""Partners over HTTP: signed requests, stable keys, and what each answer means."""

import asyncio
import gzip
import hmac
import json
import time
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from typing import Any

import httpx2
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from activities.http_partner import MOST_BYTES, HttpCarrier, HttpPaymentGateway, HttpWarehouse
from activities.ports import GatewayRefused, Receipt, TryAgain
from models.complaint import Quantity

SECRET = "made-up"
RECEIPT = {"reference": "RF-1", "amount": 400, "currency": "CNY"}


@pytest.fixture
async def gateway(httpserver: HTTPServer) -> AsyncIterator[HttpPaymentGateway]:
    gateway = HttpPaymentGateway(httpserver.url_for("/"), SECRET)
    yield gateway
    await gateway.aclose()


async def refund(gateway: HttpPaymentGateway) -> Any:
    return await gateway.refund("C-1:1:pay:1", "C-1:1:pay", "O-1", 400, "CNY")


async def test_a_refund_is_signed_and_carries_its_key(httpserver: HTTPServer, gateway: HttpPaymentGateway) -> None:
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        request.get_data()
        seen.append(request)
        return Response(json.dumps(RECEIPT))

    httpserver.expect_request("/refunds", method="POST").respond_with_handler(answer)
    assert (await refund(gateway)).reference == "RF-1"
    (request,) = seen
    stamp = request.headers["X-Redress-Timestamp"]
    message = f"POST\n/refunds\n{stamp}\n".encode() + request.get_data()
    assert request.headers["X-Redress-Signature"] == hmac.new(SECRET.encode(), message, sha256).hexdigest()
    assert abs(time.time() - int(stamp)) < 60
    assert request.headers["Idempotency-Key"] == "C-1:1:pay:1"
    assert json.loads(request.get_data()) == {
        "reference": "C-1:1:pay",
        "order": "O-1",
        "amount": 400,
        "currency": "CNY",
    }


async def test_a_look_up_is_signed_with_its_query(httpserver: HTTPServer, gateway: HttpPaymentGateway) -> None:
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        seen.append(request)
        return Response(json.dumps([RECEIPT]))

    httpserver.expect_request("/refunds", method="GET").respond_with_handler(answer)
    found = await gateway.find("C-1:1:pay")
    assert found is not None
    assert found.amount == 400
    (request,) = seen
    assert request.args["reference"] == "C-1:1:pay"
    path = f"{request.path}?{request.query_string.decode()}"
    message = f"GET\n{path}\n{request.headers['X-Redress-Timestamp']}\n".encode()
    assert request.headers["X-Redress-Signature"] == hmac.new(SECRET.encode(), message, sha256).hexdigest()


@pytest.mark.parametrize("status", [202, 204, 408, 409, 425, 429, 500, 502, 503, 504, 401, 301])
async def test_what_may_be_temporary_is_tried_again(
    httpserver: HTTPServer, gateway: HttpPaymentGateway, status: int
) -> None:
    httpserver.expect_request("/refunds").respond_with_data("the customer's name", status=status)
    with pytest.raises(TryAgain) as raised:
        await refund(gateway)
    assert (raised.value.code, raised.value.suspect) == (f"http_{status}", status == 500)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (422, '{"code": "account_closed"}', "account_closed"),
        (402, '{"code": "Mr Smith has no account"}', "refused"),
        (400, "Mr Smith has no account", "refused"),
        (404, '["account_closed"]', "refused"),
    ],
)
async def test_a_refusal_keeps_the_partners_code_but_never_its_free_text(
    httpserver: HTTPServer, gateway: HttpPaymentGateway, status: int, body: str, code: str
) -> None:
    httpserver.expect_request("/refunds").respond_with_data(body, status=status)
    with pytest.raises(GatewayRefused) as raised:
        await refund(gateway)
    assert str(raised.value) == code


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        (429, "7", 7),
        (503, "90", 90),
        (503, "99999999999999999999", 3600),
        (500, "7", None),
        (429, "soon", None),
        (429, "-5", None),
        (429, "\u0663".encode().decode("latin-1"), None),
    ],
)
async def test_retry_after_is_respected_within_an_hour(
    httpserver: HTTPServer, gateway: HttpPaymentGateway, status: int, header: str, seconds: float | None
) -> None:
    httpserver.expect_request("/refunds").respond_with_data("", status=status, headers={"Retry-After": header})
    with pytest.raises(TryAgain) as raised:
        await refund(gateway)
    assert raised.value.after == seconds


async def test_retry_after_may_be_a_date(httpserver: HTTPServer, gateway: HttpPaymentGateway) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=120), usegmt=True)
    httpserver.expect_request("/refunds").respond_with_data("", status=503, headers={"Retry-After": moment})
    with pytest.raises(TryAgain) as raised:
        await refund(gateway)
    assert raised.value.after == pytest.approx(120, abs=5)
    past = format_datetime(datetime.now(UTC) - timedelta(hours=3), usegmt=True)
    httpserver.clear()
    httpserver.expect_request("/refunds").respond_with_data("", status=503, headers={"Retry-After": past})
    with pytest.raises(TryAgain) as raised:
        await refund(gateway)
    assert raised.value.after == 0


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>",
        "{}",
        '{"reference": "RF 1 ?", "amount": 1}',
        json.dumps(RECEIPT | {"amount": 40_000}),
        json.dumps(RECEIPT | {"currency": "USD"}),
        json.dumps(RECEIPT | {"our_reference": "C-2:1:pay"}),
        '{"reference": "RF-1", "reference": "RF-2", "amount": 400, "currency": "CNY"}',
        '{"reference": "RF-1", "amount": 4, "amount": 400, "currency": "CNY"}',
    ],
)
async def test_a_success_that_makes_no_sense_leaves_the_payment_suspect(
    httpserver: HTTPServer, gateway: HttpPaymentGateway, body: str
) -> None:
    httpserver.expect_request("/refunds").respond_with_data(body)
    with pytest.raises(TryAgain, match="bad_answer") as raised:
        await refund(gateway)
    assert raised.value.suspect


async def test_only_an_empty_list_says_that_nothing_was_paid(
    httpserver: HTTPServer, gateway: HttpPaymentGateway
) -> None:
    for status, body in ((404, "[]"), (200, "{}"), (500, "[]")):
        httpserver.expect_oneshot_request("/refunds").respond_with_data(body, status=status)
        with pytest.raises(TryAgain):
            await gateway.find("C-1:1:pay")
    httpserver.expect_oneshot_request("/refunds").respond_with_data("[]")
    assert await gateway.find("C-1:1:pay") is None


async def test_a_list_that_says_it_is_of_another_payment_is_not_taken_for_ours(
    httpserver: HTTPServer, gateway: HttpPaymentGateway
) -> None:
    """A gateway that does not heed the question and lists what it has."""
    other, mine = ({"our_reference": f"C-{number}:1:pay"} for number in (2, 1))
    httpserver.expect_oneshot_request("/refunds").respond_with_json([RECEIPT | mine, RECEIPT | other])
    with pytest.raises(TryAgain, match="bad_answer"):
        await gateway.find("C-1:1:pay")
    httpserver.expect_oneshot_request("/refunds").respond_with_json([RECEIPT | mine])
    assert await gateway.find("C-1:1:pay") == Receipt.model_validate(RECEIPT)


async def test_a_gateway_is_not_told_what_it_has_told_us(httpserver: HTTPServer, gateway: HttpPaymentGateway) -> None:
    await gateway.taken_back("RF-1")
    assert httpserver.log == []


async def test_a_partner_that_cannot_be_reached_is_tried_again() -> None:
    gateway = HttpPaymentGateway("http://127.0.0.1:1", SECRET)
    with pytest.raises(TryAgain, match="unreachable"):
        await refund(gateway)
    await gateway.aclose()


@pytest.mark.parametrize("date", ["Thu, 01 Jan 99999999999 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:00 +99999999999999"])
async def test_a_date_nobody_can_read_is_none(httpserver: HTTPServer, gateway: HttpPaymentGateway, date: str) -> None:
    httpserver.expect_request("/refunds").respond_with_data("", status=503, headers={"Retry-After": date})
    with pytest.raises(TryAgain) as raised:
        await refund(gateway)
    assert raised.value.after is None


async def test_goods_partners_are_asked_at_their_paths(httpserver: HTTPServer) -> None:
    calls: list[tuple[str, str, Any]] = []

    def answer(request: Request) -> Response:
        calls.append((request.path, request.headers["Idempotency-Key"], request.get_json()))
        return Response('{"reference": "SF/2026-1"}')

    httpserver.expect_request("/reservations").respond_with_handler(answer)
    httpserver.expect_request("/releases").respond_with_handler(answer)
    httpserver.expect_request("/shipments").respond_with_handler(answer)
    httpserver.expect_request("/labels").respond_with_handler(answer)
    httpserver.expect_request("/voids").respond_with_handler(answer)
    warehouse, carrier = (
        HttpWarehouse(httpserver.url_for("/"), SECRET),
        HttpCarrier(httpserver.url_for("/"), SECRET),
    )
    lines = (Quantity(sku="CUP", quantity=2),)
    assert await warehouse.reserve("C-1:1:reserve", "O-1", lines, 2) == "SF/2026-1"
    await warehouse.release("C-1:1:reserve", 2)
    assert await warehouse.ship("C-1:1:ship", "O-1", lines) == "SF/2026-1"
    assert await carrier.label("C-1:1:label", "O-1", "ems", 2) == "SF/2026-1"
    await carrier.void("C-1:1:label", 2)
    await warehouse.aclose()
    await carrier.aclose()
    goods = [{"sku": "CUP", "quantity": 2}]
    assert calls == [
        ("/reservations", "C-1:1:reserve:2", {"key": "C-1:1:reserve", "order": "O-1", "lines": goods}),
        ("/releases", "C-1:1:reserve:2:release", {"key": "C-1:1:reserve"}),
        ("/shipments", "C-1:1:ship", {"key": "C-1:1:ship", "order": "O-1", "lines": goods}),
        ("/labels", "C-1:1:label:2", {"key": "C-1:1:label", "order": "O-1", "carrier": "ems"}),
        ("/voids", "C-1:1:label:2:void", {"key": "C-1:1:label"}),
    ]


@pytest.fixture
async def warehouse(httpserver: HTTPServer) -> AsyncIterator[HttpWarehouse]:
    warehouse = HttpWarehouse(httpserver.url_for("/"), SECRET)
    yield warehouse
    await warehouse.aclose()


async def test_goods_set_aside_again_after_a_refusal_come_under_another_key(
    httpserver: HTTPServer, warehouse: HttpWarehouse
) -> None:
    """A service that answers a known key from its store, as a gateway in front of many does, would refuse for a day."""
    stored: dict[str, Response] = {}
    answers = [Response('{"code": "out_of_stock"}', 422), Response('{"reference": "W-1"}')]

    def answer(request: Request) -> Response:
        return stored.setdefault(request.headers["Idempotency-Key"], answers[len(stored)])

    httpserver.expect_request("/reservations").respond_with_handler(answer)
    lines = (Quantity(sku="CUP", quantity=2),)
    for _ in range(2):
        with pytest.raises(GatewayRefused, match="out_of_stock"):
            await warehouse.reserve("C-1:1:reserve", "O-1", lines, 1)
    assert await warehouse.reserve("C-1:1:reserve", "O-1", lines, 2) == "W-1"


async def test_a_release_is_done_by_an_answer_without_a_word(httpserver: HTTPServer, warehouse: HttpWarehouse) -> None:
    httpserver.expect_oneshot_request("/releases").respond_with_data("", status=204)
    await warehouse.release("C-1:1:reserve", 1)
    httpserver.expect_oneshot_request("/releases").respond_with_data("", status=302)
    with pytest.raises(TryAgain, match="http_302"):
        await warehouse.release("C-1:1:reserve", 1)


@pytest.mark.parametrize(
    ("number", "kept"), [('"SF 1234"', "SF%201234"), ("918273", "918273"), ('"运单-1"', "%E8%BF%90%E5%8D%95-1")]
)
async def test_goods_that_were_sent_are_on_record_whatever_number_they_have(
    httpserver: HTTPServer, warehouse: HttpWarehouse, number: str, kept: str
) -> None:
    httpserver.expect_request("/shipments").respond_with_data(f'{{"reference": {number}}}')
    assert await warehouse.ship("C-1:1:ship", "O-1", (Quantity(sku="CUP", quantity=2),)) == kept


async def test_what_else_a_gateway_says_of_a_refund_is_not_read(
    httpserver: HTTPServer, gateway: HttpPaymentGateway
) -> None:
    more = {"reference": 918273, "at": "2026-01-05 10:00:00", "status": None}
    httpserver.expect_request("/refunds", method="POST").respond_with_json(RECEIPT | more)
    httpserver.expect_request("/refunds", method="GET").respond_with_json([RECEIPT | more])
    assert await gateway.find("C-1:1:pay") == await refund(gateway)
    assert (await refund(gateway)).reference == "918273"


DEEP, LONG = "[" * 100_000, json.dumps(RECEIPT | {"more": "x" * MOST_BYTES})


@pytest.mark.parametrize("body", [DEEP, LONG], ids=["deep", "long"])
async def test_an_answer_that_is_too_much_to_read_makes_no_sense(
    httpserver: HTTPServer, gateway: HttpPaymentGateway, body: str
) -> None:
    httpserver.expect_request("/refunds").respond_with_data(body)
    with pytest.raises(TryAgain) as raised:
        await refund(gateway)
    assert (raised.value.code, raised.value.suspect) == ("bad_answer", True)


async def test_a_refusal_whose_reason_cannot_be_read_is_one(
    httpserver: HTTPServer, gateway: HttpPaymentGateway
) -> None:
    httpserver.expect_request("/refunds").respond_with_data(DEEP, status=422)
    with pytest.raises(GatewayRefused, match="refused"):
        await refund(gateway)


async def test_what_is_squeezed_is_not_read_beyond_what_an_answer_may_have(
    httpserver: HTTPServer, gateway: HttpPaymentGateway
) -> None:
    bomb = gzip.compress(b" " * (300 * MOST_BYTES), 9)
    httpserver.expect_request("/refunds").respond_with_data(bomb, headers={"Content-Encoding": "gzip"})
    tracemalloc.start()
    with pytest.raises(TryAgain, match="bad_answer"):
        await refund(gateway)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * MOST_BYTES


async def test_an_answer_that_comes_a_byte_at_a_time_is_not_waited_for_without_end() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        with suppress(ConnectionError):
            for _ in range(1000):
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.05)

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    slow = HttpPaymentGateway(f"http://127.0.0.1:{port}", SECRET, timeout=httpx2.Timeout(0.3))
    try:
        async with asyncio.timeout(10):
            with pytest.raises(TryAgain, match="timeout"):
                await refund(slow)
    finally:
        await slow.aclose()
        server.close()
