"""What people say to a batch incident: who may do what when. Every refusal says what to do instead."""

from collections.abc import Callable
from datetime import datetime, timedelta

from models.case import Verdict
from models.commands import Command
from models.incident import (
    BatchDecision,
    CloseIncident,
    DecideIncident,
    EvaluateIncident,
    Evaluation,
    Incident,
    IncidentStage,
    QualityFinding,
    SituationReport,
    VerifyIncident,
)
from models.names import Refused
from models.procedure import Procedure
from rules.checks import Refusal, fit_to_bear, incident_closed
from rules.incident import KEPT, drilled, rules_of, situation, tell
from rules.record import stamp
from rules.replies import Message, hat, judged, on, surely


def receive(incident: Incident, pack: Procedure, message: Message) -> tuple[Incident, Verdict]:
    """Judge a message."""
    command = message.command

    def act() -> Incident:
        _still_open(incident)
        return _ACTS[type(command)](incident, pack, command, message.at, message.departments)

    return judged(incident, message, act)


def precheck(incident: Incident, pack: Procedure, name: str, command: Command, at: datetime) -> Verdict | None:
    """Why a message would be refused whoever sent it; None when it may pass. Changes nothing."""
    return surely(receive, incident, pack, name, command, at)


def _still_open(incident: Incident) -> None:
    if incident.stage is IncidentStage.CLOSED or incident.ending is not None:
        raise incident_closed()


def _verify(
    incident: Incident, pack: Procedure, command: VerifyIncident, at: datetime, departments: tuple[str, ...]
) -> Incident:
    """Quality control's finding (S2-02); a later one before the decision takes the place of an earlier one."""
    rules = rules_of(pack)
    own = hat(departments, command, rules.inspectors)
    if incident.decision is not None:
        raise Refusal(Refused.WRONG_STAGE, "the decision is made; report what is new with situation")
    finding = QualityFinding(
        at=at,
        actor=command.actor,
        department=own,
        confirmed=command.confirmed,
        defect=command.defect,
        inspected=command.inspected,
        defective=command.defective,
    )
    incident = incident.but(finding=finding, stage=IncidentStage.DECIDING, due=at + rules.decision.within)
    for department in dict.fromkeys((*rules.may_decide, *rules.leading.departments)):
        incident = tell(
            incident, at, department, "incident_verified", f"verified-{stamp(at)}-{department}",
            confirmed=int(command.confirmed), reason=command.defect, inspected=command.inspected,
            defective=command.defective, due_at=stamp(incident.due),
        )  # fmt: skip
    return incident


def _decide(
    incident: Incident, pack: Procedure, command: DecideIncident, at: datetime, departments: tuple[str, ...]
) -> Incident:
    """The one decision for every case (S2-03). It is made once: a case is paid for one decision only."""
    rules = rules_of(pack)
    own = hat(departments, command, rules.may_decide)
    if incident.finding is None:
        raise Refusal(Refused.WRONG_STAGE, "quality control has not verified the goods; send verify first")
    if incident.decision is not None:
        raise Refusal(Refused.ALREADY_ANSWERED, "the incident is decided; decide a single case by itself")
    fit_to_bear(pack, command.liable, grant=command.grant)
    if command.grant and not command.liable and rules.needs_liable:
        raise Refusal(Refused.BAD_INPUT, "liable: is missing; the decision says who bears the cost of what it grants")
    decision = BatchDecision(
        at=at,
        actor=command.actor,
        department=own,
        grant=command.grant,
        reason=command.reason,
        liable=command.liable,
        demand=command.demand,
    )
    incident = incident.but(decision=decision, stage=IncidentStage.CARRYING_OUT, due=None)
    if incident.drill:
        incident = incident.but(progress=drilled(incident.progress), stage=IncidentStage.SUMMING_UP)
    for department in rules.handling.departments:
        incident = tell(
            incident, at, department, "incident_decided", f"decided-{department}",
            grant=int(command.grant), reason=command.reason, cases=incident.progress.cases,
        )  # fmt: skip
    return incident


def _situation(
    incident: Incident, pack: Procedure, command: SituationReport, at: datetime, departments: tuple[str, ...]
) -> Incident:
    rules = rules_of(pack)
    hat(departments, command, (*rules.handling.departments, *rules.inspectors))
    return situation(incident, pack, at, actor=command.actor, note=command.note)


def _evaluate(
    incident: Incident, pack: Procedure, command: EvaluateIncident, at: datetime, departments: tuple[str, ...]
) -> Incident:
    """The leading group's evaluation; what it changes of the plan holds from now on (S2-02, S2-05)."""
    hat(departments, command, rules_of(pack).leading.departments)
    words = Evaluation(
        at=at,
        actor=command.actor,
        adequate=command.adequate,
        note=command.note,
        at_once=command.at_once,
        report_hours=command.report_hours,
    )
    incident = incident.but(evaluations=(*incident.evaluations, words)[-KEPT:])
    if command.at_once is None and command.report_hours is None:
        return incident
    hours = command.report_hours
    every = incident.report_every if hours is None else timedelta(hours=hours)
    return incident.but(
        plan=incident.plan + 1,
        at_once=command.at_once or incident.at_once,
        report_every=every,
        next_report=incident.next_report if hours is None else at + every,
    )


def _close(
    incident: Incident, pack: Procedure, command: CloseIncident, at: datetime, departments: tuple[str, ...]
) -> Incident:
    """Customer service sums up (S2-02). Not before every case has its decision."""
    rules = rules_of(pack)
    hat(departments, command, (*rules.handling.departments, *rules.leading.departments))
    if incident.decision is None:
        raise Refusal(Refused.WRONG_STAGE, "nothing is decided yet; decide for the cases first")
    if not incident.progress.handed_out:
        left = incident.progress.linked + incident.progress.under_way
        raise Refusal(Refused.WRONG_STAGE, f"{left} cases are not done yet; close when they are")
    return incident.but(ending=command)


_ACTS: dict[type[Command], Callable[..., Incident]] = dict(
    [
        on(VerifyIncident, _verify),
        on(DecideIncident, _decide),
        on(SituationReport, _situation),
        on(EvaluateIncident, _evaluate),
        on(CloseIncident, _close),
    ]
)
