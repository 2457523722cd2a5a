"""How far an incident's cases are, from their rows alone."""

from datetime import UTC, datetime
from typing import Any

import pytest

from activities.incident_cases import IncidentCases
from activities.store import Store
from models.tables import CaseRow, IncidentCase
from tests.builders import complaint_data

NOW = datetime(2026, 3, 2, tzinfo=UTC)


async def linked(store: Store, stage: str, *, version: int, asked_at: int, waiting_for: str = "") -> IncidentCases:
    """A case that has the decision: its row, and the version the row had when it was asked."""
    row: dict[str, Any] = {
        "number": "C-1", "workflow_id": "complaint.C-1", "run_id": "r", "procedure": "marketplace.1", "opened_at": NOW,
        "complaint": complaint_data(), "order_number": "O-1", "order_kind": "platform", "customer": "U-1",
        "cause": "quality", "channel": "email", "demand": "refund", "amount": 100, "currency": "CNY",
    }  # fmt: skip
    link = IncidentCase(number="C-1", incident="IN1", fate="decided", at=NOW, version=asked_at)
    async with store.write() as session:
        session.add(CaseRow(**row, stage=stage, version=version, waiting_for=waiting_for))
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
