"""The objects of a PDF file, written as they come; only their places are kept (ISO 32000-1, 7.5)."""

import zlib
from datetime import datetime
from typing import BinaryIO

from reports.pdf.font import NAME, Font


class PdfFile:
    """A PDF on a binary file that can be written from its beginning."""

    def __init__(self, target: BinaryIO, font: Font) -> None:
        self._target = target
        self._font = font
        self._offsets: list[int] = []
        self._at = 0
        self._kids: list[int] = []
        self._write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        self._pages, self._type0, self._total, self._resources = (self._reserve() for _ in range(4))
        fonts = f"/Font << /F1 {self._type0} 0 R >> /XObject << /Total {self._total} 0 R >>"
        self._put(self._resources, f"<< {fonts} >>")

    @property
    def pages(self) -> int:
        """Pages written so far."""
        return len(self._kids)

    def page(self, content: str, width: float, height: float) -> None:
        """Add a page. `/Total Do` in its content shows the number of all pages."""
        stream, page = self._reserve(), self._reserve()
        self._stream(stream, "", content.encode("ascii"))
        box = f"/MediaBox [0 0 {width:g} {height:g}] /Resources {self._resources} 0 R"
        self._put(page, f"<< /Type /Page /Parent {self._pages} 0 R {box} /Contents {stream} 0 R >>")
        self._kids.append(page)

    def finish(self, title: str, language: str, made: datetime, *, size: float) -> None:
        """Write what is known only at the end: the number of pages (in `size` points), the font, the places."""
        total = f"BT /F1 {size:g} Tf 0 4 Td {self._font.shown(str(self.pages))} Tj ET"
        box = f"/Type /XObject /Subtype /Form /BBox [0 0 80 20] /Resources << /Font << /F1 {self._type0} 0 R >> >>"
        self._stream(self._total, box, total.encode("ascii"))
        self._fonts()
        kids = " ".join(f"{kid} 0 R" for kid in self._kids)
        self._put(self._pages, f"<< /Type /Pages /Count {self.pages} /Kids [{kids}] >>")
        catalogue, info = self._reserve(), self._reserve()
        shown = "/ViewerPreferences << /DisplayDocTitle true >>"
        self._put(catalogue, f"<< /Type /Catalog /Pages {self._pages} 0 R /Lang ({language}) {shown} >>")
        when = f"/CreationDate (D:{made:%Y%m%d%H%M%S}Z)"
        self._put(info, f"<< /Title <{_utf16(title)}> /Producer (redress) {when} >>")
        self._places(catalogue, info)

    def _fonts(self) -> None:
        inner, descriptor, file, unicode_ = (self._reserve() for _ in range(4))
        used = self._font.used()
        program = self._font.subset()
        name = f"REDRES+{NAME}"
        self._stream(file, f"/Length1 {len(program)}", program)
        x_min, y_min, x_max, y_max, up, down = self._font.box()
        metrics = f"/FontBBox [{x_min} {y_min} {x_max} {y_max}] /Ascent {up} /Descent {down} /CapHeight 733"
        self._put(
            descriptor,
            f"<< /Type /FontDescriptor /FontName /{name} /Flags 4 /ItalicAngle 0 /StemV 80 {metrics}"
            f" /FontFile2 {file} 0 R >>",
        )
        widths = " ".join(f"{glyph} [{width:g}]" for glyph, width in {g: w for _, g, w in used}.items())
        system = "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
        self._put(
            inner,
            f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{name} {system} /FontDescriptor {descriptor} 0 R"
            f" /DW 1000 /W [{widths}] /CIDToGIDMap /Identity >>",
        )
        self._stream(unicode_, "", _to_unicode([(glyph, code) for code, glyph, _ in used]))
        self._put(
            self._type0,
            f"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H"
            f" /DescendantFonts [{inner} 0 R] /ToUnicode {unicode_} 0 R >>",
        )

    def _places(self, catalogue: int, info: int) -> None:
        start, size = self._at, len(self._offsets) + 1
        self._write(f"xref\n0 {size}\n0000000000 65535 f \n".encode("ascii"))
        for offset in self._offsets:
            self._write(f"{offset:010} 00000 n \n".encode("ascii"))
        trailer = f"trailer\n<< /Size {size} /Root {catalogue} 0 R /Info {info} 0 R >>\nstartxref\n{start}\n%%EOF\n"
        self._write(trailer.encode("ascii"))

    def _reserve(self) -> int:
        self._offsets.append(0)
        return len(self._offsets)

    def _put(self, number: int, body: str) -> None:
        self._begin(number)
        self._write(f"{body}\nendobj\n".encode("ascii"))

    def _stream(self, number: int, entries: str, data: bytes) -> None:
        packed = zlib.compress(data, 6)
        self._begin(number)
        self._write(f"<< /Length {len(packed)} /Filter /FlateDecode {entries} >>\nstream\n".encode("ascii"))
        self._write(packed)
        self._write(b"\nendstream\nendobj\n")

    def _begin(self, number: int) -> None:
        self._offsets[number - 1] = self._at
        self._write(f"{number} 0 obj\n".encode("ascii"))

    def _write(self, data: bytes) -> None:
        self._target.write(data)
        self._at += len(data)


def _utf16(text: str) -> str:
    return (b"\xfe\xff" + text.encode("utf-16-be")).hex().upper()


def _to_unicode(pairs: list[tuple[int, int]]) -> bytes:
    """Which character each glyph stands for, so that text can be searched and copied."""
    known = dict(pairs)
    blocks = []
    glyphs = sorted(known)
    for start in range(0, len(glyphs), 100):
        part = glyphs[start : start + 100]
        lines = "\n".join(f"<{glyph:04X}> <{chr(known[glyph]).encode('utf-16-be').hex().upper()}>" for glyph in part)
        blocks.append(f"{len(part)} beginbfchar\n{lines}\nendbfchar")
    middle = "\n".join(blocks)
    return f"""/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
{middle}
endcmap
CMapName currentdict /CMap defineresource pop
end
end
""".encode("ascii")
