"""A batch incident of any size on a real server, its worker killed (SIGKILL) when half of the cases have the decision.

`make incident N=5000` runs it and prints the figures; the suite runs it small.
"""

import asyncio
import signal
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import func, select
from temporalio.client import Client, WorkflowHandle

from activities.incident_cases import IncidentCases
from activities.store import Store
from models.complaint import Complaint
from models.incident import OpenIncident, Progress, Scope
from models.names import BATCH_RETURN, COMPLAINT, VIEW, case_id, incident_id
from models.tables import CaseRow, GatewayRefund, IncidentCase
from procedures import HERE, load_packs
from tests.builders import GOODS_DEPT, LEADER, SERVICE, complaint
from tests.e2e.conftest import Premises
from tests.quality import INCIDENT
from tests.server import local_environment

QUEUE = "redress"
NAME = "batch"
SCOPE = Scope(product="S-1")
FILED_AHEAD = 24
"""Complaints filed that no department has been asked about yet."""

SELDOM = 1.0
"""Between looks once nothing is to be hit any more (seconds)."""


@dataclass
class Figures:
    """What a run has measured. Spans in seconds."""

    cases: int
    filed: float = 0.0
    carried_out: float = 0.0
    killed_at: int = 0
    """Cases with the decision when the worker was killed."""
    most_under_way: int = 0
    seen: list[int] = field(default_factory=list)
    """How many cases had the decision each time the workflow was asked."""
    runs: int = 1
    """Runs of the incident's workflow (continue-as-new)."""
    events: int = 0
    """Longest history of them."""
    state_bytes: int = 0
    """The workflow's view as JSON."""
    fates: Counter[str] = field(default_factory=Counter)
    payments: Counter[int] = field(default_factory=Counter)
    """Times paid -> cases."""
    progress: Progress = field(default_factory=Progress)


def packs_in(folder: Path, at_once: int) -> None:
    """The marketplace's procedure with an incident plan, as a file."""
    folder.mkdir()
    text = (HERE / "marketplace.procedure.toml").read_text(encoding="utf-8")
    text = text.replace('name = "marketplace"', f'name = "{NAME}"', 1)
    plan = {**INCIDENT, "thresholds": [], "at_once": {"cases": at_once, "source": "ours"}}
    lines = [f"{key} = {_toml(value)}" for key, value in plan.items()]
    text = f"{text}\n[incident]\n" + "\n".join(lines) + "\n"
    tomllib.loads(text)
    (folder / f"{NAME}.procedure.toml").write_text(text, encoding="utf-8")


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


async def run(premises: Premises, count: int, *, at_once: int, patience: float) -> Figures:
    """File so many complaints, decide them as one incident, kill the worker in the middle, count."""
    packs_in(premises.home / "packs", at_once)
    load_packs(premises.home / "packs")
    async with local_environment() as env:
        premises.extra = {
            "TEMPORAL_ADDRESS": env.client.service_client.config.target_host,
            "REDRESS_PROCEDURES_DIR": str(premises.home / "packs"),
        }
        store = Store(f"sqlite+aiosqlite:///{premises.home / 'redress.db'}")
        await store.create()
        # No mail server is there, and mails are not what is measured.
        workers = ("worker", "--queues", "rulings", "partners")
        first = await premises.spawn(*workers)
        plain = Client(env.client.service_client, data_converter=env.client.data_converter)
        async with asyncio.timeout(patience):
            figures = await _filed(plain, store, count)
            handle = await _decided(plain, store, count)
            await _carried_out(premises, first, workers, handle, store, figures)
            await _counted(plain, store, handle, figures)
        await store.close()
        await premises.close()
    return figures


async def _filed(client: Client, store: Store, count: int) -> Figures:
    """File the complaints, never far ahead of the worker: a backlog would measure the backlog."""
    begun, filed = time.monotonic(), 0
    while (asked := await _rows(store, CaseRow.stage == "asked")) < count:
        batch = range(filed, min(count, asked + FILED_AHEAD))
        await asyncio.gather(*(_file(client, place) for place in batch))
        filed = max(filed, batch.stop)
        await asyncio.sleep(0.2)
    return Figures(cases=count, filed=time.monotonic() - begun)


async def _file(client: Client, place: int) -> None:
    number = f"B-{place:06}"
    filed = complaint(procedure=NAME, number=number, order={"number": f"O-{place:06}"})
    await client.start_workflow(COMPLAINT, _wire(filed), id=case_id(number), task_queue=QUEUE)


def _wire(filed: Complaint) -> dict[str, Any]:
    return filed.model_dump(mode="json", exclude_none=True)


async def _rows(store: Store, *where: Any) -> int:
    async with store.read() as session:
        return (await session.exec(select(func.count()).select_from(CaseRow).where(*where))).one()


async def _decided(client: Client, store: Store, count: int) -> "WorkflowHandle[Any, Any]":
    wish = OpenIncident(procedure=NAME, scope=SCOPE, reason="整批不良", opened_by=SERVICE)
    handle = await client.start_workflow(BATCH_RETURN, wish, id=incident_id(NAME, SCOPE.key), task_queue=QUEUE)
    found = {"actor": GOODS_DEPT, "confirmed": True, "defect": "漏水", "inspected": 10, "defective": 9}
    await handle.execute_update("verify", found)
    grant = {"actor": LEADER, "grant": True, "liable": [{"party": "merchant", "percent": 100}], "reason": "整批不良"}
    await handle.execute_update("decide", grant)
    return handle


async def _carried_out(
    premises: Premises,
    first: asyncio.subprocess.Process,
    workers: tuple[str, ...],
    handle: "WorkflowHandle[Any, Any]",
    store: Store,
    figures: Figures,
) -> None:
    begun, cases, number = time.monotonic(), IncidentCases(store), ""
    async for shown in _progress(handle):
        number = number or shown["number"]
        done = shown["progress"]["cases"] - shown["progress"]["linked"]
        if not figures.seen or figures.seen[-1] != done:
            figures.seen.append(done)
            sys.stderr.write(f"{time.monotonic() - begun:6.1f} s  {done}/{figures.cases}\n")
        now = await cases.progress(number)
        figures.most_under_way = max(figures.most_under_way, now.under_way)
        if first.returncode is None and 2 * now.decided >= figures.cases:
            figures.killed_at = now.decided
            await premises.spawn(*workers)
            first.send_signal(signal.SIGKILL)
            await first.wait()
        if shown["stage"] == "summing_up":
            break
        if figures.killed_at:
            await asyncio.sleep(SELDOM)
    figures.carried_out = time.monotonic() - begun
    figures.state_bytes = len(str(shown))


async def _progress(handle: "WorkflowHandle[Any, Any]") -> AsyncIterator[dict[str, Any]]:
    """The incident as its workflow shows it; nothing while no worker answers."""
    while True:
        try:
            async with asyncio.timeout(5):
                shown: dict[str, Any] | None = await handle.query(VIEW)
        except Exception:  # noqa: BLE001 - whatever the reason, the next look may be answered
            shown = None
        if shown is not None:
            yield shown
        await asyncio.sleep(0.2)


async def _counted(client: Client, store: Store, handle: "WorkflowHandle[Any, Any]", figures: Figures) -> None:
    runs = [each async for each in client.list_workflows(f"WorkflowId = '{handle.id}'")]
    seen = [await client.get_workflow_handle(handle.id, run_id=each.run_id).describe() for each in runs]
    figures.runs = len(runs)
    figures.events = max(each.history_length for each in seen)
    async with store.read() as session:
        figures.fates.update((await session.exec(select(IncidentCase.fate))).all())
        paid = Counter(key.partition(":")[0] for key in (await session.exec(select(GatewayRefund.our_reference))).all())
    figures.payments.update(paid[f"B-{place:06}"] for place in range(figures.cases))
    figures.progress = await IncidentCases(store).progress((await handle.query(VIEW))["number"])


async def _main(count: int) -> int:
    with tempfile.TemporaryDirectory(prefix="incident-") as folder:
        figures = await run(Premises(Path(folder)), count, at_once=40, patience=5_400)
    for key, value in vars(figures).items():
        sys.stdout.write(f"{key}: {value}\n")
    once = figures.payments == {1: count} and figures.fates == {"decided": count}
    right = once and figures.progress.settled == count
    sys.stdout.write("every case decided, paid once and settled\n" if right else "WRONG\n")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(int(sys.argv[1]))))
