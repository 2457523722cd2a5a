"""Corrective actions by the 8D method: filed, filled in gate by gate, approved, replied (S2-15 to S2-37)."""

import asyncio
import json
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter
from rich.table import Table
from rich.text import Text

from models.corrective import CORRECTIVE_COMMANDS, GATES, CorrectiveView, QualityComplaint
from models.names import CORRECTIVE_ACTION, corrective_id
from starter.cli.actions import Flag, Many
from starter.cli.dossiers import act, dossiers, known_actor, pack_named
from starter.cli.lists import checked_limit
from starter.cli.parsing import contract, one_of
from starter.cli.reporting import FormatName, format_of, write_document
from starter.cli.sending import NOBODY, Sender, acting
from starter.cli.session import Json, Session, session
from starter.failures import BadInput, NoSuchCase, TryAgain
from texts import brief
from texts.corrective import ending, gate, head, timers
from texts.forms8d import form_text

if TYPE_CHECKING:
    from models.tables import CorrectiveRow

corrective = App(
    name="8d", help="Corrective actions: 8D reports from complaint to reply.", result_action="return_value"
)
Which = Annotated[str, Parameter(name="NUMBER", help="The report's number, such as 8D20170331001.")]
GateName = Literal["d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8"]
FormName = Literal["complaint", "d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8"]
Form = Annotated[Path, Parameter(name="FILE", help="The filled-in form, TOML or JSON.")]
NUMBERED = 15.0
"""How long a new report's number is waited for (seconds)."""


@corrective.command(name="form")
def form(name: Annotated[FormName, Parameter(name="FORM")], /) -> int:
    """An empty form to fill in: the complaint's, or a gate's."""
    current = session()
    current.out.print(Text(form_text(name, current.lang)))
    return 0


@corrective.command(name="open")
async def open_report(
    file: Form,
    /,
    *,
    procedure: Annotated[str | None, Parameter(help="The procedure; none: the configured one.")] = None,
    by: Sender = NOBODY,
) -> int:
    """Open an 8D report on a quality complaint; the same reference opened again is the same report."""
    current = session()
    pack = pack_named(current, procedure)
    if pack.corrective_action is None:
        raise BadInput("no_8d", name=pack.name)
    actor = acting(current, by.actor)
    known_actor(current, pack, actor, pack.departments)
    content = await asyncio.to_thread(_read, file)
    complaint = contract(QualityComplaint, {**content, "procedure": pack.ref, "requester": actor})
    workflow_id = corrective_id(complaint.reference)
    async with dossiers(current) as service:
        new = await service.start(CORRECTIVE_ACTION, workflow_id, complaint, again=False) is not None
    return await _tell_number(current, workflow_id, new=new, as_json=by.as_json)


async def _tell_number(current: Session, workflow_id: str, *, new: bool, as_json: bool) -> int:
    from starter.corrective_archive import by_workflow

    row, waited = await by_workflow(current.settings, workflow_id), 0.0
    while (row is None or row.report is None) and waited < NUMBERED:
        await asyncio.sleep(0.1)
        waited += 0.1
        row = await by_workflow(current.settings, workflow_id)
    if row is None:
        raise TryAgain("no_worker", number=workflow_id)
    if as_json:
        current.print_json({"number": row.number, "new": new})
    else:
        key = "corrective_opened" if new else "corrective_there"
        current.out.print(current.say(key, number=row.number), markup=False)
    return 0


@corrective.command(name="list")
async def list_reports(*, limit: int = 20, as_json: Json = False) -> int:
    """8D reports, the latest first.

    :param limit: At most so many.
    """
    from starter.corrective_archive import correctives

    current = session()
    found = await correctives(current.settings, checked_limit(limit))
    if as_json:
        current.print_json(found)
        return 0
    if not found:
        current.out.print(current.say("no_8d_reports"))
        return 0
    shown = Table(header_style="bold", box=None, pad_edge=False)
    for label in ("report", "stage", "customer", "product", "due", "completion"):
        shown.add_column(current.named("corrective.label", label), overflow="fold")
    zone = current.default_pack.time_zone
    for line in found:
        due = brief(line.due, zone) if line.due else ""
        rate = f"{line.done}/{line.planned}" if line.planned else ""
        stage = current.named("corrective.stage", line.stage)
        shown.add_row(*(Text(cell) for cell in (line.number, stage, line.customer, line.product, due, rate)))
    current.out.print(shown)
    return 0


@corrective.command(name="show")
async def show(number: Which, /, *, as_json: Json = False) -> int:
    """A report so far: the complaint, its clocks, every gate."""
    current = session()
    _, report = await _found(current, number)
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
            current.out.print(Text("\n".join(f"  {key}: {text}" for key, text in lines)))
    return 0


@corrective.command(name="fill")
async def fill(
    number: Which, name: Annotated[GateName, Parameter(name="GATE")], file: Form, /, *, by: Sender = NOBODY
) -> int:
    """Hand a gate in, from its filled-in form."""
    content = await asyncio.to_thread(_read, file)
    return await _act(number, name, by, **content)


@corrective.command(name="check")
async def check(
    number: Which,
    /,
    *,
    reached: Flag = False,
    missed: Flag = False,
    inspected: int,
    defective: int,
    note: str,
    by: Sender = NOBODY,
) -> int:
    """Record whether the measures have the effect; if not, the root cause is looked for again.

    :param reached: They have.
    :param missed: They have not.
    :param inspected: How many were inspected.
    :param defective: How many of them are defective.
    :param note: How it was checked.
    """
    good = one_of({"reached": reached, "missed": missed}) == "reached"
    return await _act(number, "check", by, reached=good, inspected=inspected, defective=defective, note=note)


@corrective.command(name="approve")
async def approve(number: Which, /, *, note: str | None = None, by: Sender = NOBODY) -> int:
    """Approve a report as head of quality or general manager; never one's own.

    :param note: A remark.
    """
    return await _act(number, "approve", by, note=note)


@corrective.command(name="send-back")
async def send_back(number: Which, /, *, reason: str, by: Sender = NOBODY) -> int:
    """Send a report back to its root cause.

    :param reason: What is not adequate.
    """
    return await _act(number, "send_back", by, reason=reason)


@corrective.command(name="reply")
async def reply(
    number: Which,
    /,
    *,
    kind: Literal["first", "written", "final"],
    through_sales: Flag = False,
    note: str,
    paper: Many = None,
    by: Sender = NOBODY,
) -> int:
    """Record a reply to the customer; the final one only after approval.

    :param kind: The first word, the written reply, or the approved report.
    :param through_sales: It went through sales.
    :param note: What was said.
    :param paper: A reference to report file, test data or images; again for more.
    """
    way = "sales" if through_sales else "direct"
    return await _act(number, "reply", by, kind=kind, by=way, note=note, papers=paper or [])


@corrective.command(name="feedback")
async def feedback(
    number: Which,
    /,
    *,
    satisfied: Flag = False,
    dissatisfied: Flag = False,
    reason: str | None = None,
    by: Sender = NOBODY,
) -> int:
    """Record what the customer says of the final reply; not satisfied goes back to the root cause.

    :param satisfied: The customer is.
    :param dissatisfied: The customer is not.
    :param reason: What the customer says.
    """
    said = one_of({"satisfied": satisfied, "dissatisfied": dissatisfied}) == "satisfied"
    return await _act(number, "feedback", by, satisfied=said, reason=reason)


@corrective.command(name="recall")
async def recall(
    number: Which, /, *, yes: Flag = False, no: Flag = False, lot: Many = None, reason: str, by: Sender = NOBODY
) -> int:
    """Decide whether lots are recalled.

    :param yes: They are.
    :param no: They are not.
    :param lot: A lot; again for more.
    :param reason: Why.
    """
    decided = one_of({"yes": yes, "no": no}) == "yes"
    return await _act(number, "recall", by, recall=decided, lots=lot or [], reason=reason)


@corrective.command(name="trace")
async def trace(lot: Annotated[list[str], Parameter(name="LOT", negative="")], /, *, as_json: Json = False) -> int:
    """Every case and order in which a lot is named.

    :param lot: The production lot; several at once.
    """
    from starter.corrective_archive import traced

    current = session()
    found = [each async for each in traced(current.settings, lot)]
    if as_json:
        current.print_json(found)
        return 0
    for each in found:
        stage = current.named("stage", each.stage)
        cells = (each.lot, each.product, each.number, each.order_number, each.customer, stage, each.incident or "")
        current.out.print(Text("  ".join(cells).rstrip()))
    if not found:
        current.out.print(current.say("nothing"))
    return 0


@corrective.command(name="report")
async def report(
    number: Which,
    /,
    *,
    write_as: Annotated[FormatName | None, Parameter(name="--format")] = None,
    out: Path | None = None,
    as_json: Json = False,
) -> int:
    """The 8D report, to read or to print as docx or pdf.

    :param write_as: How to write it; none: as the file is called, else a table.
    :param out: The file to write.
    """
    from reports.corrective import report_8d

    current = session()
    chosen = format_of(write_as, out, as_json=as_json)
    _, found = await _found(current, number)
    document = report_8d(found, current.pack(found.procedure), current.lang)
    return await write_document(current, document, chosen, out)


def _read(file: Path) -> dict[str, Any]:
    """A filled-in form. Raises BadInput."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput("unreadable", problem=getattr(error, "strerror", None) or type(error).__name__) from None
    try:
        content = json.loads(text) if file.suffix.lower() == ".json" else tomllib.loads(text)
    except (json.JSONDecodeError, tomllib.TOMLDecodeError, RecursionError):
        raise BadInput("bad_form") from None
    if not isinstance(content, dict):
        raise BadInput("bad_form")
    return {key: _dated(value) for key, value in content.items() if value != ""}


def _dated(value: Any) -> Any:
    """A field nobody filled in is missing; dates of a JSON file come as text."""
    if isinstance(value, list):
        return [_dated(item) for item in value]
    if isinstance(value, dict):
        return {key: _dated(item) for key, item in value.items() if item != ""}
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value


async def _row(current: Session, text: str) -> "CorrectiveRow":
    from starter.corrective_archive import find

    number = text.strip().upper()
    if not re.fullmatch(r"8D\d{11,14}", number):
        raise BadInput("bad_8d")
    row = await find(current.settings, number)
    if row is None:
        raise NoSuchCase("no_8d_report", name=number)
    return row


async def _found(current: Session, text: str) -> "tuple[CorrectiveRow, CorrectiveView]":
    from starter.corrective_archive import stored

    row = await _row(current, text)
    view = stored(row)
    if view is None:
        raise NoSuchCase("no_8d_report", name=row.number)
    return row, view


async def _act(number: str, name: str, sender: Sender, **fields: object) -> int:
    current = session()
    row = await _row(current, number)
    pack = pack_named(current, row.procedure)
    return await act(current, pack, row.workflow_id, row.number, (name, CORRECTIVE_COMMANDS[name]), sender, **fields)
