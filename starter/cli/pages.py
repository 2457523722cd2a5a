"""Cases as people see them on a terminal. Text comes from elsewhere: it is shown, never read as markup or as codes."""

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from models.case import Event
from models.commands import shares_text
from models.procedure import Procedure
from models.views import AskView, CaseView, WorkView
from reports.cells import plain
from starter.cli.session import Session
from starter.cli.tables import empty_table, names, remaining
from texts import brief, brief_until, money, until, values, when
from texts.events import event_line


def case_page(current: Session, view: CaseView, pack: Procedure, now: datetime | None = None) -> RenderableType:
    """One case: where it stands, who must act, what happens then. `now` is the case's own time."""
    facts = Table.grid(padding=(0, 2))
    for label, value in _facts(current, view, pack, now or datetime.now(UTC)):
        facts.add_row(Text(current.say(f"label.{label}"), style="dim"), Text(plain(value)))
    title = Text(f"{view.number}  {current.named('stage', view.stage)}", style="bold")
    if view.exit:
        title.append(f" · {current.named('exit', view.exit)}", style="green")
    if view.overdue:
        title.append(f" · {current.say('overdue')}", style="red")
    parts: list[RenderableType] = [title, facts]
    if view.asks:
        parts.append(_asks(current, view.asks, pack))
    if view.works:
        parts.append(_works(current, view.works, pack))
    if view.offers:
        parts.append(_offers(current, view, pack))
    return Group(*parts)


def _facts(current: Session, view: CaseView, pack: Procedure, now: datetime) -> list[tuple[str, str]]:
    lang = current.lang
    found = [
        ("procedure", f"{values.title(pack.title, lang)} ({view.procedure})"),
        ("order", view.order),
        ("cause", values.cause(view.cause, pack, lang)),
        ("severity", values.severity(view.severity, pack, lang)),
        ("demand", worth(current, pack, view.demand, view.amount, view.currency)),
        ("opened", when(view.opened_at, pack.time_zone, lang)),
        ("waiting", names(view.waiting_for.split(","), pack, current)),
        ("due", due(view.due, pack, current, now)),
        ("on_due", current.named("web.on_due", view.on_due) if view.on_due else ""),
        ("marks", _marks(current, view)),
    ]
    if view.ruling is not None:
        verdict = current.named("for_customer", "yes" if view.ruling.for_customer else "no")
        found.append(("ruling", f"{verdict} · {current.named('basis', view.ruling.basis)}"))
        found.append(("liable", values.liable(shares_text(view.ruling.liable), pack, lang)))
    if view.task is not None:
        code = values.coded("code", view.task.code, lang) if view.task.code else ""
        found.append(("task", " · ".join(filter(None, (current.named("task", view.task.kind), code)))))
    if view.refunded:
        found.append(("refunded", money(view.refunded, view.currency, lang)))
    if view.child:
        found.append(("child", view.child))
    return [(label, value) for label, value in found if value]


def _marks(current: Session, view: CaseView) -> str:
    marks = [name for name in ("direct", "out_of_rule", "contested") if getattr(view, name)]
    shown = [current.say(f"mark.{name}") for name in marks]
    if view.round > 1:
        shown.append(current.say("mark.round", n=view.round))
    if view.refusals:
        shown.append(current.say("mark.refusals", n=view.refusals))
    return " · ".join(shown)


def _asks(current: Session, asks: Sequence[AskView], pack: Procedure) -> Table:
    table = empty_table(current, "department", "state", "due", "liable")
    for ask in asks:
        table.add_row(
            Text(values.department(ask.department, pack, current.lang)),
            Text(current.named("ask_state", ask.state)),
            Text(brief_until(ask.deadline, pack.time_zone) if ask.deadline else ""),
            Text(values.liable(shares_text(ask.liable), pack, current.lang)),
        )
    return table


def _works(current: Session, works: Sequence[WorkView], pack: Procedure) -> Table:
    table = empty_table(current, "duty", "department", "state", "due")
    for work in works:
        table.add_row(
            Text(values.duty(work.duty, pack, current.lang)),
            Text(values.department(work.department, pack, current.lang)),
            Text(current.named("work_state", work.state)),
            Text(brief_until(work.deadline, pack.time_zone)),
        )
    return table


def _offers(current: Session, view: CaseView, pack: Procedure) -> Table:
    table = empty_table(current, "offer", "demand", "state")
    for offer in view.offers:
        what = worth(current, pack, offer.demand, offer.amount, view.currency)
        table.add_row(Text(str(offer.version)), Text(what), Text(current.named("offer_state", offer.state)))
    return table


def worth(current: Session, pack: Procedure, remedy: str, amount: int, currency: str) -> str:
    """What somebody gets, and how much that is."""
    what, much = values.remedy(remedy, pack, current.lang), money(amount, currency, current.lang)
    return current.say("worth", what=what, amount=much)


def due(moment: datetime | None, pack: Procedure, current: Session, now: datetime) -> str:
    """A deadline with what remains until it."""
    if moment is None:
        return ""
    return f"{until(moment, pack.time_zone, current.lang)}  {remaining(moment, current, now)}"


def timeline_tree(current: Session, number: str, events: Sequence[Event], pack: Procedure) -> Tree:
    """A case's record."""
    tree = Tree(Text(number, style="bold"), guide_style="dim")
    for event in events:
        line = Text(brief(event.at, pack.time_zone), style="cyan")
        line.append("  ")
        line.append(plain(event_line(event, pack, current.lang)), style=_STYLES.get(event.kind, "default"))
        tree.add(line)
    return tree


_STYLES = {
    "silence": "yellow",
    "ruled": "bold",
    "executed": "green",
    "closed": "bold green",
    "undelivered": "red",
    "execution_failed": "red",
    "not_undone": "red",
    "taken_back": "red",
    "reopened": "yellow",
    "task_overdue": "red",
    "message_refused": "red",
    "not_same_day": "yellow",
    "no_pre_explanation": "yellow",
    "contested": "yellow",
    "duty_missed": "yellow",
    "not_called_back": "yellow",
}
