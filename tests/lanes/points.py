"""Crash points: named places at which a worker kills itself, reached through the ports and the SDK's interceptor."""

import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import temporalio.client
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.ports import MailLine, OutgoingMail, PaymentGateway, Post, Receipt, TryAgain
from activities.store import Store
from starter.parts import Parts

ACTIVITIES = ("open_case", "examine", "write_down", "pay", "reserve", "label", "ship")
POINTS = (
    *(f"{name}:{where}" for name in ACTIVITIES for where in ("before", "after")),
    "gateway:after",
    "smtp:after",
    "sql:before-commit",
    "sql:after-commit",
)


class Bomb:
    """Goes off at one named point, the n-th time it is passed. Writes its name down first."""

    def __init__(self, point: str, countdown: int, log: Path) -> None:
        self._point = point
        self._left = countdown
        self._log = log

    def passing(self, point: str) -> None:
        """The worker is at this point."""
        if point != self._point:
            return
        self._left -= 1
        if self._left > 0:
            return
        descriptor = os.open(self._log, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
        os.write(descriptor, f"{point}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)

    def parts(self, parts: Parts, url: str, faults: Random) -> Parts:
        """The same parts, mined."""
        return replace(
            parts, store=_Store(url, self), payment=_Gateway(parts.payment, self, faults), post=_Post(parts.post, self)
        )


def hits(log: Path) -> Counter[str]:
    """How often each point has killed a worker."""
    return Counter(log.read_text(encoding="utf-8").split()) if log.exists() else Counter()


class Mined(temporalio.client.Interceptor, Interceptor):
    """Before and after each activity."""

    def __init__(self, bomb: Bomb) -> None:
        self._bomb = bomb

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _Inbound(next, self._bomb)


class _Inbound(ActivityInboundInterceptor):
    def __init__(self, inner: ActivityInboundInterceptor, bomb: Bomb) -> None:
        super().__init__(inner)
        self._bomb = bomb

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        name = activity.info().activity_type
        self._bomb.passing(f"{name}:before")
        result = await super().execute_activity(input)
        self._bomb.passing(f"{name}:after")
        return result


class _Store(Store):
    def __init__(self, url: str, bomb: Bomb) -> None:
        super().__init__(url)
        self._bomb = bomb

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        async with super().write() as session:
            yield session
            self._bomb.passing("sql:before-commit")
        self._bomb.passing("sql:after-commit")


class _Gateway:
    """Pays as the inner one does, dies after it, and loses a third of the calls on the way there or back."""

    def __init__(self, inner: PaymentGateway, bomb: Bomb, faults: Random) -> None:
        self._inner = inner
        self._bomb = bomb
        self._faults = faults
        self.key_life = inner.key_life

    async def refund(self, key: str, reference: str, order: str, amount: int, currency: str) -> Receipt:
        dice = self._faults.random()
        if dice < 0.15:
            raise TryAgain("unreachable", 0.3)
        receipt = await self._inner.refund(key, reference, order, amount, currency)
        self._bomb.passing("gateway:after")
        if dice < 0.3:
            raise TryAgain("timeout", 0.3)
        return receipt

    async def made(self, reference: str) -> list[Receipt]:
        return await self._inner.made(reference)

    async def find(self, reference: str) -> Receipt | None:
        return await self._inner.find(reference)

    async def taken_back(self, reference: str) -> None:
        await self._inner.taken_back(reference)


class _Post:
    def __init__(self, inner: Post, bomb: Bomb) -> None:
        self._inner = inner
        self._bomb = bomb

    def connect(self) -> AbstractAsyncContextManager[MailLine]:
        return self._connect()

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[MailLine]:
        async with self._inner.connect() as line:
            yield _Line(line, self._bomb.passing)


class _Line:
    def __init__(self, inner: MailLine, passing: Callable[[str], None]) -> None:
        self._inner = inner
        self._passing = passing

    async def send(self, mail: OutgoingMail) -> None:
        await self._inner.send(mail)
        self._passing("smtp:after")
