"""`redress document`: a case's papers from SQL, for whoever may read the case."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from pypdf import PdfReader

from activities.store import Store
from models.tables import CaseRow, EventRow
from tests.builders import complaint_data
from tests.starter.running import Redress
from tests.starter.test_reading_rights import OWN, audited

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def _row(number: str, procedure: str, waiting_for: str) -> CaseRow:
    return CaseRow(
        number=number, workflow_id=f"complaint.{number}", run_id="r", procedure=procedure, opened_at=NOW,
        complaint=complaint_data(), order_number="O-1", order_kind="platform", customer="U-1", cause="quality",
        channel="email", stage="working", waiting_for=waiting_for, demand="refund", amount=100,
        currency="CNY", version=1,
    )  # fmt: skip


async def _fill(home: Path) -> None:
    store = Store(f"sqlite:///{home / 'redress.db'}")
    await store.create()
    rows = [("C-1", "returns.1", "merchandise"), ("C-2", "returns.1", "logistics"), ("C-3", "marketplace.1", "")]
    told = {"duty": "investigate", "field.finding": "开裂", "field.valid": "yes", "reason": "已致电王芳"}
    async with store.write() as session:
        session.add_all(_row(*row) for row in rows)
        session.add(EventRow(number="C-1", seq=1, at=NOW, kind="recorded", department="customer_service", data=told))
    await store.close()


def test_a_paper_is_printed_for_whoever_may_read_the_case_and_the_reading_is_recorded(
    redress: Redress, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    asyncio.run(_fill(home))
    shown = redress("document", "investigation", "C-1", "--lang", "zh")
    assert shown.code == 0, shown.err
    assert all(word in shown.out for word in ("投诉调查表 C-1", "王芳", "开裂"))
    file = tmp_path / "form.pdf"
    assert redress("document", "投诉调查表", "C-1", "--out", str(file), "--lang", "zh").code == 0
    assert "开裂" in "".join(page.extract_text() for page in PdfReader(file).pages)
    for words, code, hint in (
        (("nonsense", "C-1"), 2, "KIND: must be one of investigation (Investigation form), transfer"),
        (("investigation", "C-3"), 2, "has no papers"),
        (("investigation", "C-9"), 4, "there is no case C-9"),
    ):
        ran = redress("document", *words)
        assert (ran.code, ran.err.count("\n")) == (code, 1), ran.err
        assert hint in ran.err
    assert redress("login", "--as", OWN).code == 0
    assert redress("document", "investigation", "C-2").code == 3
    own = redress("document", "investigation", "C-1", "--lang", "zh")
    assert own.code == 0, own.err
    assert "王芳" not in own.out
    assert "已致电***" in own.out
    assert [entry for entry in audited(home) if entry[0] in ("read", "denied")] == [
        ("denied", OWN, "C-2"),
        ("read", OWN, "C-1"),
    ]
