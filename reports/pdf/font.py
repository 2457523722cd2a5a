"""The one font of the PDFs: Noto Sans SC (SIL OFL 1.1), which comes with us, so that Chinese shows everywhere."""

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

FILE = Path(__file__).resolve().parent.parent / "fonts" / "NotoSansSC-Regular.woff"
NAME = "NotoSansSC-Regular"
_MISSING = 0x3013
"""〓, the printers' sign for a character the font lacks."""


class Font:
    """Widths and glyph numbers of the font, and which of them have been used."""

    def __init__(self) -> None:
        self._font = TTFont(BytesIO(FILE.read_bytes()), lazy=True)
        self._glyph_of = self._font.getBestCmap()
        metrics, self._scale = self._font["hmtx"].metrics, 1000 / self._font["head"].unitsPerEm
        self._advance = {code: metrics[name][0] * self._scale for code, name in self._glyph_of.items()}
        self._default = self._advance[_MISSING]
        self._used: dict[int, int] = {}

    def characters(self) -> set[str]:
        """Every character the font has."""
        return {chr(code) for code in self._glyph_of}

    def width(self, text: str, size: float) -> float:
        """The width of a text in points."""
        advance, default = self._advance, self._default
        points: float = sum([advance.get(ord(character), default) for character in text])
        return points * size / 1000

    def shown(self, text: str) -> str:
        """The text as a PDF string of glyph numbers; its characters are kept for the file."""
        return f"<{''.join([f'{self._number(ord(character)):04X}' for character in text])}>"

    def _number(self, code: int) -> int:
        known = self._used.get(code)
        if known is None:
            name = self._glyph_of.get(code) or self._glyph_of[_MISSING]
            known = self._used[code] = self._font.getGlyphID(name)
        return known

    def used(self) -> list[tuple[int, int, float]]:
        """(character, glyph number, width in thousandths of the size) of everything shown."""
        found = ((code, glyph, self._advance.get(code, self._default)) for code, glyph in self._used.items())
        return sorted(found, key=lambda item: item[1])

    def box(self) -> tuple[int, int, int, int, int, int]:
        """xMin, yMin, xMax, yMax, ascent and descent in thousandths."""
        head, lines = self._font["head"], self._font["hhea"]
        sides = (head.xMin, head.yMin, head.xMax, head.yMax, lines.ascent, lines.descent)
        x_min, y_min, x_max, y_max, up, down = (round(side * self._scale) for side in sides)
        return x_min, y_min, x_max, y_max, up, down

    def subset(self) -> bytes:
        """A TrueType file with only the glyphs shown, under their old numbers."""
        return subset(code if code in self._glyph_of else _MISSING for code in self._used)


def subset(codes: Iterable[int]) -> bytes:
    """The glyphs of these characters as TrueType, numbered as in the whole font."""
    font = TTFont(BytesIO(FILE.read_bytes()), lazy=True)
    options = Options(retain_gids=True, notdef_outline=True, hinting=False, layout_features=[], glyph_names=False)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=set(codes) | {0x20})
    subsetter.subset(font)
    font.flavor = None
    target = BytesIO()
    font.save(target)
    return target.getvalue()
