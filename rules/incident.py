"""A batch incident's life: verified, decided, carried out, summed up (S2-01 to S2-05). Pure, as all rules.

What people say to it stands in incident_acts.py.
"""

from datetime import datetime

from models.case import Mail
from models.incident import (
    CarryOut,
    Incident,
    IncidentResult,
    IncidentStage,
    IncidentView,
    OpenIncident,
    Progress,
    Registered,
    Situation,
)
from models.plans import IncidentRules
from models.procedure import Procedure
from rules.record import stamp

KEPT = 50
"""Evaluations an incident keeps."""


def rules_of(pack: Procedure) -> IncidentRules:
    """The procedure's plan. Raises ValueError where it has none: no incident is ever opened under it."""
    if pack.incident is None:
        raise ValueError(f"{pack.ref} has no plan for incidents")
    return pack.incident


def opened(wish: OpenIncident, entry: Registered, pack: Procedure, at: datetime) -> Incident:
    """An incident just opened: leading and handling group are told at once (S2-01)."""
    rules = rules_of(pack)
    incident = Incident(
        number=entry.number,
        procedure=pack.ref,
        scope=wish.scope,
        reason=wish.reason,
        opened_by=wish.opened_by,
        drill=wish.drill,
        stage=IncidentStage.VERIFYING,
        opened_at=at,
        due=at + rules.verification.within,
        next_report=at + rules.situation.within,
        report_every=rules.situation.within,
        at_once=rules.at_once.cases,
        progress=Progress(cases=wish.drill, linked=wish.drill) if wish.drill else entry.progress,
    )
    for department in both_groups(rules):
        incident = tell(
            incident, at, department, "incident_opened", f"opened-{department}",
            reason=wish.reason, cases=incident.progress.cases, due_at=stamp(incident.due),
        )  # fmt: skip
    return incident


def both_groups(rules: IncidentRules) -> tuple[str, ...]:
    """Leading group, handling group and inspectors, each department once."""
    return tuple(dict.fromkeys((*rules.leading.departments, *rules.handling.departments, *rules.inspectors)))


def next_due(incident: Incident) -> datetime | None:
    """When the incident goes on by itself."""
    if incident.stage is IncidentStage.CLOSED:
        return None
    return min(due for due in (incident.due, incident.next_report) if due is not None)


def report_due(incident: Incident, at: datetime) -> bool:
    """Whether the leading group is owed a situation report."""
    return incident.stage is not IncidentStage.CLOSED and at >= incident.next_report


def pass_time(incident: Incident, pack: Procedure, at: datetime) -> Incident:
    """Missed clocks are recorded and told to the leading group; then the situation report is due again and again."""
    rules = rules_of(pack)
    if incident.due is not None and at >= incident.due:
        stage = incident.stage.value
        for department in rules.leading.departments:
            incident = tell(
                incident, at, department, "incident_overdue", f"overdue-{stage}-{stamp(incident.due)}-{department}",
                phase=stage, due_at=stamp(incident.due),
            )  # fmt: skip
        within = rules.verification if incident.stage is IncidentStage.VERIFYING else rules.decision
        late = incident.late if stage in incident.late else (*incident.late, stage)
        incident = incident.but(due=at + within.within, late=late)
    if report_due(incident, at):
        incident = situation(incident, pack, at)
    return incident


def situation(
    incident: Incident, pack: Procedure, at: datetime, *, actor: str | None = None, note: str | None = None
) -> Incident:
    """A situation report to the leading group (S2-02). One by the clock sets the clock anew, however late it is."""
    number = incident.situations + 1
    report = Situation(number=number, at=at, note=note, actor=actor, stage=incident.stage, progress=incident.progress)
    incident = incident.but(situations=number, reports=(*incident.reports, report))
    if actor is None:
        incident = incident.but(next_report=at + incident.report_every)
    for department in rules_of(pack).leading.departments:
        incident = tell(
            incident, at, department, "incident_situation", f"situation-{number}-{department}",
            **figures(incident.progress), phase=incident.stage.value, serial=number, reason=note,
        )  # fmt: skip
    return incident


def figures(progress: Progress) -> dict[str, int | str]:
    """The progress as a notice carries it."""
    money = ",".join(f"{currency}={amount}" for currency, amount in sorted(progress.refunded.items()))
    return progress.model_dump(exclude={"refunded"}) | {"sums": money}


def progressed(incident: Incident, progress: Progress) -> Incident:
    """New figures: a case without decision is carried out where there is one; all handed out, it is summed up."""
    incident = incident.but(progress=progress)
    if incident.decision is None or incident.stage is IncidentStage.CLOSED:
        return incident
    stage = IncidentStage.SUMMING_UP if progress.handed_out else IncidentStage.CARRYING_OUT
    return incident.but(stage=stage)


def order_for(incident: Incident) -> CarryOut:
    """What is to be carried out. Raises ValueError without a decision."""
    if incident.decision is None:
        raise ValueError("nothing is decided")
    return CarryOut(
        incident=incident.number, decision=incident.decision, at_once=incident.at_once, known=incident.progress
    )


def drilled(progress: Progress) -> Progress:
    """What a drill shows as carried out: every made-up case, and no money."""
    return progress.model_copy(update={"linked": 0, "decided": progress.cases, "settled": progress.cases})


def closed(incident: Incident, pack: Procedure, at: datetime) -> Incident:
    """Summed up: the summary goes to both groups, so that every department can improve (S2-02).

    A case that joined after the word to close gets its decision first.
    """
    command = incident.ending
    if command is None or not incident.progress.handed_out:
        return incident
    incident = incident.but(
        stage=IncidentStage.CLOSED,
        due=None,
        ending=None,
        closed_at=at,
        closed_by=command.actor,
        causes=command.causes,
        improvements=command.improvements,
    )
    for department in both_groups(rules_of(pack)):
        incident = tell(
            incident, at, department, "incident_closed", f"closed-{department}",
            **figures(incident.progress), reason=command.causes, improvements=command.improvements,
        )  # fmt: skip
    return incident


def view_of(incident: Incident) -> IncidentView:
    """The incident as its groups read it."""
    return IncidentView.model_validate(incident.model_dump(include=set(IncidentView.model_fields)))


def result(incident: Incident) -> IncidentResult:
    """How a closed incident ended."""
    return IncidentResult(number=incident.number, drill=incident.drill is not None, progress=incident.progress)


def tell(incident: Incident, at: datetime, to: str, template: str, what: str, **values: str | int | None) -> Incident:
    """Have a notice sent to a department; `what` makes it one of its kind in this incident."""
    marks = incident.scope.marks()
    facts: dict[str, str | int | None] = {
        "number": incident.number,
        "scope": ", ".join(marks.values()),
        "drill": incident.drill,
        **values,
    }
    mail = Mail(
        id=f"{incident.number}.{what}",
        at=at,
        to=to,
        template=template,
        values={key: value for key, value in facts.items() if value is not None},
    )
    return incident.but(mails=(*incident.mails, mail))
