"""Any order of messages, outages and time: what must always hold of a case."""

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from models.case import Case
from models.names import Refused
from rules.audit import RowFacts, breaches
from rules.clock import next_due, pass_time
from rules.remedy import order_for
from rules.takeback import reopened
from rules.view import result, summary
from tests.rules.builders import PACK, World, liable

AMOUNTS = st.integers(1, 25_000)
LINES = st.lists(st.fixed_dictionaries({"sku": st.just("S-1"), "quantity": st.integers(1, 3)}), max_size=2)
KINDS = st.sampled_from(["refund", "return_and_refund", "exchange", "reship", "repair", "compensation", "apology"])
DEMANDS = st.fixed_dictionaries({"kind": KINDS, "amount": AMOUNTS}) | st.fixed_dictionaries(
    {"kind": KINDS.filter(lambda kind: kind != "compensation"), "lines": LINES}
)
SHARES = st.sampled_from(
    [
        liable(merchant=100),
        liable(carrier=100),
        liable(customer=100),
        liable(merchant=50, customer=50),
        liable(carrier=30, customer=70),
        liable(merchant=60, carrier=40),
        liable(merchant=40, carrier=60),
        liable(martians=100),
    ]
)
ASKS = st.lists(st.sampled_from(["merchandise", "logistics", "panel"]), min_size=1, max_size=3)
REASON = st.just("理由")
FIELDS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "contact": st.just({}),
    "triage": st.fixed_dictionaries({"handling": st.sampled_from(["grant", "refuse", "own"]), "reason": REASON})
    | st.fixed_dictionaries({"handling": st.just("ask"), "ask": ASKS, "reason": REASON}),
    "negotiated": st.fixed_dictionaries({"agreed": st.booleans()}),
    "confirm": st.fixed_dictionaries({"liable": SHARES, "reason": REASON}),
    "verify": st.just({}),
    "contest": st.fixed_dictionaries({"by": st.sampled_from(["customer", "merchant", "logistics"]), "reason": REASON}),
    "decide": st.fixed_dictionaries(
        {"grant": st.booleans(), "reason": REASON},
        optional={"liable": SHARES, "demand": DEMANDS},
    ),
    "insist": st.fixed_dictionaries({"reason": REASON}),
    "goods": st.fixed_dictionaries({"accepted": st.booleans()}),
    "resolve": st.fixed_dictionaries(
        {"outcome": st.sampled_from(["retry", "settled", "refund_instead", "abandon"]), "not_sent": st.booleans()}
    ).map(lambda fields: fields | {"reference": "B-1", "note": "说明"}),
    "feedback": st.fixed_dictionaries({"satisfied": st.booleans()}, optional={"demand": DEMANDS}),
    "withdraw": st.just({}),
}
RIPE = {
    "negotiating": ["negotiated", "contact", "triage"],
    "explaining": ["contact", "triage", "confirm"],
    "asked": ["confirm", "triage", "contest"],
    "verifying": ["verify", "contest"],
    "panel": ["decide"],
    "refused": ["insist", "contest", "triage"],
    "leadership": ["decide"],
    "executing": ["goods", "contest"],
    "task": ["resolve"],
    "feedback": ["feedback", "contest", "decide", "confirm"],
    "closed": ["feedback"],
}
"""Commands that a stage expects, so that random play reaches every stage; the others are tried as well."""


class AnyCase(RuleBasedStateMachine):
    """A case to which anything may happen, with a book of what was truly paid."""

    fields = FIELDS
    ripe = RIPE

    @initialize(
        cause=st.sampled_from([*PACK.causes]),
        kind=st.sampled_from(["platform", "self_operated"]),
        demand=st.fixed_dictionaries({"kind": KINDS.filter(lambda kind: kind != "compensation")}),
        negotiation=st.sampled_from(["failed", "not_tried"]),
        explained=st.booleans(),
    )
    def file(self, cause: str, kind: str, demand: Any, negotiation: str, *, explained: bool) -> None:
        contact = {"by": "徐莉"} if explained else None
        self.world = World(cause=cause, order={"kind": kind}, demand=demand, negotiation=negotiation, contact=contact)
        self.paid = 0
        self.keys: set[str] = set()

    @rule(data=st.data())
    def somebody_does_what_the_stage_expects(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(self.ripe[self.world.stage]))
        ready = [who for who in self.world.view.waiting_for.split(",") if who in self.world.pack.departments]
        senders = st.sampled_from([*ready, self.world.pack.front_desk, *self.world.pack.departments])
        self._send(name, data.draw(senders), data)

    @rule(data=st.data())
    def somebody_says_anything(self, data: st.DataObject) -> None:
        departments = st.sampled_from([*self.world.pack.departments, ""])
        self._send(data.draw(st.sampled_from(sorted(self.fields))), data.draw(departments), data)

    def _send(self, name: str, department: str, data: st.DataObject) -> None:
        fields = data.draw(self.fields[name])
        command_id = data.draw(st.sampled_from([None, None, "c-1", "c-2"]))
        waited_for = self.world.case.task
        settled = name == "resolve" and fields["outcome"] == "settled" and waited_for is not None
        amount = self.world.case.execution.remedy.amount if settled and self.world.case.execution else 0
        verdict = self.world.send(name, department or (), **fields, command_id=command_id)
        assert verdict.accepted or verdict.reason
        if settled and verdict.code == "accepted":
            self.paid += amount

    @rule(hours=st.sampled_from([0.1, 0.6, 3, 5, 12, 19.9, 24, 30, 60, 200]))
    def time_passes(self, hours: float) -> None:
        self.world.wait(hours=hours)

    @rule(days=st.integers(1, 30))
    def everything_of_ours_is_down(self, days: int) -> None:
        self.world.outage(days=days)

    @rule(serial=st.integers(1, 12), delivered=st.booleans())
    def the_mailroom_reports(self, serial: int, *, delivered: bool) -> None:
        if not self.world.case.closed:
            self.world.mail_says(f"T-1.{serial}", delivered=delivered)

    @precondition(lambda self: self.world.case.execution is not None and self.world.stage == "executing")
    @rule(fails=st.booleans(), data=st.data())
    def the_child_ends(self, data: st.DataObject, *, fails: bool) -> None:
        order = order_for(self.world.case, self.world.pack)
        key = f"{order.decision}:{order.kind}:{order.attempt}"
        assert key not in self.keys
        self.keys.add(key)
        if not fails:
            self.paid += order.amount if "pay" in order.steps else 0
            amount = order.amount if "pay" in order.steps else 0
            self.world.child(amount=amount, reference=f"P-{len(self.keys)}", done=order.steps)
            return
        step = data.draw(st.sampled_from([*order.steps, None]))
        self.world.child(failure="broken", step=step, done=())

    @precondition(lambda self: self.world.case.given)
    @rule(data=st.data())
    def the_gateway_takes_a_refund_back(self, data: st.DataObject) -> None:
        case, pack = self.world.case, self.world.pack
        given = data.draw(st.sampled_from(case.given))
        if case.closed:
            self.world.case = reopened(case, pack, given, "account_closed", self.world.now)
            self.world.settle()
        else:
            self.world.does("taken_back", pack.cashier, reference=given.reference, code="account_closed")
        self.paid -= given.amount

    @invariant()
    def the_customer_gets_each_amount_once_and_never_more_than_was_paid(self) -> None:
        case = self.world.case
        under_way = case.execution.remedy.amount if case.execution else 0
        assert case.refunded == self.paid
        assert 0 <= case.refunded <= case.promised + under_way <= case.complaint.order.paid
        assert not (case.closed and case.owing)

    @invariant()
    def an_open_case_waits_for_somebody_and_something_moves_it(self) -> None:
        case, view = self.world.case, self.world.view
        if case.closed:
            assert (view.waiting_for, case.exit is None, next_due(case, self.world.pack)) == ("", False, None)
            assert result(case).refunded == case.refunded
            return
        assert view.waiting_for
        assert next_due(case, self.world.pack) is not None or (case.stage == "executing" and case.execution is not None)
        due = next_due(case, self.world.pack)
        assert due is None or due.at > self.world.now
        assert summary(case, self.world.pack).waiting_for == view.waiting_for

    @invariant()
    def nothing_is_due_twice(self) -> None:
        assert pass_time(self.world.case, self.world.pack, self.world.now) == self.world.case

    @invariant()
    def silence_rules_only_over_departments_that_did_not_answer_in_time(self) -> None:
        for ask in (*self.world.case.asks, *self.world.case.past_asks):
            assert not (ask.silent and ask.answer)
            if ask.answer and ask.deadline:
                assert ask.answer.at < ask.deadline
            if ask.late_answer:
                assert ask.silent
                assert ask.deadline is not None
                assert ask.late_answer.at >= ask.deadline
        ids = [ask.id for ask in (*self.world.case.asks, *self.world.case.past_asks)]
        assert len(set(ids)) == len(ids)

    @invariant()
    def the_record_has_no_gap_and_a_ruling_bears_whole_costs(self) -> None:
        case = self.world.case
        assert [event.seq for event in case.events] == list(
            range(case.event_count - len(case.events) + 1, case.event_count + 1)
        )
        if case.ruling and case.ruling.liable:
            assert sum(share.percent for share in case.ruling.liable) == 100
            assert {share.party for share in case.ruling.liable} <= set(self.world.pack.parties)
            if case.ruling.for_customer:
                assert {share.party for share in case.ruling.liable} != {self.world.pack.customer}

    @invariant()
    def the_state_survives_a_restart(self) -> None:
        assert Case.model_validate_json(self.world.case.model_dump_json()) == self.world.case

    @invariant()
    def the_oracle_finds_nothing_wrong(self) -> None:
        row = summary(self.world.case, self.world.pack)
        if self.world.case.event_count > len(self.world.case.events):
            return
        facts = RowFacts(
            number=row.number,
            stage=row.stage,
            exit=row.exit,
            waiting_for=row.waiting_for,
            refunded=row.refunded,
            paid=self.world.case.complaint.order.paid,
            currency=self.world.case.complaint.order.currency,
            version=row.version,
            notices=self.world.case.mail_count,
        )
        assert breaches(facts, self.world.case.events) == []

    @invariant()
    def every_refusal_has_a_code(self) -> None:
        codes = [event.data["code"] for event in self.world.case.events if event.kind == "message_refused"]
        assert set(codes) <= {code.value for code in Refused}


AnyCase.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=timedelta(seconds=10),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestAnyCase = AnyCase.TestCase
