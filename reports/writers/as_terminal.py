"""A table on the terminal, in blocks, so that a long one begins at once and none is held."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.cells import plain
from reports.document import Document, Row, Section

BLOCK = 200


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
    printed = False
    async for row in section.rows():
        block.append(row)
        if len(block) == BLOCK:
            console.print(_table(section, block, ruled=ruled))
            block, printed = [], True
    if block or not printed:
        console.print(_table(section, block, ruled=ruled))


def _table(section: Section, rows: list[Row], *, ruled: bool) -> Table:
    table = Table(show_lines=ruled, header_style="bold")
    for column in section.columns:
        table.add_column(Text(plain(column.title)), overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell), justify="left" if isinstance(cell, str) else "right") for cell in row.cells))
    return table
