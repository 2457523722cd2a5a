"""Who has logged in reads the own department's cases and no others; a denied read is recorded."""

import asyncio
import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from activities.store import Store
from models.tables import CaseRow, CorrectiveRow, EventRow, IncidentRow
from tests.starter.running import Redress

NOW = datetime(2026, 3, 2, tzinfo=UTC)
OWN, OTHER = "耿焰", "徐莉"
"""Of merchandise, which sees its own cases; of customer service, which sees all."""


ASKED = {"C-MINE": "merchandise", "C-THEIRS": "logistics", "C-EARLIER": "merchandise"}


def _row(number: str, waiting_for: str) -> CaseRow:
    return CaseRow(
        number=number, workflow_id=f"complaint.{number}", run_id="r", procedure="marketplace.1", opened_at=NOW,
        complaint={}, order_number="O-1", order_kind="platform", customer="U-1", cause="quality", channel="online",
        stage="asked", waiting_for=waiting_for, demand="refund", amount=100, currency="CNY", version=0,
    )  # fmt: skip


@pytest.fixture
def home(redress: Redress, tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    (folder / "mails").mkdir(parents=True)

    async def fill() -> None:
        store = Store(f"sqlite:///{folder / 'redress.db'}")
        await store.create()
        async with store.write() as session:
            session.add_all([_row("C-MINE", "merchandise"), _row("C-THEIRS", "logistics"), _row("C-EARLIER", "panel")])
            session.add_all(
                EventRow(number=number, seq=1, at=NOW, kind="asked", department=department)
                for number, department in ASKED.items()
            )
        await store.close()

    asyncio.run(fill())
    for name, to in (("1", "gengyan@example.com"), ("2", "kim@customers.example"), ("3", "yinguohua@example.com")):
        mail = f"To: {to}\nSubject: s{name}\nX-Redress-Case: C-MINE\n\ntext {name}"
        (folder / "mails" / f"20260302T09000{name}.000000Z-{name}.eml").write_text(mail)
    return folder


def audited(home: Path) -> list[tuple[str, str, str]]:
    with sqlite3.connect(home / "redress.db") as raw:
        found = raw.execute("SELECT kind, actor, subject FROM audit_row ORDER BY seq").fetchall()
    raw.close()
    return found


def test_nobody_logged_in_on_this_machine_reads_everything(redress: Redress, home: Path) -> None:
    for number in ("C-MINE", "C-THEIRS"):
        shown = redress("show", number)
        assert shown.code == 0
        assert shown.err.startswith("no Temporal service answers at 127.0.0.1:1 (")
        assert shown.err.endswith("TEMPORAL_ADDRESS. This is what SQL has.\n")
        assert redress("timeline", number).code == 0
    assert len(redress("mails", "--json").json) == 3
    assert audited(home) == []


def test_a_department_reads_its_own_cases_and_those_it_was_asked_about(redress: Redress, home: Path) -> None:
    assert redress("login", "--as", OWN).code == 0
    for number, code in (("C-MINE", 0), ("C-EARLIER", 0), ("C-THEIRS", 3)):
        for verb in ("show", "timeline"):
            ran = redress(verb, number)
            assert ran.code == code, (verb, number, ran.err)
            assert ("another department" in ran.err) is (code == 3)
    for words in (
        ("list", "--count"),
        ("list", "--department", "logistics"),
        ("inbox", "logistics"),
        ("report", "metrics"),
        ("settlement", "statement", "--month", "2026-02"),
        ("audit", "export"),
    ):
        ran = redress(*words)
        assert (ran.code, ran.out, ran.err.count("\n")) == (3, "", 1), words
    assert redress("inbox", "merchandise").code == 75  # allowed; no server answers here
    assert [mail["subject"] for mail in redress("mails", "--json").json] == ["s1"]
    denied = [(actor, subject) for kind, actor, subject in audited(home) if kind == "denied"]
    assert len(denied) == 8
    assert {actor for actor, _ in denied} == {OWN}
    assert {("read", OWN, "C-MINE"), ("read", OWN, "mails")} <= set(audited(home))
    assert redress("audit", "verify").code == 0


def test_who_sees_all_reads_all_and_who_logs_out_is_nobody_again(redress: Redress, home: Path) -> None:
    assert redress("login", "--as", OTHER).code == 0
    assert redress("show", "C-THEIRS").code == 0
    assert [mail["subject"] for mail in redress("mails", "--json").json] == ["s1", "s2", "s3"]
    assert redress("logout").code == 0
    assert not (home / "login.json").exists()


def test_contacts_are_masked_for_those_who_see_all_cases_and_need_no_customers_data(
    redress: Redress, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "directory.toml"
    file.write_text(
        '[departments.audit]\nsees = "all"\nowners = [{ name = "Kim", email = "kim@example.com" }]\n'
        '[departments.merchandise]\nowners = [{ name = "耿焰", email = "gengyan@example.com" }]\n'
        '[parties]\n"merchant:M-1" = ["portal"]\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("REDRESS_DIRECTORY_FILE", str(file))
    assert redress("login", "--as", "Kim").code == 0
    seen = redress("mails", "--full", "--json").json
    assert [(mail["to"], mail["text"].strip()) for mail in seen] == [
        (["gengyan@example.com"], "text 1"),
        (["k***@customers.example"], ""),
        (["y***@example.com"], ""),
    ]
    assert redress("login", "--as", "portal").code == 0
    assert redress("show", "C-MINE").code == 3


def test_where_the_service_asks_for_proof_nobody_reads_without_logging_in(
    redress: Redress, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDRESS_AUTH__POLICY", "required")
    for words in (
        ("show", "C-MINE"),
        ("timeline", "C-MINE"),
        ("list",),
        ("mails",),
        ("report", "metrics"),
        ("meeting", "list"),
        ("meeting", "agenda"),
        ("meeting", "minutes", "2026-W09"),
        ("incident", "list"),
        ("8d", "list"),
        ("8d", "trace", "L-7"),
    ):
        ran = redress(*words)
        assert (ran.code, "redress login" in ran.err, ran.out) == (3, True, ""), words
    assert redress("login", "--as", OWN).code == 0
    assert redress("show", "C-MINE").code == 0


def test_whoever_is_logged_in_acts_as_nobody_else(redress: Redress, home: Path) -> None:
    assert redress("login", "--as", OWN).code == 0
    words = ("confirm", "C-MINE", "--liable", "merchant", "--reason", "x")
    assert redress(*words, "--as", OTHER).code == 3
    assert redress(*words).code == 75  # in the own name; no server answers here
    assert redress("login", "--as", "13800138000").code == 3
    assert "13800138000" not in redress("login", "--as", "13800138000").err


def test_a_token_for_a_program_is_printed_and_kept_nowhere(redress: Redress, home: Path) -> None:
    assert redress("token", "--as", "storefront").out.count(".") == 2
    assert redress("token").code == 2
    assert redress("login", "--as", OWN).code == 0
    printed = redress("token").out.strip()
    assert printed not in "".join(path.read_text(errors="replace") for path in home.rglob("*") if path.is_file())
    assert {path.stat().st_mode & 0o077 for path in home.glob("*issuer*")} == {0}


def test_a_department_without_need_reads_a_record_without_the_customers_name_and_contacts(
    redress: Redress, home: Path
) -> None:
    customer = {"complainant": {"id": "U-1", "name": "李明", "phone": "13800138000"}}
    said = {"reason": "李明 (138 0013 8000) insists"}
    with sqlite3.connect(home / "redress.db") as raw:
        raw.execute("UPDATE case_row SET complaint = ? WHERE number = 'C-MINE'", (json.dumps(customer),))
        raw.execute("UPDATE event_row SET kind = 'insisted', data = ?", (json.dumps(said),))
    raw.close()
    shown = {}
    for name in (OWN, OTHER):
        assert redress("login", "--as", name).code == 0
        shown[name] = [redress("timeline", number, "--json").json[0]["data"] for number in ("C-MINE", "C-EARLIER")]
    assert shown[OTHER] == [said, said]
    assert shown[OWN] == [{"reason": "*** (***) insists"}, {"reason": ""}], (
        "of the other case nobody knows the customer"
    )


def test_meetings_and_lots_are_read_by_people_of_their_procedure_only(redress: Redress, home: Path) -> None:
    assert redress("login", "--as", "财务专员").code == 0  # of the courier's finance, which returns has too
    assert redress("meeting", "list").code == 3
    assert redress("meeting", "agenda").code == 3
    assert redress("8d", "trace", "L-7").code == 0
    assert redress("login", "--as", OWN).code == 0
    assert redress("meeting", "list").code == 0
    assert redress("login", "--as", "站长").code == 0  # the courier's station
    assert redress("8d", "trace", "L-7").code == 3


def test_lists_of_incidents_and_reports_show_those_of_the_readers_procedures_only(redress: Redress, home: Path) -> None:
    async def fill() -> None:
        store = Store(f"sqlite:///{home / 'redress.db'}")
        async with store.write() as session:
            for serial, procedure in enumerate(("returns", "elsewhere"), 1):
                of: dict[str, Any] = {
                    "procedure": procedure,
                    "product": f"P-{procedure}",
                    "workflow_id": "w",
                    "run_id": procedure,
                }
                of |= {"stage": "d1", "opened_at": NOW}
                session.add(IncidentRow(number=f"IN2026030200{serial}", drill=False, **of))
                session.add(CorrectiveRow(number=f"8D2026030200{serial}", customer="K-1", **of))
        await store.close()

    asyncio.run(fill())
    for name, seen in (("财务专员", {"P-returns"}), (OTHER, {"P-returns", "P-elsewhere"})):
        assert redress("login", "--as", name).code == 0
        for verb in ("incident", "8d"):
            assert {line["product"] for line in redress(verb, "list", "--json").json} == seen, (name, verb)
    assert redress("login", "--as", "站长").code == 0
    for verb in ("incident", "8d"):
        ran = redress(verb, "list")
        assert (ran.code, ran.out) == (3, ""), verb
    denied = [subject for kind, actor, subject in audited(home) if (kind, actor) == ("denied", "站长")]
    assert denied == ["incidents", "8d"]
