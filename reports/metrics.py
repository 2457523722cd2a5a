"""投诉处理及时率, 客户满意度, 投诉重复率 (S1-14 to S1-16), 调解成功率 (S3-15), by group, with the cases behind each."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Literal, get_args

from sqlalchemy.ext.asyncio import AsyncConnection

from reports.charts import Bar, Line, bars, lines
from reports.cohort import DIMENSIONS, Counted, counted
from reports.document import Cell, Document, Row, Section, Setting
from reports.words import day, listed
from texts import named, values

Measure = Literal["timeliness", "satisfaction", "repeats", "mediation"]
ALL = ("all", "")


@dataclass
class Tally:
    """Numerators and denominators of one group."""

    complaints: int = 0
    timely: int = 0
    open: int = 0
    handled: int = 0
    satisfied: int = 0
    repeaters: set[str] = field(default_factory=set)
    """Customers, each once however often they come back."""
    mediated: int = 0
    settled: int = 0

    def rate(self, part: int, whole: int) -> float | None:
        """A percentage; None where there is nothing to count."""
        return round(100 * part / whole, 1) if whole else None

    @property
    def timeliness(self) -> float | None:
        """S1-14: handled in time / all complaints."""
        return self.rate(self.timely, self.complaints)

    @property
    def satisfaction(self) -> float | None:
        """S1-15: satisfied / all handled complaints."""
        return self.rate(self.satisfied, self.handled)

    @property
    def repeats(self) -> float | None:
        """S1-16: customers who complained again / all complaints."""
        return self.rate(len(self.repeaters), self.complaints)

    @property
    def mediation(self) -> float | None:
        """S3-15: ended by an offer the customer accepted / ended after an offer."""
        return self.rate(self.settled, self.mediated)


Tallies = dict[tuple[str, str], Tally]


def add(tallies: Tallies, case: Counted, zone: str) -> None:
    """Count a case in the whole and in each of its groups."""
    groups = list(_flat(case.groups()))
    if case.complaint:
        for key in (ALL, *groups, *_flat(case.days(zone, ended=False))):
            tally = tallies[key]
            tally.complaints += 1
            tally.timely += case.timely
            tally.open += not case.closed
            if case.repeated:
                tally.repeaters.add(case.row.customer)
    if case.handled:
        for key in (ALL, *groups, *_flat(case.days(zone, ended=True))):
            tallies[key].handled += 1
            tallies[key].satisfied += case.satisfied
            tallies[key].mediated += case.mediated
            tallies[key].settled += case.settled


def _flat(groups: dict[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
    return ((dimension, value) for dimension, found in groups.items() for value in found)


def metrics(database: AsyncConnection, setting: Setting) -> Document:
    """The figures of the whole and of every group, then the cases behind them."""
    tallies: Tallies = defaultdict(Tally)
    columns = setting.columns(
        "metric", dimension=3, group=5, complaints=2, timely=2, timeliness=2, open=2, handled=2, satisfied=2,
        satisfaction=2, repeaters=2, repeats=2, mediated=2, settled=2, mediation=2,
    )  # fmt: skip
    figures = Section(
        "figures",
        setting.say("metric.figures"),
        columns,
        lambda: _figures(database, setting, tallies),
        lambda: _charts(tallies, setting),
    )
    notes = (*_notes(setting), setting.say("metric.note_cases"))
    return setting.document("metrics", figures, case_section(database, setting), notes=notes)


def cases(
    database: AsyncConnection, setting: Setting, measure: Measure | None, group: tuple[str, str] | None
) -> Document:
    """The drill-down: the cases behind a figure, each with what it counted for."""
    return setting.document("metrics", case_section(database, setting, measure, group), notes=_notes(setting))


def _notes(setting: Setting) -> tuple[str, ...]:
    window = setting.default.metrics
    return (
        setting.say("metric.note_timeliness"),
        setting.say("metric.note_satisfaction"),
        setting.say("metric.note_repeats", days=window.repeat_within.days),
        setting.say("metric.note_mediation"),
    )


async def _figures(database: AsyncConnection, setting: Setting, tallies: Tallies) -> AsyncIterator[Row]:
    tallies.clear()
    async for case in counted(database, setting):
        add(tallies, case, setting.period.zone)
    order = {dimension: place for place, dimension in enumerate(("all", *DIMENSIONS))}
    for key in sorted(tallies, key=lambda key: (order[key[0]], key[1])):
        yield _figure(key, tallies[key], setting)


def _figure(key: tuple[str, str], tally: Tally, setting: Setting) -> Row:
    dimension, group = key
    facts = {
        "dimension": dimension,
        "group": group,
        "complaints": tally.complaints,
        "timely": tally.timely,
        "timeliness": tally.timeliness,
        "open": tally.open,
        "handled": tally.handled,
        "satisfied": tally.satisfied,
        "satisfaction": tally.satisfaction,
        "repeaters": len(tally.repeaters),
        "repeats": tally.repeats,
        "mediated": tally.mediated,
        "settled": tally.settled,
        "mediation": tally.mediation,
    }
    names: tuple[Cell, ...] = (setting.say(f"dimension.{dimension}"), group_title(dimension, group, setting))
    return Row((*names, *list(facts.values())[2:]), facts)  # type: ignore[arg-type]


def group_title(dimension: str, group: str, setting: Setting) -> str:
    """A group in words."""
    match dimension:
        case "department":
            return values.department(group, setting.knowing("departments", group), setting.lang)
        case "cause":
            return values.cause(group, setting.knowing("causes", group), setting.lang)
        case "type":
            return values.topic(group, setting.knowing("topics", group), setting.lang)
        case "category":
            return group or setting.say("metric.no_category")
        case "result":
            return named("exit", group, setting.lang)
        case _:
            return group


def case_section(
    database: AsyncConnection,
    setting: Setting,
    measure: Measure | None = None,
    group: tuple[str, str] | None = None,
) -> Section:
    """The cases of the period, or of one measure's denominator, or of one group."""
    columns = setting.columns(
        "metric_case", number=3, order=3, submitted=2, ended=2, procedure=3, departments=4, type=3, cause=3,
        category=3, result=3, complaint=1, timely=1, handled=1, satisfied=1, repeated=1, mediated=1, settled=1,
    )  # fmt: skip
    return Section("cases", setting.say("metric.cases"), columns, lambda: _cases(database, setting, measure, group))


async def _cases(
    database: AsyncConnection, setting: Setting, measure: Measure | None, group: tuple[str, str] | None
) -> AsyncIterator[Row]:
    async for case in counted(database, setting):
        if _wanted(case, measure, group, setting.period.zone):
            yield _case(case, setting)


def _wanted(case: Counted, measure: Measure | None, group: tuple[str, str] | None, zone: str) -> bool:
    ended = measure in _OF_ENDED
    if measure is not None and not _denominator(case, measure):
        return False
    if group is None:
        return True
    ends = [ended] if measure else [end for end, counts in ((True, case.handled), (False, case.complaint)) if counts]
    days = [case.days(zone, ended=end) for end in ends]
    return any(group[1] in found.get(group[0], ()) for found in (case.groups(), *days))


def _denominator(case: Counted, measure: Measure) -> bool:
    match measure:
        case "mediation":
            return case.mediated
        case "satisfaction":
            return case.handled
        case _:
            return case.complaint


def _case(case: Counted, setting: Setting) -> Row:
    row = case.row
    flags = {
        "complaint": case.complaint,
        "timely": case.timely,
        "handled": case.handled,
        "satisfied": case.satisfied,
        "repeated": case.repeated,
        "mediated": case.mediated,
        "settled": case.settled,
    }
    names = [group_title("department", name, setting) for name in case.departments]
    ended = day(row.closed_at, setting) if case.closed and row.closed_at else ""
    cells = (
        row.number,
        row.order_number,
        day(row.opened_at, setting),
        ended,
        row.procedure,
        listed(names, setting),
        group_title("type", case.types[0], setting) if case.types else "",
        group_title("cause", row.cause, setting),
        row.category or "",
        group_title("result", row.exit, setting) if case.closed else "",
        *("✓" if flag else "" for flag in flags.values()),
    )
    facts = {
        "number": row.number,
        "order": row.order_number,
        "submitted": day(row.opened_at, setting),
        "ended": ended or None,
        "procedure": row.procedure,
        "departments": list(case.departments),
        "types": list(case.types),
        "cause": row.cause,
        "category": row.category,
        "result": row.exit if case.closed else None,
        **flags,
    }
    return Row(cells, facts)


_MEASURES: tuple[Measure, ...] = get_args(Measure)
_OF_ENDED: frozenset[Measure] = frozenset({"satisfaction", "mediation"})


def _charts(tallies: Tallies, setting: Setting) -> str:
    dimension = "week" if sum(key[0] == "week" for key in tallies) > 1 else "month"
    weeks = sorted(key[1] for key in tallies if key[0] == dimension)
    trend = [
        Line(setting.say(f"metric.{name}"), [getattr(tallies[dimension, week], name) for week in weeks])
        for name in _MEASURES
    ]
    drawn = [lines(setting.say("metric.trend"), weeks, trend)] if weeks else []
    for name in _MEASURES:
        groups = sorted(key[1] for key in tallies if key[0] == "department")
        title = f"{setting.say(f'metric.{name}')} · {setting.say('dimension.department')}"
        found = [Bar(group_title("department", g, setting), getattr(tallies["department", g], name)) for g in groups]
        drawn.append(bars(title, found, unit="%", most=100))
    return "".join(drawn)
