"""A table on the terminal, in blocks, so that a long one begins at once and none is held.

Where it is too narrow for the words of all columns, each cell has a line of its own.
"""

import re
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.cells import plain
from reports.document import Document, Row, Section

BLOCK = 200
_SOLID = re.compile(r"[^\s\u2e80-\u9fff\uff00-\uffef]+")
"""What is not read when it is broken; Chinese is, anywhere."""
_LONG = 24
"""No word has a column made wider than this."""
_NARROW = 8
"""A column of text that may be broken is at least as wide as this, or as all of it."""


async def write_table(document: Document, console: Console) -> None:
    """Title, notes, then each table."""
    console.print(Text(plain(document.title), style="bold"))
    for note in document.notes:
        console.print(Text(plain(note), style="dim"))
    for section in document.sections:
        if len(document.sections) > 1:
            console.print(Text(f"\n{plain(section.title)}", style="bold"))
        await _section(section, console, ruled=len(document.sections) == 1 and len(section.columns) < 9)


async def _section(section: Section, console: Console, *, ruled: bool) -> None:
    block: list[Row] = []
    fits: bool | None = None
    async for row in section.rows():
        block.append(row)
        if len(block) == BLOCK:
            fits = _print(section, block, console, ruled=ruled, fits=fits)
            block = []
    if block or fits is None:
        _print(section, block, console, ruled=ruled, fits=fits)


def _print(section: Section, rows: list[Row], console: Console, *, ruled: bool, fits: bool | None) -> bool:
    """Print a block as those before it; whether the section's columns fit, as the first one shows."""
    cells = ([row.cells[place] for row in rows] for place in range(len(section.columns)))
    texts = [[plain(column.title), *map(plain, of)] for column, of in zip(section.columns, cells, strict=True)]
    least = [max(map(_least, column)) for column in texts]
    room = console.width - 3 * len(texts) - 1
    fits = sum(least) <= room or not rows if fits is None else fits
    console.print(_table(section, rows, _widths(least, texts, room), ruled=ruled) if fits else _list(section, rows))
    return fits


def _least(text: str) -> int:
    solid = max(map(cell_len, _SOLID.findall(text)), default=0)
    return max(min(solid, _LONG), min(cell_len(text), _NARROW))


def _widths(least: Sequence[int], texts: Sequence[Sequence[str]], room: int) -> list[int | None]:
    """How wide each column is; None: as wide as it wants to be, where all may."""
    wanted = [max(map(cell_len, column)) for column in texts]
    if sum(wanted) <= room or sum(least) > room:
        return [None] * len(wanted)
    widths = list(least)
    while (spare := room - sum(widths)) > 0:
        short = [place for place, width in enumerate(widths) if width < wanted[place]]
        for place in short[:spare]:
            widths[place] += 1
    return [*widths]


def _table(section: Section, rows: list[Row], widths: Sequence[int | None], *, ruled: bool) -> Table:
    table = Table(show_lines=ruled, header_style="bold")
    for column, width in zip(section.columns, widths, strict=True):
        table.add_column(Text(plain(column.title)), overflow="fold", width=width)
    for row in rows:
        table.add_row(*(Text(plain(cell), justify="left" if isinstance(cell, str) else "right") for cell in row.cells))
    return table


def _list(section: Section, rows: list[Row]) -> Table:
    """Each cell under the one before it, with its column's title; empty ones are left out."""
    listed = Table.grid(padding=(0, 2))
    listed.add_column(style="dim", no_wrap=True)
    listed.add_column(overflow="fold")
    for row in rows:
        listed.add_row("", "")
        for column, cell in zip(section.columns, row.cells, strict=True):
            if text := plain(cell):
                listed.add_row(Text(plain(column.title)), Text(text))
    return listed
