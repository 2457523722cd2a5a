"""What tests of cases share: a complaint to start from, and an office that works on cases as people would."""

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle, WorkflowHistory, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from activities.chat import NoChat
from activities.embedded import EmbeddedCarrier, EmbeddedGateway, EmbeddedWarehouse
from activities.post import SmtpPost
from activities.store import Store
from models.case import CaseResult, CaseView, Event
from models.complaint import Complaint
from models.names import COMPLAINT, TIMELINE, VIEW, case_id
from procedures import DIRECTORY_FILE, load_packs, read_directory
from starter.settings import Settings
from worker import Parts, build_worker

SERVICE, GOODS_DEPT, LOGISTICS = "徐莉", "耿焰", "殷国华"
RETURNS, PANEL, LEADER = "退换货专员", "售后团队负责人", "集团领导"

_serial = itertools.count(1)


def complaint_data(**changes: Any) -> dict[str, Any]:
    """A platform order's quality complaint, ready to be asked about: negotiation failed, matter explained by phone."""
    data: dict[str, Any] = {
        "channel": "hotline",
        "complainant": {"id": "U-1", "name": "王芳", "email": "wangfang@example.com", "language": "zh"},
        "order": {
            "number": f"YL-{uuid.uuid4().hex[:10]}",
            "kind": "platform",
            "merchant": "M-7",
            "lines": [{"sku": "S-1", "name": "电水壶", "quantity": 2, "unit_price": 10_000}],
            "freight": 1_000,
            "paid": 21_000,
            "currency": "CNY",
        },
        "cause": "quality",
        "text": "水壶漏水",
        "demand": {"kind": "refund"},
        "negotiation": "failed",
        "contact": {"by": SERVICE, "mode": "phone"},
    }
    order = changes.pop("order", {})
    data |= changes
    data["order"] = data["order"] | order
    return {key: value for key, value in data.items() if value is not None}


def complaint(**changes: Any) -> Complaint:
    """The same as a contract."""
    return Complaint.model_validate(complaint_data(**changes))


def new_number() -> str:
    """A case number nobody has used."""
    return f"T-{uuid.uuid4().hex[:10].upper()}-{next(_serial)}"


def liable(**percents: int) -> list[dict[str, Any]]:
    """`liable(merchant=60, carrier=40)` as the wire has it."""
    return [{"party": party, "percent": percent} for party, percent in percents.items()]


class OfCase:
    """One case, as people and programs see it."""

    def __init__(self, office: "Office", number: str) -> None:
        self.office = office
        self.number = number
        self.handle: WorkflowHandle[Any, Any] = office.client.get_workflow_handle(case_id(number))

    async def send(self, command: str, actor: str, **fields: Any) -> dict[str, Any]:
        """An update; the verdict. Raises WorkflowUpdateFailedError when it is refused."""
        verdict: dict[str, Any] = await self.handle.execute_update(command, {"actor": actor, **fields})
        return verdict

    async def refusal(self, command: str, actor: str, **fields: Any) -> tuple[str, str]:
        """Code and reason of an update that must be refused."""
        try:
            verdict = await self.send(command, actor, **fields)
        except WorkflowUpdateFailedError as error:
            assert isinstance(error.cause, ApplicationError)
            return error.cause.type or "", error.cause.message
        raise AssertionError(f"{command} was accepted: {verdict}")

    async def signal(self, name: str, actor: str, **fields: Any) -> None:
        """The same as a plain signal."""
        await self.handle.signal(name, {"actor": actor, **fields})

    async def view(self) -> CaseView:
        """The case now."""
        return CaseView.model_validate(await self.handle.query(VIEW))

    async def events(self) -> list[Event]:
        """Its record."""
        return [Event.model_validate(item) for item in await self.handle.query(TIMELINE)]

    async def kinds(self) -> list[str]:
        """The kinds of its record's lines."""
        return [event.kind for event in await self.events()]

    async def at(self, stage: str, *, within: float = 20) -> CaseView:
        """The case once it stands at a stage."""
        async with asyncio.timeout(within):
            while (seen := await self._view_or_none()) is None or seen.stage != stage:
                await asyncio.sleep(0.02)
        return seen

    async def _view_or_none(self) -> CaseView | None:
        seen = await self.handle.query(VIEW)
        return CaseView.model_validate(seen) if seen else None

    async def until(self, kind: str, *, within: float = 20) -> Event:
        """The first line of this kind, once there is one."""
        async with asyncio.timeout(within):
            while not (found := [event for event in await self.events() if event.kind == kind]):
                await asyncio.sleep(0.02)
        return found[0]

    async def forward(self, **span: float) -> None:
        """Let the case's clock run."""
        await self.office.env.fast_forward(self.handle, timedelta(**span))

    async def result(self) -> CaseResult:
        """How it ended."""
        async with asyncio.timeout(30):
            return CaseResult.model_validate(await self.handle.result())

    async def history(self) -> WorkflowHistory:
        """Its history so far."""
        return await self.handle.fetch_history()


class Office:
    """A running service: real server, real store, real worker."""

    def __init__(self, env: WorkflowEnvironment, settings: Settings, parts: Parts) -> None:
        self.env = env
        self.client: Client = env.client
        self.settings = settings
        self.parts = parts
        self.store = parts.store

    async def start(self, data: Mapping[str, Any] | None = None, *, number: str | None = None, **changes: Any) -> OfCase:
        """Start a case as any program would: type, queue, id and JSON."""
        number = number or new_number()
        content = dict(data) if data is not None else complaint_data(**changes)
        with self.env.with_time_skipping_disabled():
            await self.client.start_workflow(
                COMPLAINT, content, id=case_id(number), task_queue=self.settings.task_queue
            )
        return OfCase(self, number)

    async def asked(self, **changes: Any) -> OfCase:
        """A case whose departments have been asked."""
        case = await self.start(**changes)
        await case.at("asked")
        return case


def test_parts(store: Store, **changes: Any) -> Parts:
    """The embedded parts; `changes` put others in."""
    parts = Parts(
        store=store,
        payment=EmbeddedGateway(store),
        warehouse=EmbeddedWarehouse(store),
        carrier=EmbeddedCarrier(store),
        post=SmtpPost("127.0.0.1", 1, sender="aftersales@redress.example"),
        chat=NoChat(),
        directory=lambda: read_directory(DIRECTORY_FILE),
    )
    return replace(parts, **changes)


test_parts.__test__ = False  # type: ignore[attr-defined]


@asynccontextmanager
async def office_at_work(
    env: WorkflowEnvironment, store: Store, *, cached: int = 1000, **changes: Any
) -> AsyncIterator[Office]:
    """An office with a worker of its own queue."""
    load_packs()
    settings = Settings(task_queue=f"test-{uuid.uuid4().hex[:8]}")
    parts = test_parts(store, **changes)
    async with build_worker(env.client, settings, parts, max_cached_workflows=cached):
        yield Office(env, settings, parts)


def now() -> datetime:
    """The real time."""
    return datetime.now(UTC)
