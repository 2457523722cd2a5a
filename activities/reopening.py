"""A case that has ended, put together again from the register and its record, because its refund was taken back."""

from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.case import Basis, Case, Event, Exit, Given, Ruling
from models.commands import Share
from models.complaint import Complaint, Demand, DemandKind
from models.procedure import Procedure
from models.span import WorkCalendar
from models.stage import Stage
from models.tables import CaseRow, EventRow, RefundIntent
from rules import memory
from rules.money import stake
from rules.record import trimmed
from rules.takeback import attempts, reopened, stands

_FINAL = (Basis.PANEL, Basis.LEADERSHIP)
"""Rulings after which nothing is examined again (S0-13)."""


async def came_back(
    session: AsyncSession, row: CaseRow, pack: Procedure, calendar: WorkCalendar | None, at: datetime
) -> Case | None:
    """The case as it goes on from `at`; None where it is open, or nothing has come back that it does not know of."""
    if row.stage != Stage.CLOSED:
        return None
    mine = select(RefundIntent).where(RefundIntent.number == row.number).order_by(RefundIntent.key)
    intents = (await session.exec(mine)).all()
    if not any(intent.state == "taken_back" for intent in intents):
        return None
    lines = select(EventRow).where(EventRow.number == row.number).order_by(col(EventRow.seq))
    events = [Event.model_validate(line.model_dump()) for line in (await session.exec(lines)).all()]
    given = _given(row.number, pack, intents, events)
    back = {intent.reference: intent.code or "" for intent in intents if intent.state == "taken_back"}
    gone = next((each for each in given if each.reference in back), None)
    if gone is None:
        return None
    return reopened(_as_it_ended(row, pack, given, events, calendar), pack, gone, back[gone.reference], at)


def _given(number: str, pack: Procedure, intents: Any, events: list[Event]) -> tuple[Given, ...]:
    """What the record says the gateway paid and has not taken back."""
    executed = {event.data.get("reference"): event for event in events if event.kind == "executed"}
    found = []
    for intent in intents:
        event = executed.get(intent.reference)
        if event is None or "elsewhere" in event.data or not stands(intent.reference, events):
            continue
        decision, kind = int(intent.key.split(":")[1]), DemandKind(str(event.data["remedy"]))
        made = Given(
            decision=decision,
            attempt=max(intent.attempt, attempts(number, pack, kind, decision, events)),
            kind=kind,
            under=int(event.data["decision"]),
            amount=intent.amount,
            reference=intent.reference,
        )
        found.append(made)
    return tuple(found)


def _as_it_ended(
    row: CaseRow, pack: Procedure, given: tuple[Given, ...], events: list[Event], calendar: WorkCalendar | None
) -> Case:
    complaint = Complaint.model_validate(row.complaint)
    kinds = {event.kind for event in events}
    decisions = [int(event.data["decision"]) for event in events if "decision" in event.data]
    severity = next((str(event.data.get("severity", "")) for event in events if event.kind == "filed"), "")
    case = Case(
        number=row.number,
        complaint=complaint,
        procedure=row.procedure,
        opened_at=row.opened_at,
        stage=Stage.CLOSED,
        stage_since=row.closed_at or events[-1].at,
        exit=Exit(row.exit) if row.exit else None,
        route=row.route,
        direct=row.direct,
        out_of_rule=row.out_of_rule,
        contested=row.contested,
        round=row.round,
        contacted=True,
        severity=severity,
        works=memory.works(events, pack),
        offers=memory.offers(events, pack),
        calendar=calendar,
        demand=_demand(row, complaint),
        ruling=_ruling(row, max(decisions, default=1)),
        decisions=max([*decisions, *(each.decision for each in given)], default=1),
        final=row.basis in _FINAL,
        refunded=row.refunded,
        given=given,
        withdrawn="withdrawn" in kinds,
        missed=row.overdue,
        forgotten="forgotten" in kinds,
        event_count=len(events),
        mail_count=row.version - len(events),
        events=tuple(events),
        written=len(events),
        seen=tuple((heard[0], heard[1], heard[2]) for heard in row.seen or ()),
    )
    return trimmed(case)


def _demand(row: CaseRow, complaint: Complaint) -> Demand:
    """What was wanted in the end; the row knows its kind and worth, and a part of the order by its worth."""
    kind = DemandKind(row.demand)
    filed, whole = complaint.demand, None if kind is DemandKind.COMPENSATION else Demand(kind=kind)
    likely = [filed if filed.kind is kind else None, whole]
    known = (demand for demand in likely if demand and stake(complaint.order, demand) == row.amount)
    return next(known, None) or Demand(kind=kind, amount=row.amount)


def _ruling(row: CaseRow, decision: int) -> Ruling | None:
    if row.basis is None or row.ruled_at is None:
        return None
    return Ruling(
        decision=decision,
        at=row.ruled_at,
        basis=Basis(row.basis),
        for_customer=True,
        liable=tuple(Share.model_validate(share) for share in row.liable),
        reason=row.reason,
        department=row.decided_by,
    )
