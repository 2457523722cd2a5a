"""The whole service on this machine: server, mail catcher and worker, for one home."""

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from types import TracebackType
from typing import NoReturn, Self

from temporalio.client import Client
from temporalio.runtime import Runtime

from starter.cluster import SearchAttribute
from starter.connection import connect_to
from starter.errors import OperatorError
from starter.filelock import FileLock, LockHeldError
from starter.localserver import LocalServer
from starter.mailcatcher import MailCatcher
from starter.ports import HOST, free_or_any, free_port
from starter.settings import Settings
from starter.stackfile import LOCK, StackInfo, make_home, publish, withdraw

MakeWorker = Callable[[Client, Settings], AbstractAsyncContextManager[object]]
"""Given a client and the settings to use, something that works while it is entered."""


class StackRunningError(OperatorError):
    """A stack of this home already runs, as one line."""


class LocalStack:
    """`async with LocalStack(settings, make_worker=…) as stack:` until the block ends.

    A port that someone else holds is replaced by a free one: read `address`, `http_url`, `ui_url` and `smtp_port`.
    Entering raises an OperatorError: StackRunningError, or what one of its parts raises.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        make_worker: MakeWorker,
        search_attributes: Sequence[SearchAttribute] = (),
        identity: str | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        self.home = settings.home.absolute()
        self._asked = settings
        self._make_worker = make_worker
        self._identity = identity
        self._runtime = runtime
        local = settings.local
        self._lock = FileLock(self.home / LOCK)
        self._catcher = MailCatcher(self.home / "mails", free_or_any(local.smtp_port))
        self._server = LocalServer(
            self.home,
            port=free_or_any(local.port),
            ui_port=free_or_any(local.ui_port),
            http_port=free_or_any(local.http_port),
            search_attributes=search_attributes,
            binary=settings.temporal_cli,
        )
        self._running = AsyncExitStack()
        self._client: Client | None = None

    @property
    def address(self) -> str:
        """Temporal's host:port."""
        return self._server.address

    @property
    def ui_url(self) -> str:
        """Temporal's web page."""
        return self._server.ui_url

    @property
    def http_url(self) -> str:
        """Temporal's HTTP API, for programs without a client library."""
        return self._server.http_url

    @property
    def smtp_port(self) -> int:
        """Where the catcher takes mail."""
        return self._catcher.port

    @property
    def settings(self) -> Settings:
        """The settings the worker gets: without a mail host of the operator's, mail goes to the catcher."""
        if self._asked.smtp.host is not None:
            return self._asked
        smtp = self._asked.smtp.model_copy(
            update={"host": HOST, "port": self.smtp_port, "tls": "none", "username": None}
        )
        return self._asked.model_copy(update={"smtp": smtp, "home": self.home})

    @property
    def client(self) -> Client:
        """A client of the running server. Raises RuntimeError before the stack is entered."""
        if self._client is None:
            raise RuntimeError("the stack does not run; enter it first")
        return self._client

    async def __aenter__(self) -> Self:
        make_home(self.home)
        async with AsyncExitStack() as starting:
            await self._lock_home()
            starting.callback(self._lock.release)
            await starting.enter_async_context(self._catcher)
            await self._serve_payloads(starting)
            await starting.enter_async_context(self._server)
            self._client = await connect_to(
                {"target_host": self.address}, self.settings, identity=self._identity, runtime=self._runtime
            )
            await starting.enter_async_context(self._make_worker(self._client, self.settings))
            publish(
                self.home,
                StackInfo(
                    address=self.address,
                    http=self.http_url,
                    ui=self.ui_url,
                    smtp_port=self.smtp_port,
                    pid=os.getpid(),
                ),
            )
            starting.callback(withdraw, self.home)
            self._running = starting.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client = None
        await self._running.__aexit__(kind, error, trace)

    async def _serve_payloads(self, starting: AsyncExitStack) -> None:
        """Where payloads are sealed, the Web UI gets a codec server of its own, open to its page alone."""
        if self._asked.codec.ring is None:
            return
        from starter.codecserver import serving

        port = self._server.ui_port = self._server.ui_port or free_port()
        pages = [f"http://{host}:{port}" for host in (HOST, "localhost")]
        wanted = free_or_any(self._asked.codec.port)
        settings = self.settings.model_copy(
            update={"codec": self._asked.codec.model_copy(update={"host": HOST}), "home": self.home}
        )
        serves = serving(settings, self._server.address, port=wanted, origins=pages, open_to_ui=True)
        self._server.ui_codec = f"http://{HOST}:{await starting.enter_async_context(serves)}"

    async def watch(self) -> NoReturn:
        """Waits until the server ends by itself, then raises LocalServerError."""
        await self._server.watch()

    async def _lock_home(self) -> None:
        try:
            await self._lock.acquire(patience=0.5)
        except LockHeldError as held:
            raise StackRunningError(
                f"a local stack (process {held.holder or 'unknown'}) already runs on {self.home}; "
                "use it, stop it, or set REDRESS_HOME to another folder"
            ) from None
