"""Word documents: heading, notes, one table a section with its heading on every page."""

from pathlib import Path
from typing import Any

from docx import Document as Word
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from reports.cells import plain
from reports.document import Document, Section

_CJK = "宋体"


async def write_docx(document: Document, target: Path) -> None:
    """A document of A4 landscape. Held in memory: for reports of hundreds of rows."""
    word = Word()
    _set_up(word, document)
    word.add_heading(plain(document.title), level=1)
    for note in document.notes:
        word.add_paragraph(plain(note))
    for section in document.sections:
        await _section(word, document, section)
    word.save(str(target))


def _set_up(word: Any, document: Document) -> None:
    word.core_properties.title = plain(document.title)
    word.core_properties.author = "redress"
    page = word.sections[0]
    page.orientation = WD_ORIENT.LANDSCAPE
    page.page_width, page.page_height = Cm(29.7), Cm(21.0)
    page.left_margin = page.right_margin = Cm(1.5)
    style = word.styles["Normal"]
    style.font.size = Pt(9)
    style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), _CJK)


async def _section(word: Any, document: Document, section: Section) -> None:
    if len(document.sections) > 1:
        word.add_heading(plain(section.title), level=2)
    table = word.add_table(rows=1, cols=len(section.columns), style="Table Grid")
    for cell, column in zip(table.rows[0].cells, section.columns, strict=True):
        cell.paragraphs[0].add_run(plain(column.title)).bold = True
    heading = OxmlElement("w:tblHeader")
    heading.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(heading)  # noqa: SLF001 - the library has no other way to repeat a row
    async for row in section.rows():
        for cell, value in zip(table.add_row().cells, row.cells, strict=True):
            cell.text = plain(value)
