"""8D reports from the command line, on a real server; and what is refused before anything is sent."""

import asyncio
import json
import uuid
from pathlib import Path
from typing import get_args

import pytest
from docx import Document
from pypdf import PdfReader

from models.corrective_forms import CORRECTIVE_COMMANDS
from models.language import Language
from models.quality_complaint import QualityComplaint
from starter.cli.corrective import FormName
from starter.cli.correctives import read_form
from starter.cli.parsing import contract
from starter.failures import BadInput
from tests.eightd import CHECK, COMPLAINT, D1, D2, D3, D4, D6, D7, D8, TODAY_D5
from tests.quality import known, quality_pack
from tests.starter.running import AtHome, Redress
from tests.support import GOODS_DEPT, LEADER, SERVICE, Office, cached
from texts.forms8d import form_text


@cached
async def test_a_report_is_led_from_the_command_line_and_printed_as_word_and_pdf(
    office: Office, at_home: AtHome, tmp_path: Path
) -> None:
    procedure = known(quality_pack(f"q{uuid.uuid4().hex[:8]}")).name

    def filled(name: str, content: dict[str, object]) -> str:
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(content), encoding="utf-8")
        return str(file)

    kept = {key: value for key, value in COMPLAINT.items() if key not in ("procedure", "requester")}
    form = filled("complaint", kept | {"reference": f"QC-{uuid.uuid4().hex[:8]}"})
    opening = ("8d", "open", form, "--procedure", procedure, "--as", SERVICE)
    number = json.loads((await at_home(*opening, "--json"))[1])["number"]
    wrong = filled("wrong", kept | {"reference": f"QC-{uuid.uuid4().hex[:8]}", "shipped_on": "2026-03-09"})
    with pytest.raises(BadInput, match="shipped_on: is after the day of the report; correct one"):
        await at_home("8d", "open", wrong, "--procedure", procedure, "--as", SERVICE)
    assert (await at_home(*opening))[1] == f"{number}: is there already; nothing was opened twice\n"
    gates = {"d1": D1, "d2": D2, "d3": D3, "d4": D4, "d5": TODAY_D5, "d6": D6}
    for name, content in gates.items():
        assert (await at_home("8d", "fill", number, name, filled(name, content), "--as", GOODS_DEPT))[0] == 0
    checked = ("--reached", "--inspected", "1000", "--defective", "0", "--note", str(CHECK["note"]))
    assert (await at_home("8d", "check", number, *checked, "--as", GOODS_DEPT))[0] == 0
    for name, content in (("d7", D7), ("d8", D8)):
        assert (await at_home("8d", "fill", number, name, filled(name, content), "--as", GOODS_DEPT))[0] == 0
    code, _, err = await at_home("8d", "approve", number, "--as", SERVICE)
    assert code == 3
    assert err.startswith(f"redress: {number}: another department must do this; it may: After-sales quality panel (")
    assert "panel, leadership" not in err
    assert (await at_home("8d", "approve", number, "--as", LEADER))[0] == 0
    assert (await at_home("8d", "reply", number, "--kind", "final", "--note", "x", "--as", SERVICE))[0] == 0
    assert (await at_home("8d", "feedback", number, "--satisfied", "--as", SERVICE))[0] == 0
    async with asyncio.timeout(20):
        while json.loads((await at_home("8d", "show", number, "--json"))[1])["stage"] != "closed":
            await asyncio.sleep(0.1)
    code, out, _ = await at_home("8d", "show", number)
    assert code == 0
    for words in ("D4 Root causes", "换型清单变更没有评审流程", "Actions carried out: 1/1"):
        assert words in out
    for suffix in ("pdf", "docx"):
        file = tmp_path / f"report.{suffix}"
        assert (await at_home("8d", "report", number, "--out", str(file)))[0] == 0
        text = _text(file)
        for words in (number, "Approved and valid", "密封圈变形", "换型清单变更须经工艺评审"):
            assert words in text.replace("\n", "")


def _text(file: Path) -> str:
    if file.suffix == ".pdf":
        return "".join(page.extract_text() for page in PdfReader(file).pages)
    word = Document(str(file))
    cells = [cell.text for table in word.tables for row in table.rows for cell in row.cells]
    return " ".join([*(paragraph.text for paragraph in word.paragraphs), *cells])


@pytest.mark.parametrize("lang", Language)
@pytest.mark.parametrize("name", get_args(FormName))
def test_every_form_has_every_field_it_needs_and_no_other(name: str, lang: Language) -> None:
    import tomllib

    fields = tomllib.loads(form_text(name, lang))
    model = QualityComplaint if name == "complaint" else CORRECTIVE_COMMANDS[name]
    ours = {"actor", "department", "command_id", "token", "requester", "procedure"}
    needed = {key for key, field in model.model_fields.items() if field.is_required()} - ours
    assert needed <= set(fields) <= set(model.model_fields)
    with pytest.raises(BadInput):
        contract(model, {"actor": "x"})


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("open", "none.toml", "--as", SERVICE), 2, "knows no corrective actions"),
        (("show", "R-1"), 2, "NUMBER"),
        (("show", "8D20170331001"), 75, "database"),
        (("fill", "8D20170331001", "d9", "x.toml", "--as", SERVICE), 2, "must be one of d1"),
        (("fill", "8D20170331001", "d1", "none.toml", "--as", SERVICE), 2, "cannot be read"),
        (
            ("check", "8D20170331001", "--inspected", "1", "--defective", "0", "--note", "x", "--as", SERVICE),
            2,
            "exactly",
        ),
        (("recall", "8D20170331001", "--reason", "x", "--as", SERVICE), 2, "exactly one"),
        (("reply", "8D20170331001", "--kind", "final", "--as", SERVICE), 2, "--note"),
        (("trace",), 2, "LOT"),
        (("list", "--limit", "0"), 2, "--limit"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else None,
)
def test_bad_input_gets_one_line_and_its_exit_code(
    redress: Redress, words: tuple[str, ...], code: int, told: str
) -> None:
    ran = redress("8d", *words)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("redress: ")
    assert ran.err.count("\n") == 1
    assert told in ran.err


@pytest.mark.parametrize("day", ['"2026-11-20"', "2026-11-20"])
def test_a_day_may_stand_in_a_text_of_a_form_and_be_written_with_quotes_or_without(tmp_path: Path, day: str) -> None:
    file = tmp_path / "d2.toml"
    file.write_text(f'when = {day}\nhow = ""\n[[measures]]\non = {day}\n', encoding="utf-8")
    assert read_form(file) == {"when": "2026-11-20", "measures": [{"on": "2026-11-20"}]}


def test_a_day_that_no_calendar_has_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "complaint.toml"
    file.write_text("quantity = 3\nreported_on = 2026-02-31\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"neither TOML nor JSON \(line 2\)"):
        read_form(file)


def test_a_form_saved_with_a_mark_of_its_byte_order_is_read(tmp_path: Path) -> None:
    file = tmp_path / "d1.toml"
    file.write_text('leader = "张三"\n', encoding="utf-8-sig")
    assert read_form(file) == {"leader": "张三"}
