"""The end of a case: the customer is told the result and asked (S0-18), and every exit has a name."""

from datetime import datetime

from models.case import Case, Exit, Stage
from models.procedure import Procedure
from rules.record import note, notify
from rules.stages import move, to_panel


def close(case: Case, pack: Procedure, end: Exit, at: datetime) -> Case:
    """End the case under a named exit. A cost still in dispute keeps it open for the panel, and for nobody else."""
    case = case.but(exit=end)
    if case.cost_held:
        return to_panel(case, pack, at)
    return note(move(case, Stage.CLOSED, at), at, "closed", exit=end)


def tell_result(case: Case, pack: Procedure, at: datetime, reference: str | None = None) -> Case:
    """Tell the customer what was actually done and ask whether that satisfies; a withdrawn case ends here."""
    case = notify(
        case,
        at,
        "customer",
        "result",
        remedy=case.demand.kind,
        refunded=case.refunded,
        reference=reference,
    )
    return ask_customer(case, pack, at)


def ask_customer(case: Case, pack: Procedure, at: datetime) -> Case:
    """Wait for the customer's word on what was done; a withdrawn case ends here."""
    if case.withdrawn:
        return close(case, pack, Exit.WITHDRAWN, at)
    case = move(case, Stage.FEEDBACK, at, due=at + pack.callbacks.every).but(callbacks=1)
    return note(case, at, "feedback_asked", department=pack.front_desk, times=1)


def call_back(case: Case, pack: Procedure, at: datetime) -> Case:
    """Ask the silent customer again; after the last call-back the case ends as "no answer", not as "satisfied"."""
    if case.callbacks >= pack.callbacks.times:
        return close(case, pack, Exit.NO_FEEDBACK, at)
    times = case.callbacks + 1
    case = case.but(callbacks=times, due=at + pack.callbacks.every)
    case = note(case, at, "feedback_asked", department=pack.front_desk, times=times)
    return notify(case, at, "customer", "callback", times=times)
