"""A corrective action's life: its gates in order, its clocks, who is told (S2-15 to S2-37). Pure, as all rules.

What people say to it stands in corrective_acts.py.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from models.case import Mail
from models.corrective import Corrective, CorrectiveEntry, CorrectiveResult, CorrectiveView, Gate, Round, Timer
from models.plans import CorrectiveRules
from models.procedure import Procedure
from models.quality_complaint import QualityComplaint
from rules.record import stamp
from rules.spans import ends

AGAIN = timedelta(hours=24)
"""How often a missed clock is told until it is met."""
KEPT_ROUNDS = 10
KEPT_BYTES = 256 * 1024
"""How much earlier rounds are together: the report goes into its book as a whole, which may be 2 MiB."""


def rules_of(pack: Procedure) -> CorrectiveRules:
    """The procedure's 8D rules. Raises ValueError where it has none: no action is ever opened under it."""
    if pack.corrective_action is None:
        raise ValueError(f"{pack.ref} knows no corrective actions")
    return pack.corrective_action


def opened(complaint: QualityComplaint, entry: CorrectiveEntry, pack: Procedure, at: datetime) -> Corrective:
    """A corrective action just opened: quality is told, and whoever a special case concerns."""
    rules = rules_of(pack)
    state = Corrective(
        number=entry.number,
        procedure=pack.ref,
        complaint=complaint,
        opened_at=at,
        timers=tuple(_timers(complaint, pack, entry, at)),
        to_trace=complaint.lots,
    )
    departments = [rules.quality]
    if complaint.substance or complaint.special or complaint.urgent:
        departments += rules.alarm
    if complaint.claim or complaint.on_site:
        departments.append(rules.sales)
    for department in dict.fromkeys(departments):
        state = tell(state, at, department, "corrective_opened", f"opened-{department}", **_nature(complaint))
    return state


def _nature(complaint: QualityComplaint) -> dict[str, str | None]:
    """What makes it special, each for a line of its own in the notice."""
    flags = {
        "substance": complaint.substance,
        "urgent": complaint.urgent,
        "claim": complaint.claim,
        "on_site": complaint.on_site,
    }
    return {name: name if there else None for name, there in flags.items()} | {"special": complaint.special}


def _timers(complaint: QualityComplaint, pack: Procedure, entry: CorrectiveEntry, at: datetime) -> list[Timer]:
    """Every clock from the start; where the customer's limit is shorter it wins (S2-24)."""
    rules = rules_of(pack)
    hurry = complaint.substance or complaint.special is not None
    contain = rules.containment if hurry else rules.temporary
    made = [_timer("containment" if hurry else "temporary", at + contain.within, contain.source)]
    if complaint.urgent or complaint.substance:
        made.append(_timer("written_reply", at + rules.urgent_reply.within, rules.urgent_reply.source))
    else:
        for name, clock in (("first_reply", rules.first_reply), ("written_reply", rules.written_reply)):
            made.append(_timer(name, ends(at, clock.within, pack.time_zone, entry.calendar), clock.source))
    if complaint.answer_hours is None:
        return made
    limit = at + timedelta(hours=complaint.answer_hours)
    return [_at_most(timer, limit) if timer.name.endswith("reply") else timer for timer in made]


def _timer(name: str, due: datetime, source: str) -> Timer:
    return Timer.model_validate({"name": name, "due": due, "source": source, "tell_at": due})


def _at_most(timer: Timer, limit: datetime) -> Timer:
    if limit >= timer.due:
        return timer
    return timer.model_copy(update={"due": limit, "tell_at": limit, "source": f"{timer.source}, S2-24"})


def stage_of(state: Corrective) -> Gate:
    """What it waits for: the first gate without content, then approval, reply and the customer's word."""
    done, planned = state.completion
    missing = (
        (Gate.D1, state.d1 is None),
        (Gate.D2, state.d2 is None),
        (Gate.D3, state.d3 is None),
        (Gate.D4, state.d4 is None),
        (Gate.D5, state.d5 is None),
        (Gate.D6, done < planned),
        (Gate.CHECK, state.check is None),
        (Gate.D7, state.d7 is None),
        (Gate.D8, state.d8 is None),
        (Gate.APPROVAL, state.approved is None),
        (Gate.REPLY, not any(reply.kind == "final" for _, reply in state.replies)),
    )
    return next((gate for gate, open_ in missing if open_), Gate.FEEDBACK)


def settle(state: Corrective) -> Corrective:
    """The same with its stage brought up to date."""
    return state if state.stage is Gate.CLOSED else state.but(stage=stage_of(state))


def met(state: Corrective, name: str, at: datetime) -> Corrective:
    """A clock has been met, in time or late."""
    timers = tuple(
        timer.model_copy(update={"met_at": at}) if timer.name == name and timer.met_at is None else timer
        for timer in state.timers
    )
    return state.but(timers=timers)


def begin_effect_clock(state: Corrective, pack: Procedure, at: datetime) -> Corrective:
    """The last action is carried out: its effect must be checked within so long (S2-34)."""
    clock = rules_of(pack).effectiveness
    return state.but(timers=(*state.timers, _timer("effectiveness", at + clock.within, clock.source)))


def again_from_causes(state: Corrective, at: datetime, reason: str) -> Corrective:
    """Back to the root cause (S2-19, S2-23, S2-28): what did not hold is kept as a round; containment stands."""
    if state.d4 is None:
        return state
    past = Round(causes=state.d4, steps=state.d5, done=state.done, check=state.check, at=at, reason=reason)
    kept = {gate: said for gate, said in state.said.items() if gate in ("d1", "d2", "d3")}
    final = tuple(pair for pair in state.replies if pair[1].kind != "final")
    state = met(state, "effectiveness", at)
    rounds = (*state.rounds, past)
    first = _first_kept(rounds)
    return state.but(
        rounds=rounds[first:], dropped=state.dropped + first, said=kept, replies=final,
        d4=None, d5=None, done=(), check=None, d7=None, d8=None, approved=None,
    )  # fmt: skip


def _first_kept(rounds: Sequence[Round]) -> int:
    """The last round is kept however much it is."""
    room = KEPT_BYTES
    for place in reversed(range(len(rounds))):
        room -= len(rounds[place].model_dump_json().encode())
        if place < len(rounds) - 1 and (room < 0 or place < len(rounds) - KEPT_ROUNDS):
            return place + 1
    return 0


def next_due(state: Corrective) -> datetime | None:
    """When a missed clock is told next."""
    if state.stage is Gate.CLOSED:
        return None
    return min((timer.tell_at for timer in state.timers if timer.met_at is None), default=None)


def pass_time(state: Corrective, pack: Procedure, at: datetime) -> Corrective:
    """Clocks that are missed are told to those who must hear of it, every day until they are met."""
    if state.stage is Gate.CLOSED:
        return state
    rules = rules_of(pack)
    for timer in state.timers:
        if timer.met_at is not None or at < timer.tell_at:
            continue
        for department in dict.fromkeys((rules.quality, *rules.alarm)):
            what = f"missed-{timer.name}-{stamp(timer.due)}-{timer.missed + 1}-{department}"
            state = tell(state, at, department, "corrective_missed", what, timer=timer.name, due_at=stamp(timer.due))
        told = timer.model_copy(update={"missed": timer.missed + 1, "tell_at": at + AGAIN})
        state = state.but(timers=tuple(told if each is timer else each for each in state.timers))
    return state


def view_of(state: Corrective) -> CorrectiveView:
    """The report as people read it."""
    return CorrectiveView.model_validate(state.model_dump(include=set(CorrectiveView.model_fields)))


def result(state: Corrective) -> CorrectiveResult:
    """How a closed action ended."""
    missed = sum(1 for timer in state.timers if not timer.in_time)
    return CorrectiveResult(number=state.number, rounds=state.round, missed=missed)


def tell(state: Corrective, at: datetime, to: str, template: str, what: str, **values: str | int | None) -> Corrective:
    """Have a notice sent to a department; `what` makes it one of its kind in this action."""
    facts: dict[str, str | int | None] = {
        "number": state.number,
        "product": state.complaint.product,
        "defect": state.complaint.defect,
        **values,
    }
    shown = {key: value for key, value in facts.items() if value is not None}
    mail = Mail(id=f"{state.number}.{what}", at=at, to=to, template=template, values=shown)
    return state.but(mails=(*state.mails, mail))
