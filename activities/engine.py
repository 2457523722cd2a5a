"""Connections to the database, made ready as SQLite and PostgreSQL each need it."""

import socket
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from models.database_url import DSN, PATIENCE

GONE = 30
"""Seconds after which a silent other side counts as gone, here and at a PostgreSQL server; it may take twice as long.

A host that dies, or a firewall that forgets a connection, says nothing: TCP by itself hopes for 15 minutes here, and a
server keeps the locks of the one who is gone for two hours.
"""
_BEATS = 3
"""Unanswered signs of life until an idle connection is given up."""
_IDLE_IN_TRANSACTION = 300
"""Seconds a transaction may rest between two statements: a process that is stopped holds nobody up for longer."""


def engine_at(address: URL, *, foreign_keys: bool = True) -> AsyncEngine:
    """Where connections to a database come from, each made ready."""
    # Parameters stay out of error texts: they hold people's data.
    options: dict[str, Any] = {"hide_parameters": True}
    if address.get_backend_name() == "sqlite":
        engine = create_async_engine(address, **options)
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        if not foreign_keys:
            event.listen(engine.sync_engine, "connect", _without_foreign_keys)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        event.listen(engine.sync_engine, "checkin", _end_sqlite)
        return engine
    options["connect_args"] = _of_the_driver(address)
    address = address.difference_update_query([*DSN, PATIENCE])
    engine = create_async_engine(address, pool_pre_ping=True, pool_size=10, max_overflow=10, **options)
    event.listen(engine.sync_engine, "connect", _prepare_postgres)
    return engine


def _of_the_driver(address: URL) -> dict[str, Any]:
    """What of libpq's parameters the driver takes another way than SQLAlchemy gives it."""
    given = {name: str(value) for name, value in address.query.items()}
    options: dict[str, Any] = {}
    if asked := {name: given[name] for name in sorted(DSN & given.keys())}:
        options["dsn"] = f"postgresql://?{urlencode(asked)}"
    if PATIENCE in given:
        options["timeout"] = float(given[PATIENCE]) or None
    return options


def _prepare_postgres(connection: Any, _: ConnectionPoolEntry) -> None:
    """Neither side waits long for one that has vanished. By SET: a pooler refuses such parameters of a connection."""
    between = GONE // _BEATS
    line = connection.driver_connection._transport.get_extra_info("socket")  # noqa: SLF001 - it tells it nowhere else
    if line is not None and line.family != getattr(socket, "AF_UNIX", None):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (
            ("TCP_KEEPIDLE", between),
            ("TCP_KEEPINTVL", between),
            ("TCP_KEEPCNT", _BEATS - 1),
            ("TCP_USER_TIMEOUT", GONE * 1000),
        ):
            if (option := getattr(socket, name, None)) is not None:  # not every system has all
                line.setsockopt(socket.IPPROTO_TCP, option, value)
    server = {
        "tcp_keepalives_idle": between,
        "tcp_keepalives_interval": between,
        "tcp_keepalives_count": _BEATS - 1,
        "tcp_user_timeout": GONE * 1000,
        "idle_in_transaction_session_timeout": _IDLE_IN_TRANSACTION * 1000,
    }
    said = "; ".join(f"SET {name} = {value}" for name, value in server.items())
    connection.run_async(lambda driver: driver.execute(said))


def _prepare_sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    # The driver must not begin transactions by itself; _begin_sqlite does.
    connection.isolation_level = None
    cursor = connection.cursor()
    # What is overwritten is gone: a customer who is erased, whatever this SQLite was built with.
    pragmas = ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _without_foreign_keys(connection: Any, _: ConnectionPoolEntry) -> None:
    connection.execute("PRAGMA foreign_keys=OFF").close()


def _end_sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    # A COMMIT that SQLite refuses leaves its transaction open, and with it the lock that keeps everybody else out.
    if connection is not None and connection.driver_connection.in_transaction:
        connection.rollback()


def _begin_sqlite(connection: Connection) -> None:
    # A reading transaction that later writes can be refused at once ("locked"); one that says so first waits its turn.
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
