"""Excel workbooks, one sheet a table, written row by row; text is always text, never a formula or a link."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from xlsxwriter import Workbook

from reports.cells import plain
from reports.document import Column, Document, Section

SHEET_ROWS = 1_000_000
"""Rows of a sheet; Excel takes 1,048,576 with the heading. The rest goes on another sheet."""
_HEADING = 4
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}


async def write_xlsx(document: Document, target: Path) -> None:
    """A workbook set up to be printed: landscape, the heading on every page, page numbers."""
    with TemporaryDirectory(dir=target.parent, prefix=".xlsx-") as folder:
        await _fill(document, Workbook(str(target), {**_OPTIONS, "tmpdir": folder}))


async def _fill(document: Document, book: Workbook) -> None:
    book.set_properties({"title": plain(document.title)})
    styles = {
        "title": book.add_format({"bold": True, "font_size": 14}),
        "head": book.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1, "text_wrap": True}),
        "cell": book.add_format({"border": 1, "text_wrap": True, "valign": "top"}),
    }
    try:
        for section in document.sections:
            await _section(book, document, section, styles)
    finally:
        book.close()


async def _section(book: Workbook, document: Document, section: Section, styles: dict[str, Any]) -> None:
    part, line = 1, SHEET_ROWS
    sheet: Any = None
    async for row in section.rows():
        if line >= SHEET_ROWS:
            sheet, line = _sheet(book, document, section, styles, part), 0
            part += 1
        for place, cell in enumerate(row.cells):
            if isinstance(cell, int | float):
                sheet.write_number(_HEADING + line, place, cell, styles["cell"])
            else:
                sheet.write_string(_HEADING + line, place, plain(cell), styles["cell"])
        line += 1
    if sheet is None:
        _sheet(book, document, section, styles, part)


def _sheet(book: Workbook, document: Document, section: Section, styles: dict[str, Any], part: int) -> Any:
    sheet = book.add_worksheet(_name(section.title, part))
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(_HEADING - 1)
    sheet.freeze_panes(_HEADING, 0)
    sheet.set_footer("&C&P / &N")
    for place, column in enumerate(section.columns):
        sheet.set_column(place, place, _characters(column))
    sheet.write_string(0, 0, plain(document.title), styles["title"])
    sheet.write_string(1, 0, plain("   ".join(document.notes[:2])))
    sheet.write_string(2, 0, plain("   ".join(document.notes[2:])))
    for place, column in enumerate(section.columns):
        sheet.write_string(_HEADING - 1, place, plain(column.title), styles["head"])
    return sheet


def _characters(column: Column) -> float:
    return max(6.5 * column.width, 2.2 * len(column.title) if not column.title.isascii() else 1.2 * len(column.title))


def _name(title: str, part: int) -> str:
    """A sheet's name as Excel takes it: at most 31 characters, some of them forbidden."""
    kept = "".join(" " if character in "[]:*?/\\'" else character for character in plain(title))
    return kept[:27].strip() + (f" {part}" if part > 1 else "")
