"""The whole local stack: what it publishes, what it refuses, what it leaves behind."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import Worker

from starter.connection import connect
from starter.settings import Settings, load_settings
from starter.stack import LocalStack, StackRunningError
from starter.stackfile import running_stack


@workflow.defn(name="Echo", sandboxed=False)
class Echo:
    @workflow.run
    async def run(self, word: str) -> str:
        return word


@asynccontextmanager
async def _worker(client: Client, settings: Settings) -> AsyncIterator[None]:
    async with Worker(client, task_queue=settings.task_queue, workflows=[Echo]):
        yield


@asynccontextmanager
async def _no_worker(_client: Client, _settings: Settings) -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def _broken_worker(_client: Client, _settings: Settings) -> AsyncIterator[None]:
    raise RuntimeError("this worker never starts")
    yield


def _settings(home: Path, **ports: int) -> Settings:
    return load_settings(home=home, local={"port": 0, "ui_port": 0, "http_port": 0, "smtp_port": 0, **ports})


async def test_a_stack_serves_its_worker_and_tells_other_processes_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "none.toml"))
    settings = _settings(tmp_path)
    async with LocalStack(settings, make_worker=_worker, search_attributes=[("RedressStage", "Keyword")]) as stack:
        info = running_stack(tmp_path)
        assert info is not None
        assert (info.address, info.ui, info.smtp_port) == (stack.address, stack.ui_url, stack.smtp_port)
        assert info.http == stack.http_url
        async with httpx2.AsyncClient() as program:
            assert (await program.get(f"{info.http}/api/v1/namespaces")).status_code == 200
        other = await connect(settings)
        assert await other.execute_workflow("Echo", "你好", id="e", task_queue="redress") == "你好"
        assert stack.client.service_client.config.target_host == stack.address
    assert running_stack(tmp_path) is None
    assert not (tmp_path / "stack.json").exists()


async def test_mail_goes_to_the_catcher_unless_the_operator_names_a_host(tmp_path: Path) -> None:
    seen: list[Settings] = []

    @asynccontextmanager
    async def look(_client: Client, settings: Settings) -> AsyncIterator[None]:
        seen.append(settings)
        yield

    async with LocalStack(_settings(tmp_path), make_worker=look) as stack:
        assert (seen[0].smtp.host, seen[0].smtp.port, seen[0].smtp.tls) == (
            "127.0.0.1",
            stack.smtp_port,
            "none",
        )
    own = _settings(tmp_path).model_copy(update={"smtp": seen[0].smtp.model_copy(update={"host": "mail.example"})})
    assert LocalStack(own, make_worker=look).settings.smtp.host == "mail.example"


async def test_a_second_stack_of_one_home_is_refused_with_one_line(tmp_path: Path) -> None:
    async with LocalStack(_settings(tmp_path), make_worker=_no_worker) as first:
        with pytest.raises(StackRunningError) as refused:
            async with LocalStack(_settings(tmp_path), make_worker=_no_worker):
                pass
        assert "REDRESS_HOME" in str(refused.value)
        assert "\n" not in str(refused.value)
        info = running_stack(tmp_path)
        assert info is not None
        assert info.address == first.address


async def test_ports_held_by_others_are_replaced_by_free_ones(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        settings = _settings(tmp_path, port=taken, ui_port=taken, smtp_port=taken)
        async with LocalStack(settings, make_worker=_no_worker) as stack:
            assert (await stack.client.count_workflows()).count == 0
            ports = {stack.address.rpartition(":")[2], stack.ui_url.rpartition(":")[2], str(stack.smtp_port)}
            assert len(ports) == 3
            assert str(taken) not in ports


async def test_a_worker_that_does_not_start_takes_the_stack_down_cleanly(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="never starts"):
        async with LocalStack(_settings(tmp_path), make_worker=_broken_worker):
            pass
    assert running_stack(tmp_path) is None
    async with LocalStack(_settings(tmp_path), make_worker=_no_worker) as stack:
        assert (await stack.client.count_workflows()).count == 0
