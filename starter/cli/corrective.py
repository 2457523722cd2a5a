"""Corrective actions by the 8D method: filed, filled in gate by gate, approved, replied (S2-15 to S2-37)."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from rich.text import Text

from models.base import in_one_line
from models.names import CORRECTIVE_ACTION, corrective_id
from models.quality_complaint import QualityComplaint
from rules.corrective_checks import complaint_days
from starter.cli.choosing import by_title
from starter.cli.correctives import found, read_form, send, show_report, table, tell_number, trace_lots
from starter.cli.dossiers import Named, dossiers, pack_named
from starter.cli.parsing import contract, one_of
from starter.cli.reporting import FormatName, format_of, write_document
from starter.cli.sending import NOBODY, Sender, acting
from starter.cli.session import Flag, Json, Many, Whole, session
from starter.failures import BadInput, NotAllowed
from texts.forms8d import form_text

corrective = App(
    name="8d", help="Corrective actions: 8D reports from complaint to reply.", result_action="return_value"
)
Which = Annotated[str, Parameter(name="NUMBER", help="The report's number, such as 8D20170331001.")]
GateName = Literal["d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8"]
FormName = Literal["complaint", "d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8"]
Form = Annotated[Path, Parameter(name="FILE", help="The filled-in form, TOML or JSON.")]


@corrective.command(name="form")
def form(name: Annotated[FormName, Parameter(help="Whose form."), by_title("corrective.part", name="FORM")], /) -> int:
    """An empty form to fill in: the complaint's, or a gate's."""
    current = session()
    current.out.print(Text(form_text(name, current.lang)))
    return 0


@corrective.command(name="open")
async def open_report(
    file: Form,
    /,
    *,
    procedure: Named = None,
    by: Sender = NOBODY,
) -> int:
    """Open an 8D report on a quality complaint; the same reference opened again is the same report."""
    current = session()
    pack = pack_named(current, procedure)
    if pack.corrective_action is None:
        raise BadInput("no_8d", name=pack.name)
    actor = acting(current, by.actor)
    if set(current.directory.departments_of(actor)).isdisjoint(pack.departments):
        raise NotAllowed("no_part", name=pack.name)
    content = await asyncio.to_thread(read_form, file)
    complaint = contract(QualityComplaint, {**content, "procedure": pack.ref, "requester": actor})
    if wrong := complaint_days(complaint, datetime.now(UTC), pack.time_zone):
        raise BadInput("input", problem=in_one_line(wrong))
    workflow_id = corrective_id(complaint.reference)
    async with dossiers(current) as service:
        new = await service.start(CORRECTIVE_ACTION, workflow_id, complaint, again=False) is not None
    return await tell_number(current, workflow_id, new=new, as_json=by.as_json)


@corrective.command(name="list")
async def list_reports(*, limit: Whole = 20, as_json: Json = False) -> int:
    """8D reports, the latest first.

    :param limit: At most so many.
    """
    return await table(session(), limit, as_json=as_json)


@corrective.command(name="show")
async def show(number: Which, /, *, as_json: Json = False) -> int:
    """A report so far: the complaint, its clocks, every gate."""
    return await show_report(session(), number, as_json=as_json)


@corrective.command(name="fill")
async def fill(
    number: Which,
    name: Annotated[GateName, Parameter(help="Which gate."), by_title("corrective.part", name="GATE")],
    file: Form,
    /,
    *,
    by: Sender = NOBODY,
) -> int:
    """Hand a gate in, from its filled-in form."""
    content = await asyncio.to_thread(read_form, file)
    return await send(number, name, by, **content)


@corrective.command(name="check")
async def check(
    number: Which,
    /,
    *,
    reached: Flag = False,
    missed: Flag = False,
    inspected: Whole,
    defective: Whole,
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
    return await send(number, "check", by, reached=good, inspected=inspected, defective=defective, note=note)


@corrective.command(name="approve")
async def approve(number: Which, /, *, note: str | None = None, by: Sender = NOBODY) -> int:
    """Approve a report as head of quality or general manager; never one's own.

    :param note: A remark.
    """
    return await send(number, "approve", by, note=note)


@corrective.command(name="send-back")
async def send_back(number: Which, /, *, reason: str, by: Sender = NOBODY) -> int:
    """Send a report back to its root cause.

    :param reason: What is not adequate.
    """
    return await send(number, "send_back", by, reason=reason)


@corrective.command(name="reply")
async def reply(
    number: Which,
    /,
    *,
    kind: Annotated[Literal["first", "written", "final"], by_title("corrective.reply")],
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
    return await send(number, "reply", by, kind=kind, by=way, note=note, papers=paper or [])


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
    return await send(number, "feedback", by, satisfied=said, reason=reason)


@corrective.command(name="recall")
async def recall(
    number: Which, /, *, yes: Flag = False, no: Flag = False, lot: Many = None, reason: str, by: Sender = NOBODY
) -> int:
    """Decide whether lots are recalled.

    :param yes: They are recalled.
    :param no: They are not recalled.
    :param lot: A lot; again for more.
    :param reason: Why.
    """
    decided = one_of({"yes": yes, "no": no}) == "yes"
    return await send(number, "recall", by, recall=decided, lots=lot or [], reason=reason)


@corrective.command(name="trace")
async def trace(lot: Annotated[list[str], Parameter(name="LOT", negative="")], /, *, as_json: Json = False) -> int:
    """Every case and order in which a lot is named.

    :param lot: The production lot; several at once.
    """
    return await trace_lots(session(), lot, as_json=as_json)


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
    _, filled = await found(current, number)
    document = report_8d(filled, current.pack(filled.procedure), current.lang)
    return await write_document(current, document, chosen, out)
