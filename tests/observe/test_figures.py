"""The figures are those of the rows, on both databases; as gauges they are where Prometheus reads them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlmodel import SQLModel
from structlog.testing import capture_logs

from activities.store import Store, StoreError
from models.tables import MailRow, RefundIntent
from starter.observe.figures import Figures, read_figures
from starter.observe.gauges import Gauges, keep_figures
from starter.observe.service import metered_runtime, settled
from starter.settings import Settings
from tests.activities.conftest import kind, store, url  # noqa: F401 - fixtures
from tests.reports.conftest import NOW, Put, put  # noqa: F401 - fixtures

HOUR = timedelta(hours=1)
Row = Callable[..., SQLModel]


def mail(number: str, **changes: Any) -> MailRow:
    fields: dict[str, Any] = {"number": "C-1", "to": "logistics", "template": "ask", "message_id": number}
    return MailRow(**fields | {"id": number, "at": NOW, "written_at": NOW} | changes)


def intent(number: str, **changes: Any) -> RefundIntent:
    fields: dict[str, Any] = {"number": number, "order_number": "YL-1", "amount": 100, "currency": "CNY"}
    return RefundIntent(**fields | {"key": f"{number}:1:pay"} | changes)


@pytest.fixture
async def figures(store: Store, put: Put) -> Figures:  # noqa: F811
    later, past = NOW + HOUR, NOW - HOUR
    silence: tuple[str, datetime, str, dict[str, Any]] = ("silence", NOW - 2 * HOUR, "logistics", {})
    await put("C-1", stage="asked", waiting_for="logistics,merchandise", due=later)
    await put("C-2", silence, stage="panel", waiting_for="panel", due=later, overdue=True)
    await put("C-3", ("silence", NOW - 30 * HOUR, "logistics", {}), stage="task", waiting_for="cashier", due=later)
    await put("C-4", stage="executing", waiting_for="system", ruled_at=NOW - 3 * HOUR, due=past)
    await put("C-5", stage="closed", overdue=True, due=past)
    await put("C-6", stage="new", opened_at=past)
    async with store.write() as writing:
        writing.add(mail("sent", sent_at=NOW))
        writing.add(mail("owed", sent_at=NOW, next_try_at=NOW, owed="lost"))
        writing.add(mail("waits", written_at=past, next_try_at=later))
        writing.add(intent("C-2", state="paid", sent_at=NOW - 9 * HOUR))
        writing.add(intent("C-4"))
        writing.add(intent("C-3", sent_at=past))
    async with store.read() as reading:
        return await read_figures(await reading.connection(), NOW)


async def test_the_figures_are_those_of_the_rows(figures: Figures) -> None:
    assert figures == Figures(
        cases={("marketplace.1", stage): 1 for stage in ("asked", "panel", "task", "executing", "new")},
        waiting={"logistics": 1, "merchandise": 1, "panel": 1, "cashier": 1, "system": 1},
        overdue={"panel": 1},
        tasks={"panel": 1, "cashier": 1},
        tasks_overdue={"panel": 1},
        stuck=2,
        silences={"logistics": 1},
        refunds=2,
        refund_age=3 * 3600.0,
        mails=1,
        mail_age=3600.0,
    )


async def test_gauges_follow_the_figures_down_to_nothing_beside_the_sdks_own_metrics() -> None:
    settings = settled(Settings())
    runtime = metered_runtime(settings)
    gauges = Gauges(runtime.metric_meter)
    gauges.show(Figures(tasks={"panel": 2}, refund_age=7.5))
    assert 'redress_human_tasks{department="panel"} 2' in await scrape(settings)
    gauges.show(Figures())
    seen = await scrape(settings)
    assert 'redress_human_tasks{department="panel"} 0' in seen
    assert "redress_refund_oldest_age_seconds 0" in seen


async def scrape(settings: Settings) -> list[str]:
    observe = settings.observe
    async with httpx2.AsyncClient() as program:
        answer = await program.get(f"http://{observe.host}:{observe.metrics_port}/metrics")
    return answer.text.splitlines()


class AwayForAWhile:
    """A store whose first looks fail."""

    def __init__(self, store: Store, tries: int, error: Exception) -> None:  # noqa: F811
        self._store = store
        self._error = error
        self.tries = tries

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Any]:
        self.tries -= 1
        if self.tries >= 0:
            raise self._error
        async with self._store.read() as session:
            yield session


async def keep_figures_a_moment(away: AwayForAWhile) -> None:
    meter = metered_runtime(settled(Settings())).metric_meter
    with suppress(TimeoutError):
        async with asyncio.timeout(1):
            await keep_figures(away, meter, 0.01, lambda: 0)  # type: ignore[arg-type]


async def test_figures_that_wait_for_the_database_say_so_once_and_once_when_they_go_on(store: Store) -> None:  # noqa: F811
    away = AwayForAWhile(store, 5, StoreError("database: cannot be reached (OSError); it is tried again"))
    with capture_logs() as lines:
        await keep_figures_a_moment(away)
    assert away.tries < 0
    assert [line["event"] for line in lines] == ["figures_wait", "figures_go_on"]


async def test_whatever_one_look_fails_with_the_figures_are_read_again(store: Store) -> None:  # noqa: F811
    breaks_off = AwayForAWhile(store, 3, LookupError("of a library nobody thought of"))
    await keep_figures_a_moment(breaks_off)
    assert breaks_off.tries < 0
