"""G8: whole cases of the pure rules under messages lost, late, doubled and shuffled, and outages of ours.

    python -m tests.lanes.worlds --seed 7 --n 20000

No server, no database: receipt times, not arrival order, decide. Each world ends with what must hold.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from itertools import repeat
from random import Random
from typing import Any

from models.case import Case
from models.commands import COMMANDS, Command, TakenBack
from models.names import TAKEN_BACK
from models.remedy import RemedyResult
from models.stage import Stage
from rules.audit import RowFacts, breaches
from rules.clock import next_due, pass_time
from rules.intake import open_case
from rules.messages import receive
from rules.remedy import finished, order_for
from rules.replies import Message
from rules.takeback import reopened
from rules.view import summary
from tests.builders import complaint, liable
from tests.lanes.common import Lane, main, options
from tests.rules.builders import PACK, START

HOUR = timedelta(hours=1)
AT_ONCE = 2_000
"""Worlds a core takes at a time."""
FILED = [
    complaint(order={"number": "YL-1"}),
    complaint(order={"number": "YL-1"}, cause="damage_unclear"),
    complaint(order={"number": "YL-1"}, cause="damaged", demand={"kind": "exchange"}),
    complaint(order={"number": "YL-1"}, contact=None),
]
MADE: list[tuple[str, str, float, Command]] = []
"""Command, department, hours after filing around which it is sent, content: made once, since reading costs most."""


def _say(name: str, department: str, hours: float, **fields: Any) -> None:
    MADE.append((name, department, hours, COMMANDS[name].model_validate({"actor": "somebody", **fields})))


for _share in ({"merchant": 100}, {"carrier": 100}, {"customer": 100}, {"merchant": 50, "customer": 50}):
    for _who in ("merchandise", "logistics"):
        _say("confirm", _who, 18.0, liable=liable(**_share), reason="理由")
_say("contact", "customer_service", 0.2)
_say("decide", "panel", 30.0, grant=True, liable=liable(merchant=100), reason="理由")
_say("verify", "customer_service", 20.0)
_say("contest", "customer_service", 22.0, by="customer", reason="理由")
_say("goods", "returns_centre", 40.0, accepted=True)
_say("insist", "customer_service", 40.0, reason="理由")
_say("feedback", "customer_service", 44.0, satisfied=True)
_say("withdraw", "customer_service", 30.0)


def world(dice: Random) -> str | None:
    """One case's life; what was broken, if anything."""
    case = open_case(dice.choice(FILED), PACK, "T-1", START)
    inbox: list[tuple[datetime, str, str, Command]] = []
    for _ in range(dice.randrange(2, 6)):
        name, who, hours, command = MADE[dice.randrange(len(MADE))]
        at = START + HOUR * max(0.01, dice.gauss(hours, 8.0))
        inbox += [(at, name, who, command)] * (0 if dice.random() < 0.1 else 1 + (dice.random() < 0.1))
    inbox.sort(key=lambda letter: letter[0])
    down = START + HOUR * dice.uniform(0, 60) if dice.random() < 0.5 else None
    paid = 0
    for at, name, who, command in inbox:
        if down is not None and down < at:
            case, paid = _child(pass_time(case, PACK, down), down, paid, dice)
            down = None
        case = pass_time(case, PACK, at)
        case, _ = receive(case, PACK, Message(name, command, at, (who,)))
        case, paid = _child(case, at, paid, dice)
        if case.given and dice.random() < 0.1:
            case, paid = _taken_back(case, at, paid)
    end = START + HOUR * 24 * 60
    for _ in range(40):
        if case.closed or (due := next_due(case, PACK)) is None or due.at > end:
            break
        case, paid = _child(pass_time(case, PACK, due.at), due.at, paid, dice)
    return _broken(case, paid)


def _child(case: Case, at: datetime, paid: int, dice: Random) -> tuple[Case, int]:
    """A remedy under way comes back, usually well; one that waits for goods stays out half the time."""
    if case.execution is None or case.stage is not Stage.EXECUTING or dice.random() < 0.2:
        return case, paid
    order = order_for(case, PACK)
    if dice.random() < 0.1:
        return finished(case, PACK, RemedyResult(failure="broken", step=order.steps[0]), at), paid
    amount, reference = order.amount if "pay" in order.steps else 0, f"P-{order.decision}-{order.attempt}"
    done = RemedyResult(amount=amount, reference=reference, done=order.steps)
    return finished(case, PACK, done, at), paid + done.amount


def _taken_back(case: Case, at: datetime, paid: int) -> tuple[Case, int]:
    """The gateway takes the last refund back; a case that has ended goes on."""
    given = case.given[-1]
    if case.closed:
        return reopened(case, PACK, given, "account_closed", at), paid - given.amount
    told = TakenBack(actor="somebody", reference=given.reference, code="account_closed")
    case, _ = receive(case, PACK, Message(TAKEN_BACK, told, at, (PACK.cashier,)))
    return case, paid - given.amount


def _broken(case: Case, paid: int) -> str | None:
    if case.refunded != paid or paid > case.complaint.order.paid:
        return f"refunded {case.refunded}, paid out {paid} of {case.complaint.order.paid}"
    if case.closed and case.owing:
        return f"ended while {case.promised - case.refunded} is owed"
    if not case.closed and next_due(case, PACK) is None and case.execution is None:
        return f"stuck at {case.stage}"
    row = summary(case, PACK)
    facts = RowFacts(
        number=row.number, stage=row.stage, exit=row.exit, waiting_for=row.waiting_for, refunded=row.refunded,
        paid=case.complaint.order.paid, currency=case.complaint.order.currency,
        version=row.version, notices=case.mail_count,
    )  # fmt: skip
    return next((f"{found.invariant.value} {found.code}" for found in breaches(facts, case.events)), None)


async def worlds(given: argparse.Namespace) -> Lane:
    """The lane. Each world has a seed of its own, made from the lane's, so that one can be looked at alone."""
    lane = Lane("worlds", given.seed, given.n)
    parts = [range(first, min(first + AT_ONCE, given.n)) for first in range(0, given.n, AT_ONCE)]
    if len(parts) == 1:
        lane.wrong += several(given.seed, parts[0])
    else:
        with ProcessPoolExecutor() as cores:
            for wrong in cores.map(several, repeat(given.seed), parts):
                lane.wrong += wrong
    lane.counts["worlds"] = given.n
    return lane


def several(seed: int, indices: range) -> list[str]:
    """What was broken in some worlds."""
    found = ((index, world(Random(f"{seed}:{index}"))) for index in indices)
    return [f"world {seed}:{index}: {what}" for index, what in found if what is not None]


if __name__ == "__main__":
    main(worlds(options("worlds", 20_000)))
