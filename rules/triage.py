"""Triage (S0-31, S1-05, S1-06): which route a complaint takes and how serious it is, by the procedure's data."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, Self

from models.base import Detail, Problem
from models.case import Case
from models.complaint import Complaint, DemandKind
from models.procedure import Callback, Procedure, Route
from models.steps import FormField, When
from rules.forms import in_words, problems_of
from rules.money import stake


@dataclass(frozen=True)
class Facts:
    """What conditions look at."""

    complaint: Complaint
    at: datetime
    severity: str = ""

    @classmethod
    def of(cls, case: Case) -> Self:
        """Those of a case, as they were at its intake."""
        return cls(case.complaint, case.opened_at, case.severity)


def route(pack: Procedure, facts: Facts) -> Route:
    """The first route whose facts hold; the pack guarantees that the last one always does."""
    return next(candidate for candidate in pack.routes if holds(candidate.when, pack, facts))


def route_of(case: Case, pack: Procedure) -> Route | None:
    """The route a case is on; None where an agent's correction chose its own way."""
    return next((candidate for candidate in pack.routes if candidate.name == case.route), None)


def severity_of(pack: Procedure, complaint: Complaint, at: datetime) -> str:
    """How serious: what the agent said, else the first whose facts hold; empty where the procedure knows none."""
    if complaint.severity is not None or not pack.severities:
        return complaint.severity or ""
    facts = Facts(complaint, at)
    return next(severity.name for severity in pack.severities if holds(severity.when, pack, facts))


def callbacks_of(case: Case, pack: Procedure) -> Callback:
    """How this case's customer is called back (S2-11)."""
    return next((rule for rule in pack.callback_rules if holds(rule.when, pack, Facts.of(case))), pack.callbacks)


def filing_problems(pack: Procedure, complaint: Complaint, at: datetime) -> list[Problem]:
    """What this procedure does not take: names it does not know, else what its intake lacks."""
    severities = dict.fromkeys(severity.name for severity in pack.severities)
    names: list[tuple[str, str, str | None, Iterable[str]]] = [
        ("channel", "is not a channel of", complaint.channel, pack.channels),
        ("cause", "is not a cause of", complaint.cause, pack.causes),
        ("demand.kind", "is not a remedy of", complaint.demand.kind, pack.remedies),
        ("severity", "is not a severity of", complaint.severity, severities),
    ]
    found = [
        Problem(field=field, code="unknown", reason=f"{no_such} {pack.ref}; use one of {', '.join(known) or 'none'}")
        for field, no_such, name, known in names
        if name is not None and name not in known
    ]
    return found or intake_problems(pack, complaint, at)


def intake_problems(pack: Procedure, complaint: Complaint, at: datetime) -> list[Problem]:
    """What the complaint lacks to be taken in by this procedure (S1-03, S2-14, S2-16, S2-53, S3-03)."""
    return problems_of(intake_form(pack, complaint, at), complaint.details, "details")


def intake_form(pack: Procedure, complaint: Complaint, at: datetime) -> tuple[FormField, ...]:
    """What the procedure asks such a complaint for at intake."""
    facts = Facts(complaint, at, severity_of(pack, complaint, at))
    form: dict[str, FormField] = {}
    for part in pack.intake:
        if holds(part.when, pack, facts):
            form |= {field.name: field for field in part.form}
    return tuple(form.values())


def holds(when: When, pack: Procedure, facts: Facts) -> bool:
    """Whether every fact a condition names is so."""
    complaint, at = facts.complaint, facts.at
    return all(
        (
            not when.causes or complaint.cause in when.causes,
            not when.topics or not set(when.topics).isdisjoint(topics_of(pack, complaint.cause)),
            not when.order_kinds or complaint.order.kind in when.order_kinds,
            not when.channels or complaint.channel in when.channels,
            not when.demands or complaint.demand.kind in when.demands,
            not when.severities or facts.severity in when.severities,
            all(_said(complaint.details.get(name), values) for name, values in when.details.items()),
            when.over is None or stake(complaint.order, complaint.demand) > when.over,
            when.up_to is None or stake(complaint.order, complaint.demand) <= when.up_to,
            when.late is None or is_late(complaint) is when.late,
            when.undelivered is None or is_undelivered(complaint, at) is when.undelivered,
            when.in_rule is None or is_in_rule(pack, complaint, at) is when.in_rule,
        )
    )


def _said(value: Detail | None, values: Sequence[str]) -> bool:
    return value is not None and in_words(value) in values


def topics_of(pack: Procedure, cause: str) -> list[str]:
    """Type and class a cause belongs to, from the narrowest to the widest."""
    found: list[str] = []
    known = pack.causes.get(cause)
    name = known.topic if known else None
    while name is not None and name not in found:
        found.append(name)
        name = pack.topics[name].under
    return found


def is_late(complaint: Complaint) -> bool:
    """Delivered after the promised time."""
    order = complaint.order
    return order.delivered_at is not None and order.promised_at is not None and order.delivered_at > order.promised_at


def is_undelivered(complaint: Complaint, at: datetime) -> bool:
    """Not delivered although the promised time had passed when the customer complained."""
    order = complaint.order
    complained_at = complaint.filed_at or at
    return order.delivered_at is None and order.promised_at is not None and complained_at > order.promised_at


def is_in_rule(pack: Procedure, complaint: Complaint, at: datetime) -> bool:
    """Whether the standard return rules allow the demand (S0-12)."""
    return outside_of(pack, complaint, at) is None


class Outside(NamedTuple):
    """Why the standard return rules do not allow a demand: what the customer is told (S0-12) and form 1 says."""

    why: Literal["cause", "demand", "late"]
    allowed: tuple[DemandKind, ...] = ()
    """What may be demanded for this cause instead."""
    after: timedelta = timedelta()
    """How long after delivery it was demanded, …"""
    limit: timedelta = timedelta()
    """… and the longest that any rule allows."""

    def facts(self) -> dict[str, str | int]:
        """The same as notices carry it, spans in seconds."""
        after, limit = int(self.after.total_seconds()), int(self.limit.total_seconds())
        return {"outside": self.why, "allowed": ",".join(self.allowed), "after": after, "limit": limit}


def outside_of(pack: Procedure, complaint: Complaint, at: datetime) -> Outside | None:
    """Why the rules do not allow what a complaint demands; None where they do."""
    delivered = complaint.order.delivered_at
    since = None if delivered is None else (complaint.filed_at or at) - delivered
    return outside(pack, complaint.cause, complaint.demand.kind, since)


def outside(pack: Procedure, cause: str, demand: DemandKind, since: timedelta | None) -> Outside | None:
    """The same for a cause and a demand so long after delivery; `since` is None for what never arrived."""
    of_cause = [rule for rule in pack.in_rules if not rule.causes or cause in rule.causes]
    if not of_cause:
        return Outside("cause")
    of_demand = [rule for rule in of_cause if not rule.demands or demand in rule.demands]
    if not of_demand:
        return Outside("demand", allowed=tuple(dict.fromkeys(kind for rule in of_cause for kind in rule.demands)))
    limits = [rule.within for rule in of_demand if rule.within is not None]
    # What never arrived cannot be returned too late.
    if since is None or len(limits) < len(of_demand) or since <= max(limits):
        return None
    return Outside("late", after=since, limit=max(limits))
