"""Many complaints from a file: exact, total, repeatable."""

import asyncio
import csv
import json
from pathlib import Path
from typing import Literal

import pytest

from models.complaint import Complaint
from procedures import HERE, read_pack
from rules.triage import intake_problems
from starter.failures import BadInput, TryAgain
from starter.importing import AT_ONCE, LINE, REASON, ROW, Report, file_all, prepare, read_table, write_rejects
from starter.mapping import FieldMap, RowError, Source, complaint_of, minor_units, read_mapping, slug
from tests.starter.running import Redress

EXAMPLES = Path(__file__).parents[2] / "examples"
MAP, DATA = EXAMPLES / "marketplace.mapping.toml", EXAMPLES / "complaints.csv"


@pytest.fixture
def mapping() -> FieldMap:
    return read_mapping(MAP)


def rows_of(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8-sig", newline="") as content:
        return list(csv.reader(content))


def test_the_example_has_ten_good_rows_and_two_bad_ones(mapping: FieldMap) -> None:
    good, bad = prepare(read_table(DATA), mapping)
    assert len(good) == 10
    assert [(row.number, reason.partition(":")[0]) for row, reason in bad] == [(7, "paid"), (9, "order.merchant")]


@pytest.mark.parametrize("name", ["marketplace", "courier", "returns", "live"])
def test_each_procedure_takes_the_rows_that_its_example_mapping_makes(name: str) -> None:
    pack = read_pack(HERE / f"{name}.procedure.toml")
    good, bad = prepare(read_table(DATA), read_mapping(EXAMPLES / f"{name}.mapping.toml"))
    assert (len(good), len(bad)) == (10, 2)
    for _, complaint in good:
        assert complaint.procedure in (name, None)
        assert complaint.cause in pack.causes
        assert complaint.channel in pack.channels
        assert complaint.demand.kind in pack.remedies
        assert complaint.filed_at is not None
        assert intake_problems(pack, complaint, complaint.filed_at) == []


def test_a_day_is_that_of_the_mapping_s_zone_and_an_empty_word_leaves_the_field_out(mapping: FieldMap) -> None:
    fields = mapping.fields | {
        "details.day": Source(column="filed_at", type="date"),
        "details.desk": Source(column="channel", map={"online": "", "walk_in": "3"}),
    }
    row = dict(zip(*rows_of(DATA)[:2], strict=True)) | {"filed_at": "2026-03-02T01:00:00+00:00"}
    wider = FieldMap(time_zone=mapping.time_zone, fields=fields)
    assert complaint_of(row, wider).details == {"day": "2026-03-01"}
    assert complaint_of(row | {"channel": "walk_in"}, wider).details == {"day": "2026-03-01", "desk": "3"}


def test_a_row_becomes_a_complaint_with_exact_money_and_utc_times(mapping: FieldMap) -> None:
    good, _ = prepare(read_table(DATA), mapping)
    first = good[0][1]
    assert (first.order.paid, first.order.freight, first.order.lines[0].unit_price) == (4800, 810, 3990)
    assert first.order.delivered_at is not None
    assert first.order.delivered_at.isoformat() == "2026-02-27T18:20:00+00:00"  # 15:20 in São Paulo
    assert first.demand.kind == "refund"
    assert first.contact is not None
    assert first.own_number() == prepare(read_table(DATA), mapping)[0][0][1].own_number()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_usual_encodings_are_told_apart(encoding: str, tmp_path: Path, mapping: FieldMap) -> None:
    file = tmp_path / "c.csv"
    file.write_bytes(DATA.read_text(encoding="utf-8").encode(encoding))
    good, bad = prepare(read_table(file), mapping)
    assert (len(good), len(bad)) == (10, 2)
    assert good[0][1].text.startswith("杯子")


def test_json_lines_mean_the_same_as_csv(tmp_path: Path, mapping: FieldMap) -> None:
    heading, *rows = rows_of(DATA)
    file = tmp_path / "c.jsonl"
    lines = [json.dumps(dict(zip(heading, row, strict=True))) for row in rows]
    file.write_text("\n".join([*lines, "{broken", "[1]"]), encoding="utf-8")
    good, bad = prepare(read_table(file), mapping)
    assert [c.own_number() for _, c in good] == [c.own_number() for _, c in prepare(read_table(DATA), mapping)[0]]
    assert [reason for _, reason in bad][-2:] == ["is not valid JSON", "is not a JSON object"]


def test_a_number_in_json_keeps_its_decimals(tmp_path: Path) -> None:
    file = tmp_path / "c.jsonl"
    file.write_text('{"paid": 0.1, "n": 3, "none": null}\n', encoding="utf-8")
    assert read_table(file).rows[0].values == {"paid": "0.1", "n": "3", "none": ""}


def test_a_row_of_another_width_is_rejected_and_the_rest_goes_on(tmp_path: Path, mapping: FieldMap) -> None:
    lines = DATA.read_text(encoding="utf-8").splitlines()
    file = tmp_path / "c.csv"
    file.write_text("\n".join([*lines[:3], "only,three,cells", "", *lines[3:]]), encoding="utf-8")
    good, bad = prepare(read_table(file), mapping)
    assert len(good) == 10
    assert (bad[0][0].number, bad[0][1]) == (4, "has 3 columns, the heading has 20")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "first line"),
        (b"a,a\n1,2\n", "each once"),
        (b"\xff\xfe\xff", "UTF-8"),
        (b'a,b\n"1,2\n', "line"),
        (b"a,b\n1,2\n", "lacks the columns channel"),
    ],
)
def test_a_file_that_is_no_table_is_told_in_one_line(
    content: bytes, told: str, tmp_path: Path, mapping: FieldMap
) -> None:
    file = tmp_path / "c.csv"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=told):
        prepare(read_table(file), mapping)


def test_a_rejected_row_can_be_corrected_and_imported_again(tmp_path: Path, mapping: FieldMap) -> None:
    table = read_table(DATA)
    good, bad = prepare(table, mapping)
    rejects = tmp_path / "rejects.csv"
    write_rejects(rejects, table, bad)
    heading, *rows = rows_of(rejects)
    assert heading[:2] == [ROW, REASON]
    paid, merchant = heading.index("paid"), heading.index("merchant_id")
    rows[0][paid], rows[1][merchant] = "65.40", "M-21"
    with rejects.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([heading, *rows])
    corrected, still_bad = prepare(read_table(rejects), mapping)
    assert (len(corrected), still_bad) == (2, [])
    assert not {c.own_number() for _, c in corrected} & {c.own_number() for _, c in good}


FORMULAS = ("=HYPERLINK(A1)", "+86 138", " -2+3", "@SUM(A1)", "＝1+1", "'=1+1", "'single'", "plain")


def test_a_spreadsheet_finds_no_formula_among_the_rejects_and_an_import_finds_the_cells_as_they_were(
    tmp_path: Path, mapping: FieldMap
) -> None:
    file, rejects = tmp_path / "c.csv", tmp_path / "r.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([["=id", "text"], *([f"O-{place}", text] for place, text in enumerate(FORMULAS))])
    for _ in range(3):
        table = read_table(file)
        assert table.columns[-2:] == ("=id", "text")
        assert [row.values["text"] for row in table.rows] == list(FORMULAS)
        write_rejects(rejects, table, [(row, "x") for row in table.rows])
        cells = [cell.lstrip() for row in rows_of(rejects) for cell in row]
        assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "＝"))] == []
        file = rejects.rename(tmp_path / "again.csv")


def test_rejected_json_lines_stay_json_lines(tmp_path: Path, mapping: FieldMap) -> None:
    file, rejects = tmp_path / "c.jsonl", tmp_path / "r.jsonl"
    file.write_text('{"order_id": "O-1", "text": "坏了"}\n', encoding="utf-8")
    table = read_table(file)
    write_rejects(rejects, table, prepare(table, mapping)[1])
    line = json.loads(rejects.read_text(encoding="utf-8"))
    assert (line[ROW], line["text"]) == (1, "坏了")
    assert "is missing" in line[REASON]


def test_a_row_of_another_width_stays_whole_among_the_rejects_and_is_rejected_until_corrected(
    tmp_path: Path, mapping: FieldMap
) -> None:
    heading, first, second = rows_of(DATA)[:3]
    file, rejects = tmp_path / "c.csv", tmp_path / "r.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([heading, [*first, " the words after a comma"], second[:-1]])
    for _ in range(2):
        table = read_table(file)
        good, bad = prepare(table, mapping)
        assert (good, len(bad)) == ([], 2)
        write_rejects(rejects, table, bad)
        assert [row[2:] for row in rows_of(rejects)] == [heading, [*first, " the words after a comma"], second[:-1]]
        file = rejects.rename(tmp_path / "again.csv")


def test_a_text_may_hold_the_line_separators_of_unicode(tmp_path: Path, mapping: FieldMap) -> None:
    heading, first = rows_of(DATA)[:2]
    file = tmp_path / "c.jsonl"
    row = dict(zip(heading, first, strict=True)) | {"comment": "one\u2028two\u2029three"}
    file.write_bytes(f"{json.dumps(row, ensure_ascii=False)}\r\n\r\n".encode() * 2)
    table = read_table(file)
    assert [row.number for row in table.rows] == [1, 3]
    assert [row.values["comment"] for row in table.rows] == ["one\u2028two\u2029three"] * 2
    assert len(prepare(table, mapping)[0]) == 2


def test_a_broken_json_line_stays_whole_among_the_rejects_and_is_rejected_until_corrected(
    tmp_path: Path, mapping: FieldMap
) -> None:
    heading, first = rows_of(DATA)[:2]
    whole = json.dumps(dict(zip(heading, first, strict=True)), ensure_ascii=False)
    file, rejects = tmp_path / "c.jsonl", tmp_path / "r.jsonl"
    file.write_text(f"{whole[:-1]}\n[1]\n", encoding="utf-8")
    kept: list[dict[str, str]] = []
    for _ in range(2):
        table = read_table(file)
        good, bad = prepare(table, mapping)
        assert (good, [reason for _, reason in bad]) == ([], ["is not valid JSON", "is not a JSON object"])
        write_rejects(rejects, table, bad)
        kept = [json.loads(line) for line in rejects.read_text(encoding="utf-8").split("\n") if line]
        assert [line[LINE] for line in kept] == [whole[:-1], "[1]"]
        file = rejects.rename(tmp_path / "again.jsonl")
    for corrected in (whole, json.dumps(kept[0] | {LINE: whole}, ensure_ascii=False)):
        file.write_text(corrected, encoding="utf-8")
        assert len(prepare(read_table(file), mapping)[0]) == 1


@pytest.mark.parametrize("nothing", ["0001-01-01 00:00:00", "9999-12-31T23:59:59-08:00", "1900-01-01"])
@pytest.mark.parametrize("kind", ["time", "date"])
def test_an_export_s_word_for_no_date_rejects_its_row_and_the_rest_goes_on(
    tmp_path: Path, mapping: FieldMap, nothing: str, kind: Literal["time", "date"]
) -> None:
    heading, *rows = rows_of(DATA)
    rows[0][heading.index("delivered_at")] = nothing
    file = tmp_path / "c.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([heading, *rows])
    fields = {path: source for path, source in mapping.fields.items() if source.column != "delivered_at"}
    fields["details.day" if kind == "date" else "order.delivered_at"] = Source(column="delivered_at", type=kind)
    good, bad = prepare(read_table(file), FieldMap(time_zone="Asia/Shanghai", fields=fields))
    assert len(good) == 9
    assert "delivered_at: must lie in the years 1970 to 9998" in bad[0][1]


def reason_of(row: dict[str, str], mapping: FieldMap) -> str:
    """Why a row is rejected; nothing for a good one."""
    try:
        complaint_of(row, mapping)
    except RowError as error:
        return str(error)
    return ""


def test_a_reason_never_repeats_what_stood_in_the_row(mapping: FieldMap) -> None:
    heading, first, *_ = rows_of(DATA)
    for column in heading:
        row = dict(zip(heading, first, strict=True)) | {column: "13800138000 \x07 someone@example.com"}
        reason = reason_of(row, mapping)
        assert "someone" not in reason
        assert "13800138000" not in reason
        assert "\n" not in reason


@pytest.mark.parametrize(
    ("text", "currency", "units"),
    [("0", "CNY", 0), ("12.5", "CNY", 1250), ("12.500", "BRL", 1250), ("75", "JPY", 75), ("75", "ISK", 75)],
)
def test_money_columns_become_minor_units_exactly(text: str, currency: str, units: int) -> None:
    assert minor_units(text, currency) == units


@pytest.mark.parametrize(
    ("text", "currency"),
    [("0.005", "CNY"), ("1.5", "JPY"), ("-1", "CNY"), ("1e3", "CNY"), ("1,50", "CNY"), ("x", "CNY")],
)
def test_money_that_is_not_exact_is_refused(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r"amount|decimals"):
        minor_units(text, currency)


def test_a_category_becomes_a_name_of_the_procedures_kind() -> None:
    assert slug("Home & Living") == "home_living"
    with pytest.raises(ValueError, match="name"):
        slug("家居")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("fields = 1", "fields"),
        ("[fields]", "fields"),
        ("[fields]\ntext = { column = 'a', value = 'b' }", "either"),
        ("[fields]\ntext = { colum = 'a' }", "fields.text.colum"),
        ("[fields]\n'Text;' = { column = 'a' }", "field path"),
        ("time_zone = 'Mars/Base'\n[fields]\ntext = { column = 'a' }", "time_zone"),
        ("not toml", "cannot be read"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_told_in_one_line(content: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "m.toml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match=told) as caught:
        read_mapping(file)
    assert "\n" not in str(caught.value)


async def test_at_most_twenty_are_filed_at_once(mapping: FieldMap) -> None:
    good = prepare(read_table(DATA), mapping)[0] * 10
    running = most = 0

    async def start(_: Complaint) -> bool:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1
        return most % 2 == 0

    report, done = Report(), []
    await file_all(good, start, report, lambda: done.append(1))
    assert most == AT_ONCE
    assert report.started + report.there == len(good) == len(done)


async def test_a_server_that_goes_away_ends_the_import_without_losing_count(mapping: FieldMap) -> None:
    good = prepare(read_table(DATA), mapping)[0] * 20
    calls = 0

    async def start(_: Complaint) -> bool:
        nonlocal calls
        calls += 1
        own = calls
        await asyncio.sleep(0.001 * (own % 3))
        if own > 50:
            raise TryAgain("server_away")
        return True

    report = Report()
    with pytest.raises(TryAgain):
        await file_all(good, start, report, lambda: None)
    assert report.started == 50
    assert calls < len(good)


def test_checking_an_import_files_nothing_and_counts_the_bad_rows(redress: Redress, tmp_path: Path) -> None:
    ran = redress("import", str(DATA), "--mapping", str(MAP), "--check", "--json")
    assert ran.code == 3
    assert ran.json["good"] == 10
    assert [bad["row"] for bad in ran.json["rejected"]] == [7, 9]


def test_an_import_without_a_server_sets_bad_rows_aside_and_says_try_again(redress: Redress, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    ran = redress("import", str(DATA), "--mapping", str(MAP), "--rejects", str(rejects))
    assert ran.code == 75
    assert len(rows_of(rejects)) == 3


@pytest.mark.parametrize(
    ("rejects", "told"),
    [("c.csv", "is the file that is read"), ("none/r.csv", "check the path"), (".", "check the path")],
)
def test_where_rejected_rows_cannot_go_is_told_before_anything_is_read_or_filed(
    rejects: str, told: str, redress: Redress, tmp_path: Path
) -> None:
    before = DATA.read_bytes()
    (tmp_path / "c.csv").write_bytes(before)
    ran = redress("import", "c.csv", "--mapping", str(MAP), "--rejects", rejects)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("redress: --rejects: ")
    assert told in ran.err
    assert ran.err.count("\n") == 1
    assert (tmp_path / "c.csv").read_bytes() == before
