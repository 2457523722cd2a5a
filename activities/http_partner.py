"""Partners over HTTP: payment gateway, warehouse and carrier of the company, at paths a small adapter can serve.

    POST /refunds       {"reference", "order", "amount", "currency"}   -> {"reference", "amount", "currency"}
    GET  /refunds?reference=OURS                -> [{"reference", "amount", "currency"}, ...], [] when there is none
    POST /reservations  {"key", "order", "lines": [{"sku", "quantity"}]}   -> {"reference"}
    POST /releases      {"key"}                                            -> anything
    POST /shipments     {"key", "order", "lines"}                          -> {"reference"}
    POST /labels        {"key", "order", "carrier"}                        -> {"reference"}
    POST /voids         {"key"}                                            -> anything

Amounts are minor units. A refund in an answer may say whose it is by `our_reference`: another's is not taken for ours.
Every POST carries `Idempotency-Key`; a refund's key ends in a generation, `reference` is ours and stays.
For goods, `key` names the thing: what stands is returned, what was released or voided is made again. So the keys of a
reservation and a label end in the attempt: whoever answers a known key from a store would not make it again.

Every request carries X-Redress-Timestamp (Unix seconds) and X-Redress-Signature: hex HMAC-SHA256 with the shared
secret over method, path with query, timestamp, each followed by a line feed, and then the body.

A refusal is 400, 402, 404 or 422, with {"code": "a_slug"} if it has a name. Anything else that is not 200 or 201, for a
release or void 2xx, is taken as temporary and sent again under the same key; `Retry-After` of 429 and 503 is respected.
"""

import asyncio
import hmac
import json
import time
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any

import httpx2
from pydantic import TypeAdapter, ValidationError

from activities.ports import GatewayRefused, Receipt, TheirNumber, Traced, TryAgain, untraced
from models.base import Record, Slug
from models.complaint import Quantity

REFUSALS = frozenset({400, 402, 404, 422})
LONGEST_WAIT = 3600.0
"""We come back after an hour at the latest, whatever a partner asks for (seconds)."""
MOST_BYTES = 1024 * 1024
"""No answer is longer: one refund, or a list of a few."""
CHUNK = 64 * 1024
_LIMITS = httpx2.Timeout(10, connect=3)


class _Made(Record):
    reference: TheirNumber


class _Refund(Receipt):
    our_reference: str | None = None
    """Whose it is, where the gateway says so."""


_SLUG = TypeAdapter(Slug)
_REFUNDS = TypeAdapter(list[_Refund])


class Signed(httpx2.Auth):
    """Signs each request, so that the partner knows it is ours, whole and recent."""

    requires_request_body = True

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """Adds the two headers."""
        body = await request.aread()
        stamp = str(int(time.time()))
        request.headers["X-Redress-Timestamp"] = stamp
        request.headers["X-Redress-Signature"] = signature(
            self._secret, request.method, request.url.raw_path.decode("ascii"), stamp, body
        )
        yield request


def signature(secret: bytes, method: str, path: str, stamp: str, body: bytes) -> str:
    """What a partner computes anew to check a request; hexadecimal."""
    return hmac.new(secret, f"{method}\n{path}\n{stamp}\n".encode() + body, sha256).hexdigest()


class HttpPartner:
    """One partner at `base_url`; `secret` signs. Close it with `aclose`."""

    def __init__(
        self, base_url: str, secret: str, *, timeout: httpx2.Timeout = _LIMITS, traced: Traced = untraced
    ) -> None:
        self._client = httpx2.AsyncClient(base_url=base_url, auth=Signed(secret), timeout=timeout)
        self._within = timeout.read
        """How long an answer may take as a whole: one that drips in would be waited for without end."""
        self._traced = traced

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def _sent(self, path: str, key: str, body: dict[str, Any]) -> httpx2.Response:
        """The answer, which is no refusal. Raises TryAgain, GatewayRefused."""
        content = json.dumps(body, separators=(",", ":")).encode()
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        answer = await self._ask("POST", path, content=content, headers=headers)
        if answer.status_code in REFUSALS:
            raise GatewayRefused(_code(answer))
        return answer

    async def _undone(self, path: str, key: str, body: dict[str, Any]) -> None:
        """Needs no word in the answer: an undoing is asked for until it is done, and a 204 would be for ever."""
        answer = await self._sent(path, key, body)
        if not answer.is_success:
            raise _temporary(answer)

    async def _made(self, path: str, key: str, body: dict[str, Any]) -> str:
        try:
            return _Made.model_validate(_json(await self._sent(path, key, body))).reference
        except ValidationError:
            raise TryAgain("bad_answer") from None

    async def _ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        try:
            with self._traced(f"{method} {path}") as headers:
                options["headers"] = {**options.get("headers", {}), **headers}
                async with asyncio.timeout(self._within), self._client.stream(method, path, **options) as answer:
                    return await _whole(answer)
        except (TimeoutError, httpx2.TimeoutException):
            raise TryAgain("timeout") from None
        except httpx2.RequestError:
            raise TryAgain("unreachable") from None


class HttpPaymentGateway(HttpPartner):
    """`key_life`: how long the gateway promises to remember an Idempotency-Key."""

    def __init__(
        self,
        base_url: str,
        secret: str,
        *,
        key_life: timedelta = timedelta(hours=24),
        timeout: httpx2.Timeout = _LIMITS,
        traced: Traced = untraced,
    ) -> None:
        super().__init__(base_url, secret, timeout=timeout, traced=traced)
        self.key_life = key_life

    async def refund(self, key: str, reference: str, order: str, amount: int, currency: str) -> Receipt:
        """See PaymentGateway. An answer that makes no sense leaves the payment suspect: it may have been made."""
        body = {"reference": reference, "order": order, "amount": amount, "currency": currency}
        try:
            made = _Refund.model_validate(_json(await self._sent("/refunds", key, body)))
        except ValidationError:
            raise TryAgain("bad_answer", suspect=True) from None
        if (made.amount, made.currency) != (amount, currency):
            raise TryAgain("bad_answer", suspect=True)
        return _ours(made, reference)

    async def made(self, reference: str) -> list[Receipt]:
        """See PaymentGateway. Only a 200 with a list says that nothing was paid; none that holds another's refund."""
        answer = await self._ask("GET", "/refunds", params={"reference": reference})
        if answer.status_code in REFUSALS:
            raise TryAgain("look_up_failed")
        try:
            return [_ours(made, reference) for made in _REFUNDS.validate_python(_json(answer))]
        except ValidationError:
            raise TryAgain("bad_answer") from None

    async def find(self, reference: str) -> Receipt | None:
        """See PaymentGateway."""
        return next(iter(await self.made(reference)), None)

    async def taken_back(self, reference: str) -> None:
        """See PaymentGateway. It was the first to know."""


class HttpWarehouse(HttpPartner):
    """The company's warehouse."""

    async def reserve(self, key: str, order: str, lines: Sequence[Quantity], attempt: int) -> str:
        """See Warehouse."""
        body = {"key": key, "order": order, "lines": _lines(lines)}
        return await self._made("/reservations", f"{key}:{attempt}", body)

    async def release(self, key: str, attempt: int) -> None:
        """See Warehouse."""
        await self._undone("/releases", f"{key}:{attempt}:release", {"key": key})

    async def ship(self, key: str, order: str, lines: Sequence[Quantity]) -> str:
        """See Warehouse."""
        return await self._made("/shipments", key, {"key": key, "order": order, "lines": _lines(lines)})


class HttpCarrier(HttpPartner):
    """The company's carrier."""

    async def label(self, key: str, order: str, carrier: str | None, attempt: int) -> str:
        """See Carrier."""
        return await self._made("/labels", f"{key}:{attempt}", {"key": key, "order": order, "carrier": carrier})

    async def void(self, key: str, attempt: int) -> None:
        """See Carrier."""
        await self._undone("/voids", f"{key}:{attempt}:void", {"key": key})


def _lines(lines: Sequence[Quantity]) -> list[dict[str, Any]]:
    return [line.model_dump() for line in lines]


async def _whole(answer: httpx2.Response) -> httpx2.Response:
    """The answer read to its end. Raises TryAgain for one that has none: a worker's memory is every case's."""
    body = bytearray()
    async for part in answer.aiter_bytes(CHUNK):
        body += part
        if len(body) > MOST_BYTES:
            raise TryAgain("bad_answer", suspect=True)
    kept = [(name, value) for name, value in answer.headers.raw if name.lower() == b"retry-after"]
    return httpx2.Response(answer.status_code, headers=kept, content=bytes(body))


def _json(answer: httpx2.Response) -> Any:
    if answer.status_code not in {200, 201}:
        raise _temporary(answer)
    try:
        return _parsed(answer)
    except (ValueError, RecursionError):
        raise TryAgain("bad_answer", suspect=True) from None


def _parsed(answer: httpx2.Response) -> Any:
    """Raises ValueError, RecursionError."""
    return json.loads(answer.content, object_pairs_hook=_each_once)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. Raises ValueError where a name stands twice: nobody knows which of two amounts holds."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _ours(made: _Refund, reference: str) -> Receipt:
    """What the gateway has made for our reference. Raises TryAgain for what it says is another's."""
    if made.our_reference not in (None, reference):
        raise TryAgain("bad_answer", suspect=True)
    return Receipt(reference=made.reference, amount=made.amount, currency=made.currency)


def _temporary(answer: httpx2.Response) -> TryAgain:
    status = answer.status_code
    return TryAgain(f"http_{status}", _retry_after(answer), suspect=status == 500)


def _code(answer: httpx2.Response) -> str:
    """The partner's own code if it has the form of one; free text could hold anything."""
    try:
        return _SLUG.validate_python(_parsed(answer)["code"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return "refused"


def _retry_after(answer: httpx2.Response) -> float | None:
    value = answer.headers.get("Retry-After", "")
    if answer.status_code not in {429, 503} or not value:
        return None
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_WAIT)
