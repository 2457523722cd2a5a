"""Cases as people see them on a terminal. Text comes from elsewhere: it is shown, never read as markup or as codes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from models.case import Event
from models.procedure import Procedure
from models.views import AskView, CaseView, WorkView
from reports.cells import plain
from starter.cli.session import Session
from starter.listing import CaseLine
from texts import brief, money, span, values, when
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
        shares = ",".join(f"{share.party}={share.percent}" for share in view.ruling.liable)
        found.append(("ruling", f"{verdict} · {current.named('basis', view.ruling.basis)}"))
        found.append(("liable", values.liable(shares, pack, lang)))
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
    table = _table(current, "department", "state", "due", "liable")
    for ask in asks:
        shares = ",".join(f"{share.party}={share.percent}" for share in ask.liable)
        table.add_row(
            Text(values.department(ask.department, pack, current.lang)),
            Text(current.named("ask_state", ask.state)),
            Text(brief(ask.deadline, pack.time_zone) if ask.deadline else ""),
            Text(values.liable(shares, pack, current.lang)),
        )
    return table


def _works(current: Session, works: Sequence[WorkView], pack: Procedure) -> Table:
    table = _table(current, "duty", "department", "state", "due")
    for work in works:
        table.add_row(
            Text(values.duty(work.duty, pack, current.lang)),
            Text(values.department(work.department, pack, current.lang)),
            Text(current.named("work_state", work.state)),
            Text(brief(work.deadline, pack.time_zone)),
        )
    return table


def _offers(current: Session, view: CaseView, pack: Procedure) -> Table:
    table = _table(current, "offer", "demand", "state")
    for offer in view.offers:
        what = worth(current, pack, offer.demand, offer.amount, view.currency)
        table.add_row(Text(str(offer.version)), Text(what), Text(current.named("offer_state", offer.state)))
    return table


def worth(current: Session, pack: Procedure, remedy: str, amount: int, currency: str) -> str:
    """What somebody gets, and how much that is."""
    what, much = values.remedy(remedy, pack, current.lang), money(amount, currency, current.lang)
    return current.say("worth", what=what, amount=much)


def names(departments: Sequence[str], pack: Procedure, current: Session) -> str:
    """Departments' titles."""
    return current.say("comma").join(values.department(name, pack, current.lang) for name in departments if name)


def due(moment: datetime | None, pack: Procedure, current: Session, now: datetime) -> str:
    """A deadline with what remains until it."""
    if moment is None:
        return ""
    return f"{when(moment, pack.time_zone, current.lang)}  {remaining(moment, current, now)}"


def remaining(moment: datetime, current: Session, now: datetime) -> str:
    """`in 3 h 20 min`, or how long it is over."""
    left = moment - now
    key = "left" if left.total_seconds() >= 0 else "over"
    return current.say(key, span=span(left, current.lang))


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


def list_table(current: Session, lines: Sequence[CaseLine], clocks: Mapping[str, datetime] | None = None) -> Table:
    """A list of cases. `clocks`: the own time of those whose clock is not ours."""
    now = datetime.now(UTC)
    table = _table(current, "case", "stage", "waiting", "due", "left", "order")
    for line in lines:
        pack = current.pack(line.procedure or "")
        table.add_row(
            Text(line.number),
            Text(current.named("stage", line.stage), style="red" if line.overdue and line.open else ""),
            Text(names(line.waiting_for, pack, current)),
            Text(brief(line.deadline, pack.time_zone) if line.deadline else ""),
            Text(
                remaining(line.deadline, current, (clocks or {}).get(line.number, now))
                if line.deadline and line.open
                else ""
            ),
            Text(plain(line.order)),
        )
    return table


def counts_table(current: Session, columns: dict[str, dict[str, int]]) -> Table:
    """Cases by stage, one column per source."""
    table = _table(current, "stage", *columns)
    stages = dict.fromkeys(stage for column in columns.values() for stage in column)
    for stage in stages:
        table.add_row(
            Text(current.named("stage", stage)), *(Text(str(column.get(stage, 0))) for column in columns.values())
        )
    totals = (Text(str(sum(column.values())), style="bold") for column in columns.values())
    table.add_row(Text(current.say("total"), style="bold"), *totals)
    return table


def _table(current: Session, *columns: str) -> Table:
    table = Table(header_style="bold", box=None, pad_edge=False)
    for name in columns:
        table.add_column(current.say(f"label.{name}"), overflow="fold")
    return table
