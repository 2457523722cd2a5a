"""A procedure with an incident plan and corrective actions, and complaints for them. Light: pure tests use it too."""

from typing import Any

from models.plans import CorrectiveRules, IncidentRules
from models.procedure import Procedure
from procedures import HERE, PACKS, read_pack

INCIDENT: dict[str, Any] = {
    "leading": {
        "title": {"zh": "预案领导小组", "en": "Leading group"},
        "head": "leadership",
        "deputy": "panel",
        "source": "S2-01",
    },
    "handling": {
        "title": {"zh": "处理小组", "en": "Handling group"},
        "head": "customer_service",
        "deputy": "logistics",
        "members": ["returns_centre"],
        "source": "S2-01",
    },
    "inspectors": ["merchandise"],
    "may_decide": ["leadership", "panel"],
    "thresholds": [{"by": ["product", "cause"], "cases": 3, "within": "7d", "source": "S2-03, number ours"}],
    "verification": {"within": "24h", "source": "S2-02, span ours"},
    "decision": {"within": "24h", "source": "S2-02, span ours"},
    "situation": {"within": "12h", "source": "S2-02, span ours"},
    "review": {"within": "180d", "source": "S2-05, span ours"},
    "at_once": {"cases": 4, "source": "ours"},
    "flow": [
        {"zh": "接收", "en": "Receive", "by": ["customer_service"], "source": "S2-02"},
        {"zh": "核实", "en": "Verify", "by": ["merchandise"], "source": "S2-02"},
    ],
    "standards": [{"zh": "立即记录投诉", "en": "Record the complaint at once", "source": "S2-02"}],
    "drill": [{"zh": "模拟一批投诉", "en": "Make up a batch of complaints", "source": "S2-04"}],
}
CORRECTIVE: dict[str, Any] = {
    "quality": "merchandise",
    "approvers": ["panel", "leadership"],
    "copies": ["merchandise", "leadership"],
    "sales": "customer_service",
    "management": "returns_centre",
    "alarm": ["panel", "leadership"],
    "containment": {"within": "4h", "source": "S2-20"},
    "temporary": {"within": "24h", "source": "S2-32"},
    "urgent_reply": {"within": "24h", "source": "S2-24"},
    "first_reply": {"within": "1wd", "source": "S2-23"},
    "written_reply": {"within": "3wd", "source": "S2-23"},
    "effectiveness": {"within": "30d", "source": "S2-34, span ours"},
    "whys": {"times": 5, "source": "S2-33"},
    "refused": {"words": ["加强检验", "增加检验", "全检", "稽核", "more inspection", "audit"], "source": "S2-35"},
    "supplier": "supplier",
    "bearer": "operations",
}


def quality_pack(name: str, **incident: Any) -> Procedure:
    """The marketplace's procedure with both sections, under another name."""
    base = read_pack(HERE / "marketplace.procedure.toml")
    supplier = base.parties["merchant"].model_copy(update={"settles": None})
    return base.model_copy(
        update={
            "name": name,
            "parties": {**base.parties, "supplier": supplier},
            "incident": IncidentRules.model_validate(INCIDENT | incident),
            "corrective_action": CorrectiveRules.model_validate(CORRECTIVE),
        }
    )


def known(pack: Procedure) -> Procedure:
    """The pack, in the process's register."""
    if PACKS.newest(pack.name) is None:
        PACKS.add(pack)
    return pack
