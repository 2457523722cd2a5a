"""Lines of a terminal's width. A Chinese sign is two columns wide and a line may end behind it, but for punctuation."""

import re
from collections.abc import Iterator

from rich.cells import cell_len

_OPENING, _CLOSING = "（“《「", "，。；：、？！）”》」…"
_WIDE = r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]"
_UNIT = re.compile(rf" *[{_OPENING}]*(?:{_WIDE}|[^\s{_OPENING}{_CLOSING}\u2e80-\u9fff\uf900-\uffef]+)?[{_CLOSING}]*")
"""What stays on one line: a sign or a word, with the punctuation that belongs to it."""


def folded(text: str, width: int) -> str:
    """The text in lines of at most so many columns; only a word that is longer is broken."""
    return "\n".join(_lines(" ".join(text.split()), max(width, 2)))


def _lines(text: str, width: int) -> Iterator[str]:
    line = ""
    for unit in _units(text, width):
        if line and cell_len(line + unit) > width:
            yield line
            line = ""
        line += unit if line else unit.lstrip()
    yield line


def _units(text: str, width: int) -> Iterator[str]:
    for found in _UNIT.finditer(text):
        unit = found[0]
        while cell_len(unit.lstrip()) > width:
            fits = next(n for n in range(len(unit), 0, -1) if cell_len(unit[:n]) <= width)
            yield unit[:fits]
            unit = unit[fits:]
        yield unit
