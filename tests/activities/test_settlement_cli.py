"""`redress settlement` and `redress reconcile` on both databases, as an operator types them."""

import csv
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook
from rich.cells import cell_len
from sqlmodel import col, select, update

from activities.embedded import EmbeddedGateway
from models.language import Language
from models.tables import AuditRow, CaseRow
from starter.cli.app import app, explain
from starter.cli.session import begin
from starter.login import forget_login, keep_login
from starter.settings import Settings
from tests.activities.bookkeeping import Books
from tests.builders import PANEL

LONG_AGO = datetime.now(UTC) - timedelta(days=40)
"""In a month that is over, whatever the day."""
MONTH = f"{LONG_AGO.astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m}"
ME = ("--as", "徐莉")
STORE_HEAD = "店总"
"""The panel of another procedure."""
Type = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def typed(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Type:
    """Exit code, output and error line of a command line."""
    monkeypatch.setenv("REDRESS_DATABASE_URL", url)
    monkeypatch.setenv("REDRESS_HOME", str(tmp_path))

    async def command(*words: str, lang: Language = Language.EN) -> tuple[int, str, str]:
        begin(lang)
        capsys.readouterr()
        try:
            code = await app.run_async(list(words), exit_on_error=False, print_error=False)
            error = ""
        except Exception as failure:  # noqa: BLE001 - as the program's last net
            error, code = explain(failure, lang)
        return int(code or 0), capsys.readouterr().out, error

    return command


@pytest.fixture
async def filled(books: Books) -> Books:
    for number, amount in (("C-1", 1_001), ("C-2", 2_005)):
        await books.paid(number, amount, LONG_AGO)
    await books.paid("C-3", 90, LONG_AGO, merchant="M-2")
    return books


async def test_a_statement_is_written_for_other_systems_to_the_cent(filled: Books, typed: Type, tmp_path: Path) -> None:
    asked = ("settlement", "statement", "M-1", "--month", MONTH)
    code, out, _ = await typed(*asked, "--format", "json")
    told = json.loads(out)
    assert (code, told["party"], told["totals"]) == (0, "merchant:M-1", {"CNY": 3_006})
    assert [(line["number"], line["amount"], line["currency"]) for line in told["lines"]] == [
        ("C-1", 1_001, "CNY"),
        ("C-2", 2_005, "CNY"),
    ]
    file = tmp_path / "m.csv"
    assert (await typed(*asked, "--out", str(file), lang=Language.ZH))[0] == 0
    rows = list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines()))
    assert rows[0][:6] == ["序号", "案件编号", "订单号", "日期", "裁定", "条款"]
    assert [(row[1], row[8], row[9]) for row in rows[1:]] == [
        ("C-1", "CNY 10.01", "1001"),
        ("C-2", "CNY 20.05", "2005"),
    ]
    book = tmp_path / "m.xlsx"
    assert (await typed(*asked, "--format", "xlsx", "--out", str(book)))[0] == 0
    amounts = [row[9].value for row in load_workbook(book).worksheets[0].iter_rows(min_row=5)]
    assert sum(amounts) == 3_006


async def test_the_totals_of_all_parties_are_listed(filled: Books, typed: Type) -> None:
    code, out, _ = await typed("settlement", "statement", "--month", MONTH)
    assert code == 0
    assert "Merchant M-1" in out
    assert "CNY 30.06" in out
    assert "CNY 0.90" in out
    for party in ("Merchant M-2", "商家 M-2", "M-2", "merchant:M-2"):
        assert (await typed("settlement", "statement", party, "--month", MONTH))[0] == 0, party


async def test_a_month_is_closed_and_its_lines_are_confirmed_and_objected_to(filled: Books, typed: Type) -> None:
    month = ("--month", MONTH)
    assert (await typed("settlement", "confirm", "M-1", *month, *ME))[0] == 3
    code, out, _ = await typed("settlement", "close", *month, *ME)
    assert (code, out.startswith(f"{MONTH}: closed")) == (0, True)
    assert "closed before" in (await typed("settlement", "close", *month, *ME))[1]
    code, out, _ = await typed("settlement", "object", "M-1", *month, "--line", "2", "--reason", "未退货", *ME)
    assert (code, out) == (0, f"merchant:M-1, {MONTH}: 1 lines objected to\n")
    assert (await typed("settlement", "confirm", "M-1", *month, *ME))[
        1
    ] == f"merchant:M-1, {MONTH}: 1 lines confirmed\n"
    code, _, error = await typed("settlement", "confirm", "M-1", *month, "--line", "2", *ME)
    assert (code, "first word stands" in error) == (3, True)
    told = json.loads((await typed("settlement", "statement", "M-1", *month, "--json"))[1])
    assert [(line["state"], line["reason"]) for line in told["lines"]] == [("confirmed", ""), ("objected", "未退货")]


async def test_somebody_of_another_department_is_told_who_may_and_not_to_be_unknown(filled: Books, typed: Type) -> None:
    words = ("settlement", "close", "--month", MONTH, "--as")
    code, _, error = await typed(*words, PANEL)
    assert (code, error.startswith("--as: is of another department; this may do: Customer service")) == (3, True)
    assert "not in the directory" in (await typed(*words, "陌生人"))[2]
    assert (await typed(*words, f"\u3000{ME[1]} "))[0] == 0, "blanks around a name are nobody's"


async def test_the_panel_decides_an_objection_once_and_the_cost_moves_in_the_open_month(
    filled: Books, typed: Type
) -> None:
    month, panel = ("--month", MONTH), ("--reason", "监督小组裁定", "--as", PANEL)
    line = ("settlement", "decide", "M-1", *month, "--line", "2")
    shared = (*line, "--liable", "merchant=60", "--liable", "carrier=40", *panel)
    await typed("settlement", "close", *month, *ME)
    assert (await typed(*shared))[0] == 3, "nobody has objected yet"
    await typed("settlement", "object", "M-1", *month, "--line", "2", "--reason", "未退货", *ME)
    assert (await typed(*shared[:-1], "徐莉"))[0] == 3, "customer service is not the panel"
    assert (await typed(*line, *panel))[0] == 2, "neither kept nor laid on somebody"
    assert (await typed(*line, "--liable", "merchant=60", *panel))[0] == 2, "not the whole"
    code, _, error = await typed(*line, "--liable", "supplier", *panel)
    assert (code, "no party of the procedure" in error) == (3, True), "another procedure's party"
    for _ in range(2):
        assert (await typed(*shared))[:2] == (
            0,
            f"merchant:M-1, {MONTH}, line 2: decided; the cost moves in the open month\n",
        )
    assert await filled.balances() == {"carrier": 802, "gateway": -3_096, "merchant:M-1": 2_204, "merchant:M-2": 90}
    code, _, error = await typed(*line, "--keep", *panel)
    assert (code, "a decision is final" in error) == (3, True)
    assert (await typed("reconcile"))[0] == 0


async def test_the_panel_of_the_cases_own_procedure_decides_whatever_new_complaints_run_on(
    filled: Books, typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    month = ("--month", MONTH)
    await typed("settlement", "close", *month, *ME)
    await typed("settlement", "object", "M-1", *month, "--line", "2", "--reason", "未退货", *ME)
    monkeypatch.setenv("REDRESS_DEFAULT_PROCEDURE", "returns")
    line = ("settlement", "decide", "M-1", *month, "--line", "2", "--keep", "--reason", "监督小组裁定", "--as")
    code, _, error = await typed(*line, STORE_HEAD)
    assert (code, "After-sales quality panel" in error) == (3, True)
    assert (await typed(*line, PANEL))[0] == 0


async def test_the_clerks_of_the_cases_own_procedure_give_a_partys_word_on_its_lines(
    filled: Books, typed: Type
) -> None:
    async with filled.store.write() as session:
        await session.exec(update(CaseRow).where(col(CaseRow.number) == "C-2").values(procedure="returns.1"))
    month, line = ("--month", MONTH), ("--line", "2")
    accountant = ("--as", "财务专员")
    assert (await typed("settlement", "close", *month, *accountant))[0] == 0, "of one of the procedures"
    object_to = ("settlement", "object", "M-1", *month, *line, "--reason", "未退货")
    code, _, error = await typed(*object_to, *ME)
    assert (code, "this may do: Finance" in error) == (3, True)
    confirm = ("settlement", "confirm", "M-1", *month)
    assert (await typed(*confirm, *ME))[1] == f"merchant:M-1, {MONTH}: 1 lines confirmed\n", "the other is not theirs"
    assert (await typed(*object_to, *accountant))[0] == 0
    told = json.loads((await typed("settlement", "statement", "M-1", *month, "--json"))[1])
    assert [line["state"] for line in told["lines"]] == ["confirmed", "objected"]
    assert (told["totals"], told["held"]) == ({"CNY": 3_006}, {"CNY": 2_005})


async def test_the_totals_say_what_is_held_and_nobodys_yet(filled: Books, typed: Type) -> None:
    month = ("--month", MONTH)
    await typed("settlement", "close", *month, *ME)
    await typed("settlement", "object", "M-1", *month, "--line", "2", "--reason", "未退货", *ME)
    statement = ("settlement", "statement", "M-1", *month)
    assert "Total: CNY 30.06; of it CNY 20.05 objected to, held until decided" in (await typed(*statement))[1]
    now = f"{datetime.now(UTC).astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m}"
    told = json.loads((await typed("settlement", "statement", "--month", now, "--json"))[1])
    amounts = {line["party"]: line["amount"] for line in told["parties"]}
    assert amounts == {"merchant:M-1": -2_005, "held": 2_005}
    assert "In dispute" in (await typed("settlement", "statement", "--month", now))[1]
    decide = ("settlement", "decide", "M-1", *month, "--line", "2", "--keep", "--reason", "监督小组裁定", "--as", PANEL)
    assert (await typed(*decide))[0] == 0
    assert "objected to, held" not in (await typed(*statement))[1]


async def test_a_statement_reads_on_eighty_columns(filled: Books, typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("starter.cli.session.PIPE_WIDTH", 80)
    for lang in Language:
        _, out, _ = await typed("settlement", "statement", "M-1", "--month", MONTH, lang=lang)
        assert max(map(cell_len, out.splitlines())) <= 80
        for word in ("C-1", "O-C-1", "S0-06, S0-09", "10.01"):
            assert word in out


async def test_where_tokens_are_asked_for_nobody_settles_in_the_name_of_another_and_the_trail_has_what_was_decided(
    filled: Books, typed: Type, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REDRESS_AUTH__POLICY", "required")
    month, line = ("--month", MONTH), ("--line", "2")
    close = ("settlement", "close", *month)
    decide = ("settlement", "decide", "M-1", *month, *line, "--keep", "--reason", "监督小组裁定")
    code, _, error = await typed(*close, *ME)
    assert (code, "redress login" in error) == (3, True)
    keep_login(Settings(home=tmp_path), "徐莉", None)
    assert (await typed(*close, "--as", PANEL))[0] == 3
    assert (await typed(*close))[0] == 0
    assert (await typed("settlement", "object", "M-1", *month, *line, "--reason", "未退货"))[0] == 0
    assert (await typed(*decide))[0] == 3, "customer service is not the panel"
    forget_login(Settings(home=tmp_path))
    assert (await typed(*decide, "--as", PANEL))[0] == 3
    keep_login(Settings(home=tmp_path), PANEL, None)
    assert (await typed(*decide))[0] == 0
    async with filled.store.read() as session:
        by_people = select(AuditRow).where(AuditRow.actor != "").order_by(col(AuditRow.seq))
        rows = (await session.exec(by_people)).all()
    assert [(row.kind, row.actor, row.subject) for row in rows] == [
        ("denied", "徐莉", "settlement"),
        ("decision", PANEL, "C-2"),
    ]
    assert rows[-1].data == {
        "event": "objection_decided",
        "party": "merchant:M-1",
        "period": MONTH,
        "line": 2,
        "liable": "",
    }
    assert "监督小组裁定" not in str([row.model_dump() for row in rows])


REFUSED: list[tuple[tuple[str, ...], int, str]] = [
    (("statement", "M-1", "--month", "2026-13"), 2, "--month"),
    (("statement", "M-9", "--month", MONTH), 4, "PARTY"),
    (("statement", "M-1", "--month", MONTH, "--format", "xlsx"), 2, "--out"),
    (("object", "M-1", "--month", MONTH, "--reason", "", *ME), 2, "--reason"),
    (("object", "M-1", "--month", MONTH, *ME), 2, "reason"),
    (("close", "--month", MONTH, "--as", "nobody"), 3, "Customer service"),
    (("close", "--month", "2099-01", *ME), 3, "not over"),
]


async def test_what_cannot_be_done_is_said_in_one_line(filled: Books, typed: Type) -> None:
    for words, code, why in REFUSED:
        ended, _, error = await typed("settlement", *words)
        assert (ended, why in error) == (code, True), words


async def test_a_clean_reconciliation_ends_with_0_and_a_planted_cent_with_3_and_its_case(
    filled: Books, typed: Type
) -> None:
    code, out, _ = await typed("reconcile")
    assert code == 0
    assert "CNY: gateway CNY 30.96, ledger CNY 30.96, cases CNY 30.96" in out
    await EmbeddedGateway(filled.store).refund("planted", "C-2:1:pay", "O-C-2", 1, "CNY")
    code, out, _ = await typed("reconcile")
    assert code == 3
    assert "C-2: gateway CNY 20.06, ledger CNY 20.05, case CNY 20.05" in out
    code, out, _ = await typed("reconcile", "--json")
    told = json.loads(out)
    assert (code, told["clean"], told["cases"]) == (3, False, 3)
    assert [(d["number"], d["gateway"], d["ledger"], d["case"]) for d in told["differences"]] == [
        ("C-2", 2_006, 2_005, 2_005)
    ]
