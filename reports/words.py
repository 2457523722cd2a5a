"""A case's row and events in the words of the forms."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from models.case import Exit
from models.commands import Share, shares_text
from models.language import Language
from models.procedure import Procedure
from models.stage import Stage
from reports.document import Setting
from reports.period import local_day
from reports.queries import Found
from rules.triage import outside
from texts import named, values

_GOODS_SHOWN = 5
_POINTS_SHOWN = 4


def day(moment: datetime, setting: Setting) -> str:
    """The local day of an instant."""
    return local_day(moment, setting.period.zone).isoformat()


def minute(moment: datetime, setting: Setting) -> str:
    """An instant in a table, in the zone the head of the document names."""
    return f"{moment.astimezone(ZoneInfo(setting.period.zone)):%Y-%m-%d %H:%M}"


def listed(parts: Sequence[str], setting: Setting) -> str:
    """Several things in one cell."""
    return ("；" if setting.lang is Language.ZH else "; ").join(part for part in parts if part)


def goods(complaint: Mapping[str, Any], setting: Setting) -> str:
    """The products complained about: the demanded lines, else the whole order."""
    lines = complaint.get("order", {}).get("lines", [])
    names = {line["sku"]: line.get("name") for line in lines}
    wanted = complaint.get("demand", {}).get("lines") or lines
    shown = [_product(line["sku"], names.get(line["sku"]), line["quantity"]) for line in wanted[:_GOODS_SHOWN]]
    more = len(wanted) - len(shown)
    return listed([*shown, setting.say("more", n=more) if more else ""], setting)


def _product(sku: str, name: str | None, quantity: int) -> str:
    return f"{name} ({sku}) ×{quantity}" if name else f"{sku} ×{quantity}"


def reason(row: Found, pack: Procedure, setting: Setting) -> str:
    """Why goods come back: the cause, and what is asked for. The customer's own words stay in the case."""
    cause = values.cause(row.cause, pack, setting.lang)
    return setting.say("reason", cause=cause, demand=values.remedy(row.demand, pack, setting.lang))


def out_of_rule(row: Found, events: Sequence[Found], pack: Procedure, setting: Setting) -> str:
    """Why it is outside the rules: what the front desk said, else what the rules themselves say."""
    said = next((str(event.data["reason"]) for event in reversed(events) if _by_rule(event)), None)
    return said or _why(row, pack, setting)


def _by_rule(event: Found) -> bool:
    return event.kind == "refused" and event.data.get("why") == "refused_rule" and bool(event.data.get("reason"))


def _why(row: Found, pack: Procedure, setting: Setting) -> str:
    complaint = row.complaint
    demand = complaint.get("demand", {}).get("kind", row.demand)
    delivered, filed = complaint.get("order", {}).get("delivered_at"), complaint.get("filed_at")
    asked = datetime.fromisoformat(filed) if filed else row.opened_at
    since = asked - datetime.fromisoformat(delivered) if delivered else None
    found = outside(pack, row.cause, demand, since)
    if found is None:
        return setting.say("why.by_hand")
    return values.outside(found.facts(), row.cause, demand, pack, setting.lang)


def decision(row: Found, events: Sequence[Found], pack: Procedure, setting: Setting) -> str:
    """What was decided about it; until then where it stands."""
    made = next((event for event in reversed(events) if event.kind == "decided"), None)
    if made is None:
        return named("stage", row.stage, setting.lang) if row.stage != Stage.CLOSED else ended(row.exit, setting)
    granted = bool(made.data.get("grant"))
    what = named("grant", "yes" if granted else "no", setting.lang)
    return setting.say(
        "decision",
        grant=what,
        remedy=values.remedy(row.demand, pack, setting.lang) if granted else None,
        reason=made.data.get("reason"),
    )


def ended(exit_: str | None, setting: Setting) -> str:
    """The name of an end."""
    return named("exit", exit_ or Exit.WITHDRAWN, setting.lang)


def dispute(events: Sequence[Found], pack: Procedure, setting: Setting) -> str:
    """What was in dispute: who contested and why, else how the departments differed."""
    contested = [event for event in events if event.kind == "contested"]
    determined = [event for event in events if event.kind in {"answered", "silence", "answered_late"}]
    points = [_contest(event, pack, setting) for event in contested]
    points = points or [_determination(event, pack, setting) for event in determined]
    return listed(points[-_POINTS_SHOWN:], setting)


def _contest(event: Found, pack: Procedure, setting: Setting) -> str:
    by = values.party(str(event.data.get("by", "")), pack, setting.lang)
    return setting.say("point", who=by, what=event.data.get("reason", ""))


def _determination(event: Found, pack: Procedure, setting: Setting) -> str:
    who = values.department(event.department or "", pack, setting.lang)
    if event.kind == "silence":
        return setting.say("point", who=who, what=named("basis", "silence", setting.lang))
    return setting.say("point", who=who, what=values.liable(str(event.data.get("liable", "")), pack, setting.lang))


def shares(liable: Sequence[Mapping[str, Any]], pack: Procedure, setting: Setting) -> str:
    """Who bears the cost, in words."""
    return values.liable(shares_text(Share.model_validate(share) for share in liable), pack, setting.lang)


def result(row: Found, events: Sequence[Found], pack: Procedure, setting: Setting) -> str:
    """The determination of liability as it stands at the end."""
    ruled = next((event for event in reversed(events) if event.kind == "ruled"), None)
    if ruled is None:
        return ended(row.exit, setting)
    for_customer = named("for_customer", "yes" if ruled.data.get("for_customer") else "no", setting.lang)
    return listed([shares(row.liable, pack, setting), for_customer], setting)


def determined_by(row: Found, events: Sequence[Found], pack: Procedure, setting: Setting) -> str:
    """The department whose determination stands."""
    made = next((event.department for event in reversed(events) if event.kind == "decided"), None)
    department = made or row.decided_by
    if department is not None:
        return values.department(department, pack, setting.lang)
    return setting.say("by_silence") if row.basis == "silence" else ""
