"""Filing many complaints from a file: bad rows are set aside, good ones go on, doing it again does nothing twice."""

import asyncio
import csv
import io
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from models.complaint import Complaint
from reports.cells import FORMULA
from starter.failures import BadInput
from starter.mapping import FieldMap, RowError, complaint_of

AT_ONCE = 20
ROW, REASON = "redress_row", "redress_reason"
"""Columns a file of rejected rows has in addition; an import ignores them."""
_FORMULA = (*FORMULA, "'")
LINE = "redress_line"
"""In a file of rejected JSON lines: a line that is no object, as it was. An import reads what stands in it."""


@dataclass(frozen=True)
class Row:
    """One row: its number as an editor counts (a CSV's heading is line 1), its columns, or why it cannot be read."""

    number: int
    values: Mapping[str, str]
    problem: str | None = None
    whole: tuple[str, ...] = ()
    """All there is of it: a CSV's cells, however many; of a JSON line that is no object the line."""


@dataclass(frozen=True)
class Table:
    """A file's rows and columns."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    lines: bool
    """JSON lines rather than CSV."""


@dataclass
class Report:
    """What became of the rows. `stopped`: no further row is begun."""

    started: int = 0
    there: int = 0
    rejected: list[tuple[Row, str]] = field(default_factory=list)
    stopped: bool = False


def read_table(file: Path) -> Table:
    """The rows of a CSV or JSON lines file in UTF-8 or GB 18030. Raises BadInput."""
    try:
        text = _decode(file.read_bytes())
    except OSError as error:
        raise BadInput("unreadable", problem=error.strerror or type(error).__name__) from None
    if text.lstrip()[:1] == "{" or file.suffix in {".jsonl", ".ndjson"}:
        return _json_lines(text)
    return _csv(text)


def _decode(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadInput("encoding")


def _csv(text: str) -> Table:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        heading = next(reader, [])
        ours = REASON in heading
        columns = tuple((_as_it_was(name) if ours else name).strip() for name in heading)
        if not columns or len(set(columns)) != len(columns):
            raise BadInput("heading")
        lines = ([*map(_as_it_was, cells)] for cells in reader) if ours else reader
        rows = tuple(_csv_rows(lines, columns))
    except csv.Error:
        raise BadInput("csv", row=reader.line_num) from None
    return Table(columns, rows, lines=False)


def _csv_rows(reader: Iterator[list[str]], columns: tuple[str, ...]) -> Iterator[Row]:
    for number, cells in enumerate(reader, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        values = dict(zip(columns, cells, strict=False))
        fits = len(cells) == len(columns)
        problem = None if fits else f"has {len(cells)} columns, the heading has {len(columns)}"
        yield Row(number, values, problem, tuple(cells))


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: what begins like one has an apostrophe before it."""
    return f"'{cell}" if cell.lstrip().startswith(_FORMULA) else cell


def _as_it_was(cell: str) -> str:
    """The inverse, for a file of rejected rows."""
    return cell[1:] if cell.startswith("'") and cell[1:].lstrip().startswith(_FORMULA) else cell


def _json_lines(text: str) -> Table:
    # Not splitlines: JSON allows U+2028 and U+0085 within a text.
    lines = enumerate(text.split("\n"), start=1)
    rows = tuple(_json_row(number, line.removesuffix("\r")) for number, line in lines if line.strip())
    columns = dict.fromkeys(name for row in rows for name in row.values)
    return Table(tuple(columns), rows, lines=True)


def _json_row(number: int, line: str) -> Row:
    try:
        content = json.loads(line, parse_float=str)
    except (ValueError, RecursionError):
        return Row(number, {}, "is not valid JSON", (line,))
    if not isinstance(content, dict):
        return Row(number, {}, "is not a JSON object", (line,))
    if LINE in content:
        return _json_row(number, _text(content[LINE]))
    return Row(number, {str(name): _text(value) for name, value in content.items()})


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def prepare(table: Table, mapping: FieldMap) -> tuple[list[tuple[Row, Complaint]], list[tuple[Row, str]]]:
    """Good rows as complaints, bad ones with the reason. Raises BadInput where a mapped column is not there."""
    known = set(table.columns)
    needed = {source.column for source in mapping.fields.values() if source.column and source.default is None}
    if table.rows and (missing := sorted(name for name in needed if name not in known)) and not table.lines:
        raise BadInput("columns", missing=", ".join(missing))
    good: list[tuple[Row, Complaint]] = []
    bad: list[tuple[Row, str]] = []
    for row in table.rows:
        if row.problem is not None:
            bad.append((row, row.problem))
            continue
        try:
            good.append((row, complaint_of(row.values, mapping)))
        except RowError as error:
            bad.append((row, str(error)))
    return good, bad


async def file_all(
    good: Sequence[tuple[Row, Complaint]],
    start: Callable[[Complaint], Awaitable[bool]],
    report: Report,
    on_done: Callable[[], None],
) -> None:
    """File every complaint, at most 20 at once. `start` says whether the case is new.

    Ends with TryAgain when the server goes away: what was filed stays filed, and doing it again goes on from there.
    """
    waiting = iter(good)

    async def work() -> None:
        for row, complaint in waiting:
            if report.stopped:
                return
            await _file_one(row, complaint, start, report)
            on_done()

    workers = [asyncio.create_task(work()) for _ in range(min(AT_ONCE, len(good)))]
    try:
        await asyncio.gather(*workers)
    except asyncio.CancelledError:
        for worker in workers:
            worker.cancel()
        raise
    finally:
        report.stopped = True
        await asyncio.gather(*workers, return_exceptions=True)


async def _file_one(
    row: Row, complaint: Complaint, start: Callable[[Complaint], Awaitable[bool]], report: Report
) -> None:
    try:
        new = await start(complaint)
    except BadInput as error:
        report.rejected.append((row, str(error)))
    else:
        report.started += new
        report.there += not new


def write_rejects(file: Path, table: Table, rejected: Sequence[tuple[Row, str]]) -> None:
    """The rejected rows as they were, with number and reason in front; corrected, the file can be imported.

    People correct a CSV with a spreadsheet: no cell of it is a formula there. A row of another width keeps it, and is
    rejected again as it is.
    """
    ordered = sorted(rejected, key=lambda item: item[0].number)
    columns = [name for name in table.columns if name not in {ROW, REASON}]
    with file.open("w", encoding="utf-8" if table.lines else "utf-8-sig", newline="") as out:
        if table.lines:
            for row, reason in ordered:
                content = {LINE: row.whole[0]} if row.whole else {k: v for k, v in row.values.items() if k in columns}
                line = {ROW: row.number, REASON: reason} | content
                out.write(json.dumps(line, ensure_ascii=False) + "\n")
            return
        writer = csv.writer(out)
        writer.writerow([ROW, REASON, *map(_harmless, columns)])
        ours = {place for place, name in enumerate(table.columns) if name in {ROW, REASON}}
        for row, reason in ordered:
            kept = (_harmless(cell) for place, cell in enumerate(row.whole) if place not in ours)
            writer.writerow([row.number, reason, *kept])
