"""Asking the departments (S0-03 … S0-09, S0-15, S0-16): explain first, ask, remind, and rule on silence."""

from datetime import datetime

from models.case import Answer, Ask, Basis, Case
from models.commands import shares_text
from models.procedure import Procedure
from models.stage import Stage
from rules.liability import favours_customer, find, is_shared, settled
from rules.record import note, notify, stamp
from rules.ruling import bear_cost, hold_cost, rule
from rules.spans import deadline as due_after
from rules.stages import move, to_panel

KEPT_ASKS = 20


def prepare(case: Case, pack: Procedure, at: datetime, departments: tuple[str, ...], *, direct: bool = False) -> Case:
    """Name who is asked. What a department was asked or has answered stands: its clock is never restarted."""
    standing = {ask.department: ask for ask in case.asks if ask.issued_at is not None}
    asks = tuple(standing.get(name) or _new(case, name, direct=direct) for name in dict.fromkeys(departments))
    case = drop(case, pack, at, keep=asks).but(asks=asks)
    if not any(ask.open for ask in asks):
        return conclude(case, pack, at)
    grace = pack.clocks.explanation
    if direct or case.contacted or grace is None or _all_issued(case):
        return issue(case, pack, at)
    return move(case, Stage.EXPLAINING, at, due=due_after(case, pack, at, grace.within))


def _new(case: Case, department: str, *, direct: bool) -> Ask:
    """An ask under an id of its own, also where the department was asked before and the ask taken back."""
    plain = f"{case.round}-{department}"
    before = sum(ask.department == department and ask.id.startswith(plain) for ask in case.past_asks)
    return Ask(id=f"{plain}-{before + 1}" if before else plain, department=department, direct=direct)


def _all_issued(case: Case) -> bool:
    return all(ask.issued_at is not None for ask in case.asks)


def drop(case: Case, pack: Procedure, at: datetime, keep: tuple[Ask, ...] = ()) -> Case:
    """Take back the asks no longer wanted; whoever was about to answer is told."""
    dropped = [ask for ask in case.asks if ask not in keep and ask.issued_at is not None]
    for ask in dropped:
        if ask.open:
            case = notify(case, pack, at, ask.department, "ask_withdrawn", department=ask.department)
    return case.but(asks=keep, past_asks=(*case.past_asks, *dropped)[-KEPT_ASKS:])


def explanation_missed(case: Case, pack: Procedure, at: datetime) -> Case:
    """Nobody explained the matter before the mail: recorded; the customer does not pay for it (S0-04)."""
    case = note(case.but(missed=True), at, "no_pre_explanation", department=pack.front_desk)
    return issue(case, pack, at)


def issue(case: Case, pack: Procedure, at: datetime) -> Case:
    """Send every ask not yet sent. Its 24 hours run from this instant, whatever happens to the mail."""
    case = move(case, Stage.ASKED, at)
    for ask in case.asks:
        if ask.issued_at is None:
            case = _issue_one(case, pack, at, ask)
    return case


def _issue_one(case: Case, pack: Procedure, at: datetime, ask: Ask) -> Case:
    clock = pack.clocks.answer or pack.clocks.task
    deadline = due_after(case, pack, at, clock.within)
    complaint = case.complaint
    case = notify(
        case,
        pack,
        at,
        ask.department,
        "asked_own" if ask.direct else "asked",
        ask=ask.id,
        department=ask.department,
        cause=complaint.cause,
        text=complaint.text,
        deadline_at=stamp(deadline),
        promised_at=stamp(complaint.order.promised_at),
        delivered_at=stamp(complaint.order.delivered_at),
        merchant=complaint.order.merchant,
        carrier=complaint.order.carrier,
    )
    sent = ask.model_copy(update={"issued_at": at, "deadline": deadline, "mail": case.mails[-1].id})
    case = replace(case, sent)
    return note(case, at, "asked", department=ask.department, ask=ask.id, deadline_at=stamp(deadline))


def replace(case: Case, ask: Ask) -> Case:
    """The case with this ask in the place of its earlier self, whether of this round or a past one."""
    return case.but(
        asks=tuple(ask if old.id == ask.id else old for old in case.asks),
        past_asks=tuple(ask if old.id == ask.id else old for old in case.past_asks),
    )


def remind(case: Case, pack: Procedure, ask: Ask, at: datetime, now: datetime) -> Case:
    """Remind before the deadline; after an outage over the deadline there is nothing left to remind of."""
    case = replace(case, ask.model_copy(update={"reminded": ask.reminded + 1}))
    if ask.deadline is None or now >= ask.deadline:
        return case
    case = note(case, at, "reminded", department=ask.department, deadline_at=stamp(ask.deadline))
    return notify(
        case, pack, at, ask.department, "reminded", department=ask.department, deadline_at=stamp(ask.deadline)
    )


def silence(case: Case, pack: Procedure, ask: Ask, at: datetime) -> Case:
    """No answer at the deadline: it counts for the customer (S0-16)."""
    # A mail that an outage of ours has held back all the time reached nobody.
    never_left = any(mail.id == ask.mail for mail in case.mails)
    ask = ask.model_copy(update={"silent": True, "undelivered": ask.undelivered or never_left})
    case = replace(case.but(missed=True), ask)
    case = note(case, at, "silence", department=ask.department, ask=ask.id, undelivered=int(ask.undelivered))
    return conclude(case, pack, at)


def answer(case: Case, pack: Procedure, ask: Ask, given: Answer) -> Case:
    """An answer in time; before the mail it shows that the matter was explained to this department."""
    ask = ask.model_copy(update={"answer": given, "issued_at": ask.issued_at or given.at})
    case = replace(case, ask).but(requester=given.actor, requested_by=ask.department)
    case = note(
        case,
        given.at,
        "answered",
        actor=given.actor,
        department=ask.department,
        liable=shares_text(given.liable),
        reason=given.reason,
    )
    return conclude(case, pack, given.at)


def conclude(case: Case, pack: Procedure, at: datetime) -> Case:
    """When every asked department has answered or been silent: rule, or give a disputed determination to the panel."""
    if any(ask.open for ask in case.asks):
        return issue(case, pack, at) if case.stage is Stage.EXPLAINING and _all_issued(case) else case
    finding = find(pack, case.asks)
    if finding is None:
        return to_panel(case.but(contested=True), pack, at)
    shared = any(ask.answer is not None and is_shared(pack, ask.answer.liable) for ask in case.asks)
    case = rule(case, pack, at, finding, shared=shared)
    return hold_cost(case, pack, at) if finding.split else case


def answer_late(case: Case, pack: Procedure, ask: Ask, given: Answer) -> Case:
    """A late answer is kept as late and changes only who bears the cost, never what the customer got."""
    case = replace(case, ask.model_copy(update={"late_answer": given}))
    liable = settled(pack, given.liable)
    case = note(
        case,
        given.at,
        "answered_late",
        actor=given.actor,
        department=ask.department,
        liable=shares_text(liable),
        reason=given.reason,
    )
    if not _silence_decided_the_cost(case, ask) or not favours_customer(pack, liable):
        return case
    others = [old.late_answer for old in case.asks if old.late_answer is not None and old.id != ask.id]
    if any(set(settled(pack, other.liable)) != set(liable) for other in others):
        return hold_cost(case, pack, given.at)
    return bear_cost(case, given.at, liable, "late_answer")


def _silence_decided_the_cost(case: Case, ask: Ask) -> bool:
    """The ruling that stands rests on silence in this very round, and the panel has not been called about its cost."""
    by_silence = case.ruling is not None and case.ruling.basis is Basis.SILENCE and not case.cost_held
    return by_silence and any(ask.id == now.id for now in case.asks) and not any(now.open for now in case.asks)


def mail_failed(case: Case, pack: Procedure, ask: Ask, at: datetime, code: str) -> Case:
    """Our mail did not reach the department: the clock runs on for the customer, the department is not to blame."""
    case = replace(case, ask.model_copy(update={"undelivered": True}))
    if ask.open:
        due = stamp(ask.deadline)
        return notify(
            case, pack, at, pack.front_desk, "undeliverable", department=ask.department, deadline_at=due, code=code
        )
    if not _silence_decided_the_cost(case, ask) or any(asked.late_answer for asked in case.asks):
        return case
    finding = find(pack, case.asks)
    return case if finding is None else bear_cost(case, at, finding.liable, "undelivered")


def mail_arrived(case: Case, ask: Ask) -> Case:
    """It did reach the department after all; once the deadline has passed that helps nobody."""
    return replace(case, ask.model_copy(update={"undelivered": False})) if ask.open else case
