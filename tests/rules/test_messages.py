"""Who may say what when; a resend is harmless; nothing bad is kept without bound (S0-01)."""

from typing import Any

import pytest

from models.commands import COMMANDS, RecordDuty
from models.names import Refused
from rules.messages import NOTED_REFUSALS, precheck, refused
from rules.replies import KEPT_IDS
from tests.rules.builders import (
    COURIER,
    DESK,
    LEADERSHIP,
    LOGISTICS,
    MERCHANDISE,
    PACK,
    PANEL,
    RETURNS,
    START,
    World,
    found_against,
    granted,
    hours,
    liable,
    paid,
)

# For each command: a case that takes it, the department that may send it, its fields.
TAKES: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "contact": (lambda: World(contact=None), DESK, {}),
    "triage": (World, DESK, {"handling": "grant", "reason": "x"}),
    "negotiated": (lambda: World(negotiation="not_tried"), DESK, {"agreed": True}),
    "confirm": (World, MERCHANDISE, {"liable": liable(merchant=100), "reason": "x"}),
    "verify": (lambda: World().confirms(merchant=50, customer=50), DESK, {}),
    "contest": (found_against, LOGISTICS, {"by": "customer", "reason": "x"}),
    "decide": (
        lambda: found_against().does("insist", DESK, reason="x"), LEADERSHIP, {"grant": False, "reason": "x"},
    ),
    "insist": (found_against, DESK, {"reason": "x"}),
    "goods": (lambda: granted(demand={"kind": "exchange"}), RETURNS, {"accepted": True}),
    "resolve": (lambda: granted().child(failure="x", step="pay"), RETURNS, {"outcome": "retry"}),
    "feedback": (paid, DESK, {"satisfied": True}),
    "withdraw": (World, DESK, {}),
    "forget": (World, DESK, {"pseudonym": "erased-1"}),
}  # fmt: skip


def test_every_command_is_tried_here() -> None:
    assert {*TAKES, "move"} == set(PACK.authority)


@pytest.mark.parametrize("name", TAKES)
def test_a_command_is_taken_from_the_right_department_and_from_no_other_and_no_stranger(name: str) -> None:
    make, department, fields = TAKES[name]
    world: World = make()
    others = set(world.pack.departments) - {department} - set(world.pack.authority[name])
    for other in others:
        assert world.refuses(name, other, **fields) == "wrong_department"
        command = COMMANDS[name].model_validate({"actor": "x", "department": other} | fields)
        assert precheck(world.case, world.pack, name, command, world.now) is None, "the denial would not be recorded"
    assert world.refuses(name, (), **fields) == "unknown_actor"
    command = COMMANDS[name].model_validate({"actor": "x"} | fields)
    before = world.case
    assert precheck(world.case, world.pack, name, command, world.now) is None
    assert world.case == before
    assert world.send(name, department, **fields).code == "accepted"


@pytest.mark.parametrize("name", TAKES)
def test_a_closed_case_takes_no_command(name: str) -> None:
    _, department, fields = TAKES[name]
    world = World().does("withdraw", DESK)
    assert world.refuses(name, department, **fields) == "closed"


@pytest.mark.parametrize("name", sorted(set(TAKES) - {"triage", "withdraw", "confirm", "forget"}))
def test_a_command_at_the_wrong_stage_is_refused_with_the_stage_it_is_for(name: str) -> None:
    _, department, fields = TAKES[name]
    world = World()
    assert world.refuses(name, department, **fields) == "wrong_stage"
    assert world.case.refusals == 1
    assert world.event("message_refused").data["name"] == name


def test_somebody_of_several_departments_says_for_which_one() -> None:
    world = World(cause="damage_unclear")
    command = {"liable": liable(merchant=100), "reason": "x"}
    both = (DESK, MERCHANDISE, LOGISTICS)
    world.does("confirm", both, department=LOGISTICS, **command)
    assert (world.ask(LOGISTICS).open, world.ask(MERCHANDISE).open) == (False, True)
    assert world.refuses("confirm", both, department=DESK, **command) == "wrong_department"
    assert world.refuses("confirm", MERCHANDISE, department=LOGISTICS, **command) == "wrong_department"


def test_a_message_sent_again_under_its_id_has_one_effect_whatever_has_happened_since() -> None:
    world = World()
    fields: dict[str, Any] = {"liable": liable(merchant=100), "reason": "属实", "command_id": "c-1"}
    assert world.send("confirm", MERCHANDISE, **fields).code == "accepted"
    before = world.case
    world.wait(hours=1)
    assert world.send("confirm", MERCHANDISE, **fields).code == "repeated"
    assert world.case == before
    world.child().does("feedback", DESK, satisfied=True)
    assert world.send("confirm", MERCHANDISE, **fields).code == "repeated"


def test_one_id_for_two_messages_is_refused() -> None:
    world = World(cause="damage_unclear")
    world.confirms(MERCHANDISE)
    world.does("confirm", LOGISTICS, liable=liable(merchant=100), reason="x", command_id="c-1")
    assert world.refuses("confirm", LOGISTICS, liable=liable(carrier=100), reason="x", command_id="c-1") == "bad_input"
    assert world.refuses("withdraw", DESK, command_id="c-1") == "bad_input"


def test_a_refused_message_may_be_sent_again_under_its_id_when_it_fits() -> None:
    world = World()
    assert world.refuses("insist", DESK, reason="x", command_id="c-1") == "wrong_stage"
    world.confirms(customer=100)
    assert world.send("insist", DESK, reason="x", command_id="c-1").code == "accepted"


def test_ids_and_refusals_are_kept_within_bounds() -> None:
    world = World()
    for number in range(KEPT_IDS + 20):
        world.case = world.case.but(seen=(*world.case.seen, (f"old-{number}", "d", "accepted")))
    world.does("withdraw", DESK, command_id="new")
    assert len(world.case.seen) == KEPT_IDS
    flooded = World()
    for _ in range(NOTED_REFUSALS + 30):
        flooded.case, verdict = refused(flooded.case, "x" * 500, Refused.BAD_INPUT, "y" * 5_000, START)
        assert not verdict.accepted
    assert flooded.case.refusals == NOTED_REFUSALS + 30
    assert flooded.kinds().count("message_refused") == NOTED_REFUSALS
    line = flooded.event("message_refused")
    assert (len(str(line.data["name"])), len(str(line.data["reason"]))) == (60, 300)


def test_an_unknown_party_is_refused_and_the_known_ones_are_named() -> None:
    verdict = World().send("confirm", MERCHANDISE, liable=liable(martians=100), reason="x")
    assert verdict.code == "bad_input"
    assert verdict.reason.startswith("liable.0.party:")
    assert "merchant" in verdict.reason
    assert found_against().refuses("contest", DESK, by="martians", reason="x") == "bad_input"


def test_the_door_judges_by_the_present_not_by_the_last_time_the_case_was_looked_at() -> None:
    world = World().wait(hours=1)
    command = COMMANDS["insist"].model_validate({"actor": "x", "reason": "y"})
    verdict = precheck(world.case, world.pack, "insist", command, START + hours(30))
    assert verdict is not None
    assert "executing" in verdict.reason


@pytest.mark.parametrize("actor", [PANEL, LEADERSHIP])
def test_a_decision_nobody_waits_for_is_refused_by_its_stage(actor: str) -> None:
    verdict = World().send("decide", actor, grant=True, reason="x")
    assert (verdict.code, "for panel or leadership" in verdict.reason) == ("wrong_stage", True)


def test_the_door_leaves_it_to_the_case_what_a_sender_is_told_where_each_would_be_told_something_else() -> None:
    world = World(pack=COURIER, cause="lost", contact=None, details={"sender": "S", "recipient": "R", "request": "x"})
    world.does("record", DESK).does("record", "supervisor", fields={"decisions": "x"})
    command = RecordDuty(actor="somebody", fields={"finding": "x"})
    assert precheck(world.case, world.pack, "record", command, world.now) is None
    named = command.model_copy(update={"department": "station"})
    verdict = precheck(world.case, world.pack, "record", named, world.now)
    assert verdict is not None
    assert "fields.waybill: is missing" in verdict.reason
