"""The ruling and what follows: verification and promise (S0-14), refusal (S0-12), a decision, who bears the cost."""

from collections.abc import Mapping
from datetime import datetime

from models.case import Basis, Case, Pending, Ruling, Task
from models.commands import Share, shares_text
from models.procedure import Procedure
from models.stage import Stage
from rules.approving import countersigned, gate
from rules.liability import Finding
from rules.record import note, notify, stamp
from rules.remedy import execute
from rules.spans import deadline
from rules.stages import give_task, move, was_told


def rule(
    case: Case, pack: Procedure, at: datetime, finding: Finding, *, shared: bool = False, approved: bool = False
) -> Case:
    """Make the ruling and go where it leads, through whoever must approve so much."""
    if finding.basis is Basis.SILENCE:
        # It is nobody's determination, whoever has made one before: nobody is barred, and nobody has authorised it.
        case = case.but(requester="", requested_by="")
    case = _ruled(case, at, finding)
    if not finding.for_customer:
        return refuse(case, pack, at, "refused_finding", reason=finding.reason)
    waits = None
    if pack.approvals and not approved:
        pending: Pending = "verify" if shared else "execute"
        waits = gate(case, pack, at, finding.liable, pending, case.requested_by)
    return waits or go_on(case, pack, at, shared=shared)


def go_on(case: Case, pack: Procedure, at: datetime, *, shared: bool = False) -> Case:
    """A ruling for the customer that nobody needs to approve any more."""
    case = countersigned(case, pack, at)
    if shared and pack.clocks.verification is not None:
        due = deadline(case, pack, at, pack.clocks.verification.within)
        task = Task(kind="verification", department=pack.front_desk, due=due)
        return give_task(case, pack, Stage.VERIFYING, task, at)
    return execute(case, pack, at)


def _ruled(case: Case, at: datetime, finding: Finding) -> Case:
    ruling = Ruling(
        decision=case.decisions + 1,
        at=at,
        basis=finding.basis,
        for_customer=finding.for_customer,
        liable=finding.liable,
        reason=finding.reason,
        department=finding.department,
    )
    case = case.but(ruling=ruling, decisions=ruling.decision)
    return note(
        case,
        at,
        "ruled",
        department=finding.department,
        decision=ruling.decision,
        basis=finding.basis,
        for_customer=int(finding.for_customer),
        liable=shares_text(finding.liable),
        currency=case.complaint.order.currency,
    )


def promise(case: Case, pack: Procedure, at: datetime) -> Case:
    """The customer is promised the remedy first, then gets it within the promise's own 24 hours (S0-14)."""
    clock = pack.clocks.promise or pack.clocks.task
    due = deadline(case, pack, at, clock.within)
    case = note(case, at, "promised", department=pack.front_desk, due_at=stamp(due))
    case = notify(case, pack, at, "customer", "promised", due_at=stamp(due))
    return execute(case, pack, at, due=due)


def verification_missed(case: Case, pack: Procedure, at: datetime) -> Case:
    """Nobody verified in time: the customer's right is protected all the same, the omission is recorded."""
    if case.task is not None and was_told(case, case.task):
        case = note(case.but(missed=True), at, "not_verified", department=pack.front_desk)
    return promise(case, pack, at)


def refuse(
    case: Case,
    pack: Procedure,
    at: datetime,
    template: str,
    *,
    reason: str | None = None,
    why: Mapping[str, str | int] | None = None,
) -> Case:
    """Explain and politely refuse (S0-12); the customer may insist for a while. `why`: where nobody gave a reason."""
    due = deadline(case, pack, at, pack.clocks.insist.within)
    case = move(case, Stage.REFUSED, at, due=due)
    case = note(case, at, "refused", department=pack.front_desk, why=template, reason=reason)
    told: dict[str, str | int | None] = {"reason": reason, "due_at": stamp(due), **(why or {})}
    return notify(case, pack, at, "customer", template, ask=None, **told)


def decided(case: Case, at: datetime, finding: Finding) -> Case:
    """The panel's or the leadership's decision stands as a ruling; the caller carries it out."""
    return _ruled(case.but(final=True, cost_held=False), at, finding)


def bear_cost(case: Case, at: datetime, liable: tuple[Share, ...], ground: str) -> Case:
    """Move who bears the cost, and free it where it was held; what the customer got stays.

    `ground` is why: "late_answer", "undelivered" or "panel".
    """
    if case.ruling is None or (case.ruling.liable == liable and not case.cost_held):
        return case
    ruling = case.ruling.model_copy(update={"liable": liable})
    case = case.but(ruling=ruling, cost_held=False)
    return note(case, at, "cost_moved", decision=ruling.decision, liable=shares_text(liable), ground=ground)


def hold_cost(case: Case, pack: Procedure, at: datetime, reason: str | None = None) -> Case:
    """The customer keeps what was ruled; only who bears the cost waits for the panel (S0-10)."""
    decision = case.ruling.decision if case.ruling else case.decisions
    case = note(case.but(contested=True, cost_held=True), at, "cost_held", department=pack.panel, decision=decision)
    return notify(case, pack, at, pack.panel, "panel", reason=reason)


def in_rule(case: Case, pack: Procedure, at: datetime) -> Case:
    """The rules allow it: handled directly, nobody is asked (S0-12)."""
    return rule(case, pack, at, Finding(basis=Basis.IN_RULE))
