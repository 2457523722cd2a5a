"""How far an incident's cases are, from their rows alone, and whether it hears of those that join it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio import activity
from temporalio.service import RPCError, RPCStatusCode

from activities.doorkeeper import Doorkeeper
from activities.identity import Gate
from activities.incident import IncidentDesk
from activities.incident_cases import IncidentCases
from activities.incident_watch import IncidentWatch
from activities.store import Store
from models.tables import CaseRow, IncidentCase, IncidentRow
from procedures import load_packs
from tests.builders import complaint_data
from tests.support import everybody

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def _row(number: str, **fields: Any) -> CaseRow:
    row: dict[str, Any] = {
        "number": number, "workflow_id": f"complaint.{number}", "run_id": "r", "procedure": "returns.1",
        "opened_at": NOW, "complaint": complaint_data(), "order_number": "O-1", "order_kind": "platform",
        "customer": "U-1", "cause": "quality", "channel": "email", "demand": "refund", "amount": 100, "currency": "CNY",
    }  # fmt: skip
    return CaseRow(**row | fields)


async def linked(store: Store, stage: str, *, version: int, asked_at: int, waiting_for: str = "") -> IncidentCases:
    """A case that has the decision: its row, and the version the row had when it was asked."""
    link = IncidentCase(number="C-1", incident="IN1", fate="decided", at=NOW, version=asked_at)
    async with store.write() as session:
        session.add(_row("C-1", stage=stage, version=version, waiting_for=waiting_for))
        session.add(link)
    return IncidentCases(store)


@pytest.mark.parametrize(
    ("stage", "version", "waiting_for", "figure"),
    [
        ("asked", 3, "merchandise", "under_way"),  # its page is on the way
        ("executing", 4, "system", "under_way"),
        ("executing", 4, "warehouse", "goods"),
        ("task", 4, "customer_service", "task"),
        ("feedback", 4, "customer", "settled"),
        # Given again after a crash, when it had long been done: no page follows that could tell.
        ("feedback", 3, "customer", "settled"),
        ("closed", 3, "", "settled"),
        ("executing", 3, "warehouse", "goods"),
        ("task", 3, "customer_service", "task"),
    ],
)
async def test_each_case_that_has_the_decision_is_counted_where_it_stands(
    store: Store, stage: str, version: int, waiting_for: str, figure: str
) -> None:
    cases = await linked(store, stage, version=version, asked_at=3, waiting_for=waiting_for)
    found = await cases.progress("IN1")
    counted = {name: getattr(found, name) for name in ("under_way", "goods", "task", "settled")}
    assert counted == dict.fromkeys(counted, 0) | {figure: 1}
    assert await cases.under_way("IN1") == ({"C-1"} if figure == "under_way" else set())
    assert await cases.under_way("IN1", ["C-2"]) == set()


class _QuickIncident:
    """Has counted its cases before whoever told it of one goes on; `fails` so many times first."""

    def __init__(self, store: Store, *, fails: int = 0) -> None:
        self._desk = IncidentDesk(store, load_packs(), on_mail=lambda: None, door=Doorkeeper(store, Gate(), everybody))
        self.fails = fails
        self.counted: list[int] = []

    def get_workflow_handle(self, _: str) -> "_QuickIncident":
        return self

    async def signal(self, *_: object) -> None:
        if self.fails:
            self.fails -= 1
            raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")
        self.counted.append((await self._desk.gather_cases("IN1")).cases)


@pytest.mark.parametrize("fails", [0, 1], ids=["at_once", "again"])
async def test_an_incident_hears_of_every_case_that_joins_after_its_last_count(
    store: Store, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    incident = _QuickIncident(store, fails=fails)
    monkeypatch.setattr(activity, "client", lambda: incident)
    watch = IncidentWatch(store, load_packs())
    async with store.write() as session:
        session.add(
            IncidentRow(
                number="IN1", workflow_id="incident.x", run_id="i", procedure="returns", drill=False,
                stage="summing_up", opened_at=NOW, cause="quality",
            )
        )  # fmt: skip
    for number in ("C-1", "C-2"):
        async with store.write() as session:
            session.add(_row(number, stage="working", version=1))
        if incident.fails:
            with pytest.raises(RPCError):
                await watch(number, "returns.1")
        await watch(number, "returns.1")
    assert incident.counted == [1, 2]
