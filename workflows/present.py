"""How a case reads in the Temporal Web UI, in the procedure's language. Nothing of it is ever decided from."""

from models.commands import Share
from models.procedure import Procedure
from models.remedy import RemedyOrder
from models.views import CaseView
from rules.clock import Due
from texts import money, named, say, until, values


def details(view: CaseView, pack: Procedure) -> str:
    """Stage, who must act, until when, and what happens then, as Markdown."""
    lang = pack.language
    waiting = ", ".join(values.department(name, pack, lang) for name in view.waiting_for.split(",") if name)
    liable = ", ".join(f"{values.party(share.party, pack, lang)} {share.percent}%" for share in _liable(view))
    return say(
        "web.details",
        lang,
        number=view.number,
        stage=named("stage", view.stage, lang),
        exit=named("exit", view.exit, lang) if view.exit else None,
        order=view.order,
        demand=values.remedy(view.demand, pack, lang),
        amount=money(view.amount, view.currency, lang),
        waiting=waiting or None,
        due_at=until(view.due, pack.time_zone, lang) if view.due else None,
        on_due=named("web.on_due", view.on_due, lang) if view.on_due else None,
        basis=named("basis", view.ruling.basis, lang) if view.ruling else None,
        liable=liable or None,
        refunded=money(view.refunded, view.currency, lang) if view.refunded else None,
        child=view.child,
        round=view.round if view.round > 1 else None,
    )


def timer_name(due: Due, pack: Procedure) -> str:
    """What a timer is for: `silence rules for the customer: merchandise`."""
    lang = pack.language
    what = named("web.on_due", due.what, lang)
    return f"{what}: {values.department(due.ask.department, pack, lang)}" if due.ask else what


def remedy_summary(order: RemedyOrder, pack: Procedure) -> str:
    """One line for a child workflow: what, how much, for which order."""
    title = values.remedy(order.kind, pack, pack.language)
    figure = f" {money(order.amount, order.currency, pack.language)}" if order.amount else ""
    return f"{title}{figure} · {order.order}"[:200]


def remedy_step(order: RemedyOrder, step: str) -> str:
    """One line for a step of a child, or for what it waits for."""
    return named("web.step", step, order.language)


def _liable(view: CaseView) -> tuple[Share, ...]:
    return view.ruling.liable if view.ruling else ()
