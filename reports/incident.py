"""The emergency plan's five attachments (S2-04), as documents: incident and summary report, flow, standard, drill."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from models.incident import IncidentView, Situation
from models.language import Language
from models.plans import IncidentRules
from models.procedure import Procedure
from reports.document import Cell, Column, Document, Row, Section
from texts import brief, money, named, say, several, span, when
from texts.incident import facts, progress_text
from texts.values import department, title

Cases = Callable[[], AsyncIterator[Any]]
"""Lines of starter/incident_archive.py, in order."""


def report_of(
    form: str, incident: IncidentView, situations: Sequence[Situation], cases: Cases, pack: Procedure, lang: Language
) -> Document:
    """事件报告表: facts, situation reports, cases. 事件总结报告: the same with causes and improvements before all."""
    now = datetime.now(UTC)
    lines = facts(incident, pack, lang)
    if form == "summary":
        summed = ("causes", "improvements", "progress", "decision", "finding")
        lines = sorted(lines, key=lambda line: summed.index(line[0]) if line[0] in summed else len(summed))
    labelled = [(named("incident.label", key, lang), text) for key, text in lines]
    sections = (
        table("facts", named("incident.paper", form, lang), _columns(lang, what=2, text=8), labelled),
        table("situations", say("incident.situations", lang), _columns(lang, serial=1, at=2, text=8),
              [(each.number, brief(each.at, pack.time_zone), _told(each, pack, lang)) for each in situations]),
        Section("cases", say("incident.cases", lang), _columns(lang, number=3, order=3, fate=2, stage=2, refunded=2),
                lambda: _case_rows(cases, lang)),
    )  # fmt: skip
    heading = f"{named('incident.paper', form, lang)} {incident.number}"
    notes = (say("incident.printed", lang, at=when(now, pack.time_zone, lang)),)
    about = incident.model_dump(mode="json") | {"generated_at": now.isoformat()}
    return Document(f"incident_{form}", lang, heading, notes, sections, about)


def _told(each: Situation, pack: Procedure, lang: Language) -> str:
    return " ".join(part for part in (each.note, progress_text(each.progress, pack, lang)) if part)


async def _case_rows(cases: Cases, lang: Language) -> AsyncIterator[Row]:
    async for line in cases():
        yield Row(
            (
                line.number,
                line.order_number,
                named("incident.fate", line.fate, lang),
                named("stage", line.stage, lang),
                money(line.refunded, line.currency, Language.EN),
            ),
            line.model_dump(mode="json"),
        )


def plan_paper(form: str, pack: Procedure, rules: IncidentRules, last: datetime | None, lang: Language) -> Document:
    """处理流程图, 处理标准 or 演练方案: the procedure's own data, and when the plan must be looked at again (S2-05)."""
    now = datetime.now(UTC)
    review = last + rules.review.within if last else now
    groups = [
        (title(body.title, lang), _who(body.departments, pack, lang), body.source)
        for body in (rules.leading, rules.handling)
    ]
    sections = (
        table("groups", say("incident.groups", lang), _columns(lang, what=3, who=6, source=2), groups),
        _PAPERS[form](pack, rules, lang),
        table("clocks", say("incident.clocks", lang), _columns(lang, what=5, within=2, source=3), _clocks(rules, lang)),
    )
    heading = f"{named('incident.paper', form, lang)} {pack.ref}"
    notes = (
        say("incident.printed", lang, at=when(now, pack.time_zone, lang)),
        say("incident.review", lang, at=when(review, pack.time_zone, lang), source=rules.review.source),
    )
    return Document(f"plan_{form}", lang, heading, notes, sections, {"generated_at": now.isoformat(), "plan": pack.ref})


def _flow(pack: Procedure, rules: IncidentRules, lang: Language) -> Section:
    """Each step leads to the one below it."""
    rows = [
        (place, title(step, lang), _who(step.by, pack, lang),
         place + 1 if place < len(rules.flow) else "", step.source)
        for place, step in enumerate(rules.flow, 1)
    ]  # fmt: skip
    columns = _columns(lang, serial=1, what=5, who=3, next=1, source=2)
    return table("flow", named("incident.paper", "flow", lang), columns, rows)


def _standard(pack: Procedure, rules: IncidentRules, lang: Language) -> Section:
    return _clauses("standard", rules.standards, lang)


def _drill(pack: Procedure, rules: IncidentRules, lang: Language) -> Section:
    return _clauses("drill", rules.drill, lang)


_PAPERS = {"flow": _flow, "standard": _standard, "drill": _drill}


def _clauses(form: str, clauses: Iterable[Any], lang: Language) -> Section:
    rows = [(place, title(clause, lang), clause.source) for place, clause in enumerate(clauses, 1)]
    return table(form, named("incident.paper", form, lang), _columns(lang, serial=1, what=8, source=2), rows)


def _clocks(rules: IncidentRules, lang: Language) -> list[tuple[Cell, ...]]:
    lines: list[tuple[Cell, ...]] = [
        (named("incident.clock", name, lang), span(clock.within, lang), clock.source)
        for name, clock in (
            ("verification", rules.verification),
            ("decision", rules.decision),
            ("situation", rules.situation),
            ("review", rules.review),
        )
    ]
    for threshold in rules.thresholds:
        marks = several((named("incident.mark", mark, lang) for mark in threshold.by), lang)
        what = say("incident.threshold", lang, cases=threshold.cases, marks=marks)
        lines.append((what, span(threshold.within, lang), threshold.source))
    lines.append((say("incident.at_once", lang), rules.at_once.cases, rules.at_once.source))
    return lines


def _who(names: Iterable[str], pack: Procedure, lang: Language) -> str:
    return several((department(name, pack, lang) for name in names), lang)


def _columns(lang: Language, **widths: int) -> tuple[Column, ...]:
    return tuple(Column(key, say(f"incident.column.{key}", lang), width) for key, width in widths.items())


def table(key: str, title: str, columns: tuple[Column, ...], lines: Sequence[tuple[Cell, ...]]) -> Section:
    """A section whose rows are known."""

    async def rows() -> AsyncIterator[Row]:
        for cells in lines:
            yield Row(cells, dict(zip((column.key for column in columns), cells, strict=True)))

    return Section(key, title, columns, rows)
