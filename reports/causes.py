"""Causes (S0-21): top reasons, products, merchants, carriers, their trend, and what a change of rules changed."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from models.tables import CaseRow
from reports.charts import Bar, Line, bars, lines
from reports.document import Document, Row, Section, Setting
from reports.period import local_day, week_of
from reports.queries import Found, by_time, count, of_procedure, within
from reports.words import day
from texts import values

TOP = 10
DIMENSIONS = ("cause", "product", "merchant", "carrier")
_COLUMNS = (
    CaseRow.number, CaseRow.opened_at, CaseRow.cause, CaseRow.merchant, CaseRow.carrier, CaseRow.contested,
    CaseRow.out_of_rule, CaseRow.complaint,
)  # fmt: skip


@dataclass
class Summary:
    """What the complaints submitted in a period were about."""

    total: int = 0
    by: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in DIMENSIONS})
    contested: Counter[tuple[str, str]] = field(default_factory=Counter)
    out_of_rule: Counter[tuple[str, str]] = field(default_factory=Counter)
    weeks: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, row: Found, zone: str) -> None:
        """Count a complaint."""
        self.total += 1
        for dimension, name in _about(row):
            self.by[dimension][name] += 1
            self.contested[dimension, name] += row.contested
            self.out_of_rule[dimension, name] += row.out_of_rule
        week = self.weeks[week_of(local_day(row.opened_at, zone))]
        week.update(total=1, contested=int(row.contested), out_of_rule=int(row.out_of_rule))


def _about(row: Found) -> Iterator[tuple[str, str]]:
    yield "cause", row.cause
    for sku in dict.fromkeys(_skus(row.complaint)):
        yield "product", sku
    if row.merchant:
        yield "merchant", row.merchant
    if row.carrier:
        yield "carrier", row.carrier


def _skus(complaint: Mapping[str, Any]) -> list[str]:
    wanted = complaint.get("demand", {}).get("lines") or complaint.get("order", {}).get("lines", [])
    return [line["sku"] for line in wanted]


async def summarised(database: AsyncConnection, setting: Setting) -> Summary:
    """One look at every complaint submitted in the period."""
    summary = Summary()
    opened = col(CaseRow.opened_at)
    async for page in by_time(database, _COLUMNS, opened, setting.period, of_procedure(setting)):
        for row in page:
            summary.add(row, setting.period.zone)
    return summary


async def causes_count(database: AsyncConnection, setting: Setting) -> int:
    """How many complaints have to be looked at."""
    return await count(database, within(col(CaseRow.opened_at), setting.period), of_procedure(setting))


class Looked:
    """The period and the days before it, looked at once for all sections."""

    def __init__(self, database: AsyncConnection, setting: Setting) -> None:
        self._database = database
        self._setting = setting
        self._found: tuple[Summary, Summary] | None = None

    async def found(self) -> tuple[Summary, Summary]:
        """The period's summary and the one of the days before."""
        if self._found is None:
            now = await summarised(self._database, self._setting)
            earlier = replace(self._setting, period=self._setting.period.before)
            self._found = now, await summarised(self._database, earlier)
        return self._found

    @property
    def summary(self) -> Summary:
        """The period's, once it has been looked at."""
        return self._found[0] if self._found else Summary()


def causes(database: AsyncConnection, setting: Setting) -> Document:
    """Top lists, the trend by week, and the change since the last version of each procedure."""
    looked = Looked(database, setting)
    before = setting.period.before
    sections = [_top(dimension, looked, setting) for dimension in DIMENSIONS]
    weeks = setting.columns("cause", week=3, complaints=2, contested=2, out_of_rule=2)
    changes = setting.columns("cause", procedure=3, since=3, group=5, complaints_before=3, complaints_since=3, change=2)
    return setting.document(
        "causes",
        *sections,
        Section(
            "weeks", setting.say("cause.weeks"), weeks, lambda: _weeks(looked), lambda: _trend(looked.summary, setting)
        ),
        Section("changes", setting.say("cause.changes"), changes, lambda: _changes(database, setting)),
        notes=(setting.say("cause.note", since=before.first.isoformat(), until=before.last.isoformat()),),
    )


def _top(dimension: str, looked: Looked, setting: Setting) -> Section:
    columns = setting.columns(
        "cause", rank=1, group=6, complaints=2, share=2, contested=2, out_of_rule=2, before=2, change=2
    )
    title = setting.say(f"cause.top_{dimension}")

    def chart() -> str:
        most = _ranked(looked.summary.by[dimension])
        return bars(title, [Bar(_title(dimension, name, setting), times) for name, times in most])

    return Section(dimension, title, columns, lambda: _ranks(dimension, looked, setting), chart)


def _ranked(counts: Counter[str]) -> Sequence[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:TOP]


async def _ranks(dimension: str, looked: Looked, setting: Setting) -> AsyncIterator[Row]:
    now, before = await looked.found()
    for rank, (name, times) in enumerate(_ranked(now.by[dimension]), 1):
        earlier = before.by[dimension][name]
        facts = {
            "rank": rank,
            "group": name,
            "complaints": times,
            "share": round(100 * times / now.total, 1),
            "contested": now.contested[dimension, name],
            "out_of_rule": now.out_of_rule[dimension, name],
            "before": earlier,
            "change": times - earlier,
        }
        yield Row((rank, _title(dimension, name, setting), *list(facts.values())[2:]), facts)  # type: ignore[arg-type]


def _title(dimension: str, name: str, setting: Setting) -> str:
    return values.cause(name, setting.knowing("causes", name), setting.lang) if dimension == "cause" else name


async def _weeks(looked: Looked) -> AsyncIterator[Row]:
    now, _ = await looked.found()
    for week, counts in sorted(now.weeks.items()):
        figures = {name: counts[name] for name in ("total", "contested", "out_of_rule")}
        yield Row((week, *figures.values()), {"week": week, **figures})


def _trend(summary: Summary, setting: Setting) -> str:
    weeks = sorted(summary.weeks)
    if not weeks:
        return ""
    names = {"total": "complaints", "contested": "contested", "out_of_rule": "out_of_rule"}
    drawn = [
        Line(setting.say(f"cause.{title}"), [summary.weeks[week][name] for week in weeks])
        for name, title in names.items()
    ]
    return lines(setting.say("cause.weeks"), weeks, drawn, unit="")


async def _changes(database: AsyncConnection, setting: Setting) -> AsyncIterator[Row]:
    """For each procedure of several versions: as many days before the newest one's first case as since."""
    refs = await _first_cases(database, setting)
    for name in sorted({ref.rpartition(".")[0] for ref in refs}):
        versions = sorted((ref for ref in refs if ref.rpartition(".")[0] == name), key=_version)
        if len(versions) > 1:
            newest = versions[-1]
            begun = refs[newest]
            length = setting.period.until - begun
            earlier = await _by_cause(database, versions[:-1], col(CaseRow.opened_at) >= begun - length)
            since = await _by_cause(database, [newest], col(CaseRow.opened_at) < setting.period.until)
            for row in _compared(newest, begun, earlier, since, setting):
                yield row


def _version(ref: str) -> int:
    return int(ref.rpartition(".")[2])


async def _first_cases(database: AsyncConnection, setting: Setting) -> dict[str, datetime]:
    first = func.min(CaseRow.opened_at).label("first")
    query = (
        select(col(CaseRow.procedure), first)
        .where(col(CaseRow.opened_at) < setting.period.until, of_procedure(setting))
        .group_by(col(CaseRow.procedure))
    )
    return {row.procedure: row.first for row in await database.execute(query)}


async def _by_cause(database: AsyncConnection, refs: Sequence[str], when: ColumnElement[bool]) -> dict[str, int]:
    query = (
        select(col(CaseRow.cause), func.count().label("times"))
        .where(col(CaseRow.procedure).in_(refs), when)
        .group_by(col(CaseRow.cause))
    )
    return {row.cause: row.times for row in await database.execute(query)}


def _compared(
    ref: str, begun: datetime, earlier: Mapping[str, int], since: Mapping[str, int], setting: Setting
) -> Iterator[Row]:
    pack = setting.pack(ref)
    for cause in sorted({*earlier, *since}, key=lambda name: (-since.get(name, 0), name)):
        before, after = earlier.get(cause, 0), since.get(cause, 0)
        cells = (ref, day(begun, setting), values.cause(cause, pack, setting.lang), before, after, after - before)
        facts = {"procedure": ref, "since": begun.isoformat(), "group": cause, "before": before, "after": after}
        yield Row(cells, facts)
