"""Authority, cell by cell: every command of every department at every stage is allowed or denied as the data says."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from models.commands import COMMANDS, Decide
from models.directory import Directory, Person, Team
from models.names import COMMAND_NAMES
from models.stage import Stage
from rules.authority import LEAVES, another_person
from rules.checks import Refusal
from rules.messages import receive
from rules.record import KEPT_EVENTS
from rules.replies import Message
from tests.builders import least
from tests.rules.builders import (
    COURIER,
    DESK,
    LEADERSHIP,
    LOGISTICS,
    MERCHANDISE,
    PACK,
    PANEL,
    RETURNS,
    World,
    found_against,
    granted,
    liable,
    offered,
    paid,
)
from tests.rules.test_courier import parcel

DEPARTMENTS = tuple(PACK.departments)
AT: dict[Stage, Callable[[], World]] = {
    Stage.NEGOTIATING: lambda: World(negotiation="not_tried"),
    Stage.EXPLAINING: lambda: World(contact=None),
    Stage.ASKED: World,
    Stage.VERIFYING: lambda: World().confirms(merchant=50, customer=50),
    Stage.PANEL: lambda: found_against().does("contest", DESK, by="customer", reason="x"),
    Stage.REFUSED: found_against,
    Stage.LEADERSHIP: lambda: found_against().does("insist", DESK, reason="x"),
    Stage.EXECUTING: granted,
    Stage.TASK: lambda: granted().child(failure="x", step="pay"),
    Stage.FEEDBACK: paid,
    Stage.CLOSED: lambda: paid().does("feedback", DESK, satisfied=True),
}
FIELDS = {name: least(name, merchant=100) for name in PACK.authority}
ALWAYS = {
    "contact": {DESK},
    "triage": {DESK},
    "negotiated": {DESK},
    "verify": {DESK},
    "contest": {DESK, MERCHANDISE, LOGISTICS},
    "insist": {DESK},
    "goods": {RETURNS},
    "feedback": {DESK},
    "withdraw": {DESK},
    "forget": {DESK},
    "move": {PANEL},
}
WITH_THE_TASK = {
    ("decide", Stage.PANEL): {PANEL},
    ("decide", Stage.LEADERSHIP): {LEADERSHIP},
    ("resolve", Stage.TASK): {RETURNS},
}
NOBODY_ASKED = {Stage.NEGOTIATING}


def allowed(name: str, stage: Stage) -> set[str] | None:
    """Who may send it then; None where nobody can, so that the stage is the reason and not the sender."""
    if name == "confirm":
        return None if stage in NOBODY_ASKED else {MERCHANDISE}
    return ALWAYS.get(name) or WITH_THE_TASK.get((name, stage))


def judged(world: World, name: str, hats: tuple[str, ...], department: str | None) -> str:
    command = COMMANDS[name].model_validate({"actor": "head", "department": department, **FIELDS[name]})
    return str(receive(world.case, world.pack, Message(name, command, world.now, hats))[1].code)


@pytest.mark.parametrize("stage", AT)
def test_every_cell_is_as_the_data_says(stage: Stage) -> None:
    world = AT[stage]()
    assert world.stage == stage
    wrong = []
    for name, own, claimed in itertools.product(FIELDS, DEPARTMENTS, (None, *DEPARTMENTS)):
        code = judged(world, name, (own,), claimed)
        may = allowed(name, stage)
        denied = may is not None and (own not in may or claimed not in {None, own})
        expected = "closed" if stage is Stage.CLOSED else "wrong_department" if denied else None
        if (code if code in {"closed", "wrong_department", "unknown_actor"} else None) != expected:
            wrong.append((name, own, claimed, code))
    assert wrong == []
    strangers = {judged(world, name, (), claimed) for name in FIELDS for claimed in (None, *DEPARTMENTS)}
    assert strangers == ({"closed"} if stage is Stage.CLOSED else {"unknown_actor"})


def test_the_cells_are_all_there() -> None:
    parts_it_lacks = {Stage.WORKING, Stage.OFFERING, Stage.APPROVING}
    assert set(AT) == set(Stage) - parts_it_lacks
    assert set(ALWAYS) | {"confirm", "decide", "resolve"} == set(PACK.authority)


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (None, "accepted"),
        ({"CNY": 12_800}, "accepted"),
        ({"CNY": 12_799}, "over_limit"),
        ({"USD": 99_999}, "over_limit"),
        ({}, "over_limit"),
    ],
)
def test_a_decision_lets_out_no_more_than_its_sender_may(limits: dict[str, int] | None, code: str) -> None:
    world = AT[Stage.PANEL]()
    owed = world.view.amount
    limits = {key: owed + value - 12_800 for key, value in limits.items()} if limits else limits
    command = COMMANDS["decide"].model_validate({"actor": "head", **FIELDS["decide"]})
    case, verdict = receive(world.case, world.pack, Message("decide", command, world.now, (PANEL,), limits))
    assert verdict.code == code
    if code == "over_limit":
        assert f"this is CNY {owed // 100}.00;" in verdict.reason
        assert case.stage is Stage.PANEL
    refusal = COMMANDS["decide"].model_validate({"actor": "head", "grant": False, "reason": "x"})
    assert receive(world.case, world.pack, Message("decide", refusal, world.now, (PANEL,), limits))[1].accepted


def test_an_agent_without_the_money_may_not_grant_at_once_either() -> None:
    world = World()
    command = COMMANDS["triage"].model_validate({"actor": "x", **FIELDS["triage"]})
    message = Message("triage", command, world.now, (DESK,), {"CNY": 1})
    assert receive(world.case, world.pack, message)[1].code == "over_limit"


def reexamined() -> World:
    """5.00 were given; not satisfied until the panel has the case, which is owed nothing more."""
    world = granted(demand={"kind": "compensation", "amount": 500}).child()
    for _ in range(PACK.rework.times):
        world.does("feedback", DESK, satisfied=False, reason="x", demand={"kind": "compensation", "amount": 100})
        world.confirms().child()
    return world.does("feedback", DESK, satisfied=False, reason="x")


def judged_within(world: World, name: str, hat: str, limit: int, **fields: Any) -> str:
    command = COMMANDS[name].model_validate({"actor": "head", **fields})
    return str(receive(world.case, world.pack, Message(name, command, world.now, (hat,), {"CNY": limit}))[1].code)


def test_a_new_demand_counts_against_the_limit_with_all_it_pays_whatever_was_refunded_before() -> None:
    world = reexamined()
    assert (world.stage, world.case.refunded > 0) == ("panel", True)
    decision: dict[str, Any] = {"grant": True, "reason": "x", "liable": liable(merchant=100)}
    decision["demand"] = {"kind": "compensation", "amount": 1_000}
    assert judged_within(world, "decide", PANEL, 999, **decision) == "over_limit"
    assert judged_within(world, "decide", PANEL, 1_000, **decision) == "accepted"
    execution = world.does("decide", PANEL, **decision).case.execution
    assert execution is not None
    assert execution.remedy.amount == 1_000


def test_a_new_offer_counts_against_the_limit_with_all_it_pays_whatever_was_refunded_before() -> None:
    world = offered().does("respond", "reception", version=1, accept=True).child()
    world.does("feedback", "reception", satisfied=False, reason="x").does("record", "reception")
    assert (world.stage, world.case.refunded) == ("offering", 4_000)
    new: dict[str, Any] = {"demand": {"kind": "refund", "amount": 1_000}, "basis": "x", "liable": liable(hotel=100)}
    new["fields"] = {"impact": "small"}
    assert judged_within(world, "offer", "duty_manager", 999, **new) == "over_limit"
    assert judged_within(world, "offer", "duty_manager", 1_000, **new) == "accepted"


def test_a_refund_instead_counts_against_the_limit_with_all_it_pays_whatever_was_refunded_before() -> None:
    world = granted(demand={"kind": "compensation", "amount": 500}).child()
    kettle: dict[str, Any] = {"kind": "reship", "lines": [{"sku": "S-1", "quantity": 1}]}
    world.does("feedback", DESK, satisfied=False, reason="x", demand=kettle)
    world.confirms().child(failure="out_of_stock", step="reserve")
    assert (world.stage, world.case.promised) == ("task", 500)
    assert judged_within(world, "resolve", RETURNS, 9_999, outcome="refund_instead") == "over_limit"
    assert judged_within(world, "resolve", RETURNS, 10_000, outcome="refund_instead") == "accepted"


def test_what_is_settled_by_other_means_counts_against_the_limit_whatever_is_asked_for_today() -> None:
    world = granted(demand={"kind": "compensation", "amount": 500}).child()
    world.does("feedback", DESK, satisfied=False, reason="x", demand={"kind": "apology"}).confirms()
    assert (world.stage, world.case.demand.kind) == ("feedback", "apology")
    world.does("taken_back", PACK.cashier, reference="P-1", code="account_closed")
    assert judged_within(world, "resolve", PACK.cashier, 499, outcome="settled", reference="BANK-1") == "over_limit"
    assert judged_within(world, "resolve", PACK.cashier, 500, outcome="settled", reference="BANK-1") == "accepted"


def test_goods_count_against_the_limit_at_their_worth_whatever_was_refunded_before() -> None:
    world = reexamined()
    decision: dict[str, Any] = {"grant": True, "reason": "x", "liable": liable(merchant=100)}
    decision["demand"] = {"kind": "exchange", "lines": [{"sku": "S-1", "quantity": 1}]}
    assert judged_within(world, "decide", PANEL, 9_999, **decision) == "over_limit"
    assert judged_within(world, "decide", PANEL, 10_000, **decision) == "accepted"


@pytest.mark.parametrize("part", ["confirm", "contest"])
def test_who_had_a_part_in_the_matter_does_not_decide_it(part: str) -> None:
    world = World()
    who = {"confirm": "Wei", "contest": "Mo"}
    world.does("confirm", MERCHANDISE, actor="Wei", liable=liable(customer=100), reason="x")
    world.does("contest", DESK, actor="Mo", by="customer", reason="x")
    assert world.refuses("decide", PANEL, actor=who[part], **FIELDS["decide"]) == "same_person"
    assert world.send("decide", PANEL, actor="Ling", **FIELDS["decide"]).accepted


@pytest.mark.parametrize("part", ["confirm", "contest"])
def test_who_had_a_part_does_not_decide_however_many_lines_of_strangers_have_followed(part: str) -> None:
    world = World()
    world.does("confirm", MERCHANDISE, actor="Wei", liable=liable(customer=100), reason="x")
    world.does("contest", DESK, actor="Mo", by="customer", reason="x")
    for _ in range(2 * KEPT_EVENTS):
        assert not world.send("withdraw", (), actor="Ling").accepted
    assert "answered" not in world.kinds()
    who = {"confirm": "Wei", "contest": "Mo"}[part]
    assert world.refuses("decide", PANEL, actor=who, **FIELDS["decide"]) == "same_person"
    assert world.case.parts[-2:] == (("answered", "Wei"), ("contested", "Mo"))
    assert world.send("decide", PANEL, actor="Ling", **FIELDS["decide"]).accepted


def test_a_procedure_may_keep_whoever_sent_any_command_from_another() -> None:
    assert set(LEAVES) == set(COMMAND_NAMES)
    world = World(pack=PACK.model_copy(update={"separation": {"decide": ("feedback",)}})).confirms().child()
    for _ in range(PACK.rework.times):
        world.does("feedback", DESK, satisfied=False, actor="Mo").does("contact", DESK).confirms()
    world.does("feedback", DESK, satisfied=False, actor="Wei")
    assert world.stage == Stage.PANEL
    assert world.refuses("decide", PANEL, actor="Mo", **FIELDS["decide"]) == "same_person"
    assert world.send("decide", PANEL, actor="Ling", **FIELDS["decide"]).accepted


def test_who_sent_a_case_down_another_route_had_a_part_in_it() -> None:
    world = parcel().does("triage", DESK, route="complex", reason="x", actor="Mo")
    pack = COURIER.model_copy(update={"separation": {"decide": ("triage",)}})
    another_person(world.case, pack, "decide", Decide(actor="Ling", grant=True, reason="x"))
    with pytest.raises(Refusal, match="had a part in this matter"):
        another_person(world.case, pack, "decide", Decide(actor="Mo", grant=True, reason="x"))


def test_the_directory_says_who_reads_what_and_how_much_they_may_let_out() -> None:
    people = [Person(name=name, email=f"{name}@example.com") for name in ("a", "b")]
    boss = Person(name="c", email="c@example.com", limits={"CNY": 5})
    directory = Directory(
        departments={
            "desk": Team(owners=(people[0], boss), sees="all", personal_data=True),
            "stock": Team(owners=(people[1],)),
        },
        parties={"merchant:M-7": ("portal",)},
    )
    assert [directory.sees_all(name) for name in ("a", "b", "x")] == [True, False, False]
    assert [directory.needs_personal_data(name) for name in ("a", "b", "x")] == [True, False, False]
    assert [directory.limits_of(name) for name in ("a", "c", "x")] == [None, {"CNY": 5}, None]
    assert (directory.parties_of("portal"), directory.parties_of("a")) == (("merchant:M-7",), ())
