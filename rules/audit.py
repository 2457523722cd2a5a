"""What a case's record must say of itself, line after line: pure checks over the events as they stand in SQL."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from models.audit import Invariant, Violation
from models.base import Record
from models.case import Event
from models.stage import Stage

_SIGNS = {"executed": 1, "taken_back": -1}
"""What a line does to the customer's money."""


class RowFacts(Record):
    """What the register says of a case, as far as the record can prove it."""

    number: str
    stage: str
    exit: str | None
    waiting_for: str
    refunded: int
    paid: int
    currency: str
    version: int
    notices: int
    """Notices of the case in the outbox."""


def breaches(row: RowFacts, events: Sequence[Event]) -> list[Violation]:
    """Everything the record or the row gets wrong; `events` is the whole record in order."""
    return [*_gaps(row, events), *_ends(row, events), *_money(row, events), *_clocks(row.number, events)]


def _gaps(row: RowFacts, events: Sequence[Event]) -> Iterator[Violation]:
    numbers = [event.seq for event in events]
    if numbers != list(range(1, len(numbers) + 1)):
        yield Violation(invariant=Invariant.NOTHING_UNHEARD, number=row.number, code="record_gap")
    elif row.version >= 0 and len(events) + row.notices != row.version:
        # The row's version counts the lines and notices the case had written when it wrote the row.
        facts: dict[str, str | int] = {"events": len(events), "notices": row.notices, "version": row.version}
        yield Violation(invariant=Invariant.NOTICES_LEAVE, number=row.number, code="page_incomplete", facts=facts)


def _ends(row: RowFacts, events: Sequence[Event]) -> Iterator[Violation]:
    again = max((event.seq for event in events if event.kind == "reopened"), default=0)
    ends = [event.data.get("exit") for event in events if event.kind == "closed" and event.seq > again]
    if row.stage == Stage.CLOSED:
        if row.exit is None or ends != [row.exit]:
            facts = {"ends": len(ends), "exit": row.exit or ""}
            yield Violation(invariant=Invariant.ONE_END, number=row.number, code="not_one_end", facts=facts)
    elif ends:
        yield Violation(invariant=Invariant.ONE_END, number=row.number, code="ended_yet_open")
    elif row.version >= 0 and not row.waiting_for:
        yield Violation(invariant=Invariant.ONE_END, number=row.number, code="waits_for_nobody")


def _money(row: RowFacts, events: Sequence[Event]) -> Iterator[Violation]:
    given = _given(events)
    if given != row.refunded:
        facts: dict[str, str | int] = {"record": given, "case": row.refunded, "currency": row.currency}
        yield Violation(invariant=Invariant.MONEY_AGREES, number=row.number, code="record_differs", facts=facts)
    if row.refunded > row.paid:
        facts = {"refunded": row.refunded, "paid": row.paid, "currency": row.currency}
        yield Violation(invariant=Invariant.PAID_ONCE, number=row.number, code="case_over_refunded", facts=facts)


def _given(events: Sequence[Event]) -> int:
    """What the customer has by the record; what the gateway gave counts once, also where two lines tell of it."""
    total, standing = 0, set[tuple[object, object]]()
    for event in events:
        payment, by_gateway = (event.data.get("decision"), event.data.get("reference")), "elsewhere" not in event.data
        if event.kind not in _SIGNS or (event.kind == "executed" and by_gateway and payment in standing):
            continue
        total += _SIGNS[event.kind] * int(event.data.get("refunded", 0))
        if event.kind == "taken_back":
            standing.discard(payment)
        elif by_gateway and payment[1] is not None:
            standing.add(payment)
    return total


@dataclass
class _Ask:
    deadlines: list[datetime]
    """The one it was issued with, and those its department was given later."""
    open: bool = True

    def give(self, deadline: datetime) -> None:
        """More time. The line does not say whether it is for this ask or for a duty: either deadline fits."""
        if self.open:
            self.deadlines.append(deadline)


class _Clocks:
    """The asks that stand, department by department, as the record tells them.

    An answer may come before the ask, at the explanation; a new round or a new triage begins anew.
    """

    def __init__(self) -> None:
        self._asks: dict[str, _Ask] = {}
        self._deadlines: dict[str, list[datetime]] = {}

    def wrong(self, event: Event) -> str | None:
        """Why the line cannot be."""
        department = event.department or ""
        ask = self._asks.get(department)
        match event.kind:
            case "rework" | "triaged":
                self._asks.clear()
            case "asked":
                deadline = datetime.fromisoformat(str(event.data["deadline_at"]))
                self._asks[department] = _Ask([deadline])
                self._deadlines.setdefault(department, []).append(deadline)
            case "extended" if ask is not None:
                ask.give(datetime.fromisoformat(str(event.data["deadline_at"])))
            case "silence" if ask is not None:
                return _silence(event, ask)
            case "answered" if ask is not None:
                ask.open = False
                return None if event.at < max(ask.deadlines) else "answer_after_deadline"
            case "answered_late":
                known = self._deadlines.get(department, [])
                return None if any(event.at >= deadline for deadline in known) else "late_before_deadline"
        return None


def _silence(event: Event, ask: _Ask) -> str | None:
    decided, ask.open = not ask.open, False
    if decided:
        return "silence_despite_answer"
    return None if event.at in ask.deadlines else "silence_off_deadline"


def _clocks(number: str, events: Sequence[Event]) -> Iterator[Violation]:
    clocks = _Clocks()
    for event in events:
        if code := clocks.wrong(event):
            facts: dict[str, str | int] = {"department": event.department or "", "seq": event.seq}
            yield Violation(invariant=Invariant.SILENCE_IS_SILENCE, number=number, code=code, facts=facts)
