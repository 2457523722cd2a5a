"""The schema by versions: one chain, up and down on both databases, and where it ends are the models."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

import migrations
from activities.store import Store, StoreError
from models.tables import CaseRow
from tests.databases import Schemas
from tests.schema import assert_equal_to_the_models, chain, shape


@pytest.fixture
async def connection(empty: str) -> AsyncIterator[Any]:
    engine = create_async_engine(empty.replace("sqlite:", "sqlite+aiosqlite:").replace("sql://", "sql+asyncpg://"))
    async with engine.connect() as opened:
        yield opened
    await engine.dispose()


async def test_the_migrations_make_what_the_models_ask_for(connection: Any) -> None:
    await assert_equal_to_the_models(connection)


async def test_every_step_down_takes_away_what_its_step_up_made(connection: Any) -> None:
    steps = chain()
    before = [await connection.run_sync(shape)]
    for step in steps:
        await connection.run_sync(migrations.upgrade, step)
        before.append(await connection.run_sync(shape))
    for step in reversed([migrations.BASE, *steps[:-1]]):
        before.pop()
        await connection.run_sync(migrations.downgrade, step)
        assert before[-1] == await connection.run_sync(shape), f"down to {step}"


async def test_an_empty_account_in_another_currency_is_no_hindrance_to_one_account_an_order(connection: Any) -> None:
    await connection.run_sync(migrations.upgrade, "0005_messages_of_ended_cases")
    for order, currency, refunded in (("O-1", "CNY", 400), ("O-1", "USD", 0), ("O-2", "CNY", 0), ("O-2", "USD", 0)):
        account = {"order": order, "currency": currency, "refunded": refunded}
        await connection.execute(text("INSERT INTO order_account VALUES (:order, :currency, 1000, :refunded)"), account)
    await connection.run_sync(migrations.upgrade, "0006_one_account_of_an_order")
    left = await connection.execute(text("SELECT order_number, currency FROM order_account ORDER BY order_number"))
    assert [tuple(row) for row in left.all()] == [("O-1", "CNY"), ("O-2", "CNY")]


def test_a_migration_knows_no_model() -> None:
    for file in (migrations.HERE / "versions").glob("*.py"):
        assert "models" not in file.read_text(encoding="utf-8"), f"{file.name} would change when the models do"


async def test_an_older_program_leaves_a_newer_schema_as_it_is(store: Store) -> None:
    async with store.write() as session:
        await (await session.connection()).execute(text("UPDATE schema_version SET version_num = '9999_later'"))
    await store.create()
    assert await store.version() == "9999_later"


async def test_tables_of_unknown_origin_are_not_touched(connection: Any, empty: str) -> None:
    await connection.run_sync(CaseRow.metadata.create_all)
    await connection.commit()
    store = Store(empty)
    with pytest.raises(StoreError, match=r"^database: it holds tables without a schema version[^\n]*$"):
        await store.create()
    await store.close()


async def test_a_worker_whose_schema_is_made_needs_no_right_to_change_it(schemas: Schemas, tmp_path: Path) -> None:
    file = tmp_path / "redress.db"
    await schemas.new(file, "sqlite")
    reader = Store(f"sqlite:///file:{file}?mode=ro&uri=true")
    await reader.create()
    assert await reader.version() == migrations.HEAD
    await reader.close()


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_a_migration_does_not_queue_behind_a_dump_and_stop_every_worker_but_gives_up(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.store.TABLE_PATIENCE", 500)
    store, older = Store(empty), "0004_audit_trail"
    await store.upgrade(older)
    async with store.read() as dump:
        await (await dump.connection()).execute(text("LOCK TABLE case_row IN ACCESS SHARE MODE"))
        with pytest.raises(
            StoreError, match=r"^database: somebody holds a table for long.* nothing is done, try again"
        ):
            async with asyncio.timeout(20):
                await store.create()
        assert await store.version() == older
    await store.create()
    assert await store.version() == migrations.HEAD
    await store.close()
