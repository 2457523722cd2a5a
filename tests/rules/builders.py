"""A case in a world without server and database: time passes, people act, the mailroom and the children report."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from models.case import Ask, Case, Event, Mail, Ruling, Verdict
from models.commands import COMMANDS, Command, MailReport, TakenBack
from models.names import TAKEN_BACK
from models.procedure import Procedure
from models.remedy import RemedyResult
from models.views import CaseView
from procedures import HERE, read_pack
from procedures.workdays import Workdays
from rules.clock import next_due, pass_time
from rules.intake import open_case
from rules.messages import mail_report, receive
from rules.remedy import finished, order_for
from rules.replies import Message
from rules.view import view
from tests.builders import complaint

PACK = read_pack(HERE / "marketplace.procedure.toml")
COURIER = read_pack(HERE / "courier.procedure.toml")
RETURNS_PACK = read_pack(HERE / "returns.procedure.toml")
HOTEL = read_pack(Path(__file__).parents[1] / "packs" / "hotel.procedure.toml")
CALENDAR = Workdays()(2026)
START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""A Monday, 10:00 in Shanghai."""
DESK, MERCHANDISE, LOGISTICS, RETURNS, PANEL, LEADERSHIP = (
    "customer_service", "merchandise", "logistics", "returns_centre", "panel", "leadership",
)  # fmt: skip
_MODELS: dict[str, type[Command]] = {**COMMANDS, TAKEN_BACK: TakenBack}
SELF_OPERATED = {"kind": "self_operated", "merchant": None}


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def liable(**percents: int) -> list[dict[str, Any]]:
    return [{"party": party, "percent": percent} for party, percent in percents.items()]


class World:
    """One case and its clock. `handing_over` off: our own book and mailroom are down, no notice leaves."""

    def __init__(self, *, pack: Procedure = PACK, at: datetime = START, **changes: Any) -> None:
        self.pack = pack
        self.now = at
        self.handing_over = True
        self.sent: list[Mail] = []
        self.case: Case = open_case(complaint(**changes), pack, "T-1", at, CALENDAR if pack.working_days else None)
        self.settle()

    def settle(self) -> "World":
        """What the workflow does after each step: hand the notices over, start the child, keep the state as JSON."""
        if self.handing_over:
            self.sent += self.case.mails
            self.case = self.case.but(mails=(), written=self.case.event_count)
        if self.case.execution is not None and self.case.stage == "executing":
            self.case = self.case.but(execution=self.case.execution.model_copy(update={"started": self.handing_over}))
        assert Case.model_validate_json(self.case.model_dump_json()) == self.case
        return self

    def wait(self, **span: float) -> "World":
        """Time passes with a worker watching it: each clock rings at its own instant."""
        return self.until(self.now + timedelta(**span))

    def until(self, end: datetime) -> "World":
        while (due := view_due(self)) is not None and due <= end:
            self.now = due
            self.case = pass_time(self.case, self.pack, self.now)
            self.settle()
        self.now = end
        return self

    def outage(self, **span: float) -> "World":
        """Time passes without any worker: all of it is made good in one go, before any notice could leave."""
        self.handing_over = False
        self.now += timedelta(**span)
        self.case = pass_time(self.case, self.pack, self.now)
        self.settle()
        self.handing_over = True
        return self.settle()

    def send(self, name: str, hats: str | tuple[str, ...], /, *, actor: str = "", **fields: Any) -> Verdict:
        """A message of somebody of these departments (none: a stranger), as the server receives it now."""
        actor = actor or ("head" if name == "decide" else "somebody")
        command = _MODELS[name].model_validate({"actor": actor, **fields})
        hats = (hats,) if isinstance(hats, str) else hats
        self.case = pass_time(self.case, self.pack, self.now)
        self.case, verdict = receive(self.case, self.pack, Message(name, command, self.now, hats))
        self.settle()
        return verdict

    def does(self, name: str, hats: str | tuple[str, ...], /, **fields: Any) -> "World":
        """The same, and it must be accepted."""
        verdict = self.send(name, hats, **fields)
        assert verdict.accepted, verdict.reason
        return self

    def refuses(self, name: str, hats: str | tuple[str, ...], /, **fields: Any) -> str:
        """The code of a message that must be refused and change nothing."""
        before = self.case
        verdict = self.send(name, hats, **fields)
        assert not verdict.accepted
        assert verdict.reason
        left = {"events", "event_count", "refusals", "written"}
        assert self.case.model_dump(exclude=left) == before.model_dump(exclude=left)
        return str(verdict.code)

    def confirms(self, department: str = MERCHANDISE, /, **percents: int) -> "World":
        return self.does("confirm", department, liable=liable(**(percents or {"merchant": 100})), reason="属实")

    def child(self, **outcome: Any) -> "World":
        """The child that carries out the decision comes back; by default every step was done."""
        order = order_for(self.case, self.pack)
        if not outcome:
            outcome = {"amount": order.amount, "reference": "P-1", "done": order.steps}
        self.case = finished(self.case, self.pack, RemedyResult(**outcome), self.now)
        return self.settle()

    def mail_says(self, mail: str | None, *, delivered: bool) -> "World":
        report = MailReport(mail=mail or "", delivered=delivered, code="no_such_user")
        self.case = mail_report(self.case, self.pack, report, self.now)
        return self.settle()

    @property
    def stage(self) -> str:
        return self.case.stage.value

    @property
    def exit(self) -> str | None:
        return self.case.exit.value if self.case.exit and self.case.closed else None

    @property
    def view(self) -> CaseView:
        return view(self.case, self.pack)

    @property
    def ruling(self) -> Ruling:
        assert self.case.ruling is not None
        return self.case.ruling

    @property
    def shares(self) -> dict[str, int]:
        return {share.party: share.percent for share in self.ruling.liable}

    def kinds(self) -> list[str]:
        return [event.kind for event in self.case.events]

    def event(self, kind: str) -> Event:
        """The last line of this kind."""
        return next(event for event in reversed(self.case.events) if event.kind == kind)

    def ask(self, department: str) -> Ask:
        return next(ask for ask in self.case.asks if ask.department == department)

    def mails(self, template: str) -> list[Mail]:
        return [mail for mail in self.sent if mail.template == template]


def view_due(world: World) -> datetime | None:
    """The next instant at which the case does something by itself."""
    due = next_due(world.case, world.pack)
    return due.at if due else None


def granted(**changes: Any) -> World:
    """A merchant's fault, confirmed at once: the remedy is under way."""
    return World(**changes).confirms()


def paid(**changes: Any) -> World:
    """… and given: the customer has been asked whether that satisfies."""
    return granted(**changes).child()


def found_against(**changes: Any) -> World:
    """The department has found the customer liable: refused."""
    return World(**changes).confirms(customer=100)


def guest(**changes: Any) -> World:
    """A guest's complaint to the invented hotel: a dirty room."""
    facts: dict[str, Any] = {
        "pack": HOTEL,
        "channel": "reception",
        "cause": "dirty",
        "order": SELF_OPERATED,
        "details": {"room": 12},
        "contact": None,
    }
    return World(**(facts | changes))


def offered(**changes: Any) -> World:
    """The hotel has offered a rude porter's guest 40.00."""
    world = guest(**({"cause": "rude"} | changes)).does("record", "reception")
    demand = {"kind": "refund", "amount": 4_000}
    fields = {"impact": "small"}
    return world.does("offer", "duty_manager", demand=demand, basis="rule 11", liable=liable(hotel=100), fields=fields)
