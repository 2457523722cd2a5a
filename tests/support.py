"""What tests of cases share: a complaint to start from, and an office that works on cases as people would."""

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle, WorkflowHistory, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from activities.chat import NoChat
from activities.embedded import EmbeddedCarrier, EmbeddedGateway, EmbeddedWarehouse
from activities.identity import Gate
from activities.post import SmtpPost
from activities.store import Store
from models.case import CaseResult, Event
from models.directory import Directory
from models.names import COMPLAINT, TIMELINE, VIEW, case_id
from models.span import WorkCalendar, YearDays
from models.views import CaseView
from procedures import DIRECTORY, load_packs
from procedures.directory import read_directory
from starter.crew import Crew
from starter.parts import Parts
from starter.settings import Settings, Tuning
from starter.wire import DATA_CONVERTER
from tests.builders import (
    GOODS_DEPT,
    LEADER,
    LOGISTICS,
    PANEL,
    RETURNS,
    SERVICE,
    complaint,
    complaint_data,
    liable,
)
from worker import RUNNER, WORKFLOWS, build_worker
from workflows import attributes

__all__ = [
    "GOODS_DEPT", "LEADER", "LOGISTICS", "PANEL", "RETURNS", "SERVICE", "complaint", "complaint_data", "liable",
]  # fmt: skip

_serial = itertools.count(1)
cached = pytest.mark.parametrize("office", [False], indirect=True, ids=["cached"])
"""For tests of hundreds of steps, and for those that would learn nothing from a worker that forgets its cases."""
TEST_PACKS = Path(__file__).parent / "packs"
"""Procedures of no company, to show that data alone makes one."""


def every_year(year: int) -> WorkCalendar:
    """A calendar that knows each year it is asked for, and the next."""
    return WorkCalendar(years={year: YearDays(), year + 1: YearDays()})


def new_number() -> str:
    """A case number nobody has used."""
    return f"T-{uuid.uuid4().hex[:10].upper()}-{next(_serial)}"


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
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await self.send(command, actor, **fields)
        cause = refused.value.cause
        assert isinstance(cause, ApplicationError)
        return cause.type or "", cause.message

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

    async def at(self, stage: str, *, within: float = 45) -> CaseView:
        """The case once it stands at a stage."""
        async with asyncio.timeout(within):
            # Asked of the server, which needs no worker: a storm of queries would be a test of its own.
            while (await self.handle.describe()).typed_search_attributes.get(attributes.STAGE) != stage:
                await asyncio.sleep(0.02)
            return await self.view()

    async def written(self, *, within: float = 45) -> None:
        """Once its last page is in the book: the case does nothing more by itself."""
        async with asyncio.timeout(within):
            while True:
                seen = (await self.handle.describe()).raw_description
                if not seen.pending_activities and not seen.HasField("pending_workflow_task"):
                    return
                await asyncio.sleep(0.02)

    async def until(self, kind: str, *, within: float = 45) -> Event:
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

    async def histories(self) -> list[WorkflowHistory]:
        """Those of the case, all its runs, and of its children."""
        query = f"WorkflowId = '{self.handle.id}' OR WorkflowId STARTS_WITH '{self.handle.id}.'"
        found = [run async for run in self.office.client.list_workflows(query)]
        handles = [self.office.client.get_workflow_handle(run.id, run_id=run.run_id) for run in found]
        return [await handle.fetch_history() for handle in handles] or [await self.history()]


class Office:
    """A running service: real server, real store, real worker."""

    def __init__(self, env: WorkflowEnvironment, settings: Settings, parts: Parts) -> None:
        self.env = env
        self.client: Client = env.client
        self.settings = settings
        self.parts = parts
        self.store = parts.store
        self._worker: Crew | None = None
        self._working: asyncio.Task[None] | None = None
        self._cases: list[OfCase] = []

    async def work(self) -> None:
        """A worker comes."""
        # A client without the environment's interceptor: what the service itself starts keeps real time.
        plain = Client(
            self.client.service_client, namespace=self.client.namespace, data_converter=self.client.data_converter
        )
        self._worker = build_worker(plain, self.settings, self.parts)
        self._working = asyncio.create_task(self._worker.run())

    async def rest(self) -> None:
        """The worker goes."""
        if self._worker is not None and self._working is not None:
            await self._worker.shutdown()
            await self._working
        self._worker = self._working = None

    async def start(
        self, data: Mapping[str, Any] | None = None, *, number: str | None = None, **changes: Any
    ) -> OfCase:
        """Start a case as any program would: type, queue, id and JSON."""
        number = number or new_number()
        content = dict(data) if data is not None else complaint_data(**changes)
        await self.begin(COMPLAINT, content, case_id(number))
        self._cases.append(OfCase(self, number))
        return self._cases[-1]

    async def begin(self, workflow: str, content: object, workflow_id: str) -> None:
        """Start a workflow of any type; its clock stands until a test moves it."""
        with self.env.with_time_skipping_disabled():
            await self.client.start_workflow(
                workflow,
                content,
                id=workflow_id,
                task_queue=self.settings.task_queue,
            )

    def follow(self, case: OfCase) -> None:
        """Have its histories replayed with the others."""
        self._cases.append(case)

    async def asked(self, **changes: Any) -> OfCase:
        """A case whose departments have been asked."""
        case = await self.start(**changes)
        await case.at("asked")
        return case

    async def replay_all(self) -> None:
        """Replay what every case since the last call, and its children, have left. Raises on a difference."""
        cases, self._cases = self._cases, []
        found = [history for case in cases for history in await case.histories() if begun(history)]
        if found:
            replayer = Replayer(workflows=WORKFLOWS, data_converter=DATA_CONVERTER, workflow_runner=RUNNER)
            await replayer.replay_workflows(_one_by_one(found))


async def _one_by_one(histories: list[WorkflowHistory]) -> AsyncIterator[WorkflowHistory]:
    for history in histories:
        yield history


def begun(history: WorkflowHistory) -> bool:
    """Whether there is a step to be done again. The SDK never ends the replay of a history that has none."""
    return any(event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED for event in history.events)


async def under_way(client: Client, workflow_id: str) -> WorkflowHandle[Any, Any]:
    """A remedy, once its first step is done: its case names it before it is there."""
    remedy = client.get_workflow_handle(workflow_id)
    done = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    async with asyncio.timeout(30):
        while True:
            with suppress(RPCError):
                if any(event.event_type == done for event in (await remedy.fetch_history()).events):
                    return remedy
            await asyncio.sleep(0.05)


@cache
def everybody() -> Directory:
    """The people of the packaged procedures and of the tests' own."""
    return Directory(departments=read_directory(DIRECTORY).departments | read_directory(TEST_PACKS).departments)


def test_parts(store: Store, **changes: Any) -> Parts:
    """The embedded parts; `changes` put others in."""
    parts = Parts(
        store=store,
        payment=EmbeddedGateway(store),
        warehouse=EmbeddedWarehouse(store),
        carrier=EmbeddedCarrier(store),
        post=SmtpPost("127.0.0.1", 1, sender="aftersales@redress.example"),
        chat=NoChat(),
        directory=everybody,
        gate=Gate(),
    )
    return replace(parts, **changes)


test_parts.__test__ = False  # type: ignore[attr-defined]


@asynccontextmanager
async def office_at_work(
    env: WorkflowEnvironment,
    store: Store,
    *,
    forgetful: bool = False,
    calendar_file: Path | None = None,
    **changes: Any,
) -> AsyncIterator[Office]:
    """An office with a worker on a queue of its own. A forgetful one keeps no case: each task begins with a replay."""
    load_packs(TEST_PACKS)
    settings = Settings(
        task_queue=f"test-{uuid.uuid4().hex[:8]}",
        calendar_file=calendar_file or TEST_PACKS / "days.toml",
        worker=Tuning(max_cached_workflows=0) if forgetful else Tuning(),
    )
    office = Office(env, settings, test_parts(store, **changes))
    await office.work()
    try:
        yield office
    finally:
        # A worker left behind by an error would keep the process from ending once its server is gone.
        await office.rest()
    await office.replay_all()


def now() -> datetime:
    """The real time."""
    return datetime.now(UTC)
