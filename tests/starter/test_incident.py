"""Incidents from the command line, on a real server; and what is refused before anything is sent."""

import asyncio
import json
import uuid
from pathlib import Path

import pytest
from docx import Document
from pypdf import PdfReader

from tests.quality import known, quality_pack
from tests.starter.running import AtHome, Redress
from tests.support import GOODS_DEPT, LEADER, SERVICE, Office, cached


@cached
async def test_an_incident_is_led_from_the_command_line_from_its_start_to_its_summary(
    office: Office, at_home: AtHome, tmp_path: Path
) -> None:
    procedure = known(quality_pack(f"q{uuid.uuid4().hex[:8]}")).name
    cases = [await office.start(procedure=procedure, cause=cause) for cause in ("quality", "damaged")]
    for case in cases:
        await case.at("asked")
    wanted = ("incident", "open", "--product", "S-1", "--procedure", procedure, "--reason", "x")
    assert (await at_home(*wanted, "--as", LEADER))[0] == 0
    code, _, err = await at_home(*wanted, "--as", SERVICE)
    assert (code, "open incident of this scope already" in err) == (0, True)
    listed = json.loads((await at_home("incident", "list", "--limit", "1000", "--json"))[1])
    number = next(line["number"] for line in listed if line["procedure"] == procedure)
    assert f"already, {number};" in err
    assert json.loads((await at_home(*wanted, "--as", SERVICE, "--json"))[1]) == {"number": number, "new": False}
    found = ("--confirmed", "--defect", "密封圈缺失", "--inspected", "10", "--defective", "7", "--as", GOODS_DEPT)
    assert (await at_home("incident", "verify", number, *found))[1] == f"{number}: accepted\n"
    code, _, err = await at_home("incident", "decide", number, "--grant", "--reason", "x", "--as", LEADER)
    assert (code, "--liable: is missing; the decision says who bears the cost" in err) == (3, True)
    grant = ("--grant", "--liable", "merchant", "--reason", "整批不良", "--as", LEADER)
    assert (await at_home("incident", "decide", number, *grant))[0] == 0
    code, out, _ = await at_home("incident", "watch", number, "--every", "0.2")
    assert (code, "\n100% of 2 cases" in out) == (0, True)
    assert (await at_home("incident", "situation", number, "--note", "客户均已联系", "--as", SERVICE))[0] == 0
    adjusted = ("--inadequate", "--note", "人手不足", "--at-once", "50", "--report-hours", "2", "--as", LEADER)
    assert (await at_home("incident", "evaluate", number, *adjusted))[1] == f"{number}: accepted\n"
    assert (await at_home("incident", "drill", "--cases", "3", "--procedure", procedure, "--as", SERVICE))[0] == 0
    assert f"Incident: {number} (decided)" in (await at_home("show", cases[0].number))[1]
    summary = ("--causes", "来料不良", "--improvements", "更换供应商")
    async with asyncio.timeout(20):
        while (await at_home("incident", "close", number, *summary, "--as", SERVICE))[0]:
            await asyncio.sleep(0.1)
        while "Closed:" not in (await at_home("incident", "show", number))[1]:
            await asyncio.sleep(0.1)
    assert (await at_home(*wanted, "--as", SERVICE))[0] == 0, "a new one of the same scope"
    code, _, err = await at_home("incident", "close", number, *summary, "--as", SERVICE)
    assert (code, "the incident is closed; open a new one" in err) == (3, True)
    told = json.loads((await at_home("incident", "show", number, "--cases", "--json"))[1])
    assert [line["fate"] for line in told["cases"]] == ["decided", "decided"]
    for form in ("incident", "summary"):
        file = tmp_path / f"{form}.pdf"
        assert (await at_home("incident", "report", number, "--form", form, "--out", str(file)))[0] == 0
        text = "".join(page.extract_text() for page in PdfReader(file).pages)
        assert number in text
        assert "来料不良" in text
    papers = {"flow": "Receive", "standard": "Record the complaint at once", "drill": "Make up a batch of complaints"}
    for form, words in papers.items():
        file = tmp_path / f"{form}.docx"
        await at_home("incident", "report", "--form", form, "--procedure", procedure, "--out", str(file))
        cells = [cell.text for table in Document(str(file)).tables for row in table.rows for cell in row.cells]
        assert words in cells


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("open", "--reason", "x", "--product", "S", "--as", SERVICE), 2, "has no plan for incidents"),
        (("open", "--product", "S", "--as", SERVICE), 2, "--reason"),
        (
            ("drill", "--procedure", "nope", "--as", SERVICE),
            2,
            "procedure: there is none of this name here; use one of",
        ),
        (("show", "R-ABC"), 2, "NUMBER"),
        (("show", "IN20261125001"), 75, "database"),
        (("verify", "IN20261125001", "--defect", "x", "--as", SERVICE), 2, "exactly one"),
        (("decide", "IN20261125001", "--reason", "x", "--as", SERVICE), 2, "exactly one"),
        (("open", "--procedure", "returns", "--reason", "x", "--as", SERVICE), 2, "--product: is needed"),
        (("watch", "IN20261125001", "--every", "0"), 2, "--every"),
        (("report",), 2, "NUMBER"),
        (("report", "--form", "flow"), 2, "has no plan"),
        (("list", "--limit", "0"), 2, "--limit"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else None,
)
def test_bad_input_gets_one_line_and_its_exit_code(
    redress: Redress, words: tuple[str, ...], code: int, told: str
) -> None:
    ran = redress("incident", *words)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("redress: ")
    assert ran.err.count("\n") == 1
    assert told in ran.err


def test_who_may_open_an_incident_is_told_once_each(redress: Redress) -> None:
    words = ("incident", "open", "--procedure", "returns", "--product", "K-1", "--reason", "x", "--as", "店总")
    ran = redress(*words)
    assert ran.code == 3
    told = ran.err.strip().partition("this may do: ")[2].split(", ")
    assert len(told) > 1
    assert len(told) == len(set(told))
