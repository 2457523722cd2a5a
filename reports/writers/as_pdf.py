"""PDF in A4 landscape: the heading of a table on each page, page numbers, Chinese on any machine."""

from collections.abc import Sequence
from datetime import datetime
from typing import BinaryIO

from reports.cells import plain
from reports.document import Cell, Document, Section
from reports.pdf.file import PdfFile
from reports.pdf.font import Font
from reports.pdf.layout import wrapped

WIDTH, HEIGHT = 841.89, 595.28
MARGIN, BOTTOM = 36.0, 44.0
SIZE, LEADING, PAD = 8.5, 11.5, 4.0
_FOOT = 8.0


async def write_pdf(document: Document, target: BinaryIO) -> None:
    """Each page goes to the file as soon as it is full."""
    sheet = _Sheet(document, target)
    for section in document.sections:
        await _section(sheet, document, section)
    sheet.close()


async def _section(sheet: "_Sheet", document: Document, section: Section) -> None:
    titles = tuple(column.title for column in section.columns)
    table = _Table(sheet, titles, [column.width for column in section.columns])
    table.begin(plain(section.title) if len(document.sections) > 1 else "")
    async for row in section.rows():
        table.row(row.cells)
    sheet.y -= LEADING


class _Sheet:
    """The page being filled: drawing from the top downwards, in points."""

    def __init__(self, document: Document, target: BinaryIO) -> None:
        self.font = Font()
        self._document = document
        self._file = PdfFile(target, self.font)
        self._drawn: list[str] = []
        self._title = plain(document.title)
        self.y = HEIGHT - MARGIN
        self.text(MARGIN, self.y - 14, self._title, 15, bold=True)
        self.y -= 26
        for note in document.notes:
            for line in wrapped(plain(note), WIDTH - 2 * MARGIN, SIZE, self.font):
                self.text(MARGIN, self.y - SIZE, line, SIZE)
                self.y -= LEADING + 1
        self.y -= 8

    def room(self, height: float) -> bool:
        """Whether something of this height still fits."""
        return self.y - height >= BOTTOM

    def text(self, x: float, y: float, text: str, size: float, *, bold: bool = False) -> None:
        """A line of text from its baseline; bold by an outline, so that one font is enough."""
        if text:
            mode = "2 Tr 0.3 w" if bold else "0 Tr"
            self._drawn.append(f"BT /F1 {size:g} Tf {mode} {x:.2f} {y:.2f} Td {self.font.shown(text)} Tj ET")

    def draw(self, operators: str) -> None:
        """Graphics."""
        self._drawn.append(operators)

    def turn(self) -> None:
        """Finish the page and begin the next."""
        self._foot()
        self._file.page("\n".join(self._drawn), WIDTH, HEIGHT)
        self._drawn = []
        self.y = HEIGHT - MARGIN

    def close(self) -> None:
        """Finish the file."""
        self.turn()
        language = {"zh": "zh-CN"}.get(self._document.lang.value, self._document.lang.value)
        made = datetime.fromisoformat(self._document.facts["generated_at"])
        self._file.finish(self._title, language, made, size=_FOOT)

    def _foot(self) -> None:
        """Title and period, and "page / pages"; the latter number is drawn by an object written last."""
        number = f"{self._file.pages + 1} / "
        x = WIDTH / 2 - self.font.width(number, _FOOT)
        name = plain("   ".join((self._title, *self._document.notes[:1])))
        self.text(MARGIN, 24, wrapped(name, x - 2 * MARGIN, _FOOT, self.font)[0], _FOOT)
        self.text(x, 24, number, _FOOT)
        self.draw(f"q 1 0 0 1 {WIDTH / 2:.2f} 20 cm /Total Do Q")
        made = plain("".join(self._document.notes[1:2]))
        self.text(WIDTH - MARGIN - self.font.width(made, _FOOT), 24, made, _FOOT)


class _Table:
    """Ruled rows; the heading comes again on each page."""

    def __init__(self, sheet: _Sheet, titles: tuple[str, ...], widths: Sequence[int]) -> None:
        self._sheet = sheet
        self._titles = titles
        unit = (WIDTH - 2 * MARGIN) / sum(widths)
        self._widths = [width * unit for width in widths]

    def begin(self, title: str) -> None:
        """Title and heading, together with room for a row."""
        if not self._sheet.room(5 * LEADING):
            self._sheet.turn()
        if title:
            self._sheet.text(MARGIN, self._sheet.y - 12, title, 11, bold=True)
            self._sheet.y -= 20
        self._line(self._titles, heading=True)

    def row(self, cells: tuple[Cell, ...]) -> None:
        """A row, on the next page if it does not fit here."""
        self._line(cells)

    def _line(self, cells: tuple[Cell, ...], *, heading: bool = False) -> None:
        sheet = self._sheet
        texts = [
            wrapped(plain(cell), width - 2 * PAD, SIZE, sheet.font)
            for cell, width in zip(cells, self._widths, strict=True)
        ]
        height = max(len(lines) for lines in texts) * LEADING + PAD
        if not heading and not sheet.room(height):
            sheet.turn()
            self._line(self._titles, heading=True)
        self._boxes(height, heading=heading)
        x = MARGIN
        for lines, cell, width in zip(texts, cells, self._widths, strict=True):
            for place, line in enumerate(lines):
                right = isinstance(cell, int | float)
                shift = width - PAD - sheet.font.width(line, SIZE) if right else PAD
                sheet.text(x + shift, sheet.y - PAD / 2 - SIZE - place * LEADING, line, SIZE, bold=heading)
            x += width
        sheet.y -= height

    def _boxes(self, height: float, *, heading: bool) -> None:
        sheet, x = self._sheet, MARGIN
        low, whole = sheet.y - height, sum(self._widths)
        if heading:
            sheet.draw(f"q 0.9 0.93 0.96 rg {x:.2f} {low:.2f} {whole:.2f} {height:.2f} re f Q")
        boxes = []
        for width in self._widths:
            boxes.append(f"{x:.2f} {low:.2f} {width:.2f} {height:.2f} re")
            x += width
        sheet.draw(f"q 0.5 w 0.6 G {' '.join(boxes)} S Q")
