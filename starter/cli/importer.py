"""Importing complaints on the terminal."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from models.base import in_one_line
from models.complaint import Complaint
from starter.cli.filing import name_problems
from starter.cli.session import Flag, Json, Session, session
from starter.failures import BadInput
from starter.importing import Report, Row, Table, file_all, prepare, read_table, write_rejects
from starter.mapping import read_mapping
from texts.reasons import reason as localised

if TYPE_CHECKING:
    from starter.cases import Cases

SOME_REJECTED = 3


async def import_file(
    file: Annotated[Path, Parameter(name="FILE", help="CSV or JSON lines, in UTF-8 or GB 18030.")],
    /,
    *,
    mapping: Path,
    rejects: Path | None = None,
    check: Flag = False,
    as_json: Json = False,
) -> int:
    """File many complaints. Bad rows are set aside with a reason; doing it again files nothing twice.

    :param mapping: A TOML file that says which column is which field.
    :param rejects: Where the rejected rows go; none: beside FILE.
    :param check: Only check the rows; file nothing.
    """
    current = session()
    target = rejects or file.with_name(f"{file.stem}.rejects{file.suffix}")
    if rejects is not None:
        await asyncio.to_thread(_check_target, rejects, (file, mapping))
    rules = await asyncio.to_thread(read_mapping, mapping)
    table = await asyncio.to_thread(read_table, file)
    good, bad = prepare(table, rules)
    good, unknown = _known_names(good)
    report = Report(rejected=[*bad, *unknown])
    if check:
        return _tell(current, report, table, None, good=len(good), as_json=as_json)
    try:
        async with current.cases() as cases:
            await _file(current, cases, good, report)
    except asyncio.CancelledError:
        current.err.print(current.say("import.stopped"), style="yellow")
        raise
    finally:
        code = _tell(current, report, table, target, good=None, as_json=as_json)
    return code


def _check_target(target: Path, read: tuple[Path, ...]) -> None:
    """Raises BadInput where the rejected rows would have no place, or replace what is read."""
    if any(target.exists() and source.exists() and target.samefile(source) for source in read):
        raise BadInput("rejects_same")
    if target.is_dir() or not target.parent.is_dir():
        raise BadInput("rejects_unwritable")


async def _file(current: Session, cases: "Cases", good: list[tuple[Row, Complaint]], report: Report) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=current.err, transient=True, disable=not current.err.is_terminal) as progress:
        task = progress.add_task(current.say("import.working"), total=len(good))
        await file_all(good, _starter(cases), report, lambda: progress.advance(task))


def _starter(cases: "Cases") -> Callable[[Complaint], Awaitable[bool]]:
    async def start(complaint: Complaint) -> bool:
        return (await cases.start(complaint)).new

    return start


def _known_names(
    good: list[tuple[Row, Complaint]],
) -> tuple[list[tuple[Row, Complaint]], list[tuple[Row, str]]]:
    """A cause or channel the procedure does not know is the row's fault, told before anything is filed."""
    kept: list[tuple[Row, Complaint]] = []
    bad: list[tuple[Row, str]] = []
    for row, complaint in good:
        if found := name_problems(complaint):
            bad.append((row, in_one_line(found)))
        else:
            kept.append((row, complaint))
    return kept, bad


def _tell(
    current: Session, report: Report, table: Table, target: Path | None, *, good: int | None, as_json: bool
) -> int:
    """Print what became of the rows and set the rejected ones aside. Returns the exit code."""
    if report.rejected and target is not None:
        write_rejects(target, table, report.rejected)
    if as_json:
        rows = [{"row": row.number, "reason": reason} for row, reason in report.rejected]
        counts = {"good": good} if good is not None else {"started": report.started, "there": report.there}
        current.print_json({**counts, "rejected": rows})
        return SOME_REJECTED if report.rejected else 0
    for row, reason in report.rejected[:20]:
        current.err.print(current.say("labelled", name=row.number, value=localised(reason, current.lang)), markup=False)
    if good is not None:
        current.out.print(current.say("import.checked", good=good, rejected=len(report.rejected)))
    else:
        current.out.print(
            current.say("import.summary", started=report.started, there=report.there, rejected=len(report.rejected))
        )
    if report.rejected and target is not None:
        current.out.print(current.say("import.rejects", file=target), markup=False)
    return SOME_REJECTED if report.rejected else 0
