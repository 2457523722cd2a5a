"""CSV that Excel opens as UTF-8; the first line names the columns."""

import csv
from typing import TextIO

from reports.cells import guarded
from reports.document import Document


async def write_csv(document: Document, target: TextIO) -> None:
    """A report of one table is that table; of several, each follows its title after an empty line.

    `target` must be UTF-8 without newline translation; the byte order mark is written here.
    """
    target.write("\ufeff")
    writer = csv.writer(target, lineterminator="\r\n")
    several = len(document.sections) > 1
    for place, section in enumerate(document.sections):
        if several:
            target.write("\r\n" if place else "")
            writer.writerow([guarded(section.title)])
        writer.writerow([guarded(column.title) for column in section.columns])
        async for row in section.rows():
            writer.writerow([guarded(cell) for cell in row.cells])
