"""What an authority adds to a case: approval, more time, another version of the procedure."""

from collections.abc import Iterator
from datetime import datetime

from models.case import Ask, Basis, Case, Verdict, Work
from models.commands import Approve, Extend, Move, Share
from models.complaint import DemandKind
from models.names import Refused
from models.procedure import Procedure, Step
from models.stage import Stage
from rules import asking, duties, offers, ruling, stages
from rules.checks import ACCEPTED, AWAITED, Refusal, awaited
from rules.record import acted, notify, stamp
from rules.spans import surely_longer, wished
from rules.triage import route_of


def approve(case: Case, pack: Procedure, command: Approve, at: datetime, department: str) -> tuple[Case, Verdict]:
    """What waits for approval goes on, or back: an offer to its maker, a determination to the panel."""
    awaited(case, "approve")
    if command.actor in _determined(case):
        raise Refusal(Refused.SAME_PERSON, "actor: determined this; somebody else of the department must approve it")
    kind = "approved" if command.approve else "not_approved"
    case = acted(case, at, kind, command, department, reason=command.reason)
    pending, case = case.pending, case.but(pending="")
    if pending == "offer":
        if command.approve:
            return offers.put(case, pack, at), ACCEPTED
        case = offers.marked(case, "withheld")
        return stages.to_offer(case, pack, at, case.offers[-1].department, command.reason), ACCEPTED
    if not command.approve:
        return stages.to_panel(case, pack, at, command.reason), ACCEPTED
    return ruling.go_on(case, pack, at, shared=pending == "verify"), ACCEPTED


def _determined(case: Case) -> set[str]:
    """Who asked for what waits: whoever made the offer or found who is liable, and everybody by whose answers it is."""
    if case.pending == "offer" or case.ruling is None or case.ruling.basis is not Basis.ANSWER:
        return {case.requester}
    return {case.requester, *(ask.answer.actor for ask in case.asks if ask.answer is not None)}


def extend(case: Case, pack: Procedure, command: Extend, at: datetime, department: str) -> tuple[Case, Verdict]:
    """More time for a department, given by somebody else, with a reason, and told to the customer."""
    rules = pack.extensions
    if rules is None:
        raise Refusal(Refused.WRONG_STAGE, "this procedure extends no deadline")
    clock, given = _clock(case, command)
    if given >= rules.times or clock is None:
        raise Refusal(Refused.TOO_MUCH, f"by: a clock is extended at most {rules.times} times; escalate instead")
    too_much = Refusal(Refused.TOO_MUCH, "by: is more than the procedure allows at once; shorten it")
    if surely_longer(command.by, rules.up_to):
        raise too_much
    ends = wished(case, pack, clock, command.by, "by")
    if ends > wished(case, pack, clock, rules.up_to, "by"):
        raise too_much
    case = _extended(case, command, ends)
    said = {"deadline_at": stamp(ends), "asked_by": command.asked_by, "reason": command.reason}
    case = acted(case, at, "extended", command, command.of, **said)
    return notify(case, pack, at, "customer", "extended", department=command.of, due_at=stamp(ends)), ACCEPTED


def _clock(case: Case, command: Extend) -> tuple[datetime | None, int]:
    """The clock meant and how often it has been extended. Raises Refusal where none or several are meant."""
    works, asks = _meant(case, command)
    if len(works) + len(asks) != 1:
        raise Refusal(Refused.BAD_INPUT, "of: has no such clock running, or several; name one with `duty`")
    if works:
        return works[0].deadline, works[0].extended
    return asks[0].deadline, asks[0].extended


def _meant(case: Case, command: Extend) -> tuple[list[Work], list[Ask]]:
    works = [w for w in duties.running(case) if w.department == command.of and command.duty in (None, w.duty)]
    asked = case.stage in (Stage.EXPLAINING, Stage.ASKED) and command.duty is None
    asks = [ask for ask in case.asks if asked and ask.open and ask.deadline and ask.department == command.of]
    return works, asks


def _extended(case: Case, command: Extend, ends: datetime) -> Case:
    works, asks = _meant(case, command)
    for work in works:
        case = duties.replace(case, work.model_copy(update={"deadline": ends, "extended": work.extended + 1}))
    for ask in asks:
        case = asking.replace(case, ask.model_copy(update={"deadline": ends, "extended": ask.extended + 1}))
    return case


def move(
    case: Case,
    pack: Procedure,
    command: Move,
    at: datetime,
    department: str,
    *,
    other: Procedure | None = None,
) -> tuple[Case, Verdict]:
    """The same procedure in another version from here on: what runs keeps its clock, what comes follows `other`."""
    if other is None:
        raise Refusal(Refused.BAD_INPUT, "version: this service does not have it; install it on every worker first")
    if other.ref == pack.ref:
        raise Refusal(Refused.BAD_INPUT, "version: is the one the case runs on")
    if (lacking := _lacks(case, pack, other)) is not None:
        raise Refusal(Refused.BAD_INPUT, f"version: {other.ref} lacks {lacking}, which this case needs")
    case = acted(case, at, "moved", command, department, to=other.ref, reason=command.reason)
    return case.but(procedure=other.ref), ACCEPTED


def _lacks(case: Case, now: Procedure, pack: Procedure) -> str | None:
    """The first thing of the case under the version of `now` that another version does not know."""
    open_works = [work for work in case.works if work.open]
    # What was given may be taken back by the gateway any day, and is then to be given again.
    kinds = [case.demand.kind, case.complaint.demand.kind, *(given.kind for given in (*case.given, *case.owing))]
    if case.wanted is not None:
        kinds.append(case.wanted.kind)
    if case.execution is not None:
        kinds.append(case.execution.remedy.kind)
    again = [given.kind for given in (*case.given, *case.owing)]
    needed: list[tuple[str, str, bool]] = [
        ("the cause", case.complaint.cause, case.complaint.cause in pack.causes),
        *(("the remedy", kind, kind in pack.remedies) for kind in kinds),
        *(("the payment of", kind, "pay" in _steps(pack, kind)) for kind in again),
        *(("the same steps of", kind, _steps(now, kind) == _steps(pack, kind)) for kind in _under_way(case)),
        ("the route", case.route, case.route == "by_hand" or route_of(case, pack) is not None),
        *(("the duty", name, name in pack.duties) for name in (*case.plan, *(work.duty for work in open_works))),
        *(("the department", ask.department, ask.department in pack.departments) for ask in case.asks),
        *(("the department", work.department, work.department in pack.departments) for work in open_works),
        *(("the party", share.party, share.party in pack.parties) for share in _liable(case)),
    ]
    needed += [("the command", name, bool(pack.authority.get(name))) for name in _waited_for(case)]
    if case.task is not None:
        needed.append(("the department", case.task.department, case.task.department in pack.departments))
    if case.stage is Stage.OFFERING or case.pending == "offer":
        needed.append(("the stage", Stage.OFFERING, pack.offers is not None))
    return next((f"{what} {name}" for what, name, known in needed if not known), None)


def _waited_for(case: Case) -> list[str]:
    """The commands somebody must be able to send."""
    named = list(AWAITED.get(case.stage, ()))
    if any(ask.open for ask in case.asks):
        named.append("confirm")
    if any(work.open for work in case.works):
        named.append("record")
    return named


def _under_way(case: Case) -> list[DemandKind]:
    """What a child carries out, or a person has yet to settle: its steps are told to nobody a second time."""
    return [case.execution.remedy.kind] if case.execution is not None else []


def _steps(pack: Procedure, kind: DemandKind) -> tuple[Step, ...]:
    return pack.remedies[kind].steps if kind in pack.remedies else ()


def _liable(case: Case) -> Iterator[Share]:
    """Everybody who bears the cost or may come to: as ruled, as found, as determined so far, as last offered."""
    yield from case.ruling.liable if case.ruling else ()
    yield from case.found
    for ask in case.asks:
        yield from ask.answer.liable if ask.answer else ()
    for offer in case.offers[-1:]:
        yield from offer.liable
