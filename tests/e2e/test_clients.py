"""Programs that know docs/contract.md only: a TypeScript backend, plain curl, and Temporal's own command line."""

import asyncio
import json
import os
import re
import shutil
import sys
import uuid
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError

from starter.stack import LocalStack

ROOT = Path(__file__).parents[2]
CONTRACT = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
BLOCKS: list[str] = re.findall(r"```sh\n(.*?)```", CONTRACT, re.DOTALL)
TYPESCRIPT = ROOT / "examples" / "typescript"
NODE = shutil.which("node")
ASKED, FEEDBACK, CLOSED = "asked", "feedback", "closed"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a program works: the complaint of the contract lies there, about an order of its own."""
    [text] = re.findall(r"```json complaint\n(.*?)```", CONTRACT, re.DOTALL)
    order = f"YL-{uuid.uuid4().hex[:8]}"
    (tmp_path / "complaint.json").write_text(text.replace("YL-2026-118", order), encoding="utf-8")
    return tmp_path


async def shell(stack: LocalStack, folder: Path, script: str) -> str:
    """What a script of the contract prints. It must end well."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(folder), "TEMPORAL_ADDRESS": stack.address, "LC_ALL": "C.UTF-8"}
    program = await asyncio.create_subprocess_exec(
        "bash", "-euo", "pipefail", "-c", script, cwd=folder, env=environment, stdout=PIPE, stderr=PIPE
    )
    async with asyncio.timeout(60):
        out, err = await program.communicate()
    assert program.returncode == 0, err.decode() + out.decode()
    return out.decode()


def blocks(*signs: str) -> str:
    """The contract's blocks that hold these, in this order."""
    return "\n".join(next(block for block in BLOCKS if sign in block) for sign in signs)


async def at(stack: LocalStack, number: str, stage: str) -> None:
    query = f"WorkflowId='complaint.{number}' AND RedressStage='{stage}'"
    async with asyncio.timeout(30):
        while not (await stack.client.count_workflows(query)).count:
            await asyncio.sleep(0.1)


async def result(stack: LocalStack, number: str) -> dict[str, Any]:
    async with asyncio.timeout(20):
        found: dict[str, Any] = await stack.client.get_workflow_handle(f"complaint.{number}").result()
    return found


async def test_temporals_own_command_line_starts_confirms_and_reads(stack: LocalStack, folder: Path) -> None:
    await shell(stack, folder, blocks("temporal workflow start"))
    await at(stack, "C-1001", ASKED)
    signal, update = blocks("temporal workflow signal").split("\n\n")
    await shell(stack, folder, signal)
    await at(stack, "C-1001", FEEDBACK)
    read = await shell(stack, folder, blocks("query --workflow-id"))
    assert '"stage":"feedback"' in read.replace(" ", "")
    lists = await shell(stack, folder, blocks("AND ExecutionStatus='Running' AND", "OR RedressStage='closed'"))
    assert "complaint.C-1001" in lists
    assert "accepted:true" in await shell(stack, folder, update)
    ended = json.loads(re.findall(r"```json result\n(.*?)```", CONTRACT, re.DOTALL)[0])
    assert await result(stack, "C-1001") == ended


async def test_plain_curl_starts_confirms_and_reads(stack: LocalStack, folder: Path) -> None:
    script = blocks("curl").replace("http://127.0.0.1:7243", stack.http_url).replace("C-1001", "C-1002")
    setting, start, signal, update, *reads = script.split("\n\n")

    async def run(part: str) -> list[Any]:
        printed = await shell(stack, folder, f"{setting}\n{part}")
        return [json.loads(line) for line in re.split(r"\n(?=\{)|(?<=\})(?=\{)", printed.strip()) if line]

    [first], [again] = await run(start), await run(start)
    assert first["runId"] == again["runId"]
    await at(stack, "C-1002", ASKED)
    await run(signal)
    await at(stack, "C-1002", FEEDBACK)
    view, _, count = await run("\n\n".join(reads))
    assert view["queryResult"][0]["stage"] == FEEDBACK
    assert int(count["count"]) >= 1
    [heard] = await run(update)
    assert (
        heard["outcome"]["success"][0] if isinstance(heard["outcome"]["success"], list) else heard["outcome"]["success"]
    )
    assert (await result(stack, "C-1002"))["exit"] == "satisfied"


async def test_a_decimal_point_that_the_http_api_takes_away_is_refused_everywhere_else(
    stack: LocalStack, folder: Path
) -> None:
    file = folder / "complaint.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"paid": 21000', '"paid": 21000.0'), encoding="utf-8")
    setting, start, *_ = blocks("curl").replace("http://127.0.0.1:7243", stack.http_url).split("\n\n")
    await shell(stack, folder, f"{setting}\n{start}".replace("C-1001", "C-1004"))
    await at(stack, "C-1004", ASKED)
    await shell(stack, folder, blocks("temporal workflow start").replace("C-1001", "C-1005"))
    with pytest.raises(WorkflowFailureError) as refused:
        await result(stack, "C-1005")
    assert "order.paid: must be a whole number" in str(refused.value.cause)


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.skipif(not (TYPESCRIPT / "node_modules").exists(), reason="run `npm ci` in examples/typescript first")
async def test_a_backend_in_typescript_starts_is_refused_confirms_and_reads(stack: LocalStack, folder: Path) -> None:
    run = f"cd '{TYPESCRIPT}' && ./node_modules/.bin/tsx complaint.ts C-1003 '{folder / 'complaint.json'}'"
    refused, end = map(json.loads, (await shell(stack, folder, run)).splitlines())
    assert refused == {"refused": "unknown_actor", "waiting_for": "merchandise"}
    assert end == {"heard": "accepted", "result": await result(stack, "C-1003")}
    assert (end["result"]["exit"], end["result"]["refunded"]) == ("satisfied", 10000)


async def test_every_saved_list_of_the_contract_is_one_the_server_understands(stack: LocalStack) -> None:
    rows = CONTRACT.partition("| view | query |")[2].partition("\n\n")[0]
    queries = re.findall(r"\| `(.+)` \|$", rows, re.MULTILINE)
    assert len(queries) == 6
    for query in queries:
        assert (await stack.client.count_workflows(query)).count >= 0
