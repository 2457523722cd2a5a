"""Settlement (S0-19): from a case's record to the transactions of the ledger.

Every step is a function of the record alone, so the same record always gives the same transactions. A change of who
bears a cost is a reversal and a new booking; it never touches what the customer got.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from models.case import Event
from models.commands import shares_in
from models.complaint import DemandKind
from models.ledger import Account, ChargeKind, Entry, LedgerCase, Posting
from models.procedure import Procedure
from rules.money import allocate

READ: Final = ("ruled", "executed", "taken_back", "contested", "panel", "cost_held", "cost_moved")
"""Kinds of lines the ledger is made from."""
CONTESTED: Final = "contested"


def moves_cost(event: Event) -> bool:
    """Whether the line may bring transactions of its own."""
    return event.kind in {"executed", "taken_back", "cost_held", "cost_moved"} or (
        event.kind == "ruled" and _int(event, "decision") > 1
    )


def month_of(at: datetime, pack: Procedure) -> str:
    """The settlement period of an instant."""
    return f"{at.astimezone(ZoneInfo(pack.time_zone)):%Y-%m}"


def next_month(month: str) -> str:
    """The period after this one."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12}-{number % 12 + 1:02}"


def postings(case: LedgerCase, pack: Procedure, events: Iterable[Event]) -> list[Posting]:
    """Every transaction of a case, from its whole record in order."""
    book = _Book(case, pack)
    for event in events:
        book.take(event)
    return book.made


@dataclass(frozen=True)
class _Charge:
    """One cost of what the customer got."""

    kind: ChargeKind
    source: Account
    amount: int
    currency: str
    reference: str


class _Book:
    """The fold: what each decision says about who bears the cost, and the bookings that stand."""

    def __init__(self, case: LedgerCase, pack: Procedure) -> None:
        self.made: list[Posting] = []
        self._case, self._pack = case, pack
        self._shares: dict[int, tuple[tuple[str, int], ...]] = {}
        self._grounds: dict[int, str] = {}
        self._held: set[int] = set()
        self._standing: dict[int, list[tuple[_Charge, Posting]]] = {}
        self._contested = False
        self._event: Event

    def take(self, event: Event) -> None:
        self._event = event
        decision = _int(event, "decision")
        match event.kind:
            case "contested" | "panel":
                self._contested |= event.kind == "contested" or bool(event.data.get("contested"))
            case "ruled":
                self._determine(decision, str(event.data.get("basis", "")))
                for held in sorted(self._held):
                    # The decision covers what was in dispute, whichever earlier decision gave it.
                    self._shares[held], self._grounds[held] = self._shares[decision], self._grounds[decision]
                    self._free(held)
            case "executed":
                self._charge(decision)
            case "taken_back":
                self._take_back(decision)
            case "cost_held":
                self._contested = True
                self._held.add(decision)
                self._book_again(decision)
            case "cost_moved":
                self._determine(decision, str(event.data.get("ground", "")))
                self._free(decision)

    def _determine(self, decision: int, ground: str) -> None:
        self._shares[decision] = shares_in(str(self._event.data.get("liable", "")))
        self._grounds[decision] = ground

    def _free(self, decision: int) -> None:
        self._held.discard(decision)
        self._book_again(decision)

    def _charge(self, decision: int) -> None:
        """What the customer got: money and the freight within it, and goods from stock."""
        money, freight, goods = (_int(self._event, name) for name in ("refunded", "freight", "value"))
        source = Account.ELSEWHERE if self._event.data.get("elsewhere") else Account.GATEWAY
        compensates = self._event.data.get("remedy") == DemandKind.COMPENSATION
        currency, reference = (str(self._event.data.get(name, "")) for name in ("currency", "reference"))
        if self._is_booked(decision, source, reference):
            return
        for charge in (
            _Charge("compensation" if compensates else "refund", source, money - freight, currency, reference),
            _Charge("freight", source, freight, currency, reference),
            _Charge("goods", Account.GOODS, goods, currency, reference),
        ):
            if charge.amount:
                self._book(decision, charge)

    def _is_booked(self, decision: int, source: Account, reference: str) -> bool:
        """Whether it is the same money, or the same goods: a case that was reset may tell of it under two lines."""
        if source is Account.ELSEWHERE or not reference:
            return False
        standing = [charge for charge, _ in self._standing.get(decision, [])]
        return any(charge.source is not Account.ELSEWHERE and charge.reference == reference for charge in standing)

    def _book(self, decision: int, charge: "_Charge") -> None:
        held = Entry(account=Account.HELD, amount=charge.amount)
        borne = [held] if decision in self._held else self._borne(decision, charge.amount)
        source = Entry(account=charge.source, amount=-charge.amount)
        booked = self._post(decision, charge, (source, *borne))
        self._standing.setdefault(decision, []).append((charge, booked))

    def _book_again(self, decision: int) -> None:
        """Take every booking of the decision back and book it as it is borne now."""
        for charge, old in self._standing.pop(decision, []):
            self._reverse(decision, charge, old)
            self._book(decision, charge)

    def _take_back(self, decision: int) -> None:
        """The gateway has taken back what it had refunded under a reference: nobody bears it any more."""
        reference = self._event.data.get("reference")
        standing = self._standing.pop(decision, [])
        gone = [(c, old) for c, old in standing if c.source is Account.GATEWAY and c.reference == reference]
        self._standing[decision] = [each for each in standing if each not in gone]
        for charge, old in gone:
            self._reverse(decision, charge, old)

    def _reverse(self, decision: int, charge: "_Charge", old: Posting) -> None:
        back = tuple(entry.model_copy(update={"amount": -entry.amount}) for entry in old.entries)
        self._post(decision, charge, back, reverses=old.id)

    def _post(
        self, decision: int, charge: "_Charge", entries: tuple[Entry, ...], *, reverses: str | None = None
    ) -> Posting:
        seq = self._event.seq
        ground = CONTESTED if decision in self._held else self._grounds.get(decision, "")
        made = Posting(
            number=self._case.number,
            order=self._case.order,
            event_seq=seq,
            place=sum(posting.event_seq == seq for posting in self.made) + 1,
            at=self._event.at,
            decision=decision,
            kind=charge.kind,
            ground=ground,
            clause=self._pack.settlement.clauses.get(ground, self._pack.settlement.source),
            contested=self._contested,
            currency=charge.currency,
            reference=charge.reference,
            reverses=reverses,
            entries=entries,
        )
        self.made.append(made)
        return made

    def _borne(self, decision: int, amount: int) -> list[Entry]:
        """The cost by party. What falls on nobody or on the customer is the company's: a customer is never charged."""
        shares = self._shares.get(decision) or ((self._pack.customer, 100),)
        parts = allocate(amount, [percent for _, percent in shares])
        borne: dict[str, int] = {}
        for (name, _), part in zip(shares, parts, strict=True):
            party = ledger_party(name, self._case, self._pack)
            borne[party] = borne.get(party, 0) + part
        return [Entry(account=Account.COST, party=party, amount=part) for party, part in borne.items() if part]


def ledger_party(name: str, case: LedgerCase, pack: Procedure) -> str:
    """Who a party of the procedure is in this case: the order's merchant or carrier by id, or one of our own."""
    known = pack.parties.get(name)
    if name == pack.customer or known is None:
        return pack.settlement.remainder
    if known.settles is None:
        return name
    who = case.merchant if known.settles == "merchant" else case.carrier
    return f"{name}:{who}" if who else name


def _int(event: Event, name: str) -> int:
    value = event.data.get(name, 0)
    return value if isinstance(value, int) else 0
