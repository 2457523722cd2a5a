"""The store: tables made once, transactions whole, books that cannot be rewritten, errors without values."""

import asyncio
import socket
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text, update
from sqlmodel import SQLModel, select

from activities.embedded import EmbeddedGateway
from activities.store import Store, StoreError, at_one_moment
from models.language import Language
from models.tables import EventRow, GatewayEntry, OrderAccount, Parcel
from starter.failures import database_failed


async def run(store: Store, statement: str) -> None:
    async with store.write() as session:
        await (await session.connection()).execute(text(statement))


async def add(store: Store, *rows: SQLModel) -> None:
    async with store.write() as session:
        session.add_all(rows)


async def add_and_fail(store: Store, row: SQLModel) -> None:
    async with store.write() as session:
        session.add(row)
        await session.flush()
        raise ZeroDivisionError


async def test_several_workers_may_make_the_tables_at_once(empty: str) -> None:
    stores = [Store(empty) for _ in range(6)]
    await asyncio.gather(*(store.create() for store in stores))
    await EmbeddedGateway(stores[0]).refund("k:1", "k", "O-1", 400, "CNY")
    assert await EmbeddedGateway(stores[5]).find("k") is not None
    for store in stores:
        await store.close()


async def test_making_the_tables_again_keeps_what_they_hold(store: Store) -> None:
    await add(store, OrderAccount(order_number="O-1", currency="CNY", paid=5))
    await store.create()
    async with store.read() as session:
        assert (await session.exec(select(OrderAccount.paid))).all() == [5]


async def test_a_block_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        await add_and_fail(store, OrderAccount(order_number="O-1", currency="CNY", paid=5))
    async with store.read() as session:
        assert (await session.exec(select(OrderAccount))).all() == []


async def test_a_time_comes_back_in_utc_whatever_zone_it_had(store: Store) -> None:
    local = datetime(2026, 3, 2, 17, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    parcel: dict[str, Any] = {"kind": "ship", "state": "done", "order_number": "O-1", "reference": "S-1"}
    await add(store, Parcel(key="k", at=local, **parcel))
    async with store.read() as session:
        stored = (await session.exec(select(Parcel.at))).one()
    assert stored == local
    assert stored.tzinfo is UTC


@pytest.mark.parametrize("table", ["gateway_entry", "gateway_refund"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET amount = amount + 1", "DELETE FROM {}"])
async def test_the_gateways_books_cannot_be_changed_or_deleted(store: Store, table: str, verb: str) -> None:
    await EmbeddedGateway(store).refund("k:1", "k", "O-1", 400, "CNY")
    with pytest.raises(StoreError, match="the books are append-only"):
        await run(store, verb.format(table))


async def test_a_transaction_that_does_not_add_up_to_zero_is_refused(store: Store) -> None:
    now = datetime.now(UTC)
    cash = GatewayEntry(txn="T", account="cash:CNY", amount=-400, at=now)
    with pytest.raises(StoreError, match="does not balance"):
        await add(store, cash, GatewayEntry(txn="T", account="refunds:CNY", amount=401, at=now))


async def test_an_order_can_never_hold_more_refunded_than_paid(store: Store) -> None:
    with pytest.raises(StoreError, match="refunded_within_paid"):
        await add(store, OrderAccount(order_number="O-1", currency="CNY", paid=5, refunded=6))


async def test_an_error_is_one_line_without_the_values_stored(store: Store) -> None:
    await add(store, OrderAccount(order_number="SECRET-ORDER", currency="CNY", paid=5))
    with pytest.raises(StoreError) as raised:
        await add(store, OrderAccount(order_number="SECRET-ORDER", currency="CNY", paid=5))
    assert "SECRET" not in str(raised.value)
    assert "\n" not in str(raised.value)
    assert raised.value.__cause__ is None


async def test_an_error_about_a_value_that_cannot_be_sent_does_not_say_it(store: Store) -> None:
    with pytest.raises((StoreError, UnicodeEncodeError)) as raised:  # SQLite's driver names the sign alone
        await add(store, OrderAccount(order_number="SECRET-\udc80", currency="CNY", paid=5))
    assert "SECRET" not in str(raised.value)


@pytest.mark.parametrize("url", ["mysql://root@localhost/x", "no url at all"])
def test_another_kind_of_database_is_refused_with_one_line(url: str) -> None:
    with pytest.raises(StoreError, match=r"^database_url: [^\n]*use sqlite:///file or postgresql://"):
        Store(url)


async def test_a_database_that_is_away_is_one_line(tmp_path: Path) -> None:
    away = Store("postgresql://nobody@127.0.0.1:1/x")
    nowhere = Store(f"sqlite:///{tmp_path}/missing/x.db")
    for store in (away, nowhere):
        with pytest.raises(StoreError, match=r"^database: [^\n]+$"):
            await store.create()
        await store.close()


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_when_every_connection_is_in_use_the_next_who_asks_is_told_in_one_line(store: Store) -> None:
    store._engine.pool._timeout = 0.1  # type: ignore[attr-defined]
    async with AsyncExitStack() as busy:
        for _ in range(20):
            session = await busy.enter_async_context(store.read())
            await session.exec(select(OrderAccount.paid))
        with pytest.raises(
            StoreError, match=r"^database: all connections of this process are in use; it is tried again$"
        ):
            await add(store, OrderAccount(order_number="O-1", currency="CNY", paid=5))


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_who_vanishes_without_a_word_is_given_up_here_and_by_the_server_within_a_minute(store: Store) -> None:
    async with store.read() as session:
        connection = await session.connection()
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        line = driver._transport.get_extra_info("socket")
        here = {name: line.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in _OF_TCP}
        named = ", ".join(f"current_setting('{name}')" for name in _OF_THE_SERVER)
        there = tuple((await connection.execute(text(f"SELECT {named}"))).one())
    assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert here == {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 2, "TCP_USER_TIMEOUT": 30_000}
    assert there == ("10", "10", "2", "30000", "5min")


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_a_reader_of_one_moment_may_think_as_long_as_it_likes(store: Store) -> None:
    async with store.read() as session:
        connection = await at_one_moment(session)
        allowed = (await connection.execute(text("SHOW idle_in_transaction_session_timeout"))).scalar()
        level = (await connection.execute(text("SHOW transaction_isolation"))).scalar()
    assert (allowed, level) == ("0", "repeatable read")


_OF_TCP = ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
_OF_THE_SERVER = (
    "tcp_keepalives_idle",
    "tcp_keepalives_interval",
    "tcp_keepalives_count",
    "tcp_user_timeout",
    "idle_in_transaction_session_timeout",
)


@pytest.mark.parametrize("kind", ["postgresql"])
@pytest.mark.parametrize(
    "said",
    [
        "application_name=redress&connect_timeout=5",
        "sslmode=prefer&sslrootcert=/nowhere/ca.pem",
        "options=-c%20application_name%3Dredress",
        "target_session_attrs=read-write",
    ],
)
async def test_the_parameters_of_a_hosted_postgresqls_url_are_understood(url: str, said: str) -> None:
    store = Store(f"{url}?{said}")
    async with store.read() as session:
        named = (await (await session.connection()).execute(text("SHOW application_name"))).scalar()
    assert named == ("redress" if "application_name" in said else "")
    await store.close()


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_of_several_hosts_the_one_that_answers_is_taken(url: str) -> None:
    store = Store(url.replace("@", "@127.0.0.1:1,"))
    assert await store.version()
    await store.close()


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_a_connection_that_breaks_off_while_it_is_made_ready_is_one_line_too(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks_off(*_: object, **__: object) -> None:
        raise asyncpg.InterfaceError("connection is closed")

    monkeypatch.setattr(asyncpg.Connection, "set_type_codec", breaks_off)
    with pytest.raises(StoreError, match=r"^database: the connection broke off \(InterfaceError\); it is tried again$"):
        await add(store, OrderAccount(order_number="O-1", currency="CNY", paid=5))


async def test_of_what_was_overwritten_nothing_is_left_in_sqlites_files_while_the_store_is_open(tmp_path: Path) -> None:
    file = tmp_path / "redress.db"
    store = Store(f"sqlite:///{file}")
    await store.create()
    said = {"reason": "canary " * 1_000}  # more than a page
    async with store.write() as session:
        now = datetime.now(UTC)
        session.add_all(EventRow(number="C-1", seq=seq, at=now, kind="insisted", data=said) for seq in range(1, 40))
    async with store.write() as session:
        await session.exec(update(EventRow).values(data={}))
    await store.settle()
    left = [each.name for each in tmp_path.iterdir() if b"canary" in each.read_bytes()]
    await store.close()
    assert left == []


async def test_a_file_that_cannot_grow_is_told_as_a_full_disk_and_takes_writes_once_it_can(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'redress.db'}")
    await store.create()
    rows = [
        {"number": f"C-{seq}", "seq": seq, "at": datetime.now(UTC), "kind": "filed", "data": {}} for seq in range(999)
    ]

    async def written(most: int) -> None:
        async with store.write() as session:
            await session.exec(text(f"PRAGMA max_page_count = {most}"))  # type: ignore[call-overload]
            await session.exec(store.insert_new(EventRow).values(rows))

    with pytest.raises(StoreError, match=r"^database: its disk is full; make room, what waits goes on by itself$"):
        await written(1)
    await written(1_000_000)
    await store.close()


@pytest.mark.parametrize("asked", ["SELECT 1 FROM later_row", "SELECT later FROM case_row"])
async def test_a_schema_that_is_behind_is_told_with_what_to_do(store: Store, asked: str) -> None:
    with pytest.raises(StoreError, match=r"^database: is behind this release; lead its schema there with `redress db"):
        async with store.read() as session:
            await (await session.connection()).execute(text(asked))


def test_what_tells_a_command_what_to_do_is_not_followed_by_other_advice() -> None:
    lines = [
        database_failed(said).line(Language.EN)
        for said in (
            "database: refuses the password; correct REDRESS_DATABASE_URL",
            "database: cannot be reached (OSError); it is tried again",
        )
    ]
    assert lines == [
        "database: refuses the password; correct REDRESS_DATABASE_URL",
        "database: cannot be reached (OSError); check that it runs, then try again",
    ]
