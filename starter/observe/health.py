"""`/healthz` and `/readyz` for probes, by the standard library's server in a thread of its own.

The thread asks the worker's event loop: a loop that hangs is not alive, whatever its process says.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import CancelledError
from contextlib import asynccontextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from starter.errors import OperatorError

PATIENCE = 3.0
"""Seconds a part has to answer; probes should wait longer than this."""
Check = Callable[[], Awaitable[bool]]
"""Whether one part that the worker needs answers. It may also raise or take too long: then it does not."""


@asynccontextmanager
async def health(
    host: str, port: int, checks: Mapping[str, Check], *, patience: float = PATIENCE
) -> AsyncIterator[None]:
    """Serve while entered. Live: the event loop turns. Ready: every check says so. Raises OperatorError."""
    loop = asyncio.get_running_loop()

    class Handler(_Handler):
        def report(self, path: str) -> dict[str, bool]:
            wanted = {"/healthz": {}, "/readyz": checks}[path]
            return asyncio.run_coroutine_threadsafe(_all(wanted, patience), loop).result(patience + 1)

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise OperatorError(
            f"the health endpoint cannot listen on {host}:{port} ({error.strerror}); "
            "set REDRESS_OBSERVE__HOST and REDRESS_OBSERVE__HEALTH_PORT"
        ) from None
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="health", daemon=True)
    thread.start()
    try:
        yield
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()


async def _all(checks: Mapping[str, Check], patience: float) -> dict[str, bool]:
    answers = await asyncio.gather(*(_one(check, patience) for check in checks.values()))
    return dict(zip(checks, answers, strict=True))


async def _one(check: Check, patience: float) -> bool:
    try:
        async with asyncio.timeout(patience):
            return await check()
    except Exception:  # noqa: BLE001 - whatever a part fails with, it does not answer
        return False


class _Handler(BaseHTTPRequestHandler):
    timeout = 5
    server_version, sys_version = "redress", ""

    def report(self, path: str) -> dict[str, bool]:
        raise NotImplementedError

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path not in {"/healthz", "/readyz"}:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        try:
            parts = self.report(path)
        except (TimeoutError, CancelledError, RuntimeError):
            parts = {"event_loop": False}
        body = json.dumps({"ok": all(parts.values()), **parts}).encode()
        self.send_response(HTTPStatus.OK if all(parts.values()) else HTTPStatus.SERVICE_UNAVAILABLE)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """A probe every few seconds is no news."""
