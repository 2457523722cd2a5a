"""Every report there is, under its name, and writing one in a format."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncConnection

from reports.breaches import breaches, breaches_count
from reports.causes import causes, causes_count
from reports.cohort import counted_count
from reports.disputes import disputes, disputes_count
from reports.document import Document, Row, Section, Setting
from reports.metrics import metrics
from reports.out_of_rule import out_of_rule, out_of_rule_count
from reports.spot_checks import spot_checks, spot_checks_count
from reports.writers.as_csv import write_csv
from reports.writers.as_docx import write_docx
from reports.writers.as_html import write_html
from reports.writers.as_json import write_json
from reports.writers.as_pdf import write_pdf
from reports.writers.as_terminal import write_table
from reports.writers.as_xlsx import write_xlsx

Build = Callable[[AsyncConnection, Setting], Document]
Count = Callable[[AsyncConnection, Setting], Awaitable[int]]

REPORTS: dict[str, tuple[Build, Count]] = {
    "out_of_rule": (out_of_rule, out_of_rule_count),
    "disputes": (disputes, disputes_count),
    "breaches": (breaches, breaches_count),
    "metrics": (metrics, counted_count),
    "causes": (causes, causes_count),
    "spot_checks": (spot_checks, spot_checks_count),
}
"""Name -> how it is built, and about how many rows it will read (for a progress bar)."""


class Format(StrEnum):
    """What a report can be written as."""

    TABLE = "table"
    CSV = "csv"
    XLSX = "xlsx"
    HTML = "html"
    PDF = "pdf"
    DOCX = "docx"
    JSON = "json"


FOR_PROGRAMS = (Format.CSV, Format.XLSX, Format.JSON)
"""Formats that others calculate with."""
_WITHOUT_CASES = (Format.TABLE, Format.CSV, Format.PDF, Format.DOCX)
"""Formats of the figures without the list of the cases behind them."""


def built(database: AsyncConnection, name: str, setting: Setting, form: Format) -> Document:
    """A report as it is written in a format."""
    document = REPORTS[name][0](database, setting)
    if name == "metrics" and form in _WITHOUT_CASES:
        return replace(document, sections=document.sections[:1])
    return document


def counted_rows(document: Document, tick: Callable[[], None]) -> Document:
    """The same document, telling `tick` of every row."""
    return replace(document, sections=tuple(_ticking(section, tick) for section in document.sections))


def _ticking(section: Section, tick: Callable[[], None]) -> Section:
    async def rows() -> AsyncIterator[Row]:
        async for row in section.rows():
            tick()
            yield row

    return replace(section, rows=rows)


async def print_text(document: Document, form: Format, target: TextIO, console: Console) -> None:
    """Write a text format to a stream, or a table to a console."""
    match form:
        case Format.CSV:
            await write_csv(document, target)
        case Format.JSON:
            await write_json(document, target)
        case Format.HTML:
            await write_html(document, target)
        case _:
            await write_table(document, console)


async def save(document: Document, form: Format, file: Path) -> None:
    """Write to a file that is either the whole report or not there. Raises OSError.

    A device or a pipe, such as /dev/stdout, is written to and not replaced by a file; a link keeps leading to its file.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    if await asyncio.to_thread(_no_file, file):
        await _write(document, form, file)
        return
    file = await asyncio.to_thread(file.resolve)
    draft = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        await _write(document, form, draft)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def _no_file(path: Path) -> bool:
    return path.exists() and not path.is_file()


async def _write(document: Document, form: Format, draft: Path) -> None:
    match form:
        case Format.XLSX:
            await write_xlsx(document, draft)
        case Format.DOCX:
            await write_docx(document, draft)
        case Format.PDF:
            with draft.open("wb") as binary:
                await write_pdf(document, binary)
        case _:
            with draft.open("w", encoding="utf-8", newline="") as text:
                await print_text(document, form, text, Console(file=text, width=160))
