"""A store on SQLite and on a real PostgreSQL, a case register on it, and complaints to fill it with."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from temporalio.testing import ActivityEnvironment

from activities.casebook import Casebook, claim
from activities.store import Store
from models.case import Mail
from models.complaint import Complaint, DemandKind
from models.directory import Directory, Person, Team
from models.pages import CaseSummary, OpenCase, Page
from models.remedy import RemedyOrder
from models.stage import Stage
from models.tables import CaseRow
from procedures import PACKS, load_packs
from tests.activities.bookkeeping import Books, open_book
from tests.activities.postoffice import MailServer, PostOffice
from tests.databases import Schemas, new_database

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Every test of SQL runs on both."""
    return str(request.param)


@pytest.fixture
async def empty(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'redress.db'}"
    return await new_database(request.getfixturevalue("postgres"))


@pytest.fixture
async def url(kind: str, schemas: Schemas, tmp_path: Path) -> AsyncIterator[str]:
    """A database with the schema in it."""
    made = await schemas.new(tmp_path / "redress.db", kind)
    yield made
    await schemas.give_back(made)


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    store = Store(url)
    yield store
    await store.close()


@pytest.fixture
def env() -> ActivityEnvironment:
    return ActivityEnvironment()


@pytest.fixture
def directory() -> Directory:
    people = (Person(name="Wei", email="wei@example.com"), Person(name="Mo", email="mo@example.com"))
    return Directory(
        departments={
            "merchandise": Team(owners=people),
            "logistics": Team(owners=(people[1],), services=("tracker",)),
        }
    )


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def casebook(store: Store, clock: Clock) -> Casebook:
    load_packs()
    return open_book(store, clock=clock)


def _complaint(**changes: Any) -> Complaint:
    order = {
        "number": "O-1",
        "kind": "platform",
        "merchant": "M-1",
        "lines": [{"sku": "CUP", "quantity": 2, "unit_price": 400}],
        "freight": 200,
        "paid": 1000,
    }
    base: dict[str, Any] = {
        "channel": "hotline",
        "complainant": {"id": "U-1", "email": "customer@example.org"},
        "order": order,
        "cause": "quality",
        "text": "broken",
        "demand": {"kind": "refund"},
    }
    return Complaint.model_validate(base | changes)


@pytest.fixture
def opening() -> Callable[..., OpenCase]:
    """A case to enter, as its workflow asks for it."""

    def build(number: str = "C-1", run_id: str = "run-1", **changes: Any) -> OpenCase:
        return OpenCase(
            number=number,
            workflow_id=f"complaint.{number}",
            run_id=run_id,
            opened_at=NOW,
            complaint=_complaint(**changes),
        )

    return build


@pytest.fixture
def enter(store: Store, opening: Callable[..., OpenCase]) -> Callable[..., Any]:
    """Puts a case in the register whose record is empty: what its pages say is for a test to choose."""

    async def put(number: str = "C-1", **changes: Any) -> None:
        row = claim(opening(number, **changes), PACKS.pinned("marketplace.1"))
        row |= {"stage": Stage.EXPLAINING, "demand": "refund", "amount": 1000, "currency": "CNY", "version": 0}
        async with store.write() as session:
            await session.exec(store.insert_new(CaseRow).values(row))

    return put


@pytest.fixture
def summary() -> Callable[..., CaseSummary]:
    """A case's row."""

    def build(number: str = "C-1", version: int = 1, **changes: Any) -> CaseSummary:
        base: dict[str, Any] = {
            "number": number,
            "procedure": "marketplace.1",
            "stage": Stage.ASKED,
            "exit": None,
            "waiting_for": "merchandise",
            "due": NOW + timedelta(hours=24),
            "route": "goods",
            "direct": False,
            "out_of_rule": False,
            "contested": False,
            "cost_held": False,
            "overdue": False,
            "round": 1,
            "demand": "refund",
            "amount": 1000,
            "currency": "CNY",
            "refunded": 0,
            "basis": None,
            "decided_by": None,
            "liable": (),
            "reason": "",
            "ruled_at": None,
            "closed_at": None,
            "version": version,
        }
        return CaseSummary(**(base | changes))

    return build


@pytest.fixture
def notices(
    casebook: Casebook, enter: Callable[..., Any], summary: Callable[..., CaseSummary], clock: Clock
) -> Callable[..., Any]:
    """Enters a case and leaves notices of it in the outbox."""

    async def leave(*to: str, number: str = "C-1", ask: str | None = None, **changes: Any) -> None:
        await enter(number, **changes)
        mails = tuple(
            Mail(id=f"{number}-m{i}", at=clock.now, to=name, template="asked", values={"number": number}, ask=ask)
            for i, name in enumerate(to, 1)
        )
        await casebook.write_down(Page(summary=summary(number), mails=mails))

    return leave


@pytest.fixture
def remedy() -> Callable[..., RemedyOrder]:
    """A decision to carry out."""

    def build(number: str = "C-1", **changes: Any) -> RemedyOrder:
        base: dict[str, Any] = {
            "number": number,
            "order": "O-1",
            "decision": 1,
            "attempt": 1,
            "kind": DemandKind.REFUND,
            "steps": ("pay",),
            "amount": 400,
            "paid": 1000,
            "currency": "CNY",
            "lines": ({"sku": "CUP", "quantity": 1},),
            "goods_within": timedelta(days=15),
            "payment_within": timedelta(hours=1),
        }
        return RemedyOrder.model_validate(base | changes)

    return build


@pytest.fixture
async def post_office(store: Store, directory: Directory, clock: Any) -> AsyncIterator[PostOffice]:
    server = MailServer()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(server, enable_SMTPUTF8=True), "127.0.0.1", 0)
    yield PostOffice(store, directory, clock, listening.sockets[0].getsockname()[1], server)
    listening.close()
    await listening.wait_closed()


@pytest.fixture
def books(
    store: Store,
    casebook: Casebook,
    enter: Callable[..., Any],
    summary: Callable[..., CaseSummary],
    remedy: Callable[..., RemedyOrder],
) -> Books:
    """Cases that cost something."""
    return Books(store, casebook, enter, summary, remedy)
