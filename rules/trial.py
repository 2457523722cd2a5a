"""Trying a procedure: a case in a world without server and database, and how it differs from what was expected."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from models.base import in_one_line, problems
from models.case import Case
from models.commands import COMMANDS
from models.complaint import Complaint
from models.procedure import Procedure
from models.remedy import RemedyResult
from models.span import WorkCalendar, WorkingDays, span_text
from models.trial import Act, Outcome, Trial
from rules.clock import binding_due, next_due, pass_time
from rules.intake import open_case
from rules.messages import receive
from rules.remedy import finished, order_for
from rules.replies import Message
from rules.spans import CalendarGap, ends
from rules.triage import intake_problems
from rules.view import waiting_for

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""A Monday, 10:00 in Shanghai."""


class Unplayable(Exception):
    """A trial that cannot be played: a message is refused or unreadable, or a year's working days are not known."""


def differences(pack: Procedure, trial: Trial, calendar: WorkCalendar | None = None) -> list[str]:
    """What came otherwise than expected, a line each; empty when all is as it should be."""
    try:
        first, *later = course(pack, trial, calendar)
        found = [*_at_first(first, pack, trial)]
        for place, (act, case) in enumerate(zip(trial.then, later, strict=True)):
            if act.due is not None:
                found += _next(case, pack, case.events[-1].at, act.due, f"then.{place}.due")
        return [*found, *_at_last(later[-1] if later else first, pack, trial.ends)]
    except (Unplayable, CalendarGap) as error:
        return [str(error)]


def course(pack: Procedure, trial: Trial, calendar: WorkCalendar | None = None) -> Iterator[Case]:
    """The case as it begins, and after each thing that happens. Raises Unplayable, CalendarGap."""
    case = _opened(pack, trial, calendar)
    yield case
    for act in trial.then:
        case = _happens(case, pack, act)
        yield case


def complaint_of(pack: Procedure, trial: Trial) -> Complaint:
    """The complaint a trial describes."""
    back = {"promised_at": trial.promised, "delivered_at": trial.delivered}
    return Complaint.model_validate(
        {
            "channel": trial.channel or pack.channels[0],
            "complainant": {"id": "U-1"},
            "order": {
                "number": "O-1",
                "kind": trial.order,
                "merchant": "M-1",
                "carrier": "C-1",
                "lines": [{"sku": "S-1", "quantity": 1, "unit_price": trial.paid}],
                "paid": trial.paid,
                **{key: START - span for key, span in back.items() if span is not None},
            },
            "cause": trial.cause,
            "text": trial.name,
            "demand": {"kind": trial.demand, "amount": trial.amount},
            "severity": trial.severity,
            "details": trial.details,
            "negotiation": trial.negotiation,
            "contact": {"by": "trial"} if trial.explained else None,
        }
    )


def _opened(pack: Procedure, trial: Trial, calendar: WorkCalendar | None) -> Case:
    complaint = complaint_of(pack, trial)
    if complaint.cause not in pack.causes:
        raise Unplayable(f"cause {complaint.cause}: is not one of the procedure")
    if lacking := intake_problems(pack, complaint, START):
        raise Unplayable(in_one_line(lacking))
    return open_case(complaint, pack, "T-1", START, calendar).but(mails=())


def _at_first(case: Case, pack: Procedure, trial: Trial) -> Iterator[str]:
    triaged = next(event for event in case.events if event.kind == "triaged")
    if trial.first_due is not None:
        yield from _next(case, pack, START, trial.first_due, "first_due")
    yield from _differs("route", case.route, trial.route)
    yield from _differs("handling", triaged.data["handling"], trial.handling)
    yield from _differs("asked", tuple(ask.department for ask in case.asks), trial.asked)
    yield from _differs("duties", tuple(work.duty for work in case.works), trial.duties)
    yield from _differs("stage", case.stage.value, trial.stage)


def _differs(what: str, found: object, expected: object) -> Iterator[str]:
    if found != expected:
        yield f"{what}: is {found}, expected {expected}"


def _at_last(case: Case, pack: Procedure, outcome: Outcome | None) -> Iterator[str]:
    if outcome is None:
        return
    ruling = case.ruling
    found: dict[str, Any] = {
        "stage": case.stage.value,
        "exit": case.exit.value if case.exit else None,
        "waiting_for": waiting_for(case, pack),
        "basis": ruling.basis.value if ruling else None,
        "for_customer": ruling.for_customer if ruling else None,
        "liable": {share.party: share.percent for share in ruling.liable} if ruling else None,
    }
    for name, value in found.items():
        if (expected := getattr(outcome, name)) is not None:
            yield from _differs(f"ends.{name}", value, expected)
    kinds = {event.kind for event in case.events}
    for kind in outcome.recorded:
        if kind not in kinds:
            yield f"ends.recorded: {kind} is not in the record"
    yield from _clocks(case, pack, outcome)


def _next(case: Case, pack: Procedure, since: datetime, span: timedelta | WorkingDays, what: str) -> Iterator[str]:
    coming = binding_due(case, pack)
    if coming is None:
        yield f"{what}: there is no clock, expected {span_text(span)}"
    elif coming.at != ends(since, span, pack.time_zone, case.calendar):
        yield f"{what}: is {span_text(coming.at - since)}, expected {span_text(span)}"


def _clocks(case: Case, pack: Procedure, outcome: Outcome) -> Iterator[str]:
    given = {work.duty: work for work in case.works}
    for name, span in outcome.clocks.items():
        if (work := given.get(name)) is None:
            yield f"ends.clocks: {name} is not given to anybody"
        else:
            expected = ends(work.issued_at, span, pack.time_zone, case.calendar)
            yield from _differs(f"ends.clocks.{name}", work.deadline, expected)


def _happens(case: Case, pack: Procedure, act: Act) -> Case:
    now = case.events[-1].at
    if act.wait is not None:
        return _waits(case, pack, ends(now, act.wait, pack.time_zone, case.calendar))
    if act.done:
        return _remedied(case, pack, now)
    try:
        command = COMMANDS[act.send or ""].model_validate({"actor": f"{act.by}", **act.fields})
    except KeyError:
        raise Unplayable(f"then: {act.send} is not a command") from None
    except ValidationError as error:
        raise Unplayable(f"then: {act.send}: {in_one_line(problems(error))}") from None
    case, verdict = receive(case, pack, Message(act.send or "", command, now, (act.by or "",)))
    if not verdict.accepted:
        raise Unplayable(f"then: {act.send} by {act.by} is refused: {verdict.reason}")
    return case.but(mails=())


def _waits(case: Case, pack: Procedure, until: datetime) -> Case:
    """Each clock at its own instant, and every notice leaves at once."""
    while (due := next_due(case, pack)) is not None and due.at <= until:
        case = pass_time(case, pack, due.at).but(mails=())
    return case


def _remedied(case: Case, pack: Procedure, now: datetime) -> Case:
    if case.under_way is None:
        raise Unplayable("then: nothing is being carried out that could be done")
    order = order_for(case, pack)
    result = RemedyResult(amount=order.amount, reference="P-1", done=order.steps)
    return finished(case, pack, result, now).but(mails=())
