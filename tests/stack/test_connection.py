"""Where a client goes, and what it says when nobody is there."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.api.namespace.v1 import UpdateNamespaceInfo
from temporalio.api.workflowservice.v1 import UpdateNamespaceRequest
from temporalio.client import Client

from starter.cluster import mark_home
from starter.connection import connect
from starter.filelock import FileLock
from starter.homemark import HOME
from starter.localserver import LocalServer
from starter.reach import ConnectFailed, address_of
from starter.settings import Settings, load_settings
from starter.stackfile import LOCK, StackInfo, publish, running_stack

CANARY = "s3cret-canary"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in [name for name in os.environ if name.startswith("TEMPORAL_")]:
        monkeypatch.delenv(name)
    # Keeps the developer's own temporal.toml out.
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "temporal.toml"))
    return load_settings(home=tmp_path)


@pytest_asyncio.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalServer]:
    async with LocalServer(tmp_path_factory.mktemp("server"), port=0, http_port=0, ui_port=None) as running:
        yield running


def _dead_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


async def test_the_environment_names_the_service(
    server: LocalServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    client = await connect(settings, identity="agent:0042")
    assert client.identity == "agent:0042"
    assert (await client.count_workflows()).count == 0


async def test_a_temporal_profile_names_the_service(
    server: LocalServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings.home / "temporal.toml").write_text(f'[profile.prod]\naddress = "{server.address}"\n')
    monkeypatch.setenv("TEMPORAL_PROFILE", "prod")
    assert (await (await connect(settings)).count_workflows()).count == 0


async def test_without_a_word_from_temporal_the_running_stack_is_used(server: LocalServer, settings: Settings) -> None:
    publish(settings.home, StackInfo(address=server.address, http="", ui="", smtp_port=1, pid=os.getpid()))
    lock = FileLock(settings.home / LOCK)
    await lock.acquire()
    try:
        assert (await (await connect(settings)).count_workflows()).count == 0
    finally:
        lock.release()


async def test_the_stack_of_another_home_is_not_taken_for_ones_own_where_nobody_named_it(
    server: LocalServer, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = load_settings(home=tmp_path / "gone", local={"port": server.port})
    with pytest.raises(ConnectFailed) as failed:
        await connect(mine)
    assert f"no local stack runs on {tmp_path / 'gone'}" in str(failed.value)
    assert f"is that of {server.home};" in str(failed.value)
    assert not (tmp_path / "gone").exists()
    await connect(load_settings(home=server.home, local={"port": server.port}))
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    await connect(mine)  # an address that is named is meant


async def test_a_server_that_is_no_local_stack_serves_whoever_comes(
    server: LocalServer, settings: Settings, tmp_path: Path
) -> None:
    client = await Client.connect(server.address)
    try:
        told = UpdateNamespaceInfo(data={HOME: ""})
        await client.workflow_service.update_namespace(UpdateNamespaceRequest(namespace="default", update_info=told))
        await connect(load_settings(home=tmp_path / "gone", local={"port": server.port}))
    finally:
        await mark_home(client, server.home)


def test_the_file_of_a_stack_that_was_killed_is_not_believed(settings: Settings) -> None:
    publish(settings.home, StackInfo(address="127.0.0.1:1", http="", ui="", smtp_port=1, pid=os.getpid()))
    (settings.home / LOCK).touch()
    assert running_stack(settings.home) is None
    assert address_of(settings) == "localhost:7233"


@pytest.mark.parametrize("content", [b"", b"{", b'{"address": 1}', b"\xff"])
async def test_a_broken_stack_file_is_as_good_as_none(content: bytes, settings: Settings) -> None:
    (settings.home / "stack.json").write_bytes(content)
    lock = FileLock(settings.home / LOCK)
    await lock.acquire()
    assert running_stack(settings.home) is None
    lock.release()


async def test_nobody_there_is_told_in_one_line_with_what_to_do(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"127.0.0.1:{_dead_port()}"
    monkeypatch.setenv("TEMPORAL_ADDRESS", address)
    with pytest.raises(ConnectFailed) as failed:
        await connect(settings)
    line = str(failed.value)
    assert f"{address} (connection refused)" in line
    assert "`redress dev`" in line
    assert "TEMPORAL_ADDRESS" in line
    assert "\n" not in line


@pytest.mark.parametrize("address", ["not an address", "127.0.0.1:99999", ":", "host:port:port"])
async def test_a_bad_address_is_told_in_one_line(
    address: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", address)
    with pytest.raises(ConnectFailed) as failed:
        await connect(settings)
    assert address in str(failed.value)
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize(
    "content", [f'[profile.default]\napi_key = "{CANARY}\n', f"[profile.default]\napi_key = {CANARY}\n"]
)
async def test_a_broken_temporal_file_is_told_in_one_line_that_hides_its_keys(content: str, settings: Settings) -> None:
    (settings.home / "temporal.toml").write_text(content)
    with pytest.raises(ConnectFailed) as failed:
        await connect(settings)
    assert "the Temporal connection settings cannot be used" in str(failed.value)
    assert CANARY not in str(failed.value)
    assert "\n" not in str(failed.value)


async def test_an_unknown_profile_is_told_in_one_line(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_PROFILE", "nowhere")
    with pytest.raises(ConnectFailed, match="Profile '…' not found"):
        await connect(settings)


async def test_an_api_key_never_leaves_without_tls(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read(4096))
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server:
        monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
        monkeypatch.setenv("TEMPORAL_API_KEY", CANARY)
        with pytest.raises(ConnectFailed) as failed:
            await connect(settings)
    assert heard[:1] == b"\x16"  # a TLS handshake begins
    assert CANARY.encode() not in bytes(heard)
    assert CANARY not in str(failed.value)


async def test_a_certificate_that_cannot_be_read_is_told_in_one_line(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_TLS_CLIENT_CERT_PATH", str(settings.home / "gone.pem"))
    monkeypatch.setenv("TEMPORAL_TLS_CLIENT_KEY_PATH", str(settings.home / "gone.key"))
    with pytest.raises(ConnectFailed) as failed:
        await connect(settings)
    assert "\n" not in str(failed.value)
