"""Cells that are safe wherever they are opened: text stays text, on one line, without control characters."""

import re

from reports.document import Cell

LONGEST = 2_000
"""Characters of a cell; Excel's own limit is 32,767."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff]+")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What a cell begins with that a spreadsheet takes for a formula."""


def plain(cell: Cell) -> str:
    """A cell as text: one line, bounded, nothing that a terminal or an XML reader would act on."""
    if cell is None:
        return ""
    text = cell if isinstance(cell, str) else f"{cell:.1f}" if isinstance(cell, float) else str(cell)
    return _SURROGATE.sub("\ufffd", _CONTROL.sub(" ", text)).strip()[:LONGEST]


def guarded(cell: Cell) -> str:
    """As `plain`, and no spreadsheet takes it for a formula: an apostrophe stands before what could be one.

    Numbers of ours stay numbers, a negative one too.
    """
    text = plain(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(FORMULA) else text
