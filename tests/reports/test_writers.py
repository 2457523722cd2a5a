"""Every format: safe whatever a cell holds, readable where nothing is installed, and never all rows at once."""

import csv
import gc
import io
import json
import os
import re
import weakref
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader
from rich.console import Console

from models.language import Language
from reports.catalogue import Format, save
from reports.cells import LONGEST, guarded, plain
from reports.document import Cell, Column, Document, Row, Section, Setting
from reports.pdf.font import FILE, Font
from reports.pdf.layout import wrapped
from reports.writers import as_xlsx
from reports.writers.as_csv import write_csv
from reports.writers.as_html import write_html
from reports.writers.as_json import write_json
from reports.writers.as_terminal import BLOCK, write_table

HOSTILE = [
    "=HYPERLINK(\"http://evil\")", "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\x00=1+1", " =1", "＝1+1", "a\x1b[31mred",
    "two\r\nlines", "\u202edesrever", "<script>alert(1)</script>", "\ud800", "x" * 5_000, "{{ 7 * 7 }}",
]  # fmt: skip
Build = Callable[..., Setting]


def document(rows: list[tuple[Cell, ...]], build: Build, lang: Language = Language.ZH) -> Document:
    async def stream() -> AsyncIterator[Row]:
        for cells in rows:
            yield Row(cells, {"text": cells[0]})

    columns = (Column("text", "争议点", 5), Column("number", "序号", 1))
    setting: Setting = build(lang)
    return setting.document("disputes", Section("cases", "表", columns, stream))


def test_a_cell_that_could_be_a_formula_is_text_and_a_number_stays_a_number() -> None:
    for text in HOSTILE:
        assert not guarded(text).startswith(("=", "+", "-", "@", "＝"))
    assert guarded("-2+3") == "'-2+3"
    assert guarded(-2) == "-2"
    assert guarded(16.666) == "16.7"
    assert guarded(None) == ""


def test_a_cell_is_one_line_without_control_characters_and_bounded() -> None:
    for text in HOSTILE:
        cleaned = plain(text)
        assert cleaned.isprintable()
        assert len(cleaned) <= LONGEST
        cleaned.encode("utf-8")


async def test_csv_opens_as_utf_8_and_holds_no_formula(setting: Build) -> None:
    target = io.StringIO(newline="")
    await write_csv(document([(text, 1) for text in HOSTILE], setting), target)
    assert target.getvalue().startswith("\ufeff争议点,序号\r\n")
    rows = list(csv.reader(io.StringIO(target.getvalue().removeprefix("\ufeff"), newline="")))
    assert len(rows) == 1 + len(HOSTILE)
    assert not [row for row in rows if row[0][:1] in set("=+-@＝\t\0")]


async def test_a_workbook_holds_text_and_numbers_but_no_formula(setting: Build, tmp_path: Path) -> None:
    await save(document([(text, -5) for text in HOSTILE], setting), Format.XLSX, tmp_path / "r.xlsx")
    sheet = load_workbook(tmp_path / "r.xlsx").active
    assert sheet is not None
    assert [cell.value for cell in sheet[4]] == ["争议点", "序号"]
    cells = [(row[0].data_type, row[1].data_type, row[1].value) for row in sheet.iter_rows(min_row=5)]
    assert len(cells) == len(HOSTILE)
    assert {kinds for kinds in cells if kinds[0] != "inlineStr"} == {("s", "n", -5)}
    assert sheet.print_title_rows == "$4:$4"
    assert sheet.oddFooter.center.text == "&P / &N"


async def test_more_rows_than_a_sheet_takes_go_on_another(
    setting: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(as_xlsx, "SHEET_ROWS", 10)
    await save(document([(f"r{n}", n) for n in range(25)], setting), Format.XLSX, tmp_path / "r.xlsx")
    book = load_workbook(tmp_path / "r.xlsx")
    assert book.sheetnames == ["表", "表 2", "表 3"]
    assert [row[1].value for sheet in book for row in sheet.iter_rows(min_row=5)] == list(range(25))


async def test_html_needs_nothing_from_elsewhere_and_runs_nothing(setting: Build) -> None:
    target = io.StringIO()
    await write_html(document([(text, 1) for text in HOSTILE], setting), target)
    page = target.getvalue()
    assert "<script" not in page
    assert not re.search(r"(?:src|href)\s*=|@import|url\(", page)
    assert "{{ 7 * 7 }}" in page
    assert '<html lang="zh-CN">' in page
    assert "counter(page)" in page


async def test_json_is_one_document_with_the_facts(setting: Build) -> None:
    target = io.StringIO()
    await write_json(document([(text, 1) for text in HOSTILE[:-3]], setting), target)
    found = json.loads(target.getvalue())
    assert (found["report"], found["from"], found["to"]) == ("disputes", "2026-03-01", "2026-03-31")
    assert [row["text"] for row in found["cases"]] == HOSTILE[:-3]
    empty = io.StringIO()
    await write_json(document([], setting), empty)
    assert json.loads(empty.getvalue())["cases"] == []


WIDE = ("C-2001", "YL-118", "03-04 09:18", "1: the department's answer", "S0-06, S0-09", "refund", "CNY 1,210.00")


@pytest.mark.parametrize("width", [60, 80, 100, 160])
async def test_no_word_is_broken_on_a_narrow_terminal_and_no_line_is_wider(setting: Build, width: int) -> None:
    async def stream() -> AsyncIterator[Row]:
        for _ in range(2 * BLOCK):
            yield Row(WIDE)

    titles = ("Case", "Order", "Date", "Ruling", "Clause", "Cost", "Amount")
    columns = tuple(Column(title, title) for title in titles)
    of_all = setting(Language.EN).document("disputes", Section("cases", "Table", columns, stream))
    target = io.StringIO()
    await write_table(of_all, Console(file=target, width=width))
    said = target.getvalue()
    assert max(map(len, said.splitlines())) <= width
    for word in " ".join(WIDE).split():
        assert said.count(word) >= 2 * BLOCK, word
    assert ("┃" in said) is (width > 60), "too narrow for columns: each cell has a line of its own"


async def test_the_terminal_is_sent_no_escape_code_of_a_cell(setting: Build) -> None:
    target = io.StringIO()
    await write_table(document([(text, 1) for text in HOSTILE], setting), Console(file=target, width=100))
    assert "\x1b" not in target.getvalue()
    assert "已处理争议投诉汇总表" in target.getvalue()


async def test_a_pdf_carries_its_font_page_numbers_and_searchable_chinese(setting: Build, tmp_path: Path) -> None:
    rows: list[tuple[Cell, ...]] = [(f"商家认为包装完好，破损发生在运输途中 {n}", n) for n in range(120)]
    await save(document(rows, setting), Format.PDF, tmp_path / "r.pdf")
    reader = PdfReader(tmp_path / "r.pdf", strict=True)
    texts = [page.extract_text() for page in reader.pages]
    assert len(texts) == 4
    for number, text in enumerate(texts, 1):
        assert "争议点" in text
        assert f"{number} / " in text
        assert "期间：2026-03-01 至 2026-03-31" in text
    assert [n for n in range(120) if f"运输途中 {n}" not in "".join(texts)] == []
    assert reader.metadata is not None
    assert reader.metadata.title == "已处理争议投诉汇总表"
    font = reader.pages[0]["/Resources"]["/Font"]["/F1"]["/DescendantFonts"][0]["/FontDescriptor"]  # type: ignore[index]
    program = font["/FontFile2"].get_data()
    assert program[:4] == b"\x00\x01\x00\x00"
    assert len(program) < 100_000


async def test_a_pdf_takes_any_cell(setting: Build, tmp_path: Path) -> None:
    rows: list[tuple[Cell, ...]] = [(text, None) for text in [*HOSTILE, "𠮷 😀 ḫ", "", "长" * 5_000]]
    await save(document(rows, setting), Format.PDF, tmp_path / "r.pdf")
    text = "".join(page.extract_text() for page in PdfReader(tmp_path / "r.pdf", strict=True).pages)
    assert "=HYPERLINK" in text
    assert "…" in text


def test_the_font_comes_with_us_with_its_licence_and_has_every_character_of_our_texts() -> None:
    assert FILE.stat().st_size < 6_000_000
    assert "SIL OPEN FONT LICENSE" in (FILE.parent / "OFL.txt").read_text(encoding="utf-8").upper()
    texts = Path(__file__).parents[2] / "texts" / "zh.toml"
    # Level 1 of GB 2312: the 3,755 characters of everyday use; after them some rare ones that names have.
    level_1 = [bytes([0xA1 + row, 0xA1 + cell]) for row in range(15, 55) for cell in range(94)]
    usual = {text for code in level_1 if (text := code.decode("gb2312", "ignore"))} | set("喆堃淼燊臺灣")
    known = Font().characters()
    wanted = {c for c in texts.read_text(encoding="utf-8") if c.isprintable() and c != "⟦"} | usual
    assert sorted(wanted - known) == []


def test_lines_fit_their_width_and_nothing_is_lost() -> None:
    font = Font()
    for text in (
        "商家认为包装完好，破损发生在运输途中，不应由商家承担。",
        "an-order-id-that-is-far-too-long-for-it",
        "two words",
    ):
        lines = wrapped(text, 60, 8.5, font)
        assert len(lines) > 1 or font.width(text, 8.5) <= 60
        assert all(font.width(line.rstrip("，。"), 8.5) <= 60 for line in lines)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert not any(line.startswith(("，", "。")) for line in lines)


@pytest.mark.parametrize("form", list(Format))
async def test_no_format_holds_more_rows_than_a_block(form: Format, setting: Build, tmp_path: Path) -> None:
    alive: weakref.WeakSet[Row] = weakref.WeakSet()
    most = 0

    async def stream() -> AsyncIterator[Row]:
        nonlocal most
        for number in range(3 * BLOCK):
            row = _Watched((f"保温杯 {number}", number), {"number": number})
            alive.add(row)
            yield row
            del row
            if number % 100 == 99:
                gc.collect()
                most = max(most, len(alive))

    columns = (Column("text", "商品"), Column("number", "序号"))
    report = setting().document("disputes", Section("cases", "表", columns, stream))
    await save(report, form, tmp_path / f"r.{form}")
    assert 0 < most <= BLOCK


class _Watched(Row):
    __hash__ = object.__hash__


async def test_a_report_that_breaks_off_leaves_no_file(setting: Build, tmp_path: Path) -> None:
    async def stream() -> AsyncIterator[Row]:
        yield Row(("a", 1))
        raise OSError(28, "No space left on device")

    columns = (Column("text", "商品"), Column("number", "序号"))
    for form in Format:
        report = setting().document("disputes", Section("cases", "表", columns, stream))
        with pytest.raises(OSError, match="No space"):
            await save(report, form, tmp_path / f"r.{form}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", [Format.CSV, Format.PDF])
async def test_a_pipe_is_written_to_and_not_replaced_by_a_file(form: Format, setting: Build, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        await save(document([("a", 1)], setting), form, pipe)
        assert pipe.is_fifo()
        assert os.read(reader, 100)
    finally:
        os.close(reader)


async def test_a_link_keeps_leading_to_its_file(setting: Build, tmp_path: Path) -> None:
    (tmp_path / "kept.csv").write_text("before", encoding="utf-8")
    (tmp_path / "link.csv").symlink_to("kept.csv")
    await save(document([("a", 1)], setting), Format.CSV, tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink()
    assert "before" not in (tmp_path / "kept.csv").read_text(encoding="utf-8")
