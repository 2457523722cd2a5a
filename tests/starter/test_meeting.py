"""The meeting from the command line, on a real server; and what is refused before anything is sent."""

import asyncio
import json
import uuid
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from models.tables import MeetingItemRow, MeetingRow
from starter.failures import BadInput, NoSuchCase
from tests.quality import known, quality_pack
from tests.starter.running import AtHome, Redress
from tests.support import GOODS_DEPT, LEADER, LOGISTICS, PANEL, SERVICE, OfCase, Office, cached, liable

ME = ("--as", PANEL)


@pytest.fixture
def meeting(at_home: AtHome) -> AtHome:
    """`meeting("call")` runs `redress meeting call`."""
    return partial(at_home, "meeting")


@pytest.fixture
async def disputed(office: Office) -> OfCase:
    """A case before the panel, its urgent session called."""
    case = await office.asked(cause="damage_unclear")
    await case.send("confirm", GOODS_DEPT, liable=liable(carrier=100), reason="运输所致")
    await case.send("confirm", LOGISTICS, liable=liable(merchant=100), reason="包装不当")
    await case.at("panel")
    await _row(office, MeetingRow, f"meeting.marketplace.urgent.{case.number}", "stage", "in_session")
    return case


async def _row(office: Office, table: Any, key: Any, field: str, value: str) -> None:
    async with asyncio.timeout(20):
        while True:
            async with office.store.read() as session:
                row = await session.get(table, key)
            if row is not None and getattr(row, field) == value:
                return
            await asyncio.sleep(0.02)


def _week() -> str:
    return f"{2100 + uuid.uuid4().int % 800}-W{uuid.uuid4().int % 52 + 1:02}"


@cached
async def test_a_week_is_held_from_the_command_line(office: Office, meeting: AtHome, disputed: OfCase) -> None:
    week, number = _week(), disputed.number
    there = ("--meeting", week)
    assert (await meeting("call", "--week", week))[:2] == (0, f"{week}: called\n")
    assert "nothing was called twice" in (await meeting("call", "--week", week))[1]
    await _row(office, MeetingRow, f"meeting.marketplace.{week}", "stage", "in_session")
    await _row(office, MeetingItemRow, (f"meeting.marketplace.{week}", number), "state", "open")
    grant = ("decide", number, *there, "--grant", "--reason", "x", "--liable", "merchant", *ME)
    code, _, err = await meeting(*grant)
    assert (code, "too few members attend" in err) == (3, True)
    await meeting("attend", *there, "--as", LEADER, "--mode", "phone")
    assert (await meeting("attend", *there, *ME))[:2] == (0, f"{week}: accepted\n")
    assert (await meeting(*grant, "--command-id", "m-1"))[0] == 0
    assert (await meeting(*grant, "--command-id", "m-1"))[0] == 0
    await disputed.at("feedback")
    assert (await disputed.kinds()).count("decided") == 1
    await office.env.fast_forward(office.client.get_workflow_handle(f"meeting.marketplace.{week}"), timedelta(hours=10))
    given = ("--owner", "logistics", "--due", "2h", "--what", "Pack better", "--rule-change")
    assert (await meeting("action", *there, *given, *ME))[0] == 0
    assert (await meeting("close", *there, "--note", "Discussed", *ME))[0] == 0
    await _row(office, MeetingRow, f"meeting.marketplace.{week}", "stage", "reporting")
    code, out, _ = await meeting("minutes", week)
    assert code == 0
    for words in (number, "decided: granted", "Pack better", "by telephone", "Discussed", "Rule change", "Delivery"):
        assert words in out
    assert [line[0] for line in out.splitlines() if line[1:2] == "."] == ["A", "B", "C", "D", "E"]
    told = json.loads((await meeting("minutes", week, "--json"))[1])
    assert len(told["delivery"]) == 6
    assert (await meeting("report", f"{week}/1", "--text", "Done", "--as", LOGISTICS))[0] == 0
    await _row(office, MeetingRow, f"meeting.marketplace.{week}", "stage", "closed")
    assert (await meeting("close", *there, *ME))[0] == 3
    listed = json.loads((await meeting("list", "--limit", "1000", "--json"))[1])
    line = next(line for line in listed if line["name"] == week)
    assert (line["stage"], line["decided"], line["open_actions"]) == ("closed", 1, 0)


@cached
async def test_a_closed_case_is_refused_with_its_reason(office: Office, meeting: AtHome, disputed: OfCase) -> None:
    name = f"urgent.{disputed.number}"
    await meeting("attend", "--meeting", name, "--member", "panel", "--member", "leadership", *ME)
    await disputed.send("withdraw", SERVICE)
    await disputed.result()
    words = ("--grant", "--reason", "x", "--liable", "merchant")
    code, out, err = await meeting("decide", disputed.number, "--meeting", name.upper(), *words, *ME)
    assert (code, out) == (3, "")
    assert err.startswith(f"redress: {name}: the case is closed; file a new complaint")


@cached
async def test_the_agenda_of_an_urgent_session_can_be_read_and_has_its_case(meeting: AtHome, disputed: OfCase) -> None:
    code, out, _ = await meeting("agenda", f"urgent.{disputed.number}")
    assert code == 0
    assert f"Urgent session on {disputed.number} · in session" in out
    assert (await meeting("list"))[0] == 0


@cached
async def test_the_meeting_of_another_procedure_is_held_by_its_name(
    office: Office, meeting: AtHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    week, of = _week(), ("--procedure", known(quality_pack(f"q{uuid.uuid4().hex[:8]}")).name)
    there = ("--meeting", week, *of, *ME)
    assert (await meeting("call", "--week", week, *of))[:2] == (0, f"{week}: called\n")
    await _row(office, MeetingRow, f"meeting.{of[1]}.{week}", "stage", "in_session")
    assert (await meeting("attend", *of, *ME))[:2] == (0, f"{week}: accepted\n"), "the open one of that procedure"
    assert (await meeting("action", *there, "--owner", "logistics", "--due", "2h", "--what", "Pack better"))[0] == 0
    assert (await meeting("close", *there))[0] == 0
    await _row(office, MeetingRow, f"meeting.{of[1]}.{week}", "stage", "reporting")
    assert (await meeting("report", f"{week}/1", "--text", "Done", "--as", LOGISTICS, *of))[0] == 0
    assert "Pack better" in (await meeting("minutes", week, *of))[1]
    assert [line["name"] for line in json.loads((await meeting("list", "--json", *of))[1])] == [week]
    with pytest.raises(NoSuchCase):
        await meeting("minutes", week)
    with pytest.raises(NoSuchCase, match="none has been called yet"):
        await meeting("agenda", "--procedure", known(quality_pack(f"q{uuid.uuid4().hex[:8]}")).name)
    monkeypatch.setenv("REDRESS_DEFAULT_PROCEDURE", "courier")
    with pytest.raises(BadInput, match=r"--owner: must be one of .*panel \(After-sales quality panel\)"):
        await meeting("action", *there, "--owner", "Nobody at all", "--due", "2h", "--what", "x")
    with pytest.raises(BadInput, match="holds no meeting"):
        await meeting("list", "--procedure", "courier")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("call", "--week", "2026-W54"), 2, "--week"),
        (("call", "--week", "urgent.T-1"), 2, "--week"),
        (("decide", "R-ABC", *ME), 2, "--reason"),
        (("decide", "R-ABC", "--reason", "x", *ME), 2, "exactly one"),
        (("action", "--owner", "logistics", "--due", "soon", "--what", "x", *ME), 2, "--due"),
        (("report", "2026-W48", "--text", "x", *ME), 2, "ACTION"),
        (("report", "x/1", "--text", "x", *ME), 2, "ACTION"),
        (("attend", "--meeting", "nope", *ME), 2, "--meeting"),
        (("close", "--meeting", "2026-W48"), 2, "--as"),
        (("close", "--meeting", "2026-W48", "--as", "陌生人"), 3, "not in the directory"),
        (("close", "--meeting", "2026-W48", *ME, "--department", "logistics"), 3, "panel"),
        (("close", "--meeting", "2026-W48", *ME), 75, "no Temporal service answers"),
        (("agenda",), 75, "database"),
        (("list", "--limit", "0"), 2, "--limit"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else None,
)
def test_bad_input_gets_one_line_and_its_exit_code(
    redress: Redress, words: tuple[str, ...], code: int, told: str
) -> None:
    ran = redress("meeting", *words)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("redress: ")
    assert ran.err.count("\n") == 1
    assert told in ran.err
