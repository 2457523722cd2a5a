"""Lists of cases on a terminal. Text comes from elsewhere: it is shown, never read as markup or as codes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from rich.table import Table
from rich.text import Text

from models.procedure import Procedure
from reports.cells import plain
from starter.cli.session import Session
from starter.listing import CaseLine
from texts import brief_until, span, values


def list_table(current: Session, lines: Sequence[CaseLine], clocks: Mapping[str, datetime] | None = None) -> Table:
    """A list of cases. `clocks`: the own time of those whose clock is not ours."""
    now = datetime.now(UTC)
    table = empty_table(current, "case", "stage", "waiting", "due", "left", "order")
    for line in lines:
        pack = current.pack(line.procedure or "")
        table.add_row(
            Text(line.number),
            Text(current.named("stage", line.stage), style="red" if line.overdue and line.open else ""),
            Text(names(line.waiting_for, pack, current)),
            Text(brief_until(line.deadline, pack.time_zone) if line.deadline else ""),
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
    table = empty_table(current, "stage", *columns)
    stages = dict.fromkeys(stage for column in columns.values() for stage in column)
    for stage in stages:
        table.add_row(
            Text(current.named("stage", stage)), *(Text(str(column.get(stage, 0))) for column in columns.values())
        )
    totals = (Text(str(sum(column.values())), style="bold") for column in columns.values())
    table.add_row(Text(current.say("total"), style="bold"), *totals)
    return table


def empty_table(current: Session, *columns: str) -> Table:
    """One with these columns."""
    table = Table(header_style="bold", box=None, pad_edge=False)
    for name in columns:
        table.add_column(current.say(f"label.{name}"), overflow="fold")
    return table


def names(departments: Sequence[str], pack: Procedure, current: Session) -> str:
    """Departments' titles."""
    return current.say("comma").join(values.department(name, pack, current.lang) for name in departments if name)


def remaining(moment: datetime, current: Session, now: datetime) -> str:
    """`in 3 h 20 min`, or how long it is over."""
    left = moment - now
    key = "left" if left.total_seconds() >= 0 else "over"
    return current.say(key, span=span(left, current.lang))
