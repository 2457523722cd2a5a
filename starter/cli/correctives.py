"""What the verbs of an 8D report share: reading forms, finding, showing, tracing lots."""

import json
import re
import tomllib
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from models.corrective import GATES, CorrectiveView
from models.corrective_forms import CORRECTIVE_COMMANDS
from starter.cli.choosing import half_width
from starter.cli.dossiers import act, numbered, pack_named
from starter.cli.lists import checked_limit
from starter.cli.parsing import as_option, as_written
from starter.cli.reading_rights import reader
from starter.cli.sending import Sender
from starter.cli.session import Session, lines_of_text, session
from starter.failures import BadInput, NoSuchCase, TryAgain
from texts import brief_until
from texts.corrective import ending, gate, head, timers

_PLACE = re.compile(r"\bline (\d+)")

if TYPE_CHECKING:
    from models.tables import CorrectiveRow


async def tell_number(current: Session, workflow_id: str, *, new: bool, as_json: bool) -> int:
    """The number a report was given. Raises TryAgain where no worker gives one."""
    from starter.corrective_archive import by_workflow

    row = await numbered(partial(by_workflow, current.settings, workflow_id), lambda row: row.report is not None)
    if row is None:
        raise TryAgain("no_worker", number=workflow_id)
    if as_json:
        current.print_json({"number": row.number, "new": new})
    else:
        key = "corrective_opened" if new else "corrective_there"
        current.out.print(current.say(key, number=row.number), markup=False)
    return 0


async def table(current: Session, limit: int, *, as_json: bool) -> int:
    """8D reports as a table."""
    from starter.corrective_archive import correctives

    of = await reader(current).procedures("corrective_action", "8d")
    listed = await correctives(current.settings, checked_limit(limit), of)
    if as_json:
        current.print_json(listed)
        return 0
    if not listed:
        current.out.print(current.say("no_8d_reports"))
        return 0
    shown = Table(header_style="bold", box=None, pad_edge=False)
    for label in ("report", "stage", "customer", "product", "due", "completion"):
        shown.add_column(current.named("corrective.label", label), overflow="fold")
    zone = current.default_pack.time_zone
    for line in listed:
        due = brief_until(line.due, zone) if line.due else ""
        rate = f"{line.done}/{line.planned}" if line.planned else ""
        stage = current.named("corrective.stage", line.stage)
        shown.add_row(*(Text(cell) for cell in (line.number, stage, line.customer, line.product, due, rate)))
    current.out.print(shown)
    return 0


async def show_report(current: Session, number: str, *, as_json: bool) -> int:
    """A report so far. Raises NoSuchCase."""
    _, report = await found(current, number)
    if as_json:
        current.print_json(report)
        return 0
    pack = current.pack(report.procedure)
    current.out.print(Text(report.number, style="bold"))
    parts = [("complaint", head(report, pack, current.lang)), ("clocks", timers(report, pack, current.lang))]
    parts += [(name, gate(name, report, pack, current.lang)) for name in GATES]
    for name, lines in (*parts, ("ending", ending(report, pack, current.lang))):
        if lines:
            current.out.print(Text(current.named("corrective.part", name), style="bold"))
            current.out.print(lines_of_text("\n".join(f"  {key}: {text}" for key, text in lines)))
    return 0


async def trace_lots(current: Session, lots: list[str], *, as_json: bool) -> int:
    """Every case in which one of the lots is named."""
    from starter.corrective_archive import traced

    knowing = {name for pack in current.packs() if pack.corrective_action for name in pack.departments}
    await reader(current).of(knowing, "trace")
    traces = [each async for each in traced(current.settings, lots)]
    if as_json:
        current.print_json(traces)
        return 0
    for each in traces:
        stage = current.named("stage", each.stage)
        cells = (each.lot, each.product, each.number, each.order_number, each.customer, stage, each.incident or "")
        current.out.print(Text("  ".join(cells).rstrip()))
    if not traces:
        current.out.print(current.say("nothing"))
    return 0


def read_form(file: Path) -> dict[str, Any]:
    """A filled-in form. Raises BadInput."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput("unreadable", problem=getattr(error, "strerror", None) or type(error).__name__) from None
    try:
        content = json.loads(text) if file.suffix.lower() == ".json" else tomllib.loads(text)
    except (json.JSONDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        place = _PLACE.search(str(error))  # only that: the words around it may be somebody's
        raise BadInput("bad_form", line=place[1] if place else None) from None
    if not isinstance(content, dict):
        raise BadInput("bad_form")
    return {key: _filled(value) for key, value in content.items() if value != ""}


def _filled(value: Any) -> Any:
    """A field nobody filled in is missing; a day is text, which the form reads as a day where it asks for one."""
    if isinstance(value, list):
        return [_filled(item) for item in value]
    if isinstance(value, dict):
        return {key: _filled(item) for key, item in value.items() if item != ""}
    return value.isoformat() if isinstance(value, date) else value


async def _row(current: Session, text: str) -> "CorrectiveRow":
    from starter.corrective_archive import find

    number = half_width(text).strip().upper()
    if not re.fullmatch(r"8D\d{11,14}", number):
        raise BadInput("bad_8d")
    row = await find(current.settings, number)
    if row is None:
        raise NoSuchCase("no_8d_report", name=number)
    return row


async def found(current: Session, text: str) -> "tuple[CorrectiveRow, CorrectiveView]":
    """A report by its number. Raises BadInput, NoSuchCase."""
    from starter.corrective_archive import stored

    row = await _row(current, text)
    view = stored(row)
    if view is None:
        raise NoSuchCase("no_8d_report", name=row.number)
    await reader(current).of(current.pack(view.procedure).departments, row.number)
    return row, view


async def send(number: str, name: str, sender: Sender, **fields: object) -> int:
    """Send a message to a corrective action. Returns the exit code; raises Failure."""
    current = session()
    row = await _row(current, number)
    pack = pack_named(current, row.procedure)
    # A gate's content comes from its form; what else is said is typed.
    called = as_written if name in GATES else as_option
    return await act(current, pack, row, (name, CORRECTIVE_COMMANDS[name]), sender, called=called, **fields)
