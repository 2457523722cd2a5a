"""The audit trail on the command line."""

import json
import sys
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from starter.cli.reading_rights import reader
from starter.cli.session import Json, Session, session
from starter.failures import BadInput, TryAgain

BROKEN = 3
audit = App(
    name="audit",
    help="The audit trail: who did, who was denied; check that nobody has changed it.",
    result_action="return_value",
)
File = Annotated[Path | None, Parameter(name="FILE", help="An export; none: the database.")]


@audit.command
async def verify(file: File = None, /, *, as_json: Json = False) -> int:
    """Check that no row was changed, taken out or put in. An export needs no database.

    Prints the number of rows and the head: kept elsewhere, it shows later that the end was not cut off.
    Ends with 0 for a whole chain and with 3 for a broken one.
    """
    from activities.audit import Chain

    current = session()
    chain = Chain()
    if file is not None:
        for row in _lines(file):
            chain.follow(row)
    else:
        async for row in _rows(current):
            chain.follow(row)
    if as_json:
        current.print_json({"rows": chain.rows, "head": chain.head, "broken": chain.broken})
    elif chain.broken is None:
        current.out.print(current.say("audit_whole", rows=chain.rows, head=chain.head or "-"), markup=False)
    else:
        current.err.print(current.say("audit_broken", row=chain.broken), markup=False)
    return 0 if chain.broken is None else BROKEN


@audit.command
async def export(*, out: Path | None = None) -> int:
    """Write the whole trail as JSON lines, to be kept and checked elsewhere.

    :param out: The file; none: standard output.
    """
    current = session()
    await reader(current).everything("audit")
    target = sys.stdout if out is None else _opened(out)
    try:
        async with aclosing(_rows(current)) as rows:
            async for row in rows:
                line = json.dumps({**row, "at": row["at"].isoformat()}, ensure_ascii=False, sort_keys=True)
                target.write(line + "\n")
    finally:
        if target is not sys.stdout:
            target.close()
    return 0


async def _rows(current: Session) -> AsyncGenerator[Mapping[str, Any]]:
    from sqlmodel import col, select

    from models.tables import AuditRow
    from starter.archive import reading

    async with reading(current.settings) as database:
        found = await database.stream_scalars(
            select(AuditRow).order_by(col(AuditRow.seq)).execution_options(yield_per=500)
        )
        async for row in found:
            yield row.model_dump()


def _opened(out: Path) -> Any:
    try:
        return out.open("x", encoding="utf-8")
    except FileExistsError:
        raise BadInput("file_there") from None
    except OSError as error:
        raise TryAgain("report_unwritable", problem=error.strerror or type(error).__name__) from None


def _lines(file: Path) -> Iterator[Mapping[str, Any]]:
    """The rows of an export. Raises BadInput."""
    from activities.audit import FIELDS

    try:
        with file.open(encoding="utf-8") as found:
            for line in found:
                said = json.loads(line)
                row = {name: said[name] for name in (*FIELDS, "hash")}
                yield {**row, "at": datetime.fromisoformat(row["at"])}
    except OSError as error:
        raise BadInput("unreadable", problem=error.strerror or type(error).__name__) from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadInput("not_an_export") from None
