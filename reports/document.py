"""What a report is before it has a format: a heading and sections whose rows are streamed, once, in order."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from models.directory import Directory
from models.language import Language
from models.procedure import Procedure
from reports.period import Period
from texts import say, when
from texts.values import title

Cell = str | int | float | None


@dataclass(frozen=True)
class Column:
    """A column: `key` for programs, `title` for people, `width` in relative parts of the line."""

    key: str
    title: str
    width: int = 2


@dataclass(frozen=True)
class Row:
    """A line: cells for people, and the same as codes, numbers and instants for programs."""

    cells: tuple[Cell, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Section:
    """A table. `rows()` may be called once for each time it is to be written."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: Callable[[], AsyncIterator[Row]]
    charts: Callable[[], str] = str
    """Inline SVG for HTML, to be asked after the rows have been read."""


@dataclass(frozen=True)
class Document:
    """A report ready to be written in any format."""

    name: str
    lang: Language
    title: str
    notes: tuple[str, ...]
    """Period, when it was generated, how it counts."""
    sections: tuple[Section, ...]
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Setting:
    """Whom a report is for and what it looks at."""

    lang: Language
    period: Period
    now: datetime
    pack: Callable[[str], Procedure]
    """The procedure of a case by its ref."""
    default: Procedure
    directory: Directory | None = None
    packs: Callable[[], Iterable[Procedure]] = tuple
    """Every procedure known, for figures over several."""
    only: str | None = None
    """The name of the one procedure whose cases count; None: those of all."""

    def knowing(self, kind: Literal["departments", "topics", "causes"], name: str) -> Procedure:
        """A procedure that has this department, type or cause: the report's own, else any; its own where none has."""
        packs = (self.default, *self.packs())
        return next((pack for pack in packs if name in getattr(pack, kind)), self.default)

    def say(self, key: str, /, **values: object) -> str:
        """A text of the reports."""
        return say(f"report.{key}", self.lang, **values)

    def document(self, name: str, *sections: Section, notes: tuple[str, ...] = ()) -> Document:
        """The sections under the report's heading."""
        first, last, zone = self.period.first, self.period.last, self.period.zone
        heading: tuple[str, ...] = (
            self.say("period", since=first.isoformat(), until=last.isoformat()),
            self.say("generated", at=when(self.now, zone, self.lang)),
        )
        facts = {"report": name, "from": first.isoformat(), "to": last.isoformat(), "time_zone": zone}
        if self.only is not None:
            heading = (*heading, self.say("procedure", title=title(self.default.title, self.lang)))
            facts["procedure"] = self.only
        facts["generated_at"] = self.now.isoformat()
        return Document(name, self.lang, self.say(f"title.{name}"), (*heading, *notes), sections, facts)

    def columns(self, group: str, /, **widths: int) -> tuple[Column, ...]:
        """Columns in the order given, titled by `report.GROUP.KEY`."""
        return tuple(Column(key, self.say(f"{group}.{key}"), width) for key, width in widths.items())
