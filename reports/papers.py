"""A procedure's own papers of a case (投诉调查表, 投诉传递单, 客户满意度调查表, 退货清单), filled from its record."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from models.base import Detail
from models.case import Event
from models.complaint import Complaint
from models.language import Language
from models.procedure import Procedure
from models.steps import FIELD, FormField, Paper
from reports.document import Cell, Column, Document, Section
from reports.incident import table
from rules.forms import in_words
from rules.money import taken
from rules.privacy import Marks
from rules.triage import intake_form
from texts import money, named, say, when
from texts.values import cause, department, duty, entered, liable, remedy, shown, title

Line = tuple[str, Cell]
Group = Mapping[str, Event]
_OFFER = {"offered": "offered", "offer_accepted": "answer", "offer_countered": "answer", "offer_lapsed": "answer"}
_CALL = {"feedback": "answer", "not_reached": "answer"}
"""Kind of event -> its place in a slip or a call-back."""


@dataclass(frozen=True)
class CaseFile:
    """What a case's papers are filled from."""

    number: str
    opened_at: datetime
    complaint: Complaint
    events: Sequence[Event]
    personal: bool
    """Whether the reader may see the customer's name, contacts and words."""


def paper_of(name: str, case: CaseFile, pack: Procedure, lang: Language) -> Document:
    """The paper of this name in the procedure."""
    form, sheet, now = pack.papers[name], _Sheet(case, pack, lang), datetime.now(UTC)
    sections = tuple(section for part in form.parts for section in sheet.part(part, form))
    notes = (sheet.say("printed", at=sheet.moment(now)), sheet.say("source", source=form.source))
    facts = {"case": case.number, "procedure": pack.ref, "generated_at": now.isoformat()}
    return Document(f"paper_{name}", lang, f"{title(form.title, lang)} {case.number}", notes, sections, facts)


@dataclass(frozen=True)
class _Sheet:
    """Writes the parts of one paper."""

    case: CaseFile
    pack: Procedure
    lang: Language

    def part(self, name: str, form: Paper) -> Iterator[Section]:
        """One of a paper's `parts`."""
        match name:
            case "complaint":
                yield self._lines("complaint", self.say("part.complaint"), self._complaint())
            case "intake":
                yield self._lines("intake", self.say("part.intake"), self._intake())
            case "reports":
                yield from self._reports(form.duties)
            case "offers":
                yield from self._groups("offer", "offer_wanted", _OFFER)
            case "feedback":
                yield from self._groups("feedback", "feedback_asked", _CALL)
            case "goods":
                yield self._goods()
                yield self._lines("result", self.say("part.result"), self._result())

    def _complaint(self) -> Iterator[Line]:
        filed = self.case.complaint
        yield self._line("opened", self.moment(self.case.opened_at))
        called = self.pack.order_title
        yield (title(called, self.lang) if called else self.say("label.order")), filed.order.number
        yield self._line("channel", named("channel", filed.channel, self.lang))
        yield self._line("customer", filed.complainant.id)
        for key in ("name", "phone", "email"):
            yield self._line(key, self._private(getattr(filed.complainant, key)))
        yield self._line("cause", cause(filed.cause, self.pack, self.lang))
        yield self._line("demand", remedy(filed.demand.kind, self.pack, self.lang))
        yield self._line("text", self._private(filed.text))

    def _intake(self) -> Iterator[Line]:
        filed = self.case.complaint
        given = filed.details
        if not self.case.personal:
            given = Marks(filed.complainant.model_dump()).hidden(given)
        for field in intake_form(self.pack, filed, self.case.opened_at):
            value = self._value(field, given.get(field.name))
            yield title(field.title, self.lang), self._private(value) if field.personal else value

    def _reports(self, names: Sequence[str]) -> Iterator[Section]:
        """Every report on each of the duties the case has had; on a case that has had none, each to fill in."""
        had = {each.data.get("duty") for each in self._of("duty", "recorded", "recorded_late")}
        for name in [name for name in names if name in had] or names:
            told = [each for each in self._of("recorded", "recorded_late") if each.data.get("duty") == name]
            for each in (*told,) or (None,):
                yield self._lines(name, duty(name, self.pack, self.lang), self._report(name, each))

    def _report(self, name: str, told: Event | None) -> Iterator[Line]:
        yield self._line("department", department(told.department or "", self.pack, self.lang) if told else "")
        yield from self._signed(told)
        yield from self._fields(self.pack.duties[name].form, told)
        if self.pack.duties[name].determines:
            yield self._line("liable", self._shares(told))
        yield self._line("note", told.data.get("reason") if told else "")

    def _groups(self, key: str, opening: str, places: Mapping[str, str]) -> Iterator[Section]:
        """The slips of offers or the call-backs, each on a table of its own."""
        groups: list[dict[str, Event]] = []
        for each in self._of(opening, *places):
            place = places.get(each.kind, opening)
            if place == opening or not groups or place in groups[-1]:
                groups.append({})
            groups[-1][place] = each
        lines = self._offer if key == "offer" else self._call
        for serial, group in enumerate(groups or [{}], 1):
            yield self._lines(f"{key}_{serial}", self.say(f"part.{key}", n=serial), lines(group))

    def _offer(self, slip: Group) -> Iterator[Line]:
        wanted, made, answer = slip.get("offer_wanted"), slip.get("offered"), slip.get("answer")
        whom = wanted or made
        words = shown(made.data, self.pack, self.lang) if made else {}
        yield self._line("department", department(whom.department or "", self.pack, self.lang) if whom else "")
        yield self._line("due", shown(wanted.data, self.pack, self.lang).get("due_at", "") if wanted else "")
        yield from self._signed(made)
        yield from self._fields(self.pack.offers.form if self.pack.offers else (), made)
        yield self._line("remedy", words.get("remedy", ""))
        yield self._line("amount", words.get("amount", ""))
        yield self._line("liable", words.get("liable", ""))
        yield self._line("basis", words.get("reason", ""))
        yield self._line("answer", self.say(f"answer.{answer.kind}") if answer else "")
        yield self._line("answered_at", self.moment(answer.at) if answer else "")
        yield self._line("words", self._private(answer.data.get("reason") if answer else None))

    def _call(self, call: Group) -> Iterator[Line]:
        asked, answer = call.get("feedback_asked"), call.get("answer")
        words = shown(answer.data, self.pack, self.lang) if answer else {}
        yield self._line("asked_at", self.moment(asked.at) if asked else "")
        yield self._line("satisfied", words.get("satisfied", self.say("answer.not_reached") if answer else ""))
        yield self._line("words", self._private(answer.data.get("reason") if answer else None))
        yield from self._signed(answer)

    def _goods(self) -> Section:
        """名称, 数量, 单价, 总金额 of what the customer gives back."""
        currency, rows = self.case.complaint.order.currency, list(self._given_back())
        cells: list[tuple[Cell, ...]] = [
            (serial, name, count, money(price, currency, self.lang), money(count * price, currency, self.lang))
            for serial, (name, count, price) in enumerate(rows, 1)
        ]
        total = sum(count * price for _, count, price in rows)
        cells.append(("", self.say("total"), sum(count for _, count, _ in rows), "", money(total, currency, self.lang)))
        return table(
            "goods", self.say("part.goods"), self._columns(serial=1, goods=5, quantity=1, price=2, sum=2), cells
        )

    def _given_back(self) -> Iterator[tuple[str, int, int]]:
        order, lines = self.case.complaint.order, self.case.complaint.demand.lines
        for line, count in taken(order, lines) if lines else [(line, line.quantity) for line in order.lines]:
            if count:
                yield line.name or line.sku, count, line.unit_price

    def _result(self) -> Iterator[Line]:
        """The written result (S2-51): taken back or not, how many, how much is refunded."""
        back = next(iter(self._of("goods")[::-1]), None)
        paid = self._of("executed")
        count = sum(each for _, each, _ in self._given_back()) if back and back.data.get("accepted") else 0
        refunded = sum(int(each.data.get("refunded", 0)) for each in paid)
        currency = self.case.complaint.order.currency
        yield self._line("accepted", shown(back.data, self.pack, self.lang).get("accepted", "") if back else "")
        yield self._line("quantity", str(count) if back else "")
        yield self._line("refunded", money(refunded, currency, self.lang) if paid else "")
        yield self._line("note", back.data.get("reason") if back else "")
        yield from self._signed(back)

    def _fields(self, form: Sequence[FormField], told: Event | None) -> Iterator[Line]:
        """The form's fields; a personal one never enters the record."""
        for field in form:
            value = told.data.get(f"{FIELD}{field.name}") if told else None
            kept = self.say("not_recorded") if field.personal and told else self._value(field, value)
            yield title(field.title, self.lang), kept

    def _value(self, field: FormField, given: Detail | None) -> str:
        return "" if given is None else entered(field, in_words(given), self.case.complaint.order.currency, self.lang)

    def _signed(self, told: Event | None) -> Iterator[Line]:
        yield self._line("by", told.actor if told else "")
        yield self._line("at", self.moment(told.at) if told else "")

    def _shares(self, told: Event | None) -> str:
        return liable(str(told.data.get("liable", "")), self.pack, self.lang) if told else ""

    def _private(self, value: Cell) -> Cell:
        return value if self.case.personal or not value else self.say("withheld")

    def _of(self, *kinds: str) -> list[Event]:
        return [event for event in self.case.events if event.kind in kinds]

    def _line(self, label: str, value: Cell) -> Line:
        return self.say(f"label.{label}"), value if value is not None else ""

    def _lines(self, key: str, heading: str, lines: Iterator[Line]) -> Section:
        return table(key, heading, self._columns(what=3, text=8), list(lines))

    def _columns(self, **widths: int) -> tuple[Column, ...]:
        return tuple(Column(key, self.say(f"column.{key}"), width) for key, width in widths.items())

    def moment(self, at: datetime) -> str:
        """In the procedure's time zone."""
        return when(at, self.pack.time_zone, self.lang)

    def say(self, key: str, /, **values: object) -> str:
        """A text of the papers."""
        return say(f"paper.{key}", self.lang, **values)
