"""A database that is down delays no ruling: the book is kept beside the case."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from models.case import Stage
from models.tables import CaseRow
from tests.support import GOODS_DEPT, Office, liable


@contextmanager
def locked(file: str) -> Iterator[None]:
    """Nobody else can write the store."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


async def test_an_answer_is_taken_and_ruled_on_while_the_database_is_locked_and_written_down_after(
    office: Office,
) -> None:
    case = await office.asked(cause="damage_unclear")
    async with office.store.read() as session:
        connection = await session.connection()
        databases = (await connection.execute(text("PRAGMA database_list"))).all()
    file = next(found.file for found in databases if found.name == "main")
    with locked(file):
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
