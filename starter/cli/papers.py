"""The papers of a case that its procedure names, filled from the record in SQL; neither worker nor server is needed."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from starter.cli.choosing import chosen, titles_of
from starter.cli.reading_rights import reader
from starter.cli.reporting import FormatName, format_of, write_document
from starter.cli.sending import Number
from starter.cli.session import Json, case_number, session
from starter.failures import BadInput, NoSuchCase


async def document(
    kind: Annotated[str, Parameter(name="KIND")],
    number: Number,
    /,
    *,
    write_as: Annotated[FormatName | None, Parameter(name="--format")] = None,
    out: Path | None = None,
    as_json: Json = False,
) -> int:
    """A paper of a case, to read or to print; blank where nothing has been recorded yet.

    :param kind: The paper, such as return_list or 退货清单; see [papers] of the procedure.
    :param write_as: How to write it; none: as the file is called, else a table.
    :param out: The file to write.
    """
    from reports.papers import CaseFile, paper_of
    from starter.archive import stored_case, stored_complaint, stored_events

    current = session()
    number, who, written_as = case_number(number), reader(current), format_of(write_as, out, as_json=as_json)
    row = await stored_case(current.settings, number)
    complaint = await stored_complaint(current.settings, number)
    if row is None or complaint is None:
        raise NoSuchCase("no_case", number=number)
    await who.case(number, row.waiting_for.split(","))
    pack = current.pack(row.procedure)
    if not pack.papers:
        raise BadInput("no_papers")
    kind = chosen("KIND", kind, titles_of((name, paper.title) for name, paper in pack.papers.items()), current.lang)
    events = await who.discreet(number, *await stored_events(current.settings, number))
    filled = CaseFile(number, row.opened_at, complaint, events, personal=who.personal_data)
    await who.has_read(number, f"document:{kind}")
    return await write_document(current, paper_of(kind, filled, pack, current.lang), written_as, out)
