"""Carrying a decision out (S0-17): what is owed, on which day, and what a person must settle."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from models.case import Case, Given, Task, TaskKind
from models.complaint import Demand, DemandKind, Order, Quantity
from models.names import remedy_id
from models.procedure import Procedure, Step
from models.remedy import Execution, Remedy, RemedyOrder, RemedyResult
from models.stage import Stage
from rules.closing import ask_customer, tell_result
from rules.money import freight_part, goods_value, on_top, stake
from rules.record import note, notify, stamp
from rules.spans import deadline
from rules.stages import give_task, move
from rules.takeback import freight_given
from rules.undoing import broken_off, parcel_in_doubt


def execute(case: Case, pack: Procedure, at: datetime, due: datetime | None = None) -> Case:
    """Start what was decided, to be done the same day (`due`: a promise's own end, S0-14)."""
    remedy = owed(case, pack)
    plan = pack.remedies[remedy.kind]
    case = case.but(task=None)
    if not _anything_to_do(plan.steps, remedy):
        currency = case.complaint.order.currency
        case = note(case, at, "executed", decision=_decision(case), remedy=remedy.kind, refunded=0, currency=currency)
        return tell_result(case, pack, at)
    return _start(case, pack, at, remedy, due=due)


def owed(case: Case, pack: Procedure) -> Remedy:
    """What the current decision gives: money only where the remedy pays, never more than is left of what was paid."""
    demand, order = case.demand, case.complaint.order
    pays = "pay" in pack.remedies[demand.kind].steps
    whole = tuple(Quantity(sku=line.sku, quantity=line.quantity) for line in order.lines)
    return Remedy(
        kind=demand.kind,
        amount=stake(order, demand, case.promised) if pays else 0,
        lines=_held(order, demand.lines) or whole,
    )


def _held(order: Order, lines: tuple[Quantity, ...]) -> tuple[Quantity, ...]:
    """What of these the order holds: a product named twice is not sent twice."""
    left = order.holds
    found = []
    for part in lines:
        count = min(part.quantity, left[part.sku])
        left[part.sku] -= count
        if count:
            found.append(Quantity(sku=part.sku, quantity=count))
    return tuple(found)


def _anything_to_do(steps: tuple[str, ...], remedy: Remedy) -> bool:
    """Nothing is collected from a customer who has been paid already."""
    return bool(steps) and ("pay" not in steps or remedy.amount > 0)


def _start(
    case: Case,
    pack: Procedure,
    at: datetime,
    remedy: Remedy,
    *,
    attempt: int = 1,
    done: tuple[Step, ...] = (),
    due: datetime | None = None,
    decision: int | None = None,
    under: int | None = None,
    in_doubt: bool = False,
) -> Case:
    plan, decision = pack.remedies[remedy.kind], decision or case.decisions
    child = remedy_id(case.number, decision, attempt, plan.workflow or "")
    execution = Execution(
        decision=decision, attempt=attempt, remedy=remedy, child=child, done=done, under=under, in_doubt=in_doubt
    )
    waits_for_goods = "goods" in plan.steps and "goods" not in done
    ends = None if waits_for_goods else due or carried_out_by(case, pack, at)
    case = move(case, Stage.EXECUTING, at, due=ends).but(execution=execution)
    case = note(
        case,
        at,
        "executing",
        department=pack.returns_centre,
        remedy=remedy.kind,
        amount=remedy.amount,
        currency=case.complaint.order.currency,
        child=child,
    )
    if waits_for_goods:
        back = stamp(at + pack.clocks.goods.within)
        case = notify(case, pack, at, "customer", "return_goods", due_at=back)
        case = notify(case, pack, at, pack.returns_centre, "goods_expected", due_at=back)
    return case


def awaits_goods(case: Case, pack: Procedure) -> bool:
    """The remedy under way waits for the customer's goods to come back."""
    execution = case.under_way
    if execution is None:
        return False
    return "goods" in pack.remedies[execution.remedy.kind].steps and "goods" not in execution.done


def at_once(case: Case, pack: Procedure) -> bool:
    """A remedy is under way that waits for nobody's goods: payment system or warehouse do it in a moment."""
    execution = case.under_way
    return execution is not None and "goods" not in pack.remedies[execution.remedy.kind].steps


def goods_are_back(case: Case, pack: Procedure, at: datetime) -> Case:
    """The returns centre has what it waited for; from now on the remedy is due the same day (S0-17)."""
    if case.execution is None:
        return case
    execution = case.execution.model_copy(update={"done": (*case.execution.done, "goods")})
    return case.but(execution=execution, due=carried_out_by(case, pack, at))


def carried_out_by(case: Case, pack: Procedure, at: datetime) -> datetime | None:
    """When a decision must be carried out: the same day, or by a clock of its own; None where nothing is said."""
    if pack.same_day is not None:
        return _end_of_day(at, pack, pack.same_day.within)
    return deadline(case, pack, at, pack.clocks.execution.within) if pack.clocks.execution else None


def _end_of_day(at: datetime, pack: Procedure, within: timedelta) -> datetime:
    """The end of the local day on which something was decided (当天, S0-17)."""
    midnight = at.astimezone(ZoneInfo(pack.time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    # Wall-clock arithmetic on purpose: the day ends at local midnight even where a day has 23 hours.
    return (midnight + within).astimezone(at.tzinfo)


def day_is_over(case: Case, pack: Procedure, at: datetime) -> Case:
    """Not done on the day of the ruling: recorded as a breach of the returns centre (S0-17, S0-20).

    What an outage of ours kept from starting is nobody's breach.
    """
    begun = case.execution is not None and case.execution.started
    department = pack.returns_centre if begun else None
    return note(case.but(due=None, missed=True), at, "not_same_day", department=department)


def order_for(case: Case, pack: Procedure) -> RemedyOrder:
    """What the child is told. Raises ValueError when nothing is being executed."""
    if case.execution is None:
        raise ValueError("nothing is being executed")
    order, execution = case.complaint.order, case.execution
    steps = tuple(step for step in pack.remedies[execution.remedy.kind].steps if step not in execution.done)
    money = RemedyOrder(
        number=case.number,
        order=order.number,
        decision=execution.decision,
        attempt=execution.attempt,
        kind=execution.remedy.kind,
        steps=steps,
        amount=execution.remedy.amount,
        paid=order.paid,
        currency=order.currency,
        payment_within=pack.clocks.payment.within,
        language=pack.language,
        asked=execution.in_doubt,
    )
    if steps == ("pay",):
        return money
    goods = {"lines": execution.remedy.lines, "carrier": order.carrier, "goods_within": pack.clocks.goods.within}
    return money.model_copy(update=goods)


def finished(case: Case, pack: Procedure, result: RemedyResult, at: datetime) -> Case:
    """The child came back: tell the customer, or give what failed to a named person."""
    if case.execution is None:
        return case
    if result.failure is None:
        return _done(case, pack, at, result.amount, result.reference)
    case = broken_off(case, pack, result, at)
    kind, department = _whose(case.execution, pack, result.step)
    due = deadline(case, pack, at, pack.clocks.task.within)
    task = Task(kind=kind, department=department, due=due, code=result.failure)
    return give_task(case, pack, Stage.TASK, task, at, key=parcel_in_doubt(case))


def _whose(execution: Execution | None, pack: Procedure, step: Step | None) -> tuple[TaskKind, str]:
    """Kind and department of the task after a failed step; a child that broke off may have paid."""
    may_have_paid = execution is not None and "pay" in pack.remedies[execution.remedy.kind].steps
    if step == "pay" or (step is None and may_have_paid):
        return "payment", pack.cashier
    return "goods", pack.front_desk if step == "goods" else pack.returns_centre


def _done(
    case: Case, pack: Procedure, at: datetime, amount: int, reference: str | None, *, elsewhere: bool = False
) -> Case:
    """The customer has it. The record says what it cost: money, goods from stock, and the freight within the money."""
    execution = case.execution
    order, remedy = case.complaint.order, execution.remedy if execution else owed(case, pack)
    again = execution is not None and execution.under is not None
    from_stock = "reserve" in pack.remedies[remedy.kind].steps and not again
    under = _decision(case)
    freight = freight_given(case, under, amount) if again else freight_part(order, case.demand, amount, case.refunded)
    if execution is not None and amount and reference is not None and not elsewhere:
        given = Given(
            decision=execution.decision,
            attempt=execution.attempt,
            kind=remedy.kind,
            under=under,
            amount=amount,
            reference=reference,
        )
        case = case.but(given=(*case.given, given))
    case = note(
        case.but(refunded=case.refunded + amount, execution=None, missed=False),
        at,
        "executed",
        department=pack.returns_centre,
        decision=under,
        remedy=remedy.kind,
        refunded=amount,
        freight=freight or None,
        value=goods_value(order, remedy.lines) if from_stock else None,
        currency=order.currency,
        reference=reference,
        elsewhere=1 if elsewhere else None,
    )
    return tell_result(case, pack, at, reference, again=again)


def _decision(case: Case) -> int:
    """The decision whose liable parties bear what was given; a remedy given instead of another is still under it."""
    if case.execution is not None and case.execution.under is not None:
        return case.execution.under
    return case.ruling.decision if case.ruling else case.decisions


def retry(case: Case, pack: Procedure, at: datetime) -> Case:
    """Try the failed remedy again, under the same business keys: what was paid or sent is not so again.

    Where a parcel may be on its way it alone is asked for, so that nothing is set aside that nobody takes.
    """
    if case.execution is None:
        raise ValueError("nothing to retry")
    failed = case.execution
    return _start(
        case,
        pack,
        at,
        failed.remedy,
        attempt=failed.attempt + 1,
        done=failed.done,
        decision=failed.decision,
        under=failed.under,
        in_doubt=failed.in_doubt,
    )


def settled_elsewhere(case: Case, pack: Procedure, at: datetime, reference: str) -> Case:
    """A person paid or sent it by other means; the reference says where."""
    amount = case.execution.remedy.amount if case.execution else 0
    return _done(case, pack, at, amount, reference, elsewhere=True)


def refund_instead(case: Case, pack: Procedure, at: datetime) -> Case:
    """The goods cannot be had: the customer gets the money of the lines instead."""
    refund = on_top(case.complaint.order, Demand(kind=DemandKind.REFUND, lines=case.demand.lines), case.promised)
    return execute(case.but(demand=refund, execution=None, decisions=case.decisions + 1), pack, at)


def abandoned(case: Case, pack: Procedure, at: datetime, reason: str | None = None) -> Case:
    """A person ends the attempt, with a reason; the customer is told that it was not done, and asked."""
    case = notify(case.but(execution=None), pack, at, "customer", "not_done", refunded=case.refunded, reason=reason)
    return ask_customer(case, pack, at)
