"""A database full of ended cases, as the casebook would have left them: register and record, no workflow."""

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from activities.store import Store
from models.tables import CaseRow, EventRow

MONTH = "2026-10"
"""The month whose reports have every case."""
_BEGIN = datetime(2026, 10, 1, tzinfo=UTC)
_SPAN = timedelta(days=27)
AT_ONCE = 2_000
CAUSES = ("quality", "damaged", "late", "lost", "wrong_item", "no_reason", "missing_items", "other")


async def fill(folder: Path, cases: int) -> int:
    """Fill the local stack's database in `folder`; every case is out of rule, disputed and was met with silence.

    Returns how many events there are.
    """
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    store = Store(f"sqlite+aiosqlite:///{folder / 'redress.db'}")
    await store.create()
    dice = random.Random(1)  # noqa: S311 - the same database every time
    events = 0
    for first in range(0, cases, AT_ONCE):
        made = [_case(number, cases, dice) for number in range(first, min(first + AT_ONCE, cases))]
        happened = [event for case in made for event in _events(case)]
        async with store.write() as session:
            connection = await session.connection()
            await connection.execute(insert(CaseRow), made)
            await connection.execute(insert(EventRow), happened)
        events += len(happened)
    await store.close()
    return events


def _case(place: int, cases: int, dice: random.Random) -> dict[str, Any]:
    opened = _BEGIN + _SPAN * place / cases
    merchant, sku, paid = f"M-{dice.randrange(500)}", f"SKU-{dice.randrange(2_000)}", dice.randrange(500, 90_000)
    cause, customer = dice.choice(CAUSES), f"U-{dice.randrange(cases * 2 // 3 + 1)}"
    order = {
        "number": f"YL-{place:06}",
        "kind": "platform",
        "merchant": merchant,
        "carrier": f"EMS-{dice.randrange(5)}",
        "lines": [{"sku": sku, "name": "不锈钢保温杯", "quantity": 1, "unit_price": paid}],
        "paid": paid,
        "currency": "CNY",
    }
    complaint = {"complainant": {"id": customer}, "order": order, "demand": {"kind": "refund"}, "text": "漏水" * 40}
    return {
        "number": f"R-{dice.getrandbits(50):013X}{place:06}",
        "workflow_id": f"complaint.{place}",
        "run_id": "run",
        "procedure": "marketplace.1",
        "opened_at": opened,
        "complaint": complaint,
        "order_number": order["number"],
        "order_kind": "platform",
        "merchant": merchant,
        "carrier": order["carrier"],
        "customer": customer,
        "cause": cause,
        "category": f"category_{dice.randrange(70)}",
        "channel": "online",
        "stage": "closed",
        "exit": dice.choice(("satisfied", "no_feedback")),
        "out_of_rule": True,
        "contested": True,
        "demand": "refund",
        "amount": paid,
        "currency": "CNY",
        "basis": "panel",
        "decided_by": "panel",
        "liable": [{"party": "merchant", "percent": 60}, {"party": "carrier", "percent": 40}],
        "closed_at": opened + timedelta(days=3),
        "version": 7,
    }


def _events(case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    told: tuple[tuple[str, str | None, dict[str, Any]], ...] = (
        ("asked", "merchandise", {"ask": "1-merchandise"}),
        ("silence", "merchandise", {"ask": "1-merchandise", "undelivered": 0}),
        ("contested", "merchandise", {"by": "merchant", "reason": "商家认为包装完好，破损发生在运输途中"}),
        ("decided", "panel", {"grant": 1, "reason": "检测报告成立，予以支持"}),
        ("ruled", "panel", {"decision": 1, "basis": "panel", "for_customer": 1, "liable": "merchant=60,carrier=40"}),
        ("executed", None, {"decision": 1, "remedy": "refund", "refunded": case["amount"], "currency": "CNY"}),
        ("closed", None, {"exit": case["exit"]}),
    )
    for seq, (kind, department, data) in enumerate(told, 1):
        at = case["opened_at"] + timedelta(hours=10 * (seq - 1))
        actor = "售后团队负责人" if kind == "decided" else None
        yield {
            "number": case["number"],
            "seq": seq,
            "at": at,
            "kind": kind,
            "actor": actor,
            "department": department,
            "data": data,
        }
