"""A store with cases and events put into it as the casebook would have left them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.store import Store, at_one_moment
from models.directory import Directory, Person, Team
from models.language import Language
from models.procedure import Procedure
from models.tables import CaseRow, EventRow
from procedures import HERE, read_pack
from reports.document import Document, Setting
from reports.period import Period
from tests.activities.conftest import kind, store, url  # noqa: F401 - fixtures

NOW = datetime(2026, 4, 1, 1, 30, tzinfo=UTC)
Put = Callable[..., Awaitable[None]]


def at(day: int, hour: int = 4, minute: int = 0) -> datetime:
    """An instant in March 2026; hour 4 UTC is noon in Shanghai."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.fixture(scope="session")
def pack() -> Procedure:
    return read_pack(HERE / "marketplace.procedure.toml")


@pytest.fixture
def setting(pack: Procedure) -> Callable[..., Setting]:
    """The whole of March, unless told otherwise."""

    def build(lang: Language = Language.ZH, first: date = date(2026, 3, 1), last: date = date(2026, 3, 31)) -> Setting:
        people = Team(owners=(Person(name="耿焰", email="g@example.com"), Person(name="郑慧娟", email="z@example.com")))
        directory = Directory(departments={"merchandise": people})
        return Setting(lang, Period(first, last, "Asia/Shanghai"), NOW, lambda _: pack, pack, directory)

    return build


@pytest.fixture
async def database(store: Store) -> AsyncIterator[AsyncConnection]:  # noqa: F811
    async with store.read() as reading:
        yield await at_one_moment(reading)


@pytest.fixture
def put(store: Store) -> Put:  # noqa: F811
    """Writes a case and its events: (kind, at, department, data) with an actor as a fifth."""

    async def write(number: str, *events: tuple[Any, ...], **changes: Any) -> None:
        case = _case(number) | changes
        async with store.write() as writing:
            writing.add(CaseRow(**case))
            for seq, (kind, moment, department, data, *actor) in enumerate(events, 1):
                actor_name = actor[0] if actor else None
                writing.add(
                    EventRow(
                        number=number, seq=seq, at=moment, kind=kind, actor=actor_name, department=department, data=data
                    )
                )

    return write


def _case(number: str) -> dict[str, Any]:
    order = {
        "number": f"YL-{number}",
        "kind": "self_operated",
        "lines": [{"sku": "CUP-1", "name": "保温杯", "quantity": 2, "unit_price": 4950}],
        "paid": 9900,
    }
    complaint = {"complainant": {"id": "U-1"}, "order": order, "demand": {"kind": "return_and_refund"}, "text": "漏水"}
    return {
        "number": number,
        "workflow_id": f"complaint.{number}",
        "run_id": "run",
        "procedure": "marketplace.1",
        "opened_at": at(2),
        "complaint": complaint,
        "order_number": f"YL-{number}",
        "order_kind": "self_operated",
        "customer": f"U-{number}",
        "cause": "quality",
        "channel": "online",
        "stage": "asked",
        "demand": "return_and_refund",
        "amount": 9900,
        "currency": "CNY",
        "version": 1,
    }


async def table(document: Document, section: int = 0) -> list[tuple[Any, ...]]:
    """The cells of one table of a document."""
    return [row.cells async for row in document.sections[section].rows()]
