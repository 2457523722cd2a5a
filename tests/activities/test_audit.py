"""The audit trail: one chain, however many write, unchangeable in the database and checkable without it."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select, text

from activities.audit import Chain, Entry, append, configuration, hash_of, of_event
from activities.casebook import Casebook
from activities.store import Store, StoreError
from models.case import Event
from models.directory import Directory
from models.pages import OpenCase, Page
from models.tables import AuditRow
from procedures import load_packs

NOW = datetime(2026, 3, 2, 9, 0, 0, 120, tzinfo=UTC)


def clock() -> datetime:
    return NOW


async def write(store: Store, *entries: Entry) -> int:
    async with store.write() as session:
        return await append(session, entries, clock)


async def chain_of(store: Store) -> Chain:
    chain = Chain()
    async with store.read() as session:
        for row in await session.exec(select(AuditRow).order_by(col(AuditRow.seq))):
            chain.follow(row.model_dump())
    return chain


async def test_concurrent_writers_make_one_unbroken_chain(store: Store, url: str) -> None:
    others = [Store(url) for _ in range(3)]
    writing = [
        write(s, Entry("read", f"C-{i}", "徐莉", {"n": i, "was": "x"}), Entry("denied", f"C-{i}", key=f"k{i % 5}"))
        for i in range(20)
        for s in (store, *others)
    ]
    await asyncio.gather(*writing)
    chain = await chain_of(store)
    assert (chain.rows, chain.broken) == (80 + 5, None)
    await asyncio.gather(*(other.close() for other in others))


async def test_what_is_told_twice_is_one_row(store: Store) -> None:
    assert await write(store, Entry("denied", "C-1", key="C-1:4")) == 1
    assert await write(store, Entry("denied", "C-1", key="C-1:4"), Entry("read", "C-1")) == 1


FORBIDDEN = [
    "UPDATE audit_row SET actor = 'x'",
    "DELETE FROM audit_row",
    "INSERT INTO audit_row SELECT seq + 5, at, kind, actor, subject, data, 'z', prev, hash FROM audit_row",
    "INSERT INTO audit_row SELECT seq + 1, at, kind, actor, subject, data, 'z', 'forged', hash FROM audit_row",
]


async def test_the_database_itself_refuses_a_change(store: Store) -> None:
    await write(store, Entry("read", "C-1"))
    for statement in FORBIDDEN:
        with pytest.raises(StoreError, match=r"append-only|does not follow"):
            async with store.write() as session:
                await (await session.connection()).execute(text(statement))
    assert (await chain_of(store)).rows == 1


def test_a_row_has_the_same_hash_in_every_zone() -> None:
    row = {"seq": 1, "at": NOW, "kind": "read", "actor": "a", "subject": "s", "data": {"b": 1, "a": 2}, "key": None}
    row["prev"] = ""
    elsewhere = {**row, "at": NOW.astimezone(timezone(timedelta(hours=8))), "data": {"a": 2, "b": 1}}
    assert hash_of(row) == hash_of(elsewhere)
    forged = {"seq": 2, "at": NOW + timedelta(seconds=1), "kind": "denied", "actor": "b", "subject": "t"}
    forged |= {"data": {"b": 1, "a": 3}, "key": "k", "prev": "0"}
    assert forged.keys() == row.keys()
    assert [name for name, value in forged.items() if hash_of({**row, name: value}) == hash_of(row)] == []


def _row(seq: int, prev: str, **changes: Any) -> dict[str, Any]:
    row = {"seq": seq, "at": NOW, "kind": "read", "actor": "a", "subject": "s", "data": {}, "key": None, "prev": prev}
    row |= changes
    return row | {"hash": hash_of(row)}


def test_a_chain_names_the_first_row_that_is_left_out_moved_or_forged_however_well_it_is_hashed() -> None:
    first = _row(1, "")
    second = _row(2, first["hash"])
    third = _row(3, second["hash"])
    forged = _row(2, first["hash"], actor="b")
    for rows, broken in (
        ([first, second, third], None),
        ([first, third], 2),
        ([first, _row(2, second["hash"])], 2),
        ([first, _row(3, first["hash"])], 2),
        ([first, second | {"actor": "b"}, third], 2),
        ([first, forged, third], 3),
        ([second, third], 1),
        ([_row(1, "0")], 1),
    ):
        chain = Chain()
        for row in rows:
            chain.follow(row)
        assert chain.broken == broken
        assert chain.rows == (len(rows) if broken is None else broken - 1)


async def test_denials_decisions_and_money_of_a_case_are_in_it_without_what_people_wrote(
    store: Store, casebook: Casebook, opening: Callable[..., OpenCase], summary: Callable[..., Any]
) -> None:
    await casebook.open_case(opening())
    said = {"reason": "phone 13800138000", "code": "wrong_department", "name": "decide"}
    events = (
        Event(seq=101, at=NOW, kind="message_refused", actor="殷国华", data=said),
        Event(seq=102, at=NOW, kind="message_refused", data={"code": "bad_input", "reason": "x"}),
        Event(seq=103, at=NOW, kind="decided", actor="邮乐领导", department="panel", data={"grant": 1, "reason": "y"}),
        Event(seq=104, at=NOW, kind="executed", data={"refunded": 0, "remedy": "apology", "decision": 1}),
        Event(seq=105, at=NOW, kind="reminded", department="merchandise"),
    )
    for _ in range(2):
        await casebook.write_down(Page(summary=summary(), events=events))
    async with store.read() as session:
        rows = (await session.exec(select(AuditRow).order_by(col(AuditRow.seq)))).all()
    rows = [row for row in rows if int(str(row.key).partition(":")[2]) > 100]
    assert [(row.kind, row.actor, row.subject) for row in rows] == [
        ("denied", "殷国华", "C-1"),
        ("decision", "邮乐领导", "C-1"),
        ("money", "", "C-1"),
    ]
    assert "13800138000" not in json.dumps([row.data for row in rows])
    assert rows[0].data == {"code": "wrong_department", "message": "decide", "event": "message_refused"}


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("decision", "triaged answered answered_late silence ruled decided contested resolved approved not_approved"),
        ("money", "executed execution_failed taken_back cost_moved"),
        ("erasure", "forgotten"),
        (None, "filed asked reminded mail_sent"),
    ],
)
def test_what_decides_pays_or_erases_has_a_row_of_its_kind(kind: str | None, lines: str) -> None:
    for line in lines.split():
        entry = of_event("C-1", Event(seq=7, at=NOW, kind=line, actor="a", department="panel", data={"code": "x"}))
        found = entry and (entry.kind, entry.subject, entry.actor, entry.data, entry.key, entry.at)
        data = {"code": "x", "department": "panel", "event": line}
        assert found == (kind and (kind, "C-1", "a", data, "C-1:7", NOW))


async def test_what_the_service_works_by_is_in_it_once_for_each_content(store: Store, directory: Directory) -> None:
    packs = load_packs().all()
    changed = directory.model_copy(update={"parties": {"merchant:M-1": ("portal",)}})
    added = [await write(store, *configuration(packs, people)) for people in (directory, directory, changed)]
    assert added == [len(packs) + 1, 0, 1]


async def test_whoever_gets_round_the_triggers_is_found_by_the_chain(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'redress.db'}")
    await store.create()
    await write(store, *(Entry("read", f"C-{i}", "徐莉") for i in range(4)))
    with sqlite3.connect(tmp_path / "redress.db") as raw:
        raw.execute("DROP TRIGGER audit_row_no_UPDATE")
        raw.execute("UPDATE audit_row SET actor = '张三' WHERE seq = 2")
    raw.close()
    assert (await chain_of(store)).broken == 2
    await store.close()
