"""The end of a case: the customer is told the result and asked (S0-18), and every exit has a name."""

from datetime import datetime

from models.case import Case, Exit
from models.procedure import Procedure
from models.stage import Stage
from rules.duties import drop, enter
from rules.record import note, notify
from rules.spans import deadline
from rules.stages import move, to_panel
from rules.takeback import take_up
from rules.triage import callbacks_of, route_of


def close(case: Case, pack: Procedure, end: Exit, at: datetime) -> Case:
    """End the case under a named exit.

    Not while the customer is owed what the gateway has taken back; a cost still in dispute keeps it open for the panel,
    and for nobody else.
    """
    if case.owing:
        return take_up(case, pack, at)
    case = case.but(exit=end)
    if case.cost_held:
        return to_panel(case, pack, at)
    case = drop(case, pack, at) if case.phase != "rest" else case
    if any(work.open for work in case.works):
        # Only what was to be done after the fact is left; see rules.duties.
        return note(move(case.but(phase="rest"), Stage.WORKING, at), at, "duties_left")
    return note(move(case, Stage.CLOSED, at), at, "closed", exit=end)


def tell_result(
    case: Case, pack: Procedure, at: datetime, reference: str | None = None, *, again: bool = False
) -> Case:
    """Tell the customer what was actually done and ask whether that satisfies; a withdrawn case ends here.

    `again`: it was given a second time, because the first did not last: what comes after it has been done.
    """
    case = notify(
        case,
        pack,
        at,
        "customer",
        "result",
        remedy=case.demand.kind,
        refunded=case.refunded,
        reference=reference,
    )
    route = route_of(case, pack)
    if route is not None and route.after and not case.withdrawn and not again:
        case, waits = enter(case, pack, at, route.after, "after")
        if waits:
            return case
    return ask_customer(case, pack, at)


def ask_customer(case: Case, pack: Procedure, at: datetime) -> Case:
    """Wait for the customer's word on what was done, once all of it stands; a withdrawn case ends here."""
    if case.owing:
        return take_up(case, pack, at)
    if case.withdrawn:
        return close(case, pack, Exit.WITHDRAWN, at)
    case = move(case, Stage.FEEDBACK, at, due=_next_call(case, pack, at)).but(callbacks=1, called=0, satisfied=False)
    return note(case, at, "feedback_asked", department=pack.front_desk, times=1)


def call_back(case: Case, pack: Procedure, at: datetime) -> Case:
    """Ask the silent customer again; after the last call-back the case ends as "no answer", not as "satisfied"."""
    rule = callbacks_of(case, pack)
    if rule.desk is not None and case.called < case.callbacks:
        case = note(case.but(missed=True), at, "not_called_back", department=pack.front_desk, times=case.callbacks)
    if case.callbacks >= rule.times:
        if case.satisfied:
            return close(case, pack, Exit.SATISFIED, at)
        return to_panel(case, pack, at) if rule.unanswered == "panel" else close(case, pack, Exit.NO_FEEDBACK, at)
    times = case.callbacks + 1
    case = case.but(callbacks=times, due=_next_call(case, pack, at))
    case = note(case, at, "feedback_asked", department=pack.front_desk, times=times)
    return notify(case, pack, at, "customer", "callback", times=times)


def _next_call(case: Case, pack: Procedure, at: datetime) -> datetime:
    rule = callbacks_of(case, pack)
    return deadline(case, pack, at, rule.desk or rule.every)


def called(case: Case, pack: Procedure, at: datetime, *, satisfied: bool | None) -> Case:
    """The customer was called back. Satisfied ends the case once as many calls were made as its class needs (S2-11).

    A further word of the same call moves no clock: the next call comes when it was due.
    """
    rule = callbacks_of(case, pack)
    if case.called < case.callbacks:
        case = case.but(called=case.callbacks, due=deadline(case, pack, at, rule.every))
    if satisfied is None:
        # What the customer has said before stands.
        return case
    case = case.but(satisfied=satisfied)
    return close(case, pack, Exit.SATISFIED, at) if case.callbacks >= rule.at_least else case
