"""Which database the tests' service works on, and where a new one comes from."""

import os

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

KIND = os.environ.get("REDRESS_TEST_DATABASE", "sqlite")
"""sqlite or postgresql: what every test works on that does not ask for both."""


async def new_database(place: str) -> str:
    """The URL of an empty database in the PostgreSQL at `place` (host:port)."""
    name = f"t{os.urandom(6).hex()}"
    engine = create_async_engine(f"postgresql+asyncpg://postgres@{place}/postgres", isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
    await engine.dispose()
    return f"postgresql://postgres@{place}/{name}"
