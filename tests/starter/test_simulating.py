"""`redress procedure simulate` over a small database."""

import asyncio
from pathlib import Path

import pytest

from activities.store import Store
from models.tables import CaseRow, EventRow
from procedures import HERE
from rules.view import summary
from tests.rules.builders import DESK, World, paid
from tests.starter.running import Redress

ANSWER = 'answer = { within = "24h", source = "S0-15" }'
MARKETPLACE = (HERE / "marketplace.procedure.toml").read_text(encoding="utf-8")


@pytest.fixture
def simulate(redress: Redress, tmp_path: Path) -> Redress:
    """Over a case answered after 20 hours against the customer, one answered at once, and one that is open."""
    (tmp_path / "home").mkdir()
    worlds = {
        "R-1": World().wait(hours=20).confirms(customer=100).wait(days=60),
        "R-2": paid().wait(hours=1).does("feedback", DESK, satisfied=True),
        "R-3": World(),
    }

    async def fill() -> None:
        from starter.settings import load_settings

        store = Store(load_settings().database)
        await store.create()
        async with store.write() as session:
            for number, world in worlds.items():
                session.add(_row(number, world))
                session.add_all(EventRow(number=number, **event.model_dump()) for event in world.case.events)
        await store.close()

    asyncio.run(fill())
    return lambda *words: redress("procedure", "simulate", *words)


def _row(number: str, world: World) -> CaseRow:
    complaint = world.case.complaint
    told = summary(world.case, world.pack)
    facts = {name: getattr(told, name) for name in type(told).model_fields}
    return CaseRow(
        **facts
        | {
            "number": number,
            "workflow_id": f"complaint.{number}",
            "run_id": "run",
            "opened_at": world.case.opened_at,
            "complaint": complaint.model_dump(mode="json"),
            "order_number": complaint.order.number,
            "order_kind": complaint.order.kind,
            "customer": complaint.complainant.id,
            "cause": complaint.cause,
            "channel": complaint.channel,
            "liable": [share.model_dump() for share in told.liable],
        }
    )


def test_a_shorter_clock_shows_which_cases_end_otherwise_and_what_they_cost(simulate: Redress, tmp_path: Path) -> None:
    file = tmp_path / "marketplace.procedure.toml"
    shorter = MARKETPLACE.replace("version = 1", "version = 2", 1).replace(ANSWER, ANSWER.replace("24h", "12h"), 1)
    file.write_text(shorter, encoding="utf-8")
    found = simulate(str(file), "--json").json
    assert found["totals"] == {"same": 1, "otherwise": 1, "undecided": {"open": 1}}
    assert [case["number"] for case in found["otherwise"]] == ["R-1"]
    assert {"currency": "CNY", "party": "merchandise", "old": 0, "new": 21_000} in found["costs"]
    ran = simulate(str(file))
    assert "R-1  basis: the department's answer → " in ran.out
    assert "refunded: CNY 0.00 → CNY 210.00" in ran.out
    assert "Cases that end the same: 1, otherwise: 1, not comparable: 1" in ran.out
    assert simulate(str(file), "--since", "2026-04-01", "--json").json["totals"]["same"] == 0
    assert simulate(str(file), "--since", "soon").code == 2
