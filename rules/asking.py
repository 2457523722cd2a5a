"""Asking the departments (S0-03 … S0-09, S0-15, S0-16): explain first, ask, remind, and rule on silence."""

from datetime import datetime

from models.case import Answer, Ask, Case, Stage
from models.procedure import Procedure
from rules.closing import move
from rules.liability import find, is_shared
from rules.record import note, notify, stamp
from rules.ruling import rule, to_panel


def prepare(case: Case, pack: Procedure, at: datetime, departments: tuple[str, ...], *, direct: bool = False) -> Case:
    """Name who is asked. An ask already running for a department goes on: its clock is never restarted."""
    running = {ask.department: ask for ask in case.asks if ask.open and ask.issued_at and ask.direct is direct}
    asks = tuple(
        running.get(name) or Ask(id=f"{case.round}-{name}", department=name, direct=direct) for name in departments
    )
    case = drop(case, at, keep=asks)
    case = case.but(asks=asks)
    if direct or case.contacted or all(ask.issued_at for ask in asks):
        return issue(case, pack, at)
    return move(case, Stage.EXPLAINING, at, due=at + pack.clocks.explanation.within)


def drop(case: Case, at: datetime, keep: tuple[Ask, ...] = ()) -> Case:
    """Take back the asks no longer wanted; whoever was about to answer is told."""
    dropped = [ask for ask in case.asks if ask not in keep]
    for ask in dropped:
        if ask.open and ask.issued_at:
            case = notify(case, at, ask.department, "ask_withdrawn", department=ask.department)
    return case.but(asks=keep, past_asks=(*case.past_asks, *dropped)[-20:])


def explanation_missed(case: Case, pack: Procedure, at: datetime) -> Case:
    """Nobody explained the matter before the mail: recorded against the front desk; the customer does not pay for it."""
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
    deadline = at + pack.clocks.answer.within
    complaint = case.complaint
    case = notify(
        case,
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


def remind(case: Case, ask: Ask, at: datetime, now: datetime) -> Case:
    """Remind before the deadline; after an outage over the deadline there is nothing left to remind of."""
    case = replace(case, ask.model_copy(update={"reminded": ask.reminded + 1}))
    if ask.deadline is None or now >= ask.deadline:
        return case
    case = note(case, at, "reminded", department=ask.department, deadline_at=stamp(ask.deadline))
    return notify(case, at, ask.department, "reminded", department=ask.department, deadline_at=stamp(ask.deadline))


def silence(case: Case, pack: Procedure, ask: Ask, at: datetime) -> Case:
    """No answer at the deadline: it counts for the customer (S0-16)."""
    case = replace(case.but(missed=True), ask.model_copy(update={"silent": True}))
    case = note(case, at, "silence", department=ask.department, ask=ask.id, undelivered=int(ask.undelivered))
    return conclude(case, pack, at)


def answer(case: Case, pack: Procedure, ask: Ask, given: Answer) -> Case:
    """An answer in time."""
    ask = ask.model_copy(update={"answer": given, "issued_at": ask.issued_at or given.at})
    case = replace(case, ask)
    case = note(
        case,
        given.at,
        "answered",
        actor=given.actor,
        department=ask.department,
        liable=",".join(f"{share.party}={share.percent}" for share in given.liable),
    )
    return conclude(case, pack, given.at)


def conclude(case: Case, pack: Procedure, at: datetime) -> Case:
    """When every asked department has answered or been silent: rule, or give a disputed determination to the panel."""
    if any(ask.open for ask in case.asks):
        return case
    finding = find(pack, case.asks)
    if not finding.agreed:
        return to_panel(case.but(contested=True), pack, at)
    shared = any(ask.answer is not None and is_shared(pack, ask.answer.liable) for ask in case.asks)
    return rule(case, pack, at, finding, shared=shared)
