"""Which database the tests' service works on, and where a new one comes from."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import asyncpg

from activities.store import Store

KIND = os.environ.get("REDRESS_TEST_DATABASE", "sqlite")
"""sqlite or postgresql: what every test works on that does not ask for both."""


async def new_database(place: str, *, like: str = "template0") -> str:
    """The URL of a new database in the PostgreSQL at `place` (host:port): an empty one, or `like` another there."""
    name = f"t{os.urandom(6).hex()}"
    await _asked(f"postgresql://postgres@{place}/postgres", f"CREATE DATABASE {name} TEMPLATE {like}")
    return f"postgresql://postgres@{place}/{name}"


_EMPTIED = """
DO $$ DECLARE name text; BEGIN
  SET LOCAL session_replication_role = replica;  -- the guards let nobody delete
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_version' LOOP
    EXECUTE format('DELETE FROM %I', name);
  END LOOP;
  FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
    PERFORM setval(name::regclass, 1, false);
  END LOOP;
END $$
"""
_SHAPE = """
SELECT string_agg(what, ' ' ORDER BY what) FROM (
  SELECT relname || relkind::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
  UNION SELECT tgrelid::text || tgname || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
  UNION SELECT version_num FROM schema_version
) AS found (what)
"""


class Schemas:
    """Databases with the schema in them and nothing else, without the migrations each time.

    `postgres` gives the place of a PostgreSQL, which is started when it is first asked for.
    """

    def __init__(self, folder: Path, postgres: Callable[[], str]) -> None:
        self._folder = folder
        self._postgres = postgres
        self._like = self._shape = ""
        self._free: list[str] = []

    async def new(self, file: Path, kind: str = KIND) -> str:
        """The URL of a database: `file` for SQLite, one of its own in the PostgreSQL."""
        if kind == "postgresql":
            return self._free.pop() if self._free else await self._in_postgres()
        return await self._in_file(file)

    async def give_back(self, url: str) -> None:
        """For the next who asks. One whose tables or guards have been changed is left aside."""
        if url.startswith("sqlite"):
            return
        await _asked(url, _EMPTIED)
        if await _asked(url, _SHAPE) == self._shape:
            self._free.append(url)

    async def _in_file(self, file: Path) -> str:
        first = self._folder / "schema.db"
        if not first.exists():
            await _led(f"sqlite:///{first}")
        shutil.copyfile(first, file)
        return f"sqlite:///{file}"

    async def _in_postgres(self) -> str:
        place = self._postgres()
        if not self._like:
            first = await new_database(place)
            await _led(first)
            self._like, self._shape = first.rpartition("/")[2], await _asked(first, _SHAPE)
        return await new_database(place, like=self._like)


async def _led(url: str) -> None:
    store = Store(url)
    await store.create()
    await store.close()


async def _asked(url: str, sql: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.fetchval(sql))
    finally:
        await connection.close()
