"""What people said to a case that has ended, rebuilt from its record."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import ValidationError

from models.base import Detail
from models.case import Event
from models.commands import COMMANDS, shares_in
from models.complaint import Complaint
from models.procedure import Procedure, Step
from models.steps import FIELD, FormField
from rules.authority import LEFT_BY
from rules.replies import Message

PERSONAL = "-"
"""Stands for words that the record does not keep."""


class Unsaid(Exception):
    """The record does not tell what somebody said. `kind`: the line of the record."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True)
class CarriedOut:
    """How a remedy went, and how long after it began."""

    kind: str
    after: timedelta
    failure: str | None = None
    step: Step | None = None


@dataclass(frozen=True)
class Past:
    """A case as the register and the record have it."""

    number: str
    procedure: str
    opened_at: datetime
    complaint: Complaint
    events: tuple[Event, ...]
    ended_at: datetime
    route: str
    basis: str | None
    exit: str | None
    liable: str
    refunded: int


def messages(past: Past, pack: Procedure) -> list[Message]:
    """Everything people said, in order. Raises Unsaid."""
    return list(_messages(past.events, pack))


def _messages(events: Sequence[Event], pack: Procedure) -> Iterator[Message]:
    talk_ends: str | None = None
    for place, event in enumerate(events):
        if event.kind in LOST or "incident" in event.data:
            raise Unsaid(event.kind)
        if event.kind == "negotiating":
            talk_ends = str(event.data.get("due_at", ""))
        elif event.kind == "negotiation_failed" and talk_ends and event.at < datetime.fromisoformat(talk_ends):
            # Who said so is not in the record; that somebody did is, because the clock had not run out.
            yield _said(event, "negotiated", {"agreed": False}, tuple(pack.departments))
        elif event.kind in _WORDS and event.actor is not None and event.department is not None:
            name, fields = LEFT_BY[event.kind], _WORDS[event.kind]
            if event.kind != "triaged" or event.data.get("route") == "by_hand":
                yield _said(event, name, fields(event, events[place + 1 :], pack), (event.department,))


def _said(event: Event, name: str, fields: dict[str, Any], departments: tuple[str, ...]) -> Message:
    given = {key: value for key, value in fields.items() if value not in (None, "", ())}
    try:
        command = COMMANDS[name].model_validate({"actor": event.actor or PERSONAL, **given})
    except ValidationError:
        raise Unsaid(event.kind) from None
    return Message(name, command, event.at, departments)


def carried_out(events: Sequence[Event]) -> list[CarriedOut | None]:
    """What became of each remedy that was begun; None where a person settled it or it was never finished."""
    found: list[CarriedOut | None] = []
    begun: Event | None = None
    for event in events:
        if event.kind == "executing":
            found.append(None)
            begun = event
        elif begun is not None and event.kind in {"executed", "execution_failed"} and "elsewhere" not in event.data:
            step: Any = event.data.get("step")
            failure = str(event.data["code"]) if event.kind == "execution_failed" else None
            found[-1] = CarriedOut(str(begun.data["remedy"]), event.at - begun.at, failure, step)
            begun = None
    return found


def _reason(event: Event) -> str:
    return str(event.data.get("reason", PERSONAL))


def shares_of(text: object) -> list[dict[str, Any]]:
    """Liable parties as a line of the record names them."""
    return [{"party": party, "percent": percent} for party, percent in shares_in(str(text or ""))]


def _following(after: Sequence[Event], event: Event, *kinds: str) -> Event | None:
    """A line that the same message left."""
    return next((line for line in after if line.at == event.at and line.kind in kinds), None)


def _contact(event: Event, _: Sequence[Event], __: Procedure) -> dict[str, Any]:
    return {"mode": event.data.get("mode"), "note": event.data.get("reason")}


def _triage(event: Event, _: Sequence[Event], __: Procedure) -> dict[str, Any]:
    ask = [name for name in str(event.data.get("ask", "")).split(",") if name]
    return {"handling": event.data.get("handling"), "ask": tuple(ask), "reason": _reason(event)}


def _confirm(event: Event, _: Sequence[Event], __: Procedure) -> dict[str, Any]:
    return {"liable": shares_of(event.data.get("liable")), "reason": _reason(event)}


def _decide(event: Event, after: Sequence[Event], _: Procedure) -> dict[str, Any]:
    borne = _following(after, event, "ruled", "cost_moved")
    given = _following(after, event, "executing")
    demand = {"kind": given.data["remedy"], "amount": given.data.get("amount") or None} if given else None
    liable = tuple(shares_of(borne.data.get("liable"))) if borne else ()
    return {"grant": bool(event.data.get("grant")), "liable": liable, "demand": demand, "reason": _reason(event)}


def _resolve(event: Event, after: Sequence[Event], _: Procedure) -> dict[str, Any]:
    done = _following(after, event, "executed")
    outcome = event.data.get("outcome")
    reference = done.data.get("reference") if done and outcome == "settled" else None
    return {"outcome": outcome, "reference": reference, "note": _reason(event)}


def _record(event: Event, _: Sequence[Event], pack: Procedure) -> dict[str, Any]:
    duty = pack.duties.get(str(event.data.get("duty")))
    if duty is None:
        raise Unsaid(event.kind)
    fields = {field.name: value for field in duty.form if (value := value_of(event, field)) is not None}
    assigned = [{"department": name} for name in str(event.data.get("assigned", "")).split(",") if name]
    return {
        "duty": event.data["duty"],
        "fields": fields,
        "liable": tuple(shares_of(event.data.get("liable"))),
        "assign": tuple(assigned),
        "note": event.data.get("reason"),
    }


def value_of(event: Event, field: FormField) -> Detail | None:
    """What a line says under a field of its form; PERSONAL where one that is needed is not on record."""
    word = event.data.get(f"{FIELD}{field.name}")
    if word is None:
        return PERSONAL if field.personal and field.required else None
    if field.kind == "yes_no":
        return word == "yes"
    return int(word) if field.kind in {"number", "money"} else str(word)


def _offer(event: Event, _: Sequence[Event], pack: Procedure) -> dict[str, Any]:
    form = pack.offers.form if pack.offers else ()
    return {
        "demand": {"kind": event.data["remedy"], "amount": event.data.get("amount") or None},
        "basis": _reason(event),
        "liable": tuple(shares_of(event.data.get("liable"))),
        "fields": {field.name: value for field in form if (value := value_of(event, field)) is not None},
    }


def _respond(event: Event, _: Sequence[Event], __: Procedure) -> dict[str, Any]:
    accept = event.kind == "offer_accepted"
    return {"version": event.data["version"], "accept": accept, "reason": event.data.get("reason")}


def _feedback(event: Event, _: Sequence[Event], __: Procedure) -> dict[str, Any]:
    if event.kind == "not_reached":
        return {"reached": False}
    return {"satisfied": bool(event.data.get("satisfied")), "reason": event.data.get("reason")}


Fields = Callable[[Event, Sequence[Event], Procedure], dict[str, Any]]
_WORDS: Final[dict[str, Fields]] = {
    "contacted": _contact,
    "triaged": _triage,
    "rerouted": lambda event, _, __: {"route": event.data["route"], "reason": _reason(event)},
    "negotiated": lambda *_: {"agreed": True},
    "answered": _confirm,
    "answered_late": _confirm,
    "verified": lambda *_: {},
    "contested": lambda event, _, __: {"by": event.data["by"], "reason": _reason(event)},
    "decided": _decide,
    "insisted": lambda event, _, __: {"reason": _reason(event)},
    "goods": lambda event, _, __: {"accepted": bool(event.data.get("accepted"))},
    "resolved": _resolve,
    "feedback": _feedback,
    "not_reached": _feedback,
    "withdrawn": lambda event, _, __: {"reason": event.data.get("reason")},
    "recorded": _record,
    "recorded_late": _record,
    "offered": _offer,
    "offer_accepted": _respond,
    "offer_countered": _respond,
    "approved": lambda event, _, __: {"approve": True, "reason": event.data.get("reason")},
    "not_approved": lambda event, _, __: {"approve": False, "reason": _reason(event)},
}
"""Line of the record -> what the message said that left it."""
LOST: Final = frozenset({"extended", "moved", "undelivered", "taken_back"})
"""Lines whose messages cannot be rebuilt, or after which the case went on otherwise than its procedure says."""
READ: Final = (
    *_WORDS, *LOST, "negotiating", "negotiation_failed", "asked", "duty", "executing", "executed", "execution_failed",
)  # fmt: skip
"""Every kind of line a replay needs."""
