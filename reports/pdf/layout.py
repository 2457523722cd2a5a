"""Setting text: lines that fit a width, Chinese broken anywhere, other words at spaces."""

import re

from reports.pdf.font import Font

MOST_LINES = 24
"""Lines of a cell; a longer text ends in an ellipsis, so that a row always fits a page."""
_WIDE = r"\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_WORDS = re.compile(rf"[{_WIDE}]|\s+|[^\s{_WIDE}]+")
_NOT_FIRST = "，。；：！？、）》」』】〕’”…,.;:!?)]}%"


def wrapped(text: str, width: float, size: float, font: Font) -> list[str]:
    """The text in lines of at most `width` points."""
    if font.width(text, size) <= width:
        return [text]
    lines: list[str] = []
    line, taken = "", 0.0
    for word in _WORDS.findall(text):
        needed = font.width(word, size)
        if taken + needed <= width or (word in _NOT_FIRST and line):
            line, taken = line + word, taken + needed
            continue
        if line.strip():
            lines.append(line.rstrip())
        *whole, line = _cut(word.lstrip(), width, size, font)
        lines += whole
        taken = font.width(line, size)
    lines.append(line.rstrip())
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], f"{lines[MOST_LINES - 1][:-1]}…"]
    return lines


def _cut(word: str, width: float, size: float, font: Font) -> list[str]:
    """A word in pieces that fit: an id longer than its column is broken where the column ends."""
    pieces, piece, taken = [], "", 0.0
    for character in word:
        needed = font.width(character, size)
        if piece and taken + needed > width:
            pieces.append(piece)
            piece, taken = "", 0.0
        piece, taken = piece + character, taken + needed
    return [*pieces, piece]
