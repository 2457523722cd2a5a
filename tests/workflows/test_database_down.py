"""A database that is down delays no ruling: the book is kept beside the case."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio.api.enums.v1 import EventType
from temporalio.testing import WorkflowEnvironment

from activities.store import Store
from models.stage import Stage
from models.tables import CaseRow
from tests.databases import Schemas
from tests.support import GOODS_DEPT, LOGISTICS, Office, cached, liable, office_at_work
from workflows.inbox import FLOOD


@asynccontextmanager
async def locked(url: str) -> AsyncIterator[None]:
    """Nobody else can write the store."""
    other = Store(url)
    async with other.write() as session:
        connection = await session.connection()  # which in SQLite is enough
        if other.dialect == "postgresql":
            tables = ", ".join(table.name for table in CaseRow.metadata.sorted_tables)
            await connection.execute(text(f"LOCK TABLE {tables} IN EXCLUSIVE MODE"))
        yield
    await other.close()


async def test_an_answer_is_taken_and_ruled_on_while_the_database_is_locked_and_written_down_after(
    office: Office,
) -> None:
    case = await office.asked(cause="damage_unclear")
    async with locked(office.store.url):
        async with asyncio.timeout(30):
            verdict = await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="属实")
        assert verdict["accepted"]
        assert (await case.view()).asks[0].state == "answered"
    await case.send("withdraw", "徐莉")
    await case.result()
    async with office.store.read() as session:
        row = await session.get(CaseRow, case.number)
    assert row is not None
    assert row.stage == Stage.CLOSED


class Witness(Store):
    """Has somebody look at the history at the moment a page is written."""

    look: Callable[[], Awaitable[None]] | None = None

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        async with super().write() as session:
            if self.look is not None:
                await self.look()
            yield session


async def test_a_page_is_written_only_when_temporal_has_the_step_it_tells_of(
    env: WorkflowEnvironment, schemas: Schemas, tmp_path: Path
) -> None:
    store = Witness(await schemas.new(tmp_path / "redress.db"))
    async with office_at_work(env, store) as office:
        case = await office.asked(cause="damage_unclear")
        seen: list[bool] = []

        async def look() -> None:
            kinds = {event.event_type for event in (await case.history()).events}
            seen.append(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED in kinds)

        await case.written()
        store.look = look
        await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="属实")
        async with asyncio.timeout(20):
            while not seen:
                await asyncio.sleep(0.02)
        store.look = None
    assert seen[0]
    await store.close()


@cached
async def test_a_run_that_is_due_but_cannot_end_while_the_database_is_locked_does_not_grow(office: Office) -> None:
    case = await office.asked(cause="damage_unclear")
    await case.written()
    fields = {"liable": liable(merchant=100), "reason": "属实", "command_id": "kept-1"}
    async with locked(office.store.url):
        for _ in range(FLOOD + 5):
            await case.send("confirm", GOODS_DEPT, **fields)
        await asyncio.sleep(2)
        before = len((await case.history()).events)
        await asyncio.sleep(4)
        assert len((await case.history()).events) == before
    await case.send("confirm", LOGISTICS, liable=liable(merchant=100), reason="完好")
    assert (await case.at("feedback", within=60)).refunded == 21_000
