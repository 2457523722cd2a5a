"""Authority limits by amount and liable side, more time, substitutes, another version: on an invented hotel's rules."""

from typing import Any

import pytest

from models.commands import Move, Share
from models.complaint import DemandKind
from models.procedure import Procedure, Step
from models.steps import Band
from rules.approving import band_of
from rules.audit import breaches
from rules.checks import Refusal
from rules.permits import move
from tests.rules.builders import (
    HOTEL,
    MERCHANDISE,
    PACK,
    PANEL,
    RETURNS,
    START,
    World,
    granted,
    guest,
    hours,
    liable,
    offered,
    paid,
)
from tests.rules.test_takeback import row

MANAGER, GENERAL, DESK, ROOMS = "duty_manager", "general_manager", "reception", "housekeeping"
SEEN = {"as_told": True, "seen_by": "Hugo"}
STORE = HOTEL.model_copy(
    update={
        "approvals": (
            Band(liable=("laundry",), up_to=2_000, source="S2-38"),
            Band(liable=("laundry",), over=2_000, up_to=10_000, by="duty_manager", source="S2-38"),
            Band(liable=("laundry",), over=10_000, by="general_manager", source="S2-38"),
            Band(liable=("hotel",), up_to=50_000, by="duty_manager", source="S2-40"),
            Band(liable=("hotel",), over=50_000, up_to=500_000, by="general_manager", source="S2-40"),
            Band(liable=("hotel",), over=500_000, by="owner", source="S2-40"),
        )
    }
)
"""The bands of a store (document 002 e): the supplier pays, or the company."""


def found(amount: int, **shares: int) -> World:
    """Housekeeping has found who is liable for so much."""
    world = guest(demand={"kind": "refund", "amount": amount}).does("record", DESK)
    return world.does("record", ROOMS, fields=SEEN, liable=liable(**(shares or {"hotel": 100})), actor="Hugo")


@pytest.mark.parametrize(
    ("party", "amount", "by"),
    [
        ("laundry", 2_000, None),
        ("laundry", 2_001, MANAGER),
        ("laundry", 10_000, MANAGER),
        ("laundry", 10_001, GENERAL),
        ("hotel", 50_000, MANAGER),
        ("hotel", 50_001, GENERAL),
        ("hotel", 500_000, GENERAL),
        ("hotel", 500_001, "owner"),
    ],
)
def test_s2_38_s2_40_s2_41_the_band_is_exact_a_boundary_belongs_to_the_lower_one(
    party: str, amount: int, by: str | None
) -> None:
    band = band_of(STORE, amount, (Share(party=party),))
    assert band is not None
    assert band.by == by


def test_with_several_liable_parties_the_highest_authority_counts() -> None:
    band = band_of(STORE, 60_000, (Share(party="laundry", percent=50), Share(party="hotel", percent=50)))
    assert band is not None
    assert band.by == GENERAL


def test_with_several_liable_parties_the_highest_authority_counts_whichever_bands_stand_last() -> None:
    for amount, by in ((2_000, MANAGER), (20_000, GENERAL), (50_001, GENERAL)):
        band = band_of(STORE, amount, (Share(party="hotel", percent=50), Share(party="laundry", percent=50)))
        assert band is not None
        assert band.by == by
    assert found(20_500, hotel=50, laundry=50).view.waiting_for == GENERAL


def test_what_a_band_leaves_to_its_maker_needs_no_approval() -> None:
    assert found(5_000).stage == "executing"


def test_more_than_that_waits_for_its_approver_before_anything_is_promised() -> None:
    world = found(5_001)
    assert (world.stage, world.view.waiting_for, world.view.due) == ("approving", MANAGER, START + hours(1))
    assert not world.mails("result")
    assert world.does("approve", MANAGER, approve=True, actor="Dora", reason="fair").stage == "executing"
    approved = world.event("approved")
    assert (approved.actor, approved.department, approved.data["reason"]) == ("Dora", MANAGER, "fair")


def test_goods_after_a_refund_need_the_approval_their_worth_needs() -> None:
    pack = PACK.model_copy(
        update={"approvals": (Band(up_to=20_000, source="x"), Band(over=20_000, by=PANEL, source="x"))}
    )
    first = World(pack=pack, demand={"kind": "exchange"}).confirms()
    again = World(pack=pack, demand={"kind": "compensation", "amount": 5_000}).confirms().child()
    again.does("feedback", "customer_service", satisfied=False, reason="x", demand={"kind": "exchange"}).confirms()
    assert (first.stage, again.stage, again.case.refunded) == ("approving", "approving", 5_000)


def test_the_approver_is_never_who_determined() -> None:
    world = found(5_001)
    assert world.refuses("approve", MANAGER, actor="Hugo", approve=True) == "same_person"
    assert world.refuses("approve", DESK, approve=True) == "wrong_department"


def _limited(by: str) -> Procedure:
    """The platform's rules, where every refund needs an approval."""
    bands = (Band(over=0, by=by, source="S2-38"),)
    return PACK.model_copy(update={"approvals": bands, "authority": PACK.authority | {"approve": ("task",)}})


def test_the_approver_is_none_of_those_by_whose_answers_it_was_determined() -> None:
    world = World(pack=_limited("panel"), cause="damage_unclear")
    for department, actor in zip([ask.department for ask in world.case.asks], ("Ann", "Bob"), strict=True):
        world.does("confirm", department, liable=liable(merchant=100), reason="x", actor=actor)
    for actor in ("Ann", "Bob"):
        assert world.refuses("approve", "panel", approve=True, actor=actor) == "same_person"
    assert world.does("approve", "panel", approve=True, actor="Cleo").stage == "executing"


def test_silence_needs_an_approval_also_where_the_authority_has_answered_in_an_earlier_round() -> None:
    part = {"kind": "refund", "amount": 5_000}
    world = World(pack=_limited(MERCHANDISE), demand=part).confirms(MERCHANDISE, merchant=100)
    assert world.stage == "executing"  # the authority itself has determined it
    world.child().does("feedback", "customer_service", satisfied=False, reason="x", demand=part)
    world.does("contact", "customer_service").wait(hours=25)
    assert (world.ruling.basis, world.stage) == ("silence", "approving")
    assert (
        world.does("approve", MERCHANDISE, approve=True).stage == "executing"
    )  # who answered before has no part in it


def test_not_approved_a_determination_is_the_panels() -> None:
    world = found(5_001).does("approve", MANAGER, approve=False, reason="too much")
    assert (world.stage, world.view.waiting_for) == ("panel", GENERAL)
    assert world.event("not_approved").data["reason"] == "too much"


def test_an_approval_nobody_gives_goes_up_the_ladder() -> None:
    world = found(5_001).wait(hours=1)
    assert world.event("task_overdue").department == MANAGER
    assert (world.stage, world.view.waiting_for) == ("approving", f"{MANAGER},{GENERAL}")
    assert [mail.to for mail in world.mails("approval")] == [MANAGER, GENERAL]
    assert world.does("approve", GENERAL, approve=True).stage == "executing"


def test_s2_38_an_approver_who_is_barred_leaves_it_to_the_next_higher_authority_and_at_last_to_the_leadership() -> None:
    world = found(5_001).wait(hours=1)
    assert world.refuses("approve", MANAGER, actor="Hugo", approve=True) == "same_person"
    assert world.refuses("approve", "owner", approve=True) == "wrong_department"
    world.wait(days=40)
    assert world.view.waiting_for == f"{MANAGER},{GENERAL},{HOTEL.leadership}"


def test_a_task_of_an_hour_nobody_heeds_is_told_up_the_ladder_by_the_hour_and_then_once_a_day() -> None:
    world = found(5_001)
    asked = world.now
    world.wait(days=10)
    rung = [(event.at - asked) / hours(1) for event in world.case.events if event.kind == "task_overdue"]
    assert rung == [1, 2, 3, *range(27, 240, 24)]


def test_an_outage_of_ours_hands_no_approval_on() -> None:
    world = guest(demand={"kind": "refund", "amount": 5_001})
    world.does("record", DESK)
    world.handing_over = False
    world.does("record", ROOMS, fields=SEEN, liable=liable(hotel=100), actor="Hugo").outage(hours=3)
    assert world.view.waiting_for == MANAGER


def test_an_offer_is_approved_before_the_customer_sees_it_and_goes_back_if_it_is_not() -> None:
    world = guest(cause="rude").does("record", DESK)
    offer: dict[str, Any] = {"basis": "x", "liable": liable(hotel=100), "fields": {"impact": "some"}, "actor": "Dora"}
    world.does("offer", MANAGER, demand={"kind": "refund", "amount": 21_000}, **offer)
    assert (world.stage, world.mails("offer")) == ("approving", [])
    world.does("approve", GENERAL, approve=False, reason="too much")
    assert (world.stage, world.view.offers[0].state) == ("offering", "withheld")
    assert world.mails("offer_wanted")[-1].values["reason"] == "too much"
    world.does("offer", MANAGER, demand={"kind": "refund", "amount": 20_001}, **offer)
    world.does("approve", GENERAL, approve=True).does("respond", DESK, version=2, accept=True)
    assert world.child().case.refunded == 20_001


def test_s2_39_a_countersignature_is_due_after_the_fact_and_keeps_the_case_open_until_it_is_there() -> None:
    world = found(6_000).does("approve", MANAGER, approve=True).child()
    world.does("feedback", DESK, satisfied=True)
    assert (world.stage, world.view.waiting_for, world.case.exit) == ("working", GENERAL, "satisfied")
    assert world.refuses("withdraw", DESK) == "wrong_stage"
    world.wait(hours=49)
    assert world.event("duty_missed").data["duty"] == "countersign"
    assert world.does("record", GENERAL).exit == "satisfied"


def test_silence_of_a_duty_rules_for_the_customer_where_the_procedure_says_so() -> None:
    world = guest(demand={"kind": "refund", "amount": 4_000}).does("record", DESK).wait(hours=1)
    assert (world.stage, world.ruling.basis, world.shares) == ("executing", "silence", {"hotel": 100})
    late = world.send("record", ROOMS, fields=SEEN, liable=liable(laundry=100))
    assert (late.accepted, late.code, world.shares) == (True, "late", {"hotel": 100})
    assert world.refuses("record", ROOMS, fields=SEEN, liable=liable(laundry=100)) == "already_answered"


def test_an_outage_of_ours_over_a_duty_blames_nobody() -> None:
    world = guest().outage(hours=5)
    assert world.ruling.basis == "silence"
    assert {event.data["duty"] for event in world.case.events if event.kind == "duty_missed"} == {"first_word"}
    assert world.shares == {"hotel": 100}
    assert guest(pack=_version(unreachable="laundry")).outage(hours=5).shares == {"laundry": 100}


def test_s2_08_a_report_that_finds_nothing_true_tells_the_customer_why() -> None:
    world = guest().does("record", DESK)
    world.does("record", ROOMS, fields={"as_told": False, "seen_by": "Hugo"}, note="The room was clean.")
    assert (world.stage, world.mails("refused_finding")[-1].values["reason"]) == ("refused", "The room was clean.")


def test_s2_13_an_unsatisfied_customers_case_begins_again_with_the_named_step() -> None:
    world = found(4_000).child().does("feedback", DESK, satisfied=False, reason="Still dirty.")
    assert [work.duty for work in world.view.works if work.state == "waiting"] == ["look"]
    assert world.view.due == world.now + hours(0.5)  # the clock of a re-examination


def test_s2_11_a_class_of_cases_is_called_back_twice_however_satisfied() -> None:
    world = guest(cause="food_poisoning").does("record", MANAGER, fields={"doctor_called": True})
    world.does("record", MANAGER, fields={"finding": "eggs"})
    offer = {"demand": {"kind": "refund", "amount": 4_000}, "basis": "x", "liable": liable(hotel=100)}
    world.does("offer", MANAGER, fields={"impact": "some"}, **offer).does("respond", DESK, version=1, accept=True)
    world.child().does("feedback", DESK, satisfied=True)
    assert world.stage == "feedback"
    world.wait(hours=48).does("feedback", DESK, satisfied=True)
    assert world.exit == "satisfied"


def test_s2_42_a_major_complaint_is_reported_at_once() -> None:
    world = guest(cause="food_poisoning")
    assert {mail.to for mail in world.mails("major")} == {GENERAL, "owner"}


def test_a_step_is_only_for_the_cases_it_names() -> None:
    member = guest(details={"room": 1, "guest_kind": "member"}, demand={"kind": "refund", "amount": 4_000})
    member.does("record", DESK).does("record", ROOMS, fields=SEEN, liable=liable(hotel=100)).child()
    assert member.view.works[-1].duty == "card"
    assert found(4_000).child().stage == "feedback"


def test_an_unanswered_customer_may_be_the_panels() -> None:
    world = found(4_000).child().wait(days=5)
    assert (world.stage, world.view.waiting_for) == ("panel", GENERAL)


def test_a_deadline_is_extended_once_with_a_reason_by_somebody_else_and_the_customer_is_told() -> None:
    world = guest().does("record", DESK)
    more = {"of": ROOMS, "asked_by": "Hugo", "reason": "The floor is flooded."}
    assert world.refuses("extend", MANAGER, by="3h", **more) == "too_much"
    assert world.refuses("extend", MANAGER, by="1h", actor="Hugo", **more) == "same_person"
    assert world.refuses("extend", ROOMS, by="1h", **more) == "wrong_department"
    assert world.refuses("extend", (MANAGER, ROOMS), by="1h", **more) == "same_person"
    assert world.refuses("extend", MANAGER, by="1h", **(more | {"of": DESK})) == "bad_input"
    world.does("extend", MANAGER, by="2h", **more)
    assert (world.view.due, world.mails("extended")[-1].to) == (START + hours(3), "customer")
    given = world.event("extended").data
    assert (given["asked_by"], given["reason"]) == ("Hugo", "The floor is flooded.")
    assert world.refuses("extend", MANAGER, by="1h", **more) == "too_much"
    assert World().refuses("extend", DESK, by="1h", **more) == "wrong_department"  # a procedure without extensions


def test_a_substitute_gives_no_more_time_to_the_department_it_stands_in_for() -> None:
    rooms = HOTEL.departments[ROOMS].model_copy(update={"substitute": DESK})
    pack = _version(departments=HOTEL.departments | {ROOMS: rooms}, authority=HOTEL.authority | {"extend": (ROOMS,)})
    more = {"of": ROOMS, "asked_by": "Hugo", "reason": "The floor is flooded.", "by": "1h"}
    assert guest(pack=pack).refuses("extend", DESK, **more) == "same_person"
    assert guest(pack=pack).refuses("extend", DESK, **(more | {"of": DESK})) == "same_person"


def test_a_substitute_acts_in_the_departments_place() -> None:
    world = guest().does("record", MANAGER)
    assert world.event("recorded").department == DESK
    assert guest().refuses("record", MANAGER, department=ROOMS) == "wrong_department"


def test_somebody_of_no_part_in_a_duty_reports_nothing() -> None:
    world = guest()
    assert world.refuses("record", GENERAL) == "wrong_department"
    assert world.does("record", DESK).refuses("record", DESK) == "already_answered"


def _version(**changes: Any) -> Procedure:
    return HOTEL.model_copy(update={"version": 2} | changes)


def test_a_case_moves_to_another_version_only_if_it_has_all_the_case_stands_on() -> None:
    world = guest().does("record", DESK)
    command = Move(actor="Olga", version=2, reason="x")
    moved, verdict = move(world.case, HOTEL, command, world.now, "owner", other=_version())
    assert (verdict.accepted, moved.procedure, moved.works[-1].deadline) == (True, "hotel.2", world.view.due)
    routes = tuple(route for route in HOTEL.routes if route.name != "room")
    duties = {name: duty for name, duty in HOTEL.duties.items() if name != "look"}
    for lacking, told in (
        (_version(routes=routes), "lacks the route room"),
        (_version(duties=duties), "lacks the duty look"),
        (_version(causes={}), "lacks the cause dirty"),
        (None, "does not have it"),
        (HOTEL, "is the one the case runs on"),
    ):
        with pytest.raises(Refusal, match=told):
            move(world.case, HOTEL, command, world.now, "owner", other=lacking)


def _moved(world: World, other: Procedure) -> World:
    """The same case under another version."""
    command = Move(actor="Olga", version=2, reason="x")
    world.case, _ = move(world.case, world.pack, command, world.now, "owner", other=other)
    world.pack = other
    return world


def test_a_case_is_not_moved_to_a_version_without_a_party_that_bears_its_cost_or_may_come_to() -> None:
    parties = {name: party for name, party in HOTEL.parties.items() if name != "laundry"}
    asked = World(pack=PACK, cause="damage_unclear").confirms(MERCHANDISE, carrier=100)
    with pytest.raises(Refusal, match="the party carrier"):
        _moved(asked, PACK.model_copy(update={"version": 2, "parties": {"merchant": PACK.parties["merchant"]}}))
    world = found(1_000, laundry=100)
    for case in (world.case, world.case.but(ruling=None)):
        world.case = case
        with pytest.raises(Refusal, match="the party laundry"):
            _moved(world, _version(parties=parties))


def test_a_case_is_not_moved_to_a_version_without_a_remedy_that_may_have_to_be_given_again() -> None:
    world = paid(demand={"kind": "refund", "amount": 5_000})
    world.does("feedback", "customer_service", satisfied=False, reason="x", demand={"kind": "exchange"})
    remedies = {kind: plan for kind, plan in PACK.remedies.items() if kind != "refund"}
    with pytest.raises(Refusal, match="the remedy refund"):
        _moved(world, PACK.model_copy(update={"version": 2, "remedies": remedies}))


def test_a_case_is_not_moved_to_a_version_without_the_remedy_its_customer_asked_for_instead() -> None:
    world = offered().does("respond", DESK, version=1, accept=True).child()
    world.does("feedback", DESK, satisfied=False, reason="x", demand={"kind": "apology"}).does("record", DESK)
    offer = {"demand": {"kind": "refund", "amount": 500}, "basis": "rule 11", "liable": liable(hotel=100)}
    world.does("offer", MANAGER, **offer, fields={"impact": "small"})
    remedies = {kind: plan for kind, plan in HOTEL.remedies.items() if kind != "apology"}
    with pytest.raises(Refusal, match="the remedy apology"):
        _moved(world, _version(remedies=remedies))


def test_a_case_with_an_offer_is_not_moved_to_a_version_without_offers() -> None:
    with pytest.raises(Refusal, match="the stage offering"):
        _moved(offered(), _version(offers=None))


def test_a_late_report_on_a_duty_the_case_was_moved_away_from_is_refused() -> None:
    world = guest().wait(minutes=59)
    assert [work.duty for work in world.case.works if work.silent] == ["first_word"]
    duties = {name: duty for name, duty in HOTEL.duties.items() if name != "first_word"}
    world = _moved(world, _version(duties=duties))
    assert world.send("record", DESK, duty="first_word").code == "already_answered"


def test_a_case_triaged_while_an_offer_waits_goes_on_with_what_was_asked_for() -> None:
    world = offered()
    asked = world.case.complaint.demand
    assert world.case.demand != asked
    world.does("triage", MANAGER, handling="grant", reason="x")
    assert world.case.demand == asked


def test_an_accepted_offer_is_settled_as_offered() -> None:
    world = offered().does("respond", DESK, version=1, accept=True)
    assert (world.ruling.reason, world.ruling.department) == ("rule 11", MANAGER)


def _with_steps(kind: DemandKind, *steps: Step) -> Procedure:
    changed = PACK.remedies[kind].model_copy(update={"steps": steps})
    return PACK.model_copy(update={"version": 2, "remedies": PACK.remedies | {kind: changed}})


def test_a_case_is_not_moved_to_a_version_that_carries_out_what_is_under_way_by_other_steps() -> None:
    returned = granted(demand={"kind": "return_and_refund"})
    with pytest.raises(Refusal, match="the same steps of return_and_refund"):
        _moved(returned, _with_steps(DemandKind.RETURN_AND_REFUND, "pay"))
    refused = granted().child(failure="account_closed", step="pay")
    with pytest.raises(Refusal, match="the same steps of refund"):
        _moved(refused, _with_steps(DemandKind.REFUND))
    assert returned.does("goods", RETURNS, accepted=True).child().case.refunded == 21_000


def test_a_case_is_not_moved_to_a_version_that_could_not_pay_again_what_the_gateway_takes_back() -> None:
    with pytest.raises(Refusal, match="the payment of refund"):
        _moved(paid(), _with_steps(DemandKind.REFUND))


def test_a_clock_too_short_for_its_first_reminder_still_has_its_later_one() -> None:
    look = HOTEL.duties["look"].model_copy(update={"within": hours(0.5), "reminders": (hours(0.75), hours(0.25))})
    world = guest(pack=HOTEL.model_copy(update={"duties": HOTEL.duties | {"look": look}})).does("record", DESK)
    issued = world.now
    world.wait(minutes=29)
    assert [mail.at for mail in world.mails("duty_reminded")] == [issued + hours(0.25)]


@pytest.mark.parametrize(
    ("world", "command"),
    [
        (found(12_000), "approve"),
        (guest().does("record", DESK), "record"),
        (World(), "confirm"),
        (offered(), "respond"),
        (World(negotiation="not_tried"), "negotiated"),
        (World(contact=None), "contact"),
        (World().confirms(merchant=50, customer=50), "verify"),
    ],
    ids=["approving", "working", "asked", "offering", "negotiating", "explaining", "verifying"],
)
def test_a_case_is_not_moved_to_a_version_in_which_nobody_may_say_what_it_waits_for(world: World, command: str) -> None:
    authority = {name: who for name, who in world.pack.authority.items() if name != command}
    with pytest.raises(Refusal, match=f"the command {command}"):
        _moved(world, world.pack.model_copy(update={"version": 2, "authority": authority}))


def test_an_ask_with_more_time_ends_at_its_new_deadline_and_the_oracle_knows_it() -> None:
    authority = PACK.authority | {"extend": (PANEL,)}
    pack = PACK.model_copy(update={"extensions": HOTEL.extensions, "authority": authority})
    more = {"of": MERCHANDISE, "by": "2h", "asked_by": "Mo", "reason": "The floor is flooded."}
    silent, answered = (World(pack=pack).does("extend", PANEL, **more).wait(hours=25) for _ in range(2))
    answered.confirms()
    assert silent.refuses("extend", PANEL, **more) == "too_much"
    silent.wait(hours=1)
    assert (answered.ruling.basis, silent.ruling.basis, silent.ruling.at) == ("answer", "silence", START + hours(26))
    assert [breaches(row(world), world.case.events) for world in (silent, answered)] == [[], []]
    for world, code in ((silent, "silence_off_deadline"), (answered, "answer_after_deadline")):
        unsaid = [e.model_copy(update={"kind": "x"}) if e.kind == "extended" else e for e in world.case.events]
        assert [wrong.code for wrong in breaches(row(world), unsaid)] == [code]


def test_a_case_is_not_moved_to_a_version_without_the_department_that_has_its_task() -> None:
    departments = {name: each for name, each in HOTEL.departments.items() if name != MANAGER}
    with pytest.raises(Refusal, match=f"the department {MANAGER}"):
        _moved(found(5_001), _version(departments=departments))


def test_what_the_steps_before_have_left_open_is_the_panels_and_no_refusal() -> None:
    look = HOTEL.duties["look"].model_copy(update={"on_silence": "proceed"})
    world = guest(pack=_version(duties=HOTEL.duties | {"look": look})).does("record", DESK).wait(hours=1)
    assert (world.stage, world.case.ruling) == ("panel", None)


def test_while_the_customer_has_an_offer_nobody_makes_another() -> None:
    offer = {"demand": {"kind": "refund", "amount": 100}, "basis": "x", "liable": liable(hotel=100)}
    assert offered().refuses("offer", MANAGER, **offer, fields={"impact": "none"}) == "wrong_stage"


def test_a_complaint_withdrawn_while_a_department_is_at_work_ends_at_once_and_the_department_is_told() -> None:
    world = guest().does("withdraw", DESK)
    assert (world.exit, [mail.to for mail in world.mails("ask_withdrawn")]) == ("withdrawn", [DESK])


def test_a_report_that_names_a_stranger_or_more_than_was_paid_is_refused_a_late_one_too() -> None:
    world = guest().does("record", DESK)
    stranger, too_much = liable(martians=100), {"kind": "refund", "amount": 21_001}
    for _ in range(2):
        assert world.refuses("record", ROOMS, fields=SEEN, liable=stranger) == "bad_input"
        assert world.refuses("record", ROOMS, fields=SEEN, liable=liable(hotel=100), demand=too_much) == "too_much"
        world.wait(hours=1)
    assert world.ruling.basis == "silence"


def test_an_offer_says_its_number_and_a_counter_its_reason() -> None:
    world = offered()
    assert world.mails("offer")[-1].values["version"] == 1
    countered = world.does("respond", DESK, version=1, accept=False, reason="too little").event("offer_countered")
    assert (countered.data["version"], countered.data["reason"]) == (1, "too little")


def test_what_a_report_rests_on_is_kept_with_it() -> None:
    world = guest().does("record", DESK)
    world.does("record", ROOMS, fields=SEEN, liable=liable(hotel=100), evidence=["photo/1"])
    report = world.case.works[-1].report
    assert report is not None
    assert (report.fields, report.evidence) == (SEEN, ("photo/1",))


def test_a_case_settled_by_offers_is_not_handled_directly_however_little_the_front_desk_does_before() -> None:
    assert not offered().case.direct
