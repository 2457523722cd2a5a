"""Opens and seals payloads for the Web UI and the `temporal` program, for whoever may read customers' data."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import uvicorn
from google.protobuf import json_format
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.converter import PayloadCodec

from activities.audit import Entry, append
from activities.clock import wall_clock
from activities.identity import Denied, Gate, Holder
from activities.store import Store
from models.directory import Directory
from procedures.people import DirectoryFile
from rules.checks import stranger
from starter.errors import OperatorError
from starter.gate import gate_of
from starter.issuer import Issuer
from starter.proof import is_loopback
from starter.seal import KeyMissing, Sealer
from starter.settings import Settings

BODY_LIMIT = 5 * 1024 * 1024
NOTED_EVERY = timedelta(minutes=10)
"""A page of the Web UI asks dozens of times: one row of the audit trail stands for so long."""
WEB_UI = "web-ui"
Tell = Callable[[Entry], Awaitable[None]]


class CodecServerError(OperatorError):
    """The codec server cannot run, as one line."""


class Desk:
    """Who may have payloads opened. `tell` records denials and reads; `open_to` are pages that need no token."""

    def __init__(
        self,
        codec: PayloadCodec,
        gate: Gate,
        directory: Callable[[], Directory],
        tell: Tell,
        open_to: Sequence[str] = (),
    ) -> None:
        self._codec = codec
        self._gate = gate
        self._directory = directory
        self._tell = tell
        self._open_to = frozenset(open_to)
        self._noted: dict[str, datetime] = {}
        self._noting = asyncio.Lock()

    async def decode(self, request: Request) -> Response:
        """Payloads opened, for somebody who needs personal data."""
        who = self._who(request)
        if isinstance(who, Denied):
            return _told(401, who.reason)
        if who.name != WEB_UI and not self._directory().needs_personal_data(who.name):
            await self._tell(Entry("denied", "payloads", who.name, {"what": "decode"}))
            return _told(403, "actor: may not read customers' data; ask whoever keeps the directory")
        await self._note(who.name)
        return await self._coded(request, self._codec.decode)

    async def encode(self, request: Request) -> Response:
        """Payloads sealed, for anybody of the directory: what is in them is judged where it arrives."""
        who = self._who(request)
        if isinstance(who, Denied):
            return _told(401, who.reason)
        return await self._coded(request, self._codec.encode)

    async def _note(self, reader: str) -> None:
        """Have the read recorded, unless a row stands for it already. Raises StoreError: nothing is opened then."""
        async with self._noting:  # a page's dozens of requests wait for the one row
            now = datetime.now(UTC)
            if now - self._noted.get(reader, now - NOTED_EVERY) >= NOTED_EVERY:
                await self._tell(Entry("read", "payloads", reader, {"what": "decode"}))
                self._noted[reader] = now

    def _who(self, request: Request) -> Holder | Denied:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token:
            found = self._gate.holder(token)
            known = isinstance(found, Denied) or bool(self._directory().departments_of(found.name))
            return found if known else Denied(stranger().reason)
        if request.headers.get("origin") in self._open_to:
            return Holder(WEB_UI)
        return self._gate.holder(None)

    async def _coded(self, request: Request, how: Callable[[Sequence[Payload]], Awaitable[list[Payload]]]) -> Response:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > BODY_LIMIT:
                return _told(413, "body: is over 5 MiB; ask for fewer payloads")
        try:
            asked = json_format.Parse(bytes(body), Payloads())
            given = Payloads(payloads=await how(asked.payloads))
        except (json_format.ParseError, UnicodeDecodeError, RecursionError):
            return _told(400, "body: is not a list of payloads")
        except KeyMissing as missing:
            return _told(409, str(missing))
        return Response(json_format.MessageToJson(given, indent=None), media_type="application/json")


def application(desk: Desk, origins: Sequence[str]) -> Starlette:
    """The server's routes; `origins` are the pages a browser may call it from."""
    return Starlette(
        routes=[
            Route(path, handler, methods=["POST"])
            for name, handler in (("decode", desk.decode), ("encode", desk.encode))
            for path in (f"/{name}", f"/{{namespace}}/{name}")
        ],
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=list(origins),
                allow_methods=["POST"],
                allow_headers=["content-type", "x-namespace", "authorization"],
                allow_credentials=True,
            )
        ],
    )


def _told(status: int, message: str) -> Response:
    return JSONResponse({"message": message}, status)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are for whoever runs us."""
        yield


@contextlib.asynccontextmanager
async def serving(
    settings: Settings, address: str, *, port: int | None = None, origins: Sequence[str] = (), open_to_ui: bool = False
) -> AsyncIterator[int]:
    """Serve while the block runs; gives the port. `address`: Temporal's. Raises CodecServerError, GateError."""
    codec, pages = settings.codec, (*settings.codec.origins, *origins)
    ring = codec.ring
    if ring is None:
        raise CodecServerError("codec.keys: is empty; set REDRESS_CODEC__KEYS to what the workers have")
    free = codec.open_to_ui or open_to_ui
    if free and not is_loopback(f"{codec.host}:0"):
        raise CodecServerError("codec.open_to_ui: is for a server on this machine only; let the Web UI send its token")
    if settings.auth.jwks_file is None:
        Issuer(settings.home).ensure()
    store = Store(settings.database)
    await store.create()

    async def tell(entry: Entry) -> None:
        async with store.write() as session:
            await append(session, [entry], wall_clock)

    desk = Desk(
        Sealer(ring, accept_plain=True, strangers=settings.codec.strangers),
        gate_of(settings, address),
        DirectoryFile(settings.directory),
        tell,
        pages if free else (),
    )
    config = uvicorn.Config(
        application(desk, pages),
        host=codec.host,
        port=codec.port if port is None else port,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
    )
    server = _Server(config)
    try:
        sock = config.bind_socket()
    except (OSError, SystemExit):
        await store.close()
        raise CodecServerError(
            f"port {config.port} (for the codec server) is taken or not ours; set REDRESS_CODEC__PORT to another"
        ) from None
    task = asyncio.create_task(server.serve([sock]))
    try:
        yield sock.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        sock.close()
        await store.close()
