"""A case as others see it: the query's view, the row in SQL, and who must act until when."""

from typing import Literal

from models.case import Ask, Case, CaseResult, Exit, Offer, Work
from models.names import GOODS, SYSTEM
from models.pages import CaseSummary
from models.procedure import Procedure
from models.stage import Stage
from models.views import AskView, CaseView, OfferView, WorkView
from rules import duties
from rules.clock import Due, binding_due
from rules.money import stake
from rules.remedy import awaits_goods


def waiting_for(case: Case, pack: Procedure) -> tuple[str, ...]:
    """The departments that must act now; "customer" or "system" where no department must."""
    held = (pack.panel,) if case.cost_held and not case.closed else ()
    aside = (work.department for work in duties.running(case) if work.aside)
    return tuple(dict.fromkeys((*_at_stage(case, pack), *held, *aside)))


def _at_stage(case: Case, pack: Procedure) -> tuple[str, ...]:
    match case.stage:
        case Stage.CLOSED:
            return ()
        case Stage.NEGOTIATING:
            return (pack.front_desk,)
        case Stage.EXPLAINING | Stage.ASKED:
            asked = tuple(ask.department for ask in case.asks if ask.open and ask.issued_at is not None)
            return (pack.front_desk, *asked) if case.stage is Stage.EXPLAINING else asked
        case Stage.REFUSED | Stage.FEEDBACK:
            return (pack.customer,)
        case Stage.WORKING:
            return tuple(work.department for work in duties.holding(case))
        case Stage.OFFERING if case.task is None:
            return (pack.customer,)
        case Stage.EXECUTING:
            return (pack.returns_centre,) if awaits_goods(case, pack) else (SYSTEM,)
        case _:
            return case.task.holders if case.task else ()


def view(case: Case, pack: Procedure) -> CaseView:
    """What the query `view` answers: no name, no contact, no words of the customer."""
    order = case.complaint.order
    coming = binding_due(case, pack) or _goods_due(case, pack)
    return CaseView(
        number=case.number,
        procedure=case.procedure,
        stage=case.stage,
        exit=_exit(case),
        order=order.number,
        customer=case.complaint.complainant.id,
        cause=case.complaint.cause,
        demand=case.demand.kind,
        amount=stake(order, case.demand),
        currency=order.currency,
        waiting_for=",".join(waiting_for(case, pack)),
        due=coming.at if coming else None,
        on_due=coming.what if coming else "",
        direct=case.direct,
        out_of_rule=case.out_of_rule,
        contested=case.contested,
        overdue=case.missed,
        round=case.round,
        severity=case.severity,
        asks=tuple(_ask(ask) for ask in case.asks),
        works=tuple(_work(work) for work in case.works),
        offers=tuple(_offer(offer) for offer in case.offers),
        ruling=case.ruling,
        refunded=case.refunded,
        task=case.task,
        child=case.execution.child if case.execution else None,
        refusals=case.refusals,
        opened_at=case.opened_at,
    )


def _goods_due(case: Case, pack: Procedure) -> Due | None:
    """Until when the customer's goods are waited for, as everybody was told; the remedy keeps that clock."""
    return Due(case.stage_since + pack.clocks.goods.within, GOODS) if awaits_goods(case, pack) else None


def _exit(case: Case) -> Exit | None:
    """A case that waits only for the panel's word on its cost remembers its exit; for others it has not ended."""
    return case.exit if case.closed else None


def _ask(ask: Ask) -> AskView:
    given = ask.answer or ask.late_answer
    return AskView(
        department=ask.department,
        issued_at=ask.issued_at,
        deadline=ask.deadline,
        state="waiting" if ask.open else "answered" if ask.answer else "late" if ask.late_answer else "silent",
        liable=given.liable if given else (),
    )


def _work(work: Work) -> WorkView:
    state: Literal["waiting", "done", "silent"] = "waiting" if work.open else "done" if work.report else "silent"
    return WorkView(
        duty=work.duty,
        department=work.department,
        issued_at=work.issued_at,
        deadline=work.deadline,
        state=state,
    )


def _offer(offer: Offer) -> OfferView:
    return OfferView(
        version=offer.version,
        at=offer.at,
        department=offer.department,
        demand=offer.demand.kind,
        amount=offer.amount,
        basis=offer.basis,
        state=offer.state,
    )


def summary(case: Case, pack: Procedure) -> CaseSummary:
    """The case's row, as lists and reports read it."""
    ruling, coming = case.ruling, binding_due(case, pack)
    return CaseSummary(
        number=case.number,
        procedure=case.procedure,
        stage=case.stage,
        exit=_exit(case),
        waiting_for=",".join(waiting_for(case, pack)),
        due=coming.at if coming else None,
        route=case.route,
        direct=case.direct,
        out_of_rule=case.out_of_rule,
        contested=case.contested,
        cost_held=case.cost_held,
        overdue=case.missed,
        round=case.round,
        demand=case.demand.kind,
        amount=stake(case.complaint.order, case.demand),
        currency=case.complaint.order.currency,
        refunded=case.refunded,
        basis=ruling.basis if ruling else None,
        decided_by=ruling.department if ruling else None,
        liable=ruling.liable if ruling else (),
        reason=ruling.reason if ruling else "",
        ruled_at=ruling.at if ruling else None,
        closed_at=case.stage_since if case.closed else None,
        version=case.event_count + case.mail_count,
        seen=case.seen if case.closed else (),
    )


def result(case: Case) -> CaseResult:
    """How a closed case ended. Raises ValueError for an open one."""
    if case.exit is None:
        raise ValueError("the case is open")
    return CaseResult(
        number=case.number,
        exit=case.exit,
        refunded=case.refunded,
        currency=case.complaint.order.currency,
        basis=case.ruling.basis if case.ruling else None,
        liable=case.ruling.liable if case.ruling else (),
        rounds=case.round,
    )
