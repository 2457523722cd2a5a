"""Triage (S0-31): which route a complaint takes, by the procedure's data."""

from datetime import datetime

from models.complaint import Complaint
from models.procedure import InRule, Procedure, Route, When


def route(pack: Procedure, complaint: Complaint, at: datetime) -> Route:
    """The first route whose facts hold; the pack guarantees that the last one always does."""
    return next(candidate for candidate in pack.routes if _holds(candidate.when, pack, complaint, at))


def _holds(when: When, pack: Procedure, complaint: Complaint, at: datetime) -> bool:
    return all(
        (
            not when.causes or complaint.cause in when.causes,
            not when.order_kinds or complaint.order.kind in when.order_kinds,
            not when.channels or complaint.channel in when.channels,
            not when.demands or complaint.demand.kind in when.demands,
            when.late is None or is_late(complaint) is when.late,
            when.undelivered is None or is_undelivered(complaint, at) is when.undelivered,
            when.in_rule is None or is_in_rule(pack, complaint, at) is when.in_rule,
        )
    )


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
    return any(_allows(rule, complaint, at) for rule in pack.in_rules)


def _allows(rule: InRule, complaint: Complaint, at: datetime) -> bool:
    if rule.causes and complaint.cause not in rule.causes:
        return False
    if rule.demands and complaint.demand.kind not in rule.demands:
        return False
    delivered = complaint.order.delivered_at
    # What never arrived cannot be returned too late.
    return rule.within is None or delivered is None or (complaint.filed_at or at) - delivered <= rule.within
