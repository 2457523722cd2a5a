"""What a case that has ended remembers of its offers and duties, put together again from its record."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from models.base import Detail
from models.case import Event, Offer, OfferState, Report, Work
from models.commands import Share
from models.complaint import Demand, DemandKind
from models.procedure import Procedure
from models.steps import FormField
from rules.duties import KEPT_WORKS
from rules.past import PERSONAL, shares_of, value_of

_WORDS: dict[str, OfferState] = {
    "not_approved": "withheld",
    "offer_accepted": "accepted",
    "offer_countered": "countered",
}
"""Line of the record -> what it made of the offer that was made last."""


def offers(events: Sequence[Event], pack: Procedure) -> tuple[Offer, ...]:
    """Every offer, the first one first: the next one counts on from them. What nobody answered has lapsed."""
    made: list[Offer] = []
    form = pack.offers.form if pack.offers else ()
    for event in events:
        if event.kind == "offered":
            made.append(_offer(event, form))
        elif event.kind in _WORDS and made and made[-1].state == "lapsed":
            made[-1] = made[-1].model_copy(update={"state": _WORDS[event.kind]})
    return tuple(made)


def _offer(event: Event, form: Sequence[FormField]) -> Offer:
    amount = int(event.data.get("amount", 0))
    kind = DemandKind(str(event.data["remedy"]))
    # A compensation names an amount; one that added nothing to what had been given has none on record.
    least = 1 if kind is DemandKind.COMPENSATION else None
    return Offer(
        version=int(event.data["version"]),
        at=event.at,
        actor=event.actor or PERSONAL,
        department=event.department or PERSONAL,
        demand=Demand(kind=kind, amount=amount or least),
        amount=amount,
        liable=tuple(Share.model_validate(share) for share in shares_of(event.data.get("liable"))),
        basis=str(event.data.get("reason", PERSONAL)),
        fields=_fields(event, form),
        state="lapsed",
    )


def works(events: Sequence[Event], pack: Procedure) -> tuple[Work, ...]:
    """Every duty reported on, or gone on without: what is late is still kept as late, nothing is done twice."""
    found: list[Work] = []
    for event in events:
        duty = pack.duties.get(str(event.data.get("duty")))
        if duty is None:
            continue
        if event.kind == "duty":
            found.append(_work(event, aside=duty.aside))
        elif (place := _place(found, event)) is not None:
            done: dict[str, object] = {"silent": event.kind != "recorded"}
            if event.kind != "duty_missed":
                done["report"] = Report(actor=event.actor or PERSONAL, at=event.at, fields=_fields(event, duty.form))
            elif duty.on_silence == "escalate":
                continue
            found[place] = found[place].model_copy(update=done)
    return _numbered([work for work in found if not work.open][-KEPT_WORKS:])


def _work(event: Event, *, aside: bool) -> Work:
    return Work(
        id="",
        duty=str(event.data["duty"]),
        department=event.department or PERSONAL,
        issued_at=event.at,
        deadline=datetime.fromisoformat(str(event.data["deadline_at"])),
        mail="",
        aside=aside,
    )


def _place(found: Sequence[Work], event: Event) -> int | None:
    """The duty a line speaks of: the department's own, or, where a helper reported, whoever's it was."""
    late = event.kind == "recorded_late"
    if event.kind not in {"recorded", "recorded_late", "duty_missed"}:
        return None
    same = [place for place, work in enumerate(found) if work.duty == event.data["duty"]]
    waiting = [place for place in same if (found[place].report is None if late else found[place].open)]
    own = [place for place in waiting if found[place].department == event.department] or waiting
    return (own[-1] if late else own[0]) if own else None


def _numbered(found: Sequence[Work]) -> tuple[Work, ...]:
    """As the case numbers them: each duty of a department by itself (see rules.duties)."""
    counted: Counter[str] = Counter()
    numbered = []
    for work in found:
        name = f"{work.duty}-{work.department}"
        counted[name] += 1
        numbered.append(work.model_copy(update={"id": f"{name}-{counted[name]}"}))
    return tuple(numbered)


def _fields(event: Event, form: Sequence[FormField]) -> dict[str, Detail]:
    return {field.name: value for field in form if (value := value_of(event, field)) is not None}
