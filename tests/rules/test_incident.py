"""A batch incident without server and database: who may do what when, what its clocks do (S2-01 to S2-05)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from models.case import Verdict
from models.commands import IncidentDecision
from models.incident import INCIDENT_COMMANDS, Incident, OpenIncident, Progress, Registered, Scope
from models.language import Language
from models.procedure import Procedure
from rules import incident as rules
from rules.incident_acts import precheck, receive
from rules.messages import receive as receive_case
from rules.replies import Message
from tests.quality import INCIDENT, quality_pack
from tests.rules.builders import DESK, LEADERSHIP, MERCHANDISE, PANEL, RETURNS_PACK, SELF_OPERATED, START, World, liable
from texts.incident import facts, web_details
from texts.mails import TEMPLATES, render_mail

PACK = quality_pack("batch")
FOUND: dict[str, Any] = {"confirmed": True, "defect": "漏水", "inspected": 10, "defective": 4}
GRANT: dict[str, Any] = {"grant": True, "liable": liable(merchant=100), "reason": "整批不良"}


def begun(drill: int | None = None) -> Incident:
    wish = OpenIncident(procedure="batch", scope=Scope(product="S-1"), reason="漏水", opened_by="徐莉", drill=drill)
    entry = Registered(number="IN20260302001", procedure=PACK.ref, progress=Progress(cases=5, linked=5))
    return rules.opened(wish, entry, PACK, START)


def said(state: Incident, name: str, hat: str, at: datetime = START, **fields: Any) -> tuple[Incident, Verdict]:
    command = INCIDENT_COMMANDS[name].model_validate({"actor": "somebody", **fields})
    return receive(state, PACK, Message(name, command, at, (hat,)))


def done(state: Incident, name: str, hat: str, **fields: Any) -> Incident:
    state, verdict = said(state, name, hat, **fields)
    assert verdict.accepted, verdict.reason
    return state


def decided(state: Incident) -> Incident:
    return done(done(state, "verify", MERCHANDISE, **FOUND), "decide", LEADERSHIP, **GRANT)


def test_both_groups_and_the_inspectors_are_told_when_the_plan_starts() -> None:
    told = {mail.to for mail in begun().mails}
    assert told == {LEADERSHIP, PANEL, DESK, "logistics", "returns_centre", MERCHANDISE}
    assert len({mail.id for mail in begun().mails}) == 6


@pytest.mark.parametrize(
    ("name", "hat", "fields", "code"),
    [
        ("verify", DESK, FOUND, "wrong_department"),
        ("verify", MERCHANDISE, FOUND | {"defective": 4}, "accepted"),
        ("decide", LEADERSHIP, GRANT, "wrong_stage"),
        ("decide", DESK, GRANT, "wrong_department"),
        ("close", DESK, {"causes": "x", "improvements": "y"}, "wrong_stage"),
        ("evaluate", DESK, {"adequate": True, "note": "x"}, "wrong_department"),
        ("situation", LEADERSHIP, {"note": "x"}, "wrong_department"),
    ],
)
def test_each_step_has_its_time_and_its_people(name: str, hat: str, fields: dict[str, Any], code: str) -> None:
    _, verdict = said(begun(), name, hat, **fields)
    assert verdict.code == code


def test_the_finding_and_the_decision_are_kept_as_they_were_given_and_handed_to_every_case() -> None:
    state = done(begun(), "verify", MERCHANDISE, **FOUND)
    assert (state.stage, state.due) == ("deciding", START + timedelta(hours=24))
    given = {"demand": {"kind": "compensation", "amount": 500}, "liable": liable(merchant=60, carrier=40)}
    order = rules.order_for(done(state, "decide", LEADERSHIP, **(GRANT | given)))
    assert order.decision.model_dump(mode="json", exclude_none=True) == {
        "at": START.isoformat().replace("+00:00", "Z"),
        "actor": "somebody",
        "department": LEADERSHIP,
        "grant": True,
        "reason": "整批不良",
        "liable": given["liable"],
        "demand": {"kind": "compensation", "amount": 500, "lines": []},
    }
    stranger = said(state, "decide", LEADERSHIP, **(GRANT | {"liable": liable(nobody=100)}))[1]
    assert stranger.code == "bad_input", "every case would refuse it"


def test_a_decision_that_grants_says_who_bears_the_cost_unless_the_procedure_leaves_it_open() -> None:
    state = done(begun(), "verify", MERCHANDISE, **FOUND)
    unsaid: dict[str, Any] = {"grant": True, "reason": "整批不良"}
    told = "liable: is missing; the decision says who bears the cost of what it grants"
    _, verdict = said(state, "decide", LEADERSHIP, **unsaid)
    assert (verdict.code, verdict.reason) == ("bad_input", told)
    command = INCIDENT_COMMANDS["decide"].model_validate({"actor": "x", **unsaid})
    assert precheck(state, PACK, "decide", command, START) == verdict, "at the door too"
    done(state, "decide", LEADERSHIP, grant=False, reason="无质量问题")
    open_ = quality_pack("open", needs_liable=False)
    _, taken = receive(state, open_, Message("decide", command, START, (LEADERSHIP,)))
    assert taken.accepted


def test_the_decision_is_shown_with_the_amount_each_customer_gets() -> None:
    state = done(begun(), "verify", MERCHANDISE, **FOUND)
    state = done(state, "decide", LEADERSHIP, **(GRANT | {"demand": {"kind": "compensation", "amount": 50_000}}))
    for lang, told in ((Language.EN, "Compensation 500.00 in each"), (Language.ZH, " 500.00（按各订单币种）")):
        assert told in dict(facts(state, PACK, lang))["decision"]


def test_who_decides_and_who_leads_are_told_what_quality_control_found() -> None:
    pack = quality_pack("split", may_decide=["returns_centre"])
    command = INCIDENT_COMMANDS["verify"].model_validate({"actor": "x", **FOUND})
    state, _ = receive(begun(), pack, Message("verify", command, START, (MERCHANDISE,)))
    mails = [mail for mail in state.mails if mail.template == "incident_verified"]
    assert [mail.to for mail in mails] == ["returns_centre", LEADERSHIP, PANEL]
    found = {"confirmed": 1, "reason": "漏水", "inspected": 10, "defective": 4}
    assert mails[0].values.items() >= found.items()


def test_an_evaluation_changes_of_the_plan_only_what_it_names() -> None:
    half = timedelta(hours=12)
    more = done(begun(), "evaluate", LEADERSHIP, adequate=False, note="太慢", at_once=9)
    assert (more.plan, more.at_once, more.report_every, more.next_report) == (2, 9, half, START + half)
    often = done(more, "evaluate", PANEL, adequate=True, note="好", report_hours=2)
    assert (often.plan, often.at_once, often.next_report) == (3, 9, START + timedelta(hours=2))
    told = [(each.adequate, each.note, each.actor, each.at_once, each.report_hours) for each in often.evaluations]
    assert told == [(False, "太慢", "somebody", 9, None), (True, "好", "somebody", None, 2)]


def test_inspectors_report_the_situation_too() -> None:
    assert done(begun(), "situation", MERCHANDISE, note="已抽检").reports[-1].note == "已抽检"


def test_how_many_cases_are_left_is_told_with_those_that_are_under_way() -> None:
    state = rules.progressed(decided(begun()), Progress(cases=5, linked=2, decided=3, settled=1, under_way=1))
    _, verdict = said(state, "close", DESK, causes="x", improvements="y")
    assert verdict.reason == "3 cases are not done yet; close when they are"
    _, early = said(begun().but(progress=Progress()), "close", DESK, causes="x", improvements="y")
    assert early.reason == "nothing is decided yet; decide for the cases first"


def test_what_comes_too_late_or_from_somebody_else_changes_nothing() -> None:
    state = rules.progressed(decided(begun()), SETTLED)
    assert said(state, "verify", MERCHANDISE, **FOUND)[1].code == "wrong_stage"
    summary: dict[str, Any] = {"causes": "x", "improvements": "y"}
    assert said(state, "close", MERCHANDISE, **summary)[1].code == "wrong_department"
    over = closed(state)
    assert said(over, "situation", DESK, note="x")[1].code == "closed"
    assert said(over, "close", DESK, **summary)[1].code == "closed"


def test_words_of_an_incident_hide_no_link_and_load_no_picture_on_its_page_in_the_web_ui() -> None:
    words = "[确认](https://stranger.example) ![](https://stranger.example/x.png) <b>"
    state = done(begun(), "verify", MERCHANDISE, **(FOUND | {"defect": words}))
    assert r"\[确认\](https://stranger.example) \!\[\](https://stranger.example/x.png) \<b\>" in web_details(
        state, PACK
    )


def test_there_is_one_decision_and_a_resend_counts_once() -> None:
    state = done(begun(), "verify", MERCHANDISE, **FOUND)
    state, first = said(state, "decide", LEADERSHIP, command_id="d-1", **GRANT)
    _, again = said(state, "decide", LEADERSHIP, command_id="d-1", **GRANT)
    _, other = said(state, "decide", PANEL, **GRANT)
    assert (first.code, again.code, other.code) == ("accepted", "repeated", "already_answered")


def test_an_incident_is_not_closed_before_every_case_has_its_decision() -> None:
    state = decided(begun())
    _, verdict = said(state, "close", DESK, causes="x", improvements="y")
    assert (verdict.code, verdict.reason) == ("wrong_stage", "5 cases are not done yet; close when they are")
    state = rules.progressed(state, Progress(cases=5, decided=4, kept=1, settled=3, goods=1))
    state = done(state, "close", DESK, causes="来料", improvements="换供应商")
    _, late = said(state, "situation", DESK, note="x")
    assert late.code == "closed"
    joined = rules.closed(rules.progressed(state, Progress(cases=6, decided=4, kept=1, linked=1)), PACK, START)
    assert joined.stage == "carrying_out"
    over = rules.closed(state, PACK, START)
    assert (over.stage, over.causes) == ("closed", "来料")
    assert {mail.to for mail in over.mails if mail.template == "incident_closed"} >= {DESK, LEADERSHIP}


def test_missed_clocks_are_told_to_the_leading_group_again_and_again() -> None:
    state = rules.pass_time(begun(), PACK, START + timedelta(hours=24))
    assert state.late == ("verifying",)
    assert state.due == START + timedelta(hours=48)
    state = rules.pass_time(state, PACK, START + timedelta(hours=48))
    overdue = [mail.to for mail in state.mails if mail.template == "incident_overdue"]
    assert overdue == [LEADERSHIP, PANEL, LEADERSHIP, PANEL]


def test_an_incident_goes_on_by_itself_at_the_first_of_its_clocks_and_never_once_it_is_closed() -> None:
    half, day = START + timedelta(hours=12), START + timedelta(hours=24)
    state = begun()
    assert (state.due, state.next_report, rules.next_due(state)) == (day, half, half)
    just_before = half - timedelta(seconds=1)
    assert (rules.report_due(state, just_before), rules.report_due(state, half)) == (False, True)
    assert rules.pass_time(state, PACK, just_before) == state
    state = rules.pass_time(state, PACK, half)
    assert (state.situations, state.late, rules.next_due(state)) == (1, (), day)
    seldom = done(begun(), "evaluate", LEADERSHIP, adequate=False, note="x", report_hours=30)
    assert (seldom.next_report, rules.next_due(seldom)) == (START + timedelta(hours=30), day)
    settled = decided(begun())
    assert (settled.due, rules.next_due(settled)) == (None, half)
    over = closed(rules.progressed(settled, SETTLED))
    assert (rules.next_due(over), rules.report_due(over, day)) == (None, False)


def test_a_decision_that_is_late_is_waited_for_as_long_as_the_plan_gives_it_and_each_delay_is_kept() -> None:
    pack = quality_pack("hurried", decision={"within": "6h", "source": "x"})
    day = START + timedelta(hours=24)
    late = rules.pass_time(begun(), pack, day)
    state = done(late, "verify", MERCHANDISE, **FOUND).but(due=day)
    state = rules.pass_time(state, pack, day)
    assert (late.due, state.due, state.late) == (day + timedelta(hours=24), day + timedelta(hours=6), (
        "verifying", "deciding",
    ))  # fmt: skip


def test_every_situation_report_is_kept_with_who_said_what_and_how_far_it_had_come() -> None:
    state = rules.progressed(decided(begun()), Progress(cases=5, linked=2, decided=3, refunded={"CNY": 300, "AUD": 1}))
    before = state.next_report
    state = done(done(state, "situation", DESK, note="已联系客户"), "situation", "logistics", note="已取件")
    assert state.next_report == before, "what somebody reports moves no clock"
    told = [(each.number, each.note, each.actor, each.stage, each.progress.decided) for each in state.reports]
    assert told == [(n, note, "somebody", "carrying_out", 3) for n, note in ((1, "已联系客户"), (2, "已取件"))]
    mails = [mail for mail in state.mails if mail.template == "incident_situation"]
    assert [mail.to for mail in mails] == [LEADERSHIP, PANEL] * 2
    values = mails[-1].values
    assert (values["serial"], values["reason"], values["phase"]) == (2, "已取件", "carrying_out")
    assert (values["decided"], values["sums"]) == (3, "AUD=1,CNY=300")


def test_an_incident_is_summed_up_once_every_case_is_done_and_carried_out_again_where_another_joins() -> None:
    unverified = rules.progressed(begun(), Progress(cases=6, linked=6))
    assert (unverified.stage, unverified.progress.cases) == ("verifying", 6)
    state = rules.progressed(decided(unverified), SETTLED)
    assert state.stage == "summing_up"
    assert rules.progressed(state, Progress(cases=6, linked=1, decided=5, settled=5)).stage == "carrying_out"
    over = closed(state)
    assert rules.progressed(over, Progress(cases=6, linked=1)).stage == "closed"


def test_what_an_incident_was_closed_with_stands_in_it_and_in_its_result() -> None:
    state = rules.progressed(decided(begun()), SETTLED)
    assert rules.closed(state, PACK, START) == state, "nobody has said so"
    over = closed(state)
    assert (over.closed_at, over.closed_by, over.improvements) == (START, "somebody", "换供应商")
    assert (over.due, over.ending) == (None, None)
    end = rules.result(over)
    assert (end.number, end.drill, end.progress) == (over.number, False, SETTLED)
    drill = closed(decided(begun(drill=30)))
    assert (drill.stage, rules.result(drill).drill) == ("closed", True)


SETTLED = Progress(cases=5, decided=5, settled=5)


def closed(state: Incident) -> Incident:
    return rules.closed(done(state, "close", DESK, causes="来料", improvements="换供应商"), PACK, START)


def test_after_an_outage_one_situation_report_goes_out_not_one_for_each_missed() -> None:
    state = rules.pass_time(begun(), PACK, START + timedelta(days=3))
    assert (state.situations, state.next_report) == (1, START + timedelta(days=3, hours=12))


def test_an_evaluation_that_changes_the_plan_makes_a_new_version_of_it() -> None:
    state = done(begun(), "evaluate", LEADERSHIP, adequate=True, note="可以")
    assert state.plan == 1
    state = done(state, "evaluate", LEADERSHIP, adequate=False, note="太慢", at_once=9, report_hours=2)
    assert (state.plan, state.at_once, state.report_every, len(state.evaluations)) == (2, 9, timedelta(hours=2), 2)
    assert rules.order_for(decided(state)).at_once == 9


def test_a_drill_goes_through_every_step_and_pays_nothing() -> None:
    state = decided(begun(drill=30))
    assert (state.stage, state.progress.settled, state.progress.refunded) == ("summing_up", 30, {})


def test_a_scope_names_something_and_finding_adds_up() -> None:
    with pytest.raises(ValidationError):
        Scope()
    with pytest.raises(ValidationError):
        INCIDENT_COMMANDS["verify"].model_validate({"actor": "x", **FOUND, "defective": 11})
    assert Scope(product="S-1", cause="quality").key == "product.S-1+cause.quality"


def test_a_plan_names_departments_that_exist() -> None:
    wrong = INCIDENT | {"inspectors": ["nobody"]}
    with pytest.raises(ValidationError, match="nobody"):
        Procedure.model_validate({**dict(quality_pack("x")), "incident": wrong})


@pytest.mark.parametrize("lang", Language)
@pytest.mark.parametrize("drill", [None, 777])
def test_every_notice_of_an_incident_is_whole_in_both_languages(lang: Language, drill: int | None) -> None:
    state = rules.pass_time(begun(drill), PACK, START + timedelta(hours=24))
    state = rules.progressed(decided(state), Progress(cases=5, decided=5, settled=5, refunded={"CNY": 105_000}))
    state = done(state, "situation", DESK, note="已联系客户")
    state = rules.closed(done(state, "close", DESK, causes="来料", improvements="换供应商"), PACK, START)
    assert {mail.template for mail in state.mails} == {name for name in TEMPLATES if name.startswith("incident_")}
    for mail in state.mails:
        subject, body = render_mail(mail.template, mail.values, PACK, lang)
        assert "–" not in subject + body
        assert ("777" in subject + body) is (drill is not None)


class Batched(World):
    """A case that can get the decision of an incident."""

    def __init__(self, **changes: Any) -> None:
        super().__init__(pack=PACK, **changes)

    def together(self, hat: str = LEADERSHIP, **fields: Any) -> Verdict:
        said = {"actor": "x", "incident": "IN20260302001", **(GRANT | fields)}
        command = IncidentDecision.model_validate(said)
        self.case, verdict = receive_case(self.case, self.pack, Message("incident", command, self.now, (hat,)))
        self.settle()
        return verdict


def test_the_decision_of_an_incident_rules_a_case_that_is_being_asked_and_tells_whoever_was_asked() -> None:
    case = Batched()
    assert case.together().accepted
    assert case.case.stage == "executing"
    assert case.case.ruling is not None
    assert (case.case.ruling.basis, case.case.ruling.liable[0].party) == ("incident", "merchant")
    assert (case.event("decided").actor, case.event("decided").data["incident"]) == ("x", "IN20260302001")
    assert "ask_withdrawn" in [mail.template for mail in case.sent]


@pytest.mark.parametrize("stage", ["negotiating", "explaining", "panel", "leadership"])
def test_the_decision_of_an_incident_rules_a_case_wherever_it_waits(stage: str) -> None:
    filed: dict[str, Any] = {"negotiating": {"negotiation": "not_tried"}, "explaining": {"contact": None}}
    then: dict[str, Any] = {"panel": ("contest", {"by": "customer"}), "leadership": ("insist", {})}
    case = Batched(**filed.get(stage, {}))
    if stage in then:
        name, fields = then[stage]
        case.confirms(customer=100).does(name, DESK, reason="x", **fields)
    assert case.stage == stage
    assert case.together().accepted
    assert (case.stage, case.ruling.basis) == ("executing", "incident")


def test_a_case_with_a_ruling_of_its_own_keeps_it() -> None:
    case = Batched()
    case.confirms()
    assert case.together().code == "wrong_stage"
    case.child()
    assert case.together().code == "wrong_stage"
    assert case.case.decisions == 1


def test_a_refusal_of_an_incident_tells_the_customer_why_who_may_insist() -> None:
    case = Batched()
    assert case.together(grant=False, liable=[], reason="使用不当").accepted
    assert case.case.stage == "refused"
    case.does("insist", DESK, reason="不同意")
    assert case.case.stage == "leadership"


def test_only_who_may_decide_for_an_incident_may_send_its_decision() -> None:
    assert Batched().together(MERCHANDISE).code == "wrong_department"
    plain = World()
    said = IncidentDecision.model_validate({"actor": "x", "incident": "IN20260302001", **GRANT})
    _, verdict = receive_case(plain.case, plain.pack, Message("incident", said, plain.now, (LEADERSHIP,)))
    assert verdict.code == "wrong_department"


def test_a_refused_case_is_granted_with_the_others() -> None:
    case = Batched(order=SELF_OPERATED, cause="no_reason")
    assert case.case.stage == "refused"
    assert case.together().accepted
    assert case.case.stage == "executing"


class Returned(World):
    """A case of the packaged procedure with a plan for incidents, which may get the decision of one."""

    def __init__(self, **changes: Any) -> None:
        facts = {"cause": "quality", "channel": "email", "contact": None, "demand": {"kind": "refund"}}
        super().__init__(pack=RETURNS_PACK, **(facts | changes))

    def investigated(self) -> "Returned":
        fields = {"finding": "开裂", "valid": True, "responsible": "商品部"}
        self.does("record", DESK, duty="investigate", fields=fields, liable=liable(supplier=100), actor="Hugo")
        return self

    def offers(self, amount: int) -> "Returned":
        demand = {"kind": "compensation", "amount": amount}
        self.does("offer", MERCHANDISE, demand=demand, basis="退货规定", fields={"solution": "补偿"})
        return self

    def together(self, hat: str = "general_manager", **fields: Any) -> Verdict:
        shares = {"grant": True, "liable": liable(supplier=100), "reason": "整批不良"}
        said = {"actor": "x", "incident": "IN20260302001", **(shares | fields)}
        command = IncidentDecision.model_validate(said)
        self.case, verdict = receive_case(self.case, self.pack, Message("incident", command, self.now, (hat,)))
        self.settle()
        return verdict


def undecided() -> dict[str, tuple[Returned, str]]:
    """Where a case of `returns` waits for a ruling of its own, and who is told that nothing is needed of them."""
    return {
        "working": (Returned(), DESK),
        "offering": (Returned().investigated(), MERCHANDISE),
        "offered": (Returned().investigated().offers(1_000), ""),
        "approving": (Returned().investigated().offers(9_000), "section_chief"),
    }


@pytest.mark.parametrize("where", ["working", "offering", "offered", "approving"])
def test_the_decision_of_an_incident_reaches_a_case_wherever_it_waits_for_a_ruling_of_its_own(where: str) -> None:
    case, told = undecided()[where]
    assert case.stage == {"offered": "offering"}.get(where, where)
    assert case.together().accepted
    execution = case.case.execution
    assert execution is not None
    assert (case.stage, execution.remedy.kind, execution.remedy.amount) == ("executing", "refund", 21_000)
    assert (case.ruling.basis, case.shares) == ("incident", {"supplier": 100})
    assert [mail.to for mail in case.mails("ask_withdrawn")] == ([told] if told else [])
    assert [work.duty for work in case.case.works if work.open and not work.aside] == []
    assert {offer.state for offer in case.case.offers} <= {"lapsed"}
    assert (case.case.pending, case.case.task) == ("", None)
    assert [share.party for share in case.case.found] == ["supplier"]


@pytest.mark.parametrize("where", ["working", "offering", "offered", "approving"])
def test_a_refusal_of_an_incident_reaches_it_there_too_and_the_customer_may_insist(where: str) -> None:
    case, _ = undecided()[where]
    assert case.together(grant=False, liable=[], reason="使用不当").accepted
    assert (case.stage, case.mails("refused_finding")[-1].to) == ("refused", "customer")
    assert case.does("insist", DESK, reason="不同意").stage == "leadership"


def test_nothing_that_was_under_way_for_a_ruling_of_its_own_goes_on_once_an_incident_has_decided() -> None:
    offered, approving = undecided()["offered"][0], undecided()["approving"][0]
    for case in (offered, approving):
        assert case.together().accepted
    assert offered.refuses("respond", DESK, version=1, accept=True) == "wrong_stage"
    assert approving.refuses("approve", "section_chief", actor="Ling", approve=True) == "wrong_stage"


def test_a_ruling_under_returns_that_was_approved_stands_whatever_the_incident_decides() -> None:
    case = Returned().investigated().offers(1_000).does("respond", DESK, version=1, accept=True)
    assert isinstance(case, Returned)
    assert (case.stage, case.together().code) == ("executing", "wrong_stage")
    case.child()
    assert (case.stage, case.together().code) == ("feedback", "wrong_stage")
    # Examined again: no ruling stands any more.
    case.does("feedback", DESK, satisfied=False, reason="又坏了", demand={"kind": "refund"})
    assert (case.stage, case.together().accepted) == ("working", True)
    execution = case.case.execution
    assert execution is not None
    assert (case.case.refunded, execution.remedy.amount) == (1_000, 20_000)


def test_what_an_incident_lets_out_is_approved_where_a_higher_authority_than_decided_it_must() -> None:
    for amount in (9_000, 21_000):  # the section chief's band and the service manager's own
        manager = Returned(demand={"kind": "compensation", "amount": amount})
        assert manager.together("service_manager").accepted
        assert manager.stage == "executing"
    store = Returned()
    assert store.together("service_manager", liable=liable(store=100)).accepted
    assert (store.stage, store.view.waiting_for) == ("approving", "service_director,customer_service")
    assert store.refuses("approve", "service_director", actor="x", approve=True) == "same_person"
    assert store.does("approve", "service_director", actor="y", approve=True).stage == "executing"


def test_what_an_incident_lets_out_counts_against_the_limit_of_who_decides_it() -> None:
    case = Returned().investigated().offers(1_000)
    said = {"actor": "x", "incident": "IN20260302001", "grant": True, "liable": liable(supplier=100), "reason": "x"}
    command, hats = IncidentDecision.model_validate(said), ("general_manager",)
    for limit, code in ((20_999, "over_limit"), (21_000, "accepted")):
        verdict = receive_case(case.case, case.pack, Message("incident", command, case.now, hats, {"CNY": limit}))[1]
        assert verdict.code == code


def test_words_without_end_do_not_outgrow_an_incident_while_its_database_is_down() -> None:
    state, verdict = begun(), Verdict(accepted=True, code="accepted")
    while verdict.accepted:
        state, verdict = said(state, "situation", DESK, note="查" * 2_000)
    assert verdict.code == "too_much"
    assert len(state.model_dump_json().encode()) < 2**20 + 65_536
    assert said(state.but(mails=(), reports=()), "situation", DESK, note="查" * 2_000)[1].accepted
