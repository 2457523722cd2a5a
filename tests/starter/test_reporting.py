"""`redress report`: what it writes where, and how mistakes are told."""

import asyncio
import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from activities.store import Store
from models.tables import CaseRow
from tests.starter.running import Redress

MARCH = ("--month", "2026-03", "--lang", "zh")


@pytest.fixture
def filled(redress: Redress, tmp_path: Path) -> Redress:
    """A database with one contested out-of-rule case that has ended."""
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)

    async def fill() -> None:
        from starter.settings import load_settings

        store = Store(load_settings().database)
        await store.create()
        async with store.write() as session:
            session.add(CaseRow(**_case()))
        await store.close()

    asyncio.run(fill())
    return redress


def _case() -> dict[str, Any]:
    moment = datetime(2026, 3, 3, 4, tzinfo=UTC)
    complaint = {"order": {"lines": [{"sku": "CUP", "quantity": 1}]}, "demand": {"kind": "refund"}}
    return {
        "number": "R-1",
        "workflow_id": "complaint.R-1",
        "run_id": "run",
        "procedure": "marketplace.1",
        "opened_at": moment,
        "closed_at": moment,
        "complaint": complaint,
        "order_number": "YL-1",
        "order_kind": "self_operated",
        "customer": "U-1",
        "cause": "other",
        "channel": "online",
        "stage": "closed",
        "exit": "satisfied",
        "demand": "refund",
        "amount": 100,
        "currency": "CNY",
        "out_of_rule": True,
        "contested": True,
        "version": 0,
    }


@pytest.mark.parametrize("kind", ["out-of-rule", "disputes", "breaches", "metrics", "causes", "spot-checks"])
@pytest.mark.parametrize("suffix", ["csv", "xlsx", "html", "pdf", "json"])
def test_every_report_is_written_as_the_file_is_called(filled: Redress, kind: str, suffix: str, tmp_path: Path) -> None:
    file = tmp_path / "out" / f"{kind}.{suffix}"
    ran = filled("report", kind, *MARCH, "--out", str(file))
    assert (ran.code, ran.out) == (0, "")
    assert file.name in ran.err.replace("\n", "")
    begin = {"csv": b"\xef\xbb\xbf", "xlsx": b"PK", "html": b"<!doctype html>", "pdf": b"%PDF-1.7", "json": b"{"}
    assert file.read_bytes().startswith(begin[suffix])
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_form_is_printed_as_a_table_and_as_csv(filled: Redress) -> None:
    ran = filled("report", "out-of-rule", *MARCH)
    assert ran.code == 0
    assert "规则外退换货需求汇总表" in ran.out
    assert "期间：2026-03-01 至 2026-03-31" in ran.out
    rows = list(csv.reader(filled("report", "disputes", *MARCH, "--format", "csv").out.splitlines()))
    assert rows[1][:4] == ["1", "2026-03-03", "YL-1", "其他（退款）"]


def test_figures_are_json_for_programs_with_their_cases(filled: Redress) -> None:
    found = filled("report", "metrics", *MARCH, "--json").json
    assert (found["from"], found["to"], found["time_zone"]) == ("2026-03-01", "2026-03-31", "Asia/Shanghai")
    whole = found["figures"][0]
    assert (whole["timeliness"], whole["satisfaction"], whole["repeats"]) == (100.0, 100.0, 0.0)
    assert [case["number"] for case in found["cases"]] == ["R-1"]
    behind = filled("report", "metrics", *MARCH, "--figure", "satisfaction", "--only", "week=2026-W10", "--json").json
    assert [case["number"] for case in behind["cases"]] == ["R-1"]
    assert "figures" not in behind
    assert filled("report", "metrics", *MARCH, "--only", "cause=late", "--json").json["cases"] == []
    assert json.loads(filled("report", "breaches", *MARCH, "--json").out)["breaches"] == []
    assert filled("report", "causes", *MARCH, "--json").json["cause"][0]["complaints"] == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nothing",), "must be one of out-of-rule (Out-of-rule return and exchange requests), disputes ("),
        (("disputes", "--format", "pdf"), "--out: is missing; pdf needs a file"),
        (("disputes", "--out", "x.doc"), "--format, one of table, csv, xlsx, html, pdf, docx, json"),
        (("disputes", "--format", "doc"), "--format: must be one of table"),
        (("disputes", "--format", "pdf", "--out", "x.xlsx"), "say pdf, xlsx; leave only one format"),
        (("disputes", "--json", "--format", "csv"), "say csv, json; leave only one format"),
        (("disputes", "--json", "--out", "x.csv"), "say csv, json; leave only one format"),
        (("disputes", "--month", "1900-01"), "--month: is not a month"),
        (("disputes", "--week", "1900-W01"), "--week: is not a week"),
        (("disputes", "--week", "48"), "--week"),
        (("disputes", "--from", "yesterday"), "--from: is not a day"),
        (("disputes", "--to", "2026-03-31"), "--from: is missing"),
        (("disputes", "--week", "2026-W09", "--month", "2026-03"), "one way"),
        (("disputes", "--figure", "repeats"), "`redress report metrics`"),
        (("metrics", "--only", "type=weather"), "must be one of service"),
        (("metrics", "--only", "result=fine"), "must be one of satisfied (Customer satisfied)"),
        (
            ("metrics", "--only", "colour=red"),
            "one of procedure, department, type, cause, category, result, week, month",
        ),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(redress: Redress, words: tuple[str, ...], told: str) -> None:
    ran = redress("report", *words)
    assert ran.code == 2
    assert ran.err.count("\n") == 1
    assert told in ran.err


def test_a_report_without_a_database_says_how_to_get_one(redress: Redress, tmp_path: Path) -> None:
    ran = redress("report", "disputes", "--out", str(tmp_path / "d.csv"))
    assert ran.code == 75
    assert "there is none yet" in ran.err
    assert not (tmp_path / "d.csv").exists()


def test_a_look_at_the_schema_of_no_database_makes_none_of_it(redress: Redress) -> None:
    assert redress("db", "current").code == 0
    ran = redress("report", "disputes")
    assert (ran.code, ran.err) == (75, "redress: database: there is none yet; start the service with `redress dev`\n")


def test_a_file_that_cannot_be_written_is_told(filled: Redress, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("in the way", encoding="utf-8")
    ran = filled("report", "disputes", *MARCH, "--out", str(tmp_path / "a" / "d.csv"))
    assert ran.code == 75
    assert "--out" in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("period", ["2026-W60", "2026-W00", "2026-W54", "2027-W53", "2026-10"])
def test_a_week_that_the_calendar_does_not_have_is_never_sent(redress: Redress, period: str) -> None:
    ran = redress("send-reports", "weekly", "--period", period)
    assert ran.code == 2
    assert ran.err.startswith("redress: --period: is not a week")
    assert ran.err.count("\n") == 1
