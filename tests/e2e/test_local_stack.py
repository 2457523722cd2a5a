"""An evening with the local stack, as a new user has it: import, confirm, let time pass, look, stop, start again."""

import asyncio
import json
import sqlite3
import sys
from pathlib import Path

import pytest

from procedures import HERE
from tests.e2e.conftest import Premises

EXAMPLES = HERE.parent / "examples"


async def wait_for(premises: Premises, stage: str, number: int) -> None:
    """Until so many cases stand at a stage."""
    async with asyncio.timeout(60):
        while True:
            _, out, _ = await premises.run("list", "--stage", stage, "--json")
            if len(json.loads(out)) >= number:
                return
            await asyncio.sleep(0.5)


async def agreed(premises: Premises) -> None:
    """Until Temporal and SQL, whose pages come a moment later, count the same."""
    async with asyncio.timeout(60):
        while True:
            _, out, _ = await premises.run("list", "--count", "--json")
            counts = json.loads(out)
            listed = {stage: number for stage, number in counts["temporal"].items() if number}
            if listed == counts["sql"]:
                return
            await asyncio.sleep(0.5)


async def mailed(premises: Premises, number: int) -> None:
    """Until at least so many mails have arrived."""
    async with asyncio.timeout(60):
        while len(json.loads((await premises.run("mails", "--json"))[1])) < number:
            await asyncio.sleep(0.5)


@pytest.mark.timeout(240)
async def test_an_import_is_worked_off_and_nothing_is_lost_doubled_or_forgotten(premises: Premises) -> None:
    stack = await premises.stack()
    arguments = ("import", str(EXAMPLES / "complaints.csv"), "--mapping", str(EXAMPLES / "marketplace.mapping.toml"))
    code, out, _ = await premises.run(*arguments)
    assert code == 3, "two rows of the example are bad on purpose"
    assert "10 filed" in out
    _, out, _ = await premises.run(*arguments)
    assert "0 filed" in out
    assert "10 already there" in out
    await wait_for(premises, "asked", 10)

    _, out, _ = await premises.run("inbox", "logistics", "--json")
    logistics = [line["number"] for line in json.loads(out)]
    _, out, _ = await premises.run("inbox", "merchandise", "--json")
    merchandise = [line["number"] for line in json.loads(out)]
    assert len(logistics) + len(merchandise) == 10
    assert logistics
    assert merchandise
    _, out, _ = await premises.run("inbox", "merchandise", "--limit", "1", "--lang", "en")
    assert f"{len(merchandise)} waiting, the 1 with the nearest" in out

    by_hand, by_signal = merchandise[0], merchandise[1]
    code, _, err = await premises.run("confirm", by_hand, "--as", "殷国华", "--liable", "merchant", "--reason", "x")
    assert (code, err.count("\n")) == (3, 1)
    code, _, _ = await premises.run("confirm", by_hand, "--as", "耿焰", "--liable", "merchant", "--reason", "检测属实")
    assert code == 0
    await _temporal_signal(premises, by_signal)

    code, _, err = await premises.run("fast-forward", "--all", "24h", within=120)
    assert code == 0, err
    async with asyncio.timeout(60):
        while any(stage in {"asked", "explaining"} or waiting == "system" for stage, waiting in await _cases(premises)):
            await asyncio.sleep(0.5)
    assert all(stage == "feedback" or waiting for stage, waiting in await _cases(premises))

    await agreed(premises)
    await mailed(premises, 20)  # ten asks and their reminders; these customers gave no address
    await _money_agrees(premises.home)

    before = await _cases(premises)
    stack.terminate()
    await stack.wait()
    await premises.stack()
    assert sorted(await _cases(premises)) == sorted(before)


async def _cases(premises: Premises) -> list[tuple[str, str]]:
    _, out, _ = await premises.run("list", "--json")
    return [(line["stage"], ",".join(line["waiting_for"])) for line in json.loads(out)]


async def _temporal_signal(premises: Premises, number: str) -> None:
    """A confirmation by Temporal's own command line, as any other program would send it."""
    address = json.loads((premises.home / "stack.json").read_text(encoding="utf-8"))["address"]
    message = {"actor": "郑慧娟", "liable": [{"party": "merchant", "percent": 100}], "reason": "属实"}
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("temporal")),
        *("workflow", "signal", "--address", address, "--workflow-id", f"complaint.{number}"),
        *("--name", "confirm", "--input", json.dumps(message)),
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() == 0


async def _money_agrees(home: Path) -> None:
    def sums() -> list[int]:
        with sqlite3.connect(f"file:{home / 'redress.db'}?mode=ro", uri=True) as connection:
            queries = (
                "SELECT COALESCE(SUM(amount), 0) FROM gateway_refund",
                "SELECT COALESCE(SUM(refunded), 0) FROM case_row",
                "SELECT COALESCE(SUM(refunded), 0) FROM order_account",
            )
            return [connection.execute(query).fetchone()[0] for query in queries]

    gateway, cases, accounts = await asyncio.to_thread(sums)
    assert gateway == cases == accounts
    assert gateway > 0
