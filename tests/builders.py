"""Complaints to start from. Light: pure tests use it too."""

import uuid
from typing import Any

from models.complaint import Complaint

SERVICE, GOODS_DEPT, LOGISTICS = "徐莉", "耿焰", "殷国华"
RETURNS, PANEL, LEADER = "退换货专员", "售后团队负责人", "集团领导"


def complaint_data(**changes: Any) -> dict[str, Any]:
    """A platform order's quality complaint, ready to be asked about: negotiation failed, matter explained by phone."""
    data: dict[str, Any] = {
        "channel": "hotline",
        "complainant": {"id": "U-1", "name": "王芳", "email": "wangfang@example.com", "language": "zh"},
        "order": {
            "number": f"YL-{uuid.uuid4().hex[:10]}",
            "kind": "platform",
            "merchant": "M-7",
            "lines": [{"sku": "S-1", "name": "电水壶", "quantity": 2, "unit_price": 10_000}],
            "freight": 1_000,
            "paid": 21_000,
            "currency": "CNY",
        },
        "cause": "quality",
        "text": "水壶漏水",
        "demand": {"kind": "refund"},
        "negotiation": "failed",
        "contact": {"by": SERVICE, "mode": "phone"},
    }
    order = changes.pop("order", {})
    data |= changes
    data["order"] = data["order"] | order
    return {key: value for key, value in data.items() if value is not None}


def complaint(**changes: Any) -> Complaint:
    """The same as a contract."""
    return Complaint.model_validate(complaint_data(**changes))


def liable(**percents: int) -> list[dict[str, Any]]:
    """`liable(merchant=60, carrier=40)` as the wire has it."""
    return [{"party": party, "percent": percent} for party, percent in percents.items()]


LEAST: dict[str, dict[str, Any]] = {
    "contact": {},
    "triage": {"handling": "grant", "reason": "x"},
    "negotiated": {"agreed": True},
    "confirm": {"reason": "x"},
    "verify": {},
    "record": {},
    "offer": {"demand": {"kind": "refund"}, "basis": "x"},
    "respond": {"version": 1, "accept": True},
    "approve": {"approve": True, "reason": "x"},
    "extend": {"of": "nobody", "by": "1h", "asked_by": "x", "reason": "x"},
    "contest": {"by": "customer", "reason": "x"},
    "decide": {"grant": True, "reason": "x"},
    "insist": {"reason": "x"},
    "goods": {"accepted": True},
    "resolve": {"outcome": "retry"},
    "feedback": {"satisfied": True},
    "withdraw": {},
    "forget": {"pseudonym": "erased-1"},
    "move": {"version": 2, "reason": "x"},
}
"""What each message must say at least, whoever is liable left out."""
WITH_LIABLE = ("confirm", "offer", "decide")


def least(name: str, **percents: int) -> dict[str, Any]:
    """The fewest fields with which a message may be sent; `percents`: who is liable, where it says so."""
    return LEAST[name] | ({"liable": liable(**percents)} if name in WITH_LIABLE else {})
