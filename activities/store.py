"""The SQL store: SQLite in one file, or PostgreSQL. What reads and writes in it asks here where they differ."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Connection, inspect, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.ext.asyncio import AsyncSession as AnySession
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

import migrations
from activities.engine import engine_at
from models.database_url import database_url

_SCHEMA_LOCK = 0x72656472657373
"""Advisory lock held while the schema changes: workers that start at once wait for each other."""
TABLE_PATIENCE = 5000
"""Milliseconds a migration waits for a table: who waits for it has all others wait behind, and a dump takes hours."""
_TURNS: "WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]" = WeakKeyDictionary()


def _schema_turn() -> asyncio.Lock:
    """One schema at a time in a process: a migration finds its connection in a place the whole process shares."""
    return _TURNS.setdefault(asyncio.get_running_loop(), asyncio.Lock())


async def at_one_moment(session: AnySession) -> AsyncConnection:
    """A connection on which every look sees the same moment, however long is thought between two of them.

    SQLite's transactions give that by themselves.
    """
    if session.get_bind().dialect.name != "postgresql":
        return await session.connection()
    connection = await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    return connection


async def lock(session: AnySession, key: int, *, shared: bool = False) -> None:
    """Hold an advisory lock until the transaction ends, or share it. SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        taken = "SELECT pg_advisory_xact_lock_shared(:key)" if shared else "SELECT pg_advisory_xact_lock(:key)"
        await (await session.connection()).execute(text(taken), {"key": key})


def insert_into(table: type[SQLModel], dialect: str) -> "sqlite.Insert | postgresql.Insert":
    """An INSERT that can say what becomes of a row that is there."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


class StoreError(Exception):
    """The database refused or did not answer; one line without any stored value. Safe to try again."""


class Store:
    """Sessions on the database at `url` (`sqlite:///file` or `postgresql://user:password@host/name`).

    Raises StoreError for a URL of another kind.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine = engine_at(_address(url))
        self._writer = self._engine.execution_options(immediate=True)
        self._sqlite = self._engine.dialect.name == "sqlite"
        # SQLite lets one writer in at a time and has no queue: within a process we make one, which keeps order.
        self._turn = asyncio.Lock()

    @property
    def url(self) -> str:
        """Where the database is, with its password."""
        return self._engine.url.render_as_string(hide_password=False)

    @property
    def folder(self) -> Path | None:
        """Where SQLite's file is; None for a PostgreSQL."""
        return Path(self._engine.url.database or ".").absolute().parent if self._sqlite else None

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    async def create(self) -> None:
        """See that the schema is at least as new as this program. Several workers may do so at once, and again.

        A newer one is left as it is: it serves the release before it too.
        """
        async with _schema_turn():
            version = await self.version()
            if version != migrations.HEAD and migrations.known(version):
                await self.upgrade()

    async def version(self) -> str | None:
        """The schema's version; None for an empty database."""
        async with _one_line_errors(), self._engine.connect() as connection:
            return await connection.run_sync(migrations.current)

    async def upgrade(self, version: str = migrations.HEAD) -> None:
        """Lead the schema to a version; all of it or nothing."""
        await self._lead(migrations.upgrade, version)

    async def downgrade(self, version: str) -> None:
        """Lead the schema back; what only later versions hold is lost."""
        await self._lead(migrations.downgrade, version)

    async def _lead(self, way: Callable[[Connection, str], None], version: str) -> None:
        # SQLite changes a table by making it anew, which no foreign key may hinder; they are checked at the end.
        engine = engine_at(_address(self._url), foreign_keys=False)
        try:
            async with _one_line_errors(), engine.execution_options(immediate=True).begin() as connection:
                if not self._sqlite:
                    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
                    await connection.execute(text(f"SET LOCAL lock_timeout = {TABLE_PATIENCE}"))
                await connection.run_sync(way, version)
                if self._sqlite and (await connection.execute(text("PRAGMA foreign_key_check"))).first():
                    raise StoreError("database: the migration would break references between tables; nothing is done")
        except migrations.UnknownSchemaError as error:
            raise StoreError(f"database: {error}") from None
        finally:
            await engine.dispose()

    async def settle(self) -> None:
        """Have what was overwritten stand in no file any more, SQLite's journal included, unless somebody reads there.

        PostgreSQL does so by itself, when it vacuums.
        """
        if not self._sqlite:
            return
        async with _one_line_errors(), self._engine.connect() as connection:
            # Past SQLAlchemy, which would begin a transaction: within one there is nothing to settle.
            driver: Any = (await connection.get_raw_connection()).driver_connection
            await (await driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")).close()

    async def close(self) -> None:
        """Give every connection back."""
        await self._engine.dispose()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A transaction that commits when the block ends well. Do not nest. Raises StoreError."""
        if not self._sqlite:
            async with self._session(self._writer) as session:
                yield session
                await session.commit()
            return
        async with self._turn, self._session(self._writer) as session:
            yield session
            await session.commit()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session for looking; nothing done in it is kept. Raises StoreError."""
        async with self._session(self._engine) as session:
            yield session

    def insert_new(self, table: type[SQLModel]) -> "sqlite.Insert | postgresql.Insert":
        """An INSERT that leaves an existing row as it is: the same write twice is one row."""
        return insert_into(table, self.dialect).on_conflict_do_nothing()

    def upsert(
        self, table: type[SQLModel], rows: Sequence[Mapping[str, object]], newness: Callable[[Any], ColumnElement[int]]
    ) -> "sqlite.Insert | postgresql.Insert":
        """An INSERT that puts these rows in the place of existing ones with the same key that are not newer.

        `newness`: of a row's columns, a number that is never less in a later state of it.
        """
        insert = insert_into(table, self.dialect)
        keys = [column.name for column in inspect(table).primary_key]
        changed = {name: insert.excluded[name] for name in rows[0] if name not in keys}
        not_newer = newness(inspect(table).columns) <= newness(insert.excluded)
        return insert.values(list(rows)).on_conflict_do_update(index_elements=keys, set_=changed, where=not_newer)

    @asynccontextmanager
    async def _session(self, engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
        async with _one_line_errors(), AsyncSession(engine, expire_on_commit=False) as session:
            yield session


@asynccontextmanager
async def _one_line_errors() -> AsyncIterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise StoreError(_one_line(error)) from None
    except NoConnectionFree:
        raise StoreError("database: all connections of this process are in use; it is tried again") from None
    except PendingRollbackError:
        raise StoreError("database: the connection broke off; it is tried again") from None
    except OSError as error:
        raise StoreError(f"database: cannot be reached ({type(error).__name__}); it is tried again") from None
    except Exception as error:
        if not type(error).__module__.startswith("asyncpg."):
            raise
        # Of a connection that ends while it is being made ready or given back, SQLAlchemy hands on the driver's own.
        raise StoreError(f"database: the connection broke off ({type(error).__name__}); it is tried again") from None


_OLDER = "is behind this release; lead its schema there with `redress db upgrade`"
_KNOWN = {
    "25006": "takes no writes here; name the primary in REDRESS_DATABASE_URL, as by target_session_attrs=read-write",
    "28000": "takes no such user from here; correct REDRESS_DATABASE_URL, or let it in",
    "28P01": "refuses the password; correct REDRESS_DATABASE_URL",
    "3D000": "there is none of this name; make it, or correct REDRESS_DATABASE_URL",
    "42501": "its user may not do this; grant it, or name another one in REDRESS_DATABASE_URL",
    "42703": _OLDER,
    "42P01": _OLDER,
    "53100": "its disk is full; make room, what waits goes on by itself",
    "53300": "takes no more connections; raise its max_connections, or run fewer workers",
    "55P03": "somebody holds a table for long, such as a running dump; nothing is done, try again after it",
}
"""What PostgreSQL means by its codes, and what to do."""
_NOT_THERE = ("no such table", "no such column")
"""What SQLite says of a schema that is behind."""
_NO_ROOM = "database or disk is full"
"""What it says where its file cannot grow."""


def _one_line(error: DBAPIError) -> str:
    """The driver's first line; a data error's is left out because it quotes the value.

    asyncpg's own, of what it could not even send, come under no name of their own.
    """
    kind, said = type(error).__name__, str(error.orig or "").partition("\n")[0][:200]
    state = "42P01" if said.startswith(_NOT_THERE) else "53100" if said == _NO_ROOM else _sqlstate(error)
    if (known := _KNOWN.get(state or "")) is not None:
        return f"database: {known}"
    if isinstance(error, DataError) or "invalid input" in said or not said:
        return f"database: {kind}"
    return f"database: {kind}: {said}"


def _sqlstate(error: DBAPIError) -> str | None:
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state


def _address(url: str) -> URL:
    try:
        return make_url(database_url(url))
    except (ArgumentError, ValueError):
        raise StoreError(
            "database_url: is not one that is known here; use sqlite:///file or postgresql://user@host/name"
        ) from None
