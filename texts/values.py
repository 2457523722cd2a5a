"""Values of mails and events as people read them: instants in local time, money, titles instead of slugs."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from models.complaint import DemandKind
from models.language import Language
from models.parts import Title
from models.procedure import Procedure
from models.steps import FormField
from texts import catalogue, money, named, say, several, span, until, when

_SHARE = re.compile(r"([a-z][a-z0-9_]{0,39})(?:\s*[=:]\s*(\d{1,3})%?)?")
_CODED = {"stage", "basis", "exit", "code", "handling", "mode", "outcome", "step", "why"}
_FLAGS = {"confirmed", "for_customer", "grant", "accepted", "satisfied", "direct", "undelivered", "delivered"}
_ONLY_WHEN_SET = {"undelivered", "direct"}
_DEADLINES = {"due_at", "deadline_at"}

Values = Mapping[str, str | int]


def shown(values: Values, pack: Procedure, lang: Language) -> dict[str, str]:
    """Each value in words. What it does not know it leaves as it is; empty values are left out."""
    currency = str(values.get("currency", ""))
    found = {key: _one(key, value, currency, pack, lang) for key, value in values.items()}
    return {key: text for key, text in found.items() if text}


def _one(key: str, value: str | int, currency: str, pack: Procedure, lang: Language) -> str:
    if key in {"amount", "refunded"} and isinstance(value, int) and currency:
        # Nothing at stake, or all of it given: "an apology, 0.00" tells nobody anything.
        return money(value, currency, lang) if value else ""
    if key.endswith("_at"):
        return _moment(str(value), pack, lang, until if key in _DEADLINES else when)
    if key in _FLAGS:
        return _flag(key, value, lang)
    if key in _CODED:
        return coded(key, str(value), lang)
    if titled := _TITLED.get(key):
        return titled(str(value), pack, lang)
    return str(value)


def coded(group: str, code: str, lang: Language) -> str:
    """The text of a code. `code` may be a refusal, a failure or the kind of a task."""
    if group == "code" and f"code.{code}" not in catalogue(lang):
        return named("task", code, lang)
    return named(group, code, lang)


def sums(text: str, _: Procedure, lang: Language) -> str:
    """`CNY=1250,USD=5` in words; nothing paid is an amount too."""
    pairs = [part.partition("=") for part in text.split(",") if part]
    return " · ".join(money(int(amount), currency, lang) for currency, _, amount in pairs) or "0"


def _moment(value: str, pack: Procedure, lang: Language, told: Callable[[datetime, str, Language], str]) -> str:
    try:
        moment = datetime.fromisoformat(value)
        return told(moment, pack.time_zone, lang) if moment.tzinfo else value
    except (ValueError, OverflowError):
        # OverflowError: the last hours of the year 9999 are over in the East.
        return value


def _flag(key: str, value: str | int, lang: Language) -> str:
    said = str(value).lower() in {"1", "true", "yes"}
    if key in _ONLY_WHEN_SET and not said:
        return ""
    return named(key, "yes" if said else "no", lang)


def title(title: Title, lang: Language) -> str:
    """What is called so, in this language."""
    return title.zh if lang is Language.ZH else title.en


def department(name: str, pack: Procedure, lang: Language) -> str:
    """A department's title."""
    known = pack.departments.get(name)
    return title(known.title, lang) if known else named("role", name, lang)


def party(name: str, pack: Procedure, lang: Language) -> str:
    """A party's title, with whose id it is where the ledger names one; a department's where there is no such party."""
    role, _, who = name.partition(":")
    known = pack.parties.get(role)
    called = title(known.title, lang) if known else department(role, pack, lang)
    return f"{called} {who}".strip()


def cause(name: str, pack: Procedure, lang: Language) -> str:
    """A cause's title."""
    known = pack.causes.get(name)
    return title(known.title, lang) if known else name


def topic(name: str, pack: Procedure, lang: Language) -> str:
    """The title of a class or type of causes."""
    known = pack.topics.get(name)
    return title(known.title, lang) if known else name


def remedy(kind: str, pack: Procedure, lang: Language) -> str:
    """What the customer gets, in words."""
    known = pack.remedies.get(DemandKind(kind)) if kind in set(DemandKind) else None
    return title(known.title, lang) if known else kind


def outside(facts: Values, reason: str, demand: str, pack: Procedure, lang: Language) -> str:
    """Why the return rules do not allow a demand for a reason; `facts` as `rules.triage.Outside` tells them."""
    kinds = [kind for kind in str(facts.get("allowed", "")).split(",") if kind]
    return say(
        f"report.why.{facts['outside']}",
        lang,
        cause=cause(reason, pack, lang),
        demand=remedy(demand, pack, lang),
        allowed=several((remedy(kind, pack, lang) for kind in kinds), lang),
        after=span(timedelta(seconds=int(facts.get("after", 0))), lang),
        limit=span(timedelta(seconds=int(facts.get("limit", 0))), lang),
    )


def entered(field: FormField, text: str, currency: str, lang: Language) -> str:
    """What stands in a field of a form, in words."""
    match field.kind:
        case "yes_no":
            return say(text, lang)
        case "choice" if text in field.choices:
            return title(field.choices[text], lang)
        case "money" if text.isdecimal():
            return money(int(text), currency, lang)
        case _:
            return text


def duty(name: str, pack: Procedure, lang: Language) -> str:
    """A duty's title."""
    known = pack.duties.get(name)
    return title(known.title, lang) if known else name


def route(name: str, pack: Procedure, lang: Language) -> str:
    """The title of a route, or of an agent's own way."""
    known = next((route.title for route in pack.routes if route.name == name), None)
    return title(known, lang) if known else named("route", name, lang)


def severity(name: str, pack: Procedure, lang: Language) -> str:
    """How serious, in words."""
    known = next((severity for severity in pack.severities if severity.name == name), None)
    return title(known.title, lang) if known else name


def liable(shares: str, pack: Procedure, lang: Language) -> str:
    """`merchant=60,carrier=40` in words; a single party goes without its 100 %."""
    found = _SHARE.findall(shares)
    words = (
        party(name, pack, lang) + (f" {percent}%" if percent and percent != "100" else "") for name, percent in found
    )
    return several(words, lang)


def _departments(names: str, pack: Procedure, lang: Language) -> str:
    return several((department(name, pack, lang) for name in re.findall(r"[a-z][a-z0-9_]*", names)), lang)


def _named(group: str) -> Callable[[str, Procedure, Language], str]:
    return lambda code, _, lang: named(group, code, lang)


_TITLED: dict[str, Callable[[str, Procedure, Language], str]] = {
    "department": department,
    "ask": _departments,
    "party": party,
    "by": party,
    "cause": cause,
    "channel": _named("channel"),
    "demand": remedy,
    "remedy": remedy,
    "liable": liable,
    "sums": sums,
    "phase": _named("incident.stage"),
    "timer": _named("corrective.timer"),
    **dict.fromkeys(("substance", "urgent", "claim", "on_site", "special"), _named("corrective.nature")),
    "hints": liable,
    "assigned": _departments,
    "duty": duty,
    "route": route,
    "severity": severity,
}
