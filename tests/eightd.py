"""A quality complaint and the contents of its gates. Light: pure tests use it too."""

from datetime import UTC, datetime
from typing import Any

Fields = dict[str, Any]

COMPLAINT: Fields = {
    "reference": "QC-2017-33",
    "procedure": "quality",
    "requester": "徐莉",
    "channel": "email",
    "customer": "C-9",
    "product": "S-1",
    "defect": "漏水",
    "shipped_on": "2026-02-01",
    "reported_on": "2026-03-02",
    "quantity": 500,
    "severity": "major",
    "defective": 12,
    "found_where": "进料检验",
    "conditions": "加热后",
    "disposition": "退回",
    "similar": False,
    "evidence": ["photo-1"],
    "lots": ["L-7"],
}
D1: Fields = {"leader": "耿焰", "members": [{"name": "耿焰", "duty": "主导"}, {"name": "王工", "duty": "工艺"}]}
D2: Fields = {
    "what": "加热后壶底滴水",
    "failure": "密封失效",
    "where": "壶底",
    "when": "第一次加热",
    "who": "进料检验员",
    "why": "不能出货",
    "how": "加热到沸腾",
    "how_many": 12,
    "date_code": "1702",
    "lots": ["L-7"],
    "specification": "无滴漏",
    "first_time": True,
}
D3: Fields = {
    "stock": "隔离并全数筛选",
    "short_term": "换用库存密封圈",
    "customer_contacted": True,
    "measures": [{"what": "隔离", "on": "2026-03-02", "method": "加热试验", "inspected": 300, "defective": 7}],
}
D4: Fields = {
    "reach": "同模具三款产品",
    "causes": [
        {
            "category": "method",
            "whys": ["密封圈变形", "压装力过大", "设定值未更新", "换型清单缺这一项", "换型清单没有评审"],
            "root": "换型清单变更没有评审流程",
            "evidence": "SPC 压装力",
            "supplier": "SUP-3",
        }
    ],
}
D5: Fields = {"steps": [{"cause": 1, "what": "换型清单变更须经工艺评审", "owner": "王工", "due": "2026-03-20"}]}
TODAY_D5: Fields = {"steps": [D5["steps"][0] | {"due": datetime.now(UTC).date().isoformat()}]}
"""For a report opened now."""
D6: Fields = {"done": [{"step": 1, "on": "2026-03-02", "evidence": "DOC-1"}]}
CHECK: Fields = {"reached": True, "inspected": 1_000, "defective": 0, "note": "三批无滴漏"}
D7: Fields = {
    "updates": [{"kind": "fmea", "reference": "F-7", "version": "3"}],
    "measures": ["新机种导入评审加入换型清单"],
}
D8: Fields = {
    "liability": [{"party": "supplier", "percent": 100}],
    "costs": [{"supplier": "SUP-3", "amount": 120_050, "what": "返工"}],
    "note": "请批准",
}
FINAL: Fields = {"kind": "final", "note": "附报告", "papers": ["report.docx"]}
