"""The people of a case, of any procedure: each thing it waits for is done, plausibly, by the seed.

What to say comes from the procedure's data and from what the case shows of itself; nothing knows a procedure's name.
Mostly they answer; some stay silent past their clock, some dispute, counter, disapprove, are not content. Nobody does
so for ever: a case gets only so many troubles, and then all answer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

from models.case import Basis, Verdict
from models.directory import Directory
from models.names import Refused
from models.procedure import Procedure
from models.stage import Stage
from models.steps import Duty, FormField
from models.views import CaseView

TROUBLES = 6
"""So many silences, disputes, counters and the like one case may have."""
FINAL = {Basis.PANEL, Basis.LEADERSHIP}
FAIR = {
    Refused.SAME_PERSON,  # another one does it
    Refused.WRONG_STAGE,  # a clock or somebody else was first
    Refused.TOO_MUCH,  # more time than a clock may get
    Refused.CLOSED,
}
"""Refusals people live with: they look again and go on."""


@dataclass(frozen=True)
class Say:
    """A message of somebody of a department."""

    name: str
    department: str
    fields: dict[str, Any]


class Silence:
    """Nobody says anything until the next clock of the case has run out."""


class Patience:
    """The service itself is at work."""


Turn = Say | Silence | Patience


@dataclass
class People:
    """Everybody around one case. `today` is what they write where a form asks for a day."""

    pack: Procedure
    directory: Directory
    dice: Random
    today: date
    troubles: int = 0
    risen: set[str] = field(default_factory=set)
    """Duties that went past their clock and up the ladder."""
    unheard: bool = False
    """A message was stored, and nobody heard the verdict: what is said since may have been done by it."""
    content: bool = False
    """The customer has said so, and is asked again only when the next call is due."""
    denied: set[tuple[str, str]] = field(default_factory=set)
    """Who was told that somebody else must do it: (message, actor)."""

    def turn(self, view: CaseView) -> Turn:
        """What happens next in a case that shows itself so."""
        if (said := self._beside(view)) is not None:
            return said
        match view.stage:
            case Stage.EXECUTING:
                return self._goods(view)
            case Stage.OFFERING if view.task is None:
                return self._answers_offer(view)
            case Stage.OFFERING:
                return self._or_silent(self._offers(view))
            case Stage.FEEDBACK:
                return self._feedback(view)
            case Stage.REFUSED:
                return self._refused(view)
            case Stage.WORKING:
                return self._works(view)
            case _:
                return self._or_silent(self._by_stage(view))

    def told(self, said: Say, actor: str, verdict: Verdict) -> bool:
        """Take note of an answer; False where a refusal shows that there was nothing right to say."""
        if said.name == "approve" and verdict.code == Refused.SAME_PERSON:
            self.denied.add((said.name, actor))
        if said.name == "record" and not verdict.accepted and said.department != self._own(said):
            return True  # it was for the next of the ladder only while the clock had run out
        return verdict.accepted or verdict.code in FAIR or self.unheard

    def _own(self, said: Say) -> str:
        return self.pack.duties[said.fields["duty"]].department

    def actor(self, name: str, department: str) -> str | None:
        """Somebody of the department, not one who was told to leave it to others; None where there is nobody else."""
        team = self.directory.team(department)
        names = [person.name for person in team.owners] if team else []
        free = [one for one in names if (name, one) not in self.denied]
        return self.dice.choice(free) if free else None

    def _trouble(self, chance: float) -> bool:
        if self.troubles >= TROUBLES or self.dice.random() >= chance:
            return False
        self.troubles += 1
        return True

    def _or_silent(self, said: Turn) -> Turn:
        return Silence() if self._trouble(0.12) else said

    def _beside(self, view: CaseView) -> Turn | None:
        """What may be said at many stages."""
        aside = [w.duty for w in view.works if w.state == "waiting" and self.pack.duties[w.duty].aside]
        if aside and view.stage not in {Stage.WORKING, Stage.EXECUTING} and self.dice.random() < 0.5:
            return self._reports(view, aside)
        held = self.pack.panel in view.waiting_for.split(",") and view.task is None
        if held and self.dice.random() < 0.5:
            return Say(
                "decide", self.pack.panel, {"grant": True, "liable": self._bearer(view), "reason": "费用由其承担"}
            )
        ruled = view.ruling is not None and view.ruling.basis not in FINAL and not view.contested
        if ruled and view.stage in {Stage.EXECUTING, Stage.FEEDBACK, Stage.REFUSED} and self._trouble(0.04):
            who = self.dice.choice(self.pack.authority["contest"])
            by = self.pack.front_desk if who in {"asked", "task"} else who
            return Say("contest", by, {"by": self.pack.customer, "reason": "对责任认定有异议"})
        if view.stage in {Stage.WORKING, Stage.FEEDBACK, Stage.OFFERING} and self._trouble(0.01):
            return Say("withdraw", self.pack.front_desk, {"reason": "客户撤回投诉"})
        if view.stage is Stage.WORKING and view.ruling is None and self._trouble(0.03):
            return self._at_work(view)
        return None

    def _at_work(self, view: CaseView) -> Turn:
        """Another route, or more time."""
        if self.dice.random() < 0.5:
            route = self.dice.choice(self.pack.routes).name
            return Say("triage", self.pack.front_desk, {"route": route, "reason": "客服更正分类"})
        work = next(work for work in view.works if work.state == "waiting")
        more = {"of": work.department, "duty": work.duty, "by": "1h", "asked_by": "经办人", "reason": "资料未齐"}
        return Say("extend", self.dice.choice(self.pack.authority["extend"]), more)

    def _works(self, view: CaseView) -> Turn:
        waiting = [work for work in view.works if work.state == "waiting"]
        if self._trouble(0.12):
            self.risen |= {
                work.duty for work in waiting if work.deadline == view.due and view.on_due == "duty_escalate"
            }
            return Silence()
        return self._reports(view, [work.duty for work in waiting])

    def _by_stage(self, view: CaseView) -> Turn:
        match view.stage:
            case Stage.NEGOTIATING:
                return Say("negotiated", self.pack.front_desk, {"agreed": self.dice.random() < 0.3})
            case Stage.EXPLAINING:
                return Say("contact", self.pack.front_desk, {"mode": "phone"})
            case Stage.ASKED:
                asked = self.dice.choice([ask.department for ask in view.asks if ask.state == "waiting"])
                return Say("confirm", asked, {"liable": self._liable(view), "reason": "核查属实"})
            case Stage.VERIFYING:
                return Say("verify", self.pack.front_desk, {})
            case Stage.APPROVING:
                return self._approves(view)
            case Stage.PANEL | Stage.LEADERSHIP:
                return self._decides(view)
            case Stage.TASK:
                return self._resolves(view)
            case _:
                return Patience()

    def _reports(self, view: CaseView, duties: Sequence[str]) -> Turn:
        name = self.dice.choice(duties)
        duty = self.pack.duties[name]
        department = next(w.department for w in view.works if w.duty == name and w.state == "waiting")
        if name in self.risen and self.dice.random() < 0.6:
            department = (self.pack.ladder or (self.pack.leadership,))[0]
        self.risen.clear()
        fields = self._filled(duty.form)
        more: dict[str, Any] = {"duty": name, "fields": fields, "note": "已办理"}
        if duty.determines and not _leads(duty, fields):
            more["liable"] = self._liable(view)
        if duty.assigns and self.dice.random() < 0.5:
            askable = [p.department for p in self.pack.parties.values() if p.department]
            chosen = self.dice.sample(sorted(set(askable)), k=min(2, len(set(askable))))
            more["assign"] = [{"department": chosen[0]}, *({"department": d, "within": "2d"} for d in chosen[1:])]
        return Say("record", department, more)

    def _filled(self, form: Iterable[FormField]) -> dict[str, Any]:
        return {part.name: self._value(part) for part in form if part.required or self.dice.random() < 0.5}

    def _value(self, part: FormField) -> Any:
        match part.kind:
            case "yes_no":
                return self.dice.random() < 0.85
            case "choice":
                return self.dice.choice(list(part.choices))
            case "number" | "money":
                return self.dice.randrange(1, 500)
            case "date":
                return self.today.isoformat()
            case "reference":
                return f"evidence/{self.dice.randrange(10**6)}"
            case _:
                return "已核实，见记录"

    def _liable(self, view: CaseView) -> list[dict[str, Any]]:
        """Mostly whoever usually is; sometimes two together, sometimes the customer."""
        usual = self.pack.causes[view.cause].liable or tuple(self._others())
        if self.dice.random() < 0.1:
            return [{"party": self.pack.customer, "percent": 100}]
        if self.dice.random() < 0.15:
            first, second = self.dice.sample(self._others(), k=2)
            return [{"party": first, "percent": 60}, {"party": second, "percent": 40}]
        return [{"party": self.dice.choice(usual), "percent": 100}]

    def _bearer(self, view: CaseView) -> list[dict[str, Any]]:
        usual = self.pack.causes[view.cause].liable or tuple(self._others())
        return [{"party": self.dice.choice(usual), "percent": 100}]

    def _others(self) -> list[str]:
        return [name for name in self.pack.parties if name not in {self.pack.customer, self.pack.unreachable}]

    def _offers(self, view: CaseView) -> Turn:
        department = view.task.department if view.task else self.pack.front_desk
        demand: dict[str, Any] = {"kind": view.demand}
        left = view.amount - view.refunded
        if "pay" in self.pack.remedies[view.demand].steps and left > 1 and self.dice.random() < 0.4:
            demand["amount"] = self.dice.randrange(1, left)
        elif view.demand == "compensation":
            demand["amount"] = max(1, left)
        form = self.pack.offers.form if self.pack.offers else ()
        more = {"liable": self._bearer(view), "fields": self._filled(form)}
        return Say("offer", department, {"demand": demand, "basis": "按规定协商", **more})

    def _answers_offer(self, view: CaseView) -> Turn:
        version = view.offers[-1].version
        if self._trouble(0.06):
            return Silence()
        accept = not self._trouble(0.3)
        reason = None if accept else "客户希望全额退款"
        return Say("respond", self.pack.front_desk, {"version": version, "accept": accept, "reason": reason})

    def _approves(self, view: CaseView) -> Turn:
        holders = view.task.holders if view.task else ()
        able = [name for name in holders if self.actor("approve", name)]
        if not able:
            return Silence()
        department = self.dice.choice(able)
        if self._trouble(0.15):
            return Say("approve", department, {"approve": False, "reason": "依据不足"})
        return Say("approve", department, {"approve": True})

    def _decides(self, view: CaseView) -> Turn:
        department = view.task.department if view.task else self.pack.panel
        if self.dice.random() < 0.25 and not view.refunded and not view.contested:
            return Say("decide", department, {"grant": False, "reason": "不予支持"})
        return Say("decide", department, {"grant": True, "liable": self._bearer(view), "reason": "予以支持"})

    def _resolves(self, view: CaseView) -> Turn:
        department = view.task.department if view.task else self.pack.cashier
        if view.task is not None and view.task.kind == "payment":
            outcome = self.dice.choice(["retry", "settled"])
        else:
            outcome = self.dice.choice(["retry", "settled", "abandon"])
        said = {"outcome": outcome, "reference": "B-1", "note": "人工办理", "not_sent": outcome == "abandon"}
        return Say("resolve", department, said)

    def _goods(self, view: CaseView) -> Turn:
        if view.waiting_for.split(",")[0] != self.pack.returns_centre:
            return Patience()
        if self._trouble(0.08):
            return Silence()
        return Say("goods", self.pack.returns_centre, {"accepted": not self._trouble(0.08)})

    def _feedback(self, view: CaseView) -> Turn:
        desk = self.pack.front_desk
        if self.content or self._trouble(0.08):
            self.content = False  # who has said so is called again when the next call is due
            return Silence()
        if self._trouble(0.06):
            return Say("feedback", desk, {"reached": False})
        if self._trouble(0.12):
            return Say("feedback", desk, {"satisfied": False, "reason": "客户仍不满意"})
        self.content = True
        return Say("feedback", desk, {"satisfied": True})

    def _refused(self, view: CaseView) -> Turn:
        if self.dice.random() < 0.3:
            return Say("insist", self.pack.front_desk, {"reason": "客户坚持诉求"})
        return Silence()


def _leads(duty: Duty, fields: dict[str, Any]) -> bool:
    words = {name: {True: "yes", False: "no"}.get(value, str(value)) for name, value in fields.items()}
    return any(words.get(lead.field) in lead.equals for lead in duty.leads)
