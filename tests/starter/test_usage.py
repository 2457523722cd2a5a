"""What cannot be done is told in one line with a fixed exit code, never in a traceback, never with what was typed."""

import io
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import App
from temporalio.service import RPCError, RPCStatusCode

from activities.store import StoreError
from models.language import Language
from starter.cli.app import app, explain, run
from starter.cli.commands import COMMANDS
from starter.main import tolerate
from tests.starter.running import Redress, into_a_closed_pipe, run_with

SECRET = "13800138000"
ME = ("--as", "徐莉")
FILE = (
    *("file", "--order", "O-1", "--merchant", "M-1", "--customer", "C-1", "--sku", "S-1", "--paid", "12.50"),
    *("--cause", "quality", "--text", "x", "--demand", "refund"),
)
BAD: list[tuple[tuple[str, ...], int, str]] = [
    (("nope",), 2, "command"),
    (("shwo", "R-ABC"), 2, "did you mean show?"),
    (("show",), 2, "NUMBER"),
    (("show", "r_!"), 2, "NUMBER"),
    (("show", "R-ABC", "extra"), 2, "too many"),
    (("timeline",), 2, "NUMBER"),
    (("list", "--stage", SECRET), 2, "--stage: must be one of negotiating"),
    (("list", "--department", "'; drop"), 2, "department"),
    (("list", "--department", "nix"), 2, "--department: is not one of any procedure; use one of customer_service"),
    (
        ("list", "--department", "merchandize"),
        2,
        "--department: is not one of any procedure; did you mean merchandise?",
    ),
    (("list", "--department", "customer"), 75, "no Temporal service answers"),
    (("report", "metrics", "--only", "department=nix"), 2, "--only: is not one of any procedure; use one of"),
    (("report", "metrics", "--only", "cause=nix"), 2, "--only: must be one of"),
    (("report", "metrics", "--only", "procedure=nix"), 2, "--only: must be one of courier.1"),
    (("list", "--order", "a' OR 1=1"), 2, "order"),
    (("list", "--limit", "0"), 2, "--limit"),
    (("list", "--limit", SECRET + "x"), 2, "--limit"),
    (("list", "--stage", "bad"), 2, "closed, new"),
    (("list", "--stage", "回访"), 2, "; did you mean feedback ("),
    (("list", "--stage", "回访中"), 75, "no Temporal service answers"),
    (("contact", "R-ABC", *ME, "--mode", "电话"), 75, "no Temporal service answers"),
    (("decide", "R-ABC", *ME, "--grant", "--reason", "x", "--remedy", "退款"), 75, "no Temporal service answers"),
    (("decide", "R-ABC", *ME, "--grant", "--reason", "x", "--remedy", "退还运费"), 75, "no Temporal service answers"),
    (("decide", "R-ABC", *ME, "--grant", "--reason", "x", "--liable", "商"), 2, "; did you mean merchant?"),
    (("triage", "R-ABC", *ME, "--ask", "商品", "--reason", "x"), 2, "--ask: must be one of customer_service, merch"),
    (("report", "指标"), 2, "REPORT: must be one of out-of-rule ("),
    (
        ("incident", "decide", "IN20261125001", *ME, "--grant", "--reason", "x", "--currency", "XXX"),
        2,
        "not a currency",
    ),
    (
        ("incident", "open", "--cause", "mars", "--reason", "x", "--procedure", "returns", *ME),
        2,
        "--cause: must be one",
    ),
    (("list", "--nope"), 2, "--nope"),
    (("list", "--departmnt", "x"), 2, "--departmnt: is not an option here; did you mean --department?"),
    (("list", "--13800001111"), 2, "--…: is not an option here; see `redress list --help`"),
    (("procedure", "move", "R-ABC", "--to", "x"), 2, "--to: is not an option here; see `redress procedure move"),
    (("meeting", "lst"), 2, "did you mean list? see `redress meeting --help`"),
    (("list", "--limit", "3", "--limit", "4"), 2, "--limit: is given twice"),
    (("list", "--limit", "三"), 2, "--limit: is not a whole number; write digits"),
    (("list", "--limit", "2.7"), 2, "--limit: is not a whole number; write digits"),
    ((*FILE, "--quantity", "1.5"), 2, "--quantity: is not a whole number; write digits"),
    (("watch", "--every", "fast"), 2, "--every: is not a number"),
    (("file", "--delivered", "2026/11/26"), 2, "--delivered: is not a date and time; write it such as 2026-"),
    ((*FILE, "--delivered", "2026-11-26"), 2, "--delivered: must carry a time zone"),
    ((*FILE, "--quantity", "0"), 2, "redress: --quantity: must be at least 1\n"),
    (
        (*FILE, "--currency", "RMB1", "--email", "x"),
        2,
        "--email: must be one mail address, such as name@example.com; --",
    ),
    ((*FILE, "--number", "c 1"), 2, "--number: must have 3 to 40 capitals, digits and hyphens"),
    ((*FILE, "--detail", "waybill=1"), 2, "--detail waybill: is not asked for here"),
    ((*FILE, "--severity", "high"), 2, "--severity: is not a severity of marketplace.1"),
    ((*FILE, "--currency", "XXX"), 2, "--currency: is not a currency of ISO 4217"),
    (("file", "-x"), 2, "-x: is not an option here; see `redress file --help`"),
    (("file", f"-{SECRET}"), 2, "--…: is not an option here"),
    ((*FILE, "--amount", ""), 2, "--amount: is not an amount"),
    ((*FILE, "--contacted-by", ""), 2, "--contacted-by: must not be empty"),
    ((*FILE, "--procedure", ""), 2, "--procedure: must be a name"),
    ((*FILE, "--detail", "a=1", "--detail", "a=2"), 2, "--detail a: is given twice; give it once"),
    (("list", "--count", "--stage", "asked", "--order", "O-1"), 2, "--stage, --order: does not go with --count"),
    (("inbox",), 2, "DEPARTMENT"),
    (("inbox", "nobody"), 2, "use one of customer_service (Customer service), merchandise"),
    (("inbox", "merchandize"), 2, "did you mean merchandise?"),
    (("inbox", "商品部"), 75, "no Temporal service answers"),
    (("show", "Ｒ-ＡＢＣ"), 75, "no Temporal service answers"),
    (("watch", "--every", "0"), 2, "--every"),
    (("watch", "!!"), 2, "NUMBER"),
    (("mails", "--case", "!"), 2, "NUMBER"),
    (("file",), 2, "--order"),
    (("file", "missing.json"), 2, "cannot be read"),
    (("file", "--nope"), 2, "--nope"),
    (("file", "x.json", "--order", "O-1"), 2, "not both"),
    (("import", "none.csv"), 2, "--mapping"),
    (("import", "none.csv", "--mapping", "none.toml"), 2, "--mapping"),
    (("contact", "R-ABC"), 2, "--as"),
    (("contact", "R-ABC", *ME, "--mode", SECRET), 2, "--mode: must be one of phone"),
    (("contact", "R-ABC", *ME, "--wait", "0"), 2, "--wait"),
    (("contact", "R-ABC", "--as", SECRET), 3, "徐莉"),
    (("contact", "R-ABC", *ME, "--department", "logistics"), 3, "you may act for Customer service"),
    (("contact", "R-ABC", *ME, "--command-id", "a b"), 2, "--command-id: must have"),
    (("triage", "R-ABC", *ME, "--grant"), 2, "--reason"),
    (("triage", "R-ABC", *ME, "--grant", "--refuse", "--reason", "x"), 2, "exactly one"),
    (("triage", "R-ABC", *ME, "--reason", "x"), 2, "exactly one"),
    (("negotiated", "R-ABC", *ME), 2, "--agreed, --failed"),
    (("confirm", "R-ABC", *ME, "--liable", "merchant"), 2, "--reason"),
    (("confirm", "R-ABC", *ME, "--reason", "x"), 2, "liable"),
    (("confirm", "R-ABC", *ME, "--reason", "x", "--liable", "merchant=x"), 2, "--liable"),
    (("confirm", "R-ABC", *ME, "--reason", "x", "--liable", "merchant=60"), 2, "--liable: the percents must"),
    (("confirm", "R-ABC", *ME, "--reason", "x", "--liable", "a", "--liable", "b"), 2, "percents"),
    (("confirm", "R-ABC", *ME, "--reason", "x", "--liable", "a=50", "--liable", "a=50"), 2, "twice"),
    (("confirm", "R-ABC", *ME, "--reason", "x" * 3000, "--liable", "merchant"), 2, "redress: --reason: is longer"),
    (("confirm", "R-ABC", *ME, "--reason", "a\x1b[31m", "--liable", "merchant"), 2, "control characters"),
    (("confirm", "R-ABC", *ME, "--reason", "x", "--liable", "商家=60", "--liable", "客户=30"), 2, "add up to 100"),
    (
        ("extend", "R-ABC", *ME, "--of", "客服主管", "--by", "2x", "--asked-by", "x", "--reason", "x"),
        2,
        "redress: --by: must be",
    ),
    (("contest", "R-ABC", *ME, "--reason", "x", "--by", "客户"), 75, "no Temporal service answers"),
    (("verify", "R-ABC", "--as", ""), 2, "--as"),
    (("contest", "R-ABC", *ME, "--reason", "x"), 2, "--by"),
    (("decide", "R-ABC", *ME, "--reason", "x"), 2, "exactly one"),
    (("decide", "R-ABC", *ME, "--grant", "--reason", "x", "--amount", "1"), 2, "--remedy"),
    (("decide", "R-ABC", *ME, "--grant", "--reason", "x", "--remedy", SECRET), 2, "--remedy: must be one of refund"),
    (("decide", "R-ABC", *ME, "--refuse", "--reason", "x", "--remedy", "refund"), 2, "--remedy: does not go with --re"),
    (("meeting", "decide", "R-ABC", *ME, "--refuse", "--reason", "x", "--remedy", "refund"), 2, "go with --refuse"),
    (
        ("incident", "decide", "IN20261125001", *ME, "--refuse", "--reason", "x", "--remedy", "refund"),
        2,
        "--remedy: does not go with --refuse",
    ),
    (("feedback", "R-ABC", *ME, "--satisfied", "--remedy", "refund"), 2, "--remedy: does not go with --satisfied"),
    (("feedback", "R-ABC", *ME, "--not-reached", "--amount", "5"), 2, "--amount: does not go with --not-reached"),
    (("confirm", "R-ABC", *ME, "--reason", "x", "--liable", "merchant", "--evidence", "a b"), 2, "without spaces"),
    (("respond", "R-ABC", "0", *ME, "--accept"), 2, "redress: VERSION: must be at least 1"),
    (("resolve", "R-ABC", *ME, "--settled", "--note", ""), 2, "redress: --note: must not be empty"),
    (("insist", "R-ABC", *ME), 2, "--reason"),
    (("goods", "R-ABC", *ME), 2, "--accepted, --rejected"),
    (("goods", "R-ABC", *ME, "--accepted", "--line", SECRET), 2, "--line"),
    (("resolve", "R-ABC", *ME), 2, "exactly one"),
    (("resolve", "R-ABC", *ME, "--settled"), 2, "reference"),
    (("resolve", "R-ABC", *ME, "--abandon"), 2, "note"),
    (("feedback", "R-ABC", *ME), 2, "--satisfied, --dissatisfied"),
    (("withdraw", "R-ABC"), 2, "--as"),
    (("fast-forward",), 2, "DURATION"),
    (("fast-forward", "R-ABC", "3x"), 2, "DURATION"),
    (("fast-forward", "--all", "R-ABC", "3h"), 2, "--all"),
    (("restore", "x" * 5_000), 2, "a path: cannot be used (File name too long)"),
    (("schema", "nope"), 2, "use one of complaint"),
    (("show", "R-ABC"), 75, "no Temporal service answers"),
    (("list",), 75, "no Temporal service answers"),
    (("list", "--count"), 75, "no Temporal service answers"),
    (("contact", "R-ABC", *ME), 75, "no Temporal service answers"),
]


@pytest.mark.parametrize(("words", "code", "told"), BAD, ids=[" ".join(words)[:60] for words, _, _ in BAD])
def test_bad_input_gets_one_line_and_its_exit_code(
    redress: Redress, words: tuple[str, ...], code: int, told: str
) -> None:
    ran = redress(*words)
    assert ran.code == code
    assert ran.err.startswith("redress: ")
    assert ran.err.count("\n") == 1
    assert told in ran.err
    assert SECRET not in ran.err
    assert ran.out == ""


def test_no_command_rounds_a_number_that_is_to_be_whole() -> None:
    def rounding(of: App) -> Iterator[str]:
        for name in of:
            if not name.startswith("-"):
                yield from rounding(of[name])
                taken = of[name].assemble_argument_collection() if of[name].default_command else ()
                yield from (
                    f"{name} {argument.name}"
                    for argument in taken
                    if argument.hint in (int, int | None) and argument.parameter.converter is None
                )

    assert list(rounding(app)) == []


def test_a_mistake_is_told_in_the_chosen_language(redress: Redress) -> None:
    assert "没有该命令" in redress("nope", "--lang", "zh").err
    assert "没有该命令" in redress("--lang=zh", "nope").err


@pytest.mark.parametrize("lang", [("--lang", "zh"), ("--lang=zh",)])
def test_a_complaint_is_filed_in_the_chosen_language_wherever_it_is_named(
    redress: Redress, lang: tuple[str, ...]
) -> None:
    for words in ((*FILE, *lang), (FILE[0], *lang, *FILE[1:]), (*lang, *FILE)):
        assert (redress(*words).code, "启动" in redress(*words).err) == (75, True)
    assert "--lang: must be one of zh, en" in redress("list", "--lang", "xx").err


def test_the_language_follows_the_environment(redress: Redress, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "缺失" in redress("show").err


def test_a_terminal_without_the_letters_shows_question_marks_and_json_is_escaped(
    redress: Redress, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = redress("procedure", "list", "--json").json
    for words in (("procedure", "list", "--lang", "zh"), ("procedure", "list", "--json")):
        narrow = io.TextIOWrapper(io.BytesIO(), "ascii", write_through=True)
        monkeypatch.setattr("sys.stdout", narrow)
        tolerate()
        assert run(list(words)) == 0
        said = narrow.buffer.getvalue().decode("ascii")
        assert "?" in said if "zh" in words else json.loads(said) == whole


def test_a_setting_that_cannot_be_used_is_a_mistake_in_usage(redress: Redress, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDRESS_LOG_LEVEL", "loud")
    ran = redress("mails")
    assert ran.code == 2
    assert ran.err.startswith("redress: log_level: must be one of")
    assert ran.err.count("\n") == 1


def test_a_directory_that_cannot_be_read_is_told(
    redress: Redress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDRESS_DIRECTORY_FILE", str(tmp_path / "gone.toml"))
    ran = redress("contact", "R-ABC", *ME)
    assert ran.code == 2
    assert "gone.toml: cannot be read" in ran.err


def test_the_actor_may_come_from_the_environment(redress: Redress, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDRESS_ACTOR", "nobody known")
    assert redress("contact", "R-ABC").code == 3
    assert redress("contact", "R-ABC", *ME).code == 75
    assert os.environ["REDRESS_ACTOR"] == "nobody known"


def test_the_actor_may_come_from_the_file_of_settings(redress: Redress, tmp_path: Path) -> None:
    (tmp_path / "redress.toml").write_text('actor = "nobody known"\n', encoding="utf-8")
    assert redress("contact", "R-ABC").code == 3


def test_somebody_of_two_departments_must_say_for_which(
    redress: Redress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = '{ name = "Kim", email = "kim@example.com" }'
    file = tmp_path / "directory.toml"
    file.write_text(
        f"[departments.merchandise]\nowners = [{owner}]\n[departments.logistics]\nowners = [{owner}]\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("REDRESS_DIRECTORY_FILE", str(file))
    words = ("confirm", "R-ABC", "--as", "Kim", "--liable", "merchant", "--reason", "x")
    assert redress(*words).code == 2
    assert "you belong to several (Merchandise, Logistics)" in redress(*words).err
    assert "您属于多个部门（商品部、物流部）" in redress("--lang", "zh", *words).err
    assert redress(*words, "--department", "物流部").code == 75
    assert redress(*words, "--department", "logistics").code == 75


def test_a_complaint_that_is_not_one_names_each_field(redress: Redress, tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    file.write_text('{"channel": "online", "text": "13800138000", "surprise": 1}', encoding="utf-8")
    ran = redress("file", str(file))
    assert ran.code == 2
    assert "complainant: is missing" in ran.err
    assert SECRET not in ran.err


def test_a_cause_the_procedure_does_not_know_is_told_before_a_case_is_opened(redress: Redress) -> None:
    words = "file --order O-1 --merchant M-1 --customer C-1 --sku S-1 --paid 12.50 --text x --demand refund"
    ran = redress(*words.split(), "--cause", "bad_mood")
    assert ran.code == 2
    assert "--cause: must be one of customer_service (Our customer service), hotline_11185" in ran.err
    assert "; did you mean quality?" in redress(*words.split(), "--cause", "质量").err
    assert "；您是否要用 quality (商品质量)？" in redress(*words.split(), "--cause", "质量", "--lang", "zh").err
    titles = ("--cause", "商品质量", "--channel", "热线电话", "--kind", "平台订单")
    assert "no Temporal service" in redress(*words.replace("refund", "退款").split(), *titles).err
    other = ("--procedure", "快递投诉管理办法", "--severity", "简单投诉", "--cause", "丢失")
    assert "--detail" in redress(*words.split(), *other).err, "what that procedure's intake asks for"
    assert redress(*words.split(), "--cause", "quality", "--severity", "high").code == 2
    assert redress(*words.split(), "--cause", "商品质量").code == 75
    assert redress(*words.split(), "--cause", "quality").code == 75


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (RPCStatusCode.UNAVAILABLE, 75, "server: does not answer"),
        (RPCStatusCode.UNKNOWN, 75, "server: does not answer"),
        (RPCStatusCode.RESOURCE_EXHAUSTED, 75, "server: does not answer"),
        (RPCStatusCode.PERMISSION_DENIED, 3, "server: refuses the request (PERMISSION_DENIED); check the credentials"),
    ],
)
def test_a_server_in_trouble_under_any_command_is_told_as_such_and_not_as_a_fault_to_report(
    status: RPCStatusCode, code: int, says: str
) -> None:
    line, ended = explain(RPCError("database or disk is full", status, b""), Language.EN)
    assert (line[: len(says)], ended) == (says, code)


def test_a_worker_that_finds_no_database_says_so_and_that_it_may_be_tried_again() -> None:
    away = StoreError("database: cannot be reached (ConnectionRefusedError); it is tried again")
    line, code = explain(away, Language.EN)
    assert (line.startswith("database: cannot be reached (ConnectionRefusedError)"), code) == (True, 75)


def test_half_a_letter_that_no_database_takes_is_a_mistake_in_the_arguments() -> None:
    torn = UnicodeEncodeError("utf-8", "\udc80", 0, 1, "surrogates not allowed")
    assert explain(torn, Language.EN) == ("arguments: are not valid text; type them in a terminal of UTF-8", 2)


def test_a_configured_procedure_that_is_not_there_is_not_repeated_but_those_are_told_that_are(
    redress: Redress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDRESS_DEFAULT_PROCEDURE", SECRET)
    ran = redress("inbox", "merchandise")
    assert ran.code == 2
    assert SECRET not in ran.err
    told = ran.err.partition("use one of ")[2]
    assert all(name in told for name in ("courier", "live", "marketplace", "returns"))


def test_a_file_that_is_not_called_like_ours_is_not_repeated(
    redress: Redress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = redress("procedure", "check", SECRET, "my.procedure.toml")
    assert ran.err.splitlines() == [
        "redress: (file): cannot be read; No such file or directory",
        "redress: my.procedure.toml: cannot be read; No such file or directory",
    ]
    (tmp_path / SECRET).write_text("x")
    monkeypatch.setenv("REDRESS_DIRECTORY_FILE", SECRET)
    ran = redress("report", "causes", "--month", "2026-11")
    assert (ran.code, SECRET in ran.err, "is not valid TOML" in ran.err) == (2, False, True)


def test_json_too_deep_to_read_is_no_export_no_login_and_no_case(redress: Redress, tmp_path: Path) -> None:
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 50_000)
    ran = redress("audit", "verify", str(deep))
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    home = tmp_path / "home"
    home.mkdir()
    (home / "login.json").write_text("[" * 50_000)
    ran = redress("confirm", "R-ABCDEFGH23456", "--liable", "merchant", "--reason", "x")
    assert (ran.code, "log in again" in ran.err) == (75, True)


def test_every_command_has_help(redress: Redress, capsys: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        ran = redress(name, "--help")
        assert ran.code == 0, name
        assert f"redress {name}" in ran.out


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["nope"], ["confirm", "--help"], ["decide", "R-ABC"]])
def test_help_and_mistakes_load_neither_temporal_nor_a_database(words: list[str]) -> None:
    program = (
        "import sys\nfrom starter.cli.app import run\nrun(sys.argv[1:])\n"
        "print([m for m in ('temporalio', 'sqlmodel', 'sqlalchemy', 'httpx2') if m in sys.modules])"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program, *words], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(("word", "code"), [("nope", 2), ("worker", 75), ("--version", 0)])
def test_the_program_ends_with_the_commands_exit_code(word: str, code: int, tmp_path: Path) -> None:
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith(("REDRESS_", "TEMPORAL_"))}
    surroundings |= {
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "REDRESS_HOME": str(tmp_path),
        "TEMPORAL_ADDRESS": "127.0.0.1:1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "starter.main", word],
        cwd=tmp_path,
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_a_file_that_is_far_too_long_is_not_read_to_its_end(redress: Redress, tmp_path: Path) -> None:
    with (tmp_path / "long.json").open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    tracemalloc.start()
    try:
        ran = redress("file", "long.json")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (ran.code, ran.err) == (2, "redress: FILE: is longer than 64 KiB; send evidence by reference\n")
    assert most < 32 * 1024 * 1024


@pytest.mark.parametrize("words", [("procedure", "show", "returns"), ("schema",)])
def test_a_reader_that_goes_is_no_failure(words: tuple[str, ...], tmp_path: Path) -> None:
    done = into_a_closed_pipe(words, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize(
    ("lang", "told"),
    [
        ("en", "redress: output: cannot be written (No space left on device); what was done stands, so look before"),
        ("zh", "redress: 输出：无法写入（磁盘已满）；已办理的仍然有效"),
    ],
)
@pytest.mark.parametrize("words", [("procedure", "list"), ("procedure", "list", "--json"), ("schema", "verdict")])
def test_an_output_that_takes_no_more_is_told_and_nothing_is_said_to_be_undone(
    words: tuple[str, ...], lang: str, told: str, tmp_path: Path
) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = run_with((*words, "--lang", lang), tmp_path, full)
    assert done.returncode == 75
    assert done.stderr.startswith(told)
    assert done.stderr.count("\n") == 1
