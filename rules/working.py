"""Reports on duties, their deadlines, and where they lead (S1-07, S1-08, S2-07 … S2-09, S3-04 … S3-07)."""

from datetime import datetime

from models.base import in_one_line
from models.case import Assigned, Basis, Case, Report, Verdict, Work
from models.commands import RecordDuty, Share, shares_text
from models.names import Refused
from models.procedure import Procedure
from models.stage import Stage
from models.steps import Duty, Lead
from rules import closing, duties, intake, ruling, stages
from rules.checks import ACCEPTED, Refusal, known_parties, new_demand
from rules.forms import in_words, problems_of, public, told
from rules.liability import Finding, favours_customer, settled
from rules.record import acted, note, notify
from rules.spans import wished


def record(case: Case, pack: Procedure, command: RecordDuty, at: datetime, department: str) -> tuple[Case, Verdict]:
    """A department reports on its duty. What comes after the case has gone on without it is kept as late."""
    work = _work_of(case, pack, department, command.duty)
    duty = pack.duties[work.duty]
    _check(case, pack, duty, command, at)
    case = _kept(case, duty, work, command, at, department)
    if work.silent:
        return case, Verdict(accepted=True, code="late")
    case = _found(case, pack, duty, command, department)
    if duty.tells_customer:
        said = told(duty.form, command.fields)
        case = notify(case, pack, at, "customer", "duty_done", ask=None, duty=work.duty, **said)
    if not work.aside and (lead := _lead(duty, command)) is not None:
        return _follow(case, pack, lead, at, _reason(duty, command)), ACCEPTED
    return advance(case, pack, at), ACCEPTED


def _work_of(case: Case, pack: Procedure, department: str, name: str | None) -> Work:
    """The duty meant: the one that runs, else the last one that was too late.

    A late one the procedure has no more, since the case was moved to another version, has no form to be judged by.
    """
    theirs = [work for work in case.works if department in (work.department, *work.helpers)]
    own = [work for work in theirs if name in (None, work.duty)]
    if theirs and not own:
        known = ", ".join(dict.fromkeys(work.duty for work in theirs))
        raise Refusal(Refused.BAD_INPUT, f"duty: is none of this department's in this case; use one of {known}")
    found = [work for work in duties.running(case) if work in own]
    if len(found) > 1 and name is None:
        names = ", ".join(work.duty for work in found)
        raise Refusal(Refused.BAD_INPUT, f"duty: is missing; say which of {names}")
    late = [work for work in own if work.silent and work.report is None and work.duty in pack.duties]
    if not found and not late:
        code = Refused.ALREADY_ANSWERED if own else Refused.NOT_ASKED
        raise Refusal(code, "no duty of this department waits for a report now; read the case")
    return (found or late[-1:])[0]


def _check(case: Case, pack: Procedure, duty: Duty, command: RecordDuty, at: datetime) -> None:
    if found := problems_of(duty.form, command.fields, "fields"):
        raise Refusal(Refused.BAD_INPUT, in_one_line(found))
    known_parties(pack, command.liable)
    if command.liable and not duty.determines:
        raise Refusal(Refused.BAD_INPUT, "liable: is not determined by this duty; leave it out")
    if duty.determines and not command.liable and _lead(duty, command) is None:
        raise Refusal(Refused.BAD_INPUT, "liable: is missing; this duty says who is liable")
    if command.demand is not None:
        new_demand(case, pack, command.demand)
    _check_assigned(case, pack, duty, command, at)


def _check_assigned(case: Case, pack: Procedure, duty: Duty, command: RecordDuty, at: datetime) -> None:
    for index, given in enumerate(command.assign):
        if duty.assigns is None:
            raise Refusal(Refused.BAD_INPUT, "assign: this duty hands out no others; leave it out")
        if given.department not in pack.departments:
            known = ", ".join(pack.departments)
            raise Refusal(Refused.BAD_INPUT, f"assign.{index}.department: is not known; use one of {known}")
        if given.within is not None:
            wished(case, pack, at, given.within, f"assign.{index}.within")


def _kept(case: Case, duty: Duty, work: Work, command: RecordDuty, at: datetime, department: str) -> Case:
    report = Report(actor=command.actor, at=at, fields=command.fields, evidence=command.evidence)
    case = duties.replace(case, work.model_copy(update={"report": report}))
    return acted(
        case,
        at,
        "recorded_late" if work.silent else "recorded",
        command,
        department,
        duty=work.duty,
        liable=shares_text(command.liable),
        assigned=",".join(given.department for given in command.assign),
        reason=command.note,
        **public(duty.form, command.fields),
    )


def _found(case: Case, pack: Procedure, duty: Duty, command: RecordDuty, department: str) -> Case:
    if command.liable:
        against = not favours_customer(pack, command.liable)
        why = _reason(duty, command) if against else command.note
        case = case.but(found=settled(pack, command.liable), found_reason=why or "")
        case = case.but(requester=command.actor, requested_by=department)
    if command.demand is not None:
        case = case.but(demand=new_demand(case, pack, command.demand))
    given = tuple(
        Assigned(duty=duty.assigns or "", department=part.department, within=part.within) for part in command.assign
    )
    return case.but(assigned=(*case.assigned, *given))


def _reason(duty: Duty, command: RecordDuty) -> str | None:
    """Why, as the customer is told who gets nothing: what was noted, else what the report says to customers (S2-08)."""
    said = (str(value) for value in told(duty.form, command.fields).values())
    return command.note or "; ".join(said) or None


def _lead(duty: Duty, command: RecordDuty) -> Lead | None:
    said = {name: in_words(value) for name, value in command.fields.items()}
    return next((lead for lead in duty.leads if said.get(lead.field) in lead.equals), None)


def _follow(case: Case, pack: Procedure, lead: Lead, at: datetime, reason: str | None) -> Case:
    """What a report says leads elsewhere than to the next step (S2-08, S3-06)."""
    case = duties.drop(case, pack, at)
    if lead.route is not None:
        return _other_route(case, pack, lead.route, at)
    match lead.then:
        case "grant":
            return ruling.in_rule(case, pack, at)
        case "refuse":
            return ruling.refuse(case, pack, at, "refused_finding", reason=reason)
        case "panel":
            return stages.to_panel(case, pack, at, reason)
        case _:
            return advance(case.but(plan=()), pack, at)


def _other_route(case: Case, pack: Procedure, name: str, at: datetime) -> Case:
    """Another route, without the steps that were done in this round."""
    chosen = next(route for route in pack.routes if route.name == name)
    done = frozenset(work.duty for work in case.works if work.report is not None)
    return intake.take_route(case, pack, chosen, at, skip=done)


def advance(case: Case, pack: Procedure, at: datetime) -> Case:
    """Go on once nothing holds the case up: the next step, the determination, the customer, or the end."""
    if case.stage is not Stage.WORKING or duties.holding(case):
        return case
    case, waits = duties.enter(case, pack, at, case.plan, case.phase)
    if waits:
        return case
    match case.phase:
        case "after":
            return closing.ask_customer(case, pack, at)
        case "rest" if case.exit is not None:
            return closing.close(case, pack, case.exit, at)
        case _:
            return intake.determine(case, pack, at)


def overdue(case: Case, pack: Procedure, work: Work, at: datetime, now: datetime) -> Case:
    """No report at the deadline: as the duty says, and recorded as a breach unless our own notice never left."""
    duty = pack.duties[work.duty]
    unsent = any(mail.id == work.mail for mail in case.mails)
    if not unsent:
        case = note(case.but(missed=True), at, "duty_missed", department=work.department, duty=work.duty)
    if duty.on_silence == "escalate":
        return duties.escalate(case, pack, work, now, blamed=not unsent)
    case = duties.replace(case, work.model_copy(update={"silent": True}))
    if duty.on_silence == "proceed" or work.aside:
        return advance(case, pack, at)
    bearer = pack.unreachable if unsent else duty.silence_costs or work.department
    return _customer_wins(duties.drop(case, pack, at), pack, bearer, work.department, at)


def _customer_wins(case: Case, pack: Procedure, bearer: str, department: str, at: datetime) -> Case:
    liable = (Share(party=bearer),)
    finding = Finding(basis=Basis.SILENCE, liable=liable, department=department)
    return ruling.rule(case, pack, at, finding)


def restart(case: Case, pack: Procedure, at: datetime, steps: tuple[str, ...]) -> Case:
    """Examined again from the procedure's step on (S1-13, S2-13)."""
    begin = pack.rework.restart
    if begin in steps:
        steps = steps[steps.index(begin) :]
    case, waits = duties.enter(case.but(found=(), found_reason=""), pack, at, steps, "before")
    return case if waits else intake.determine(case, pack, at)
