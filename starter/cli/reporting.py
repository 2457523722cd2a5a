"""The company's forms, and reports with figures."""

import sys
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from starter.cli.choosing import Known, by_title, chosen, titled, titles_of
from starter.cli.reading_rights import reader
from starter.cli.session import Json, Session, session
from starter.failures import BadInput, TryAgain
from texts import say

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from reports.document import Document, Setting


class Kind(StrEnum):
    """The reports by their names on the command line."""

    OUT_OF_RULE = "out-of-rule"
    DISPUTES = "disputes"
    BREACHES = "breaches"
    METRICS = "metrics"
    CAUSES = "causes"
    SPOT_CHECKS = "spot-checks"


FormatName = Literal["table", "csv", "xlsx", "html", "pdf", "docx", "json"]
Figure = Annotated[Literal["timeliness", "satisfaction", "repeats", "mediation"] | None, by_title("report.metric")]
_NEED_A_FILE = ("xlsx", "pdf", "docx")


async def report(
    kind: Annotated[Kind, by_title("report.title", name="REPORT")],
    /,
    *,
    first: Annotated[str | None, Parameter(name="--from")] = None,
    last: Annotated[str | None, Parameter(name="--to")] = None,
    week: str | None = None,
    month: str | None = None,
    form: Annotated[FormatName | None, Parameter(name="--format")] = None,
    out: Path | None = None,
    figure: Figure = None,
    only: str | None = None,
    procedure: str | None = None,
    as_json: Json = False,
) -> int:
    """A form or report over a period; without one, this week. Days are those of the procedure's time zone.

    :param kind: Demands outside the rules (form 规则外退换货需求汇总表), disputes settled (form 已处理争议投诉汇总表),
        missed clocks, figures, causes, closed cases drawn to be checked.
    :param first: First day, such as 2026-03-01.
    :param last: Last day; none: today.
    :param week: An ISO week, such as 2026-W09.
    :param month: A month, such as 2026-03.
    :param form: How to write it; none: as the file is called, else a table.
    :param out: The file to write.
    :param figure: Metrics: the cases behind this figure.
    :param only: Metrics: the cases of this group, such as department=merchandise.
    :param procedure: Only the cases of this procedure; none: those of all.
    """
    from reports.period import BadPeriod, period

    current = session()
    who = reader(current)
    await who.everything(f"report:{kind}")
    chosen = format_of(form, out, as_json=as_json)
    group = _group(kind, figure, only)
    pack = current.default_pack if procedure is None else current.newest(procedure)
    now, zone = datetime.now(UTC), pack.time_zone
    try:
        days = period(first=first, last=last, week=week, month=month, today=_today(now, zone), zone=zone)
    except BadPeriod as error:
        raise BadInput(error.key, field=error.field) from None
    from reports.document import Setting

    mine = None if procedure is None else pack.name
    setting = Setting(current.lang, days, now, current.pack, pack, current.directory, current.packs, only=mine)
    code = await _write(current, kind, setting, chosen, out, figure, group)
    await who.has_read(f"report:{kind}", chosen)
    return code


async def write_document(current: Session, document: "Document", chosen: FormatName, out: Path | None) -> int:
    """Write a document to its file, or to the standard output. Returns the exit code; raises TryAgain."""
    from reports.catalogue import Format, print_text, save

    try:
        if out is None:
            await print_text(document, Format(chosen), sys.stdout, current.out)
            return 0
        await save(document, Format(chosen), out)
    except BrokenPipeError:
        # The reader has gone (`redress report … | head`): nothing is to blame.
        return 0
    except OSError as error:
        raise TryAgain("report_unwritable", problem=error.strerror or type(error).__name__) from None
    current.err.print(say("report.saved", current.lang, title=document.title, file=out), markup=False)
    return 0


def format_of(form: FormatName | None, out: Path | None, *, as_json: bool) -> FormatName:
    """What `--format`, `--json` or the file's name says, else a table. Raises BadInput, also where they differ."""
    known: tuple[FormatName, ...] = ("csv", "xlsx", "html", "pdf", "docx", "json")
    called = next((name for name in known if out and name == out.suffix.lower().lstrip(".")), None)
    said = {name for name in (form, "json" if as_json else None, called) if name is not None}
    if len(said) > 1:
        raise BadInput("report_formats", formats=", ".join(sorted(said)))
    form = next(iter(said), None)
    if form is None and out is not None:
        raise BadInput("report_format", choices=", ".join(("table", *known)))
    if form in _NEED_A_FILE and out is None:
        raise BadInput("report_file", format=form)
    return form or "table"


def _group(kind: Kind, figure: Figure, only: str | None) -> tuple[str, str] | None:
    if kind is not Kind.METRICS and (figure or only):
        raise BadInput("report_figure")
    if only is None:
        return None
    from models.case import Exit
    from reports.cohort import DIMENSIONS

    dimension, equals, value = only.partition("=")
    if not equals or dimension not in DIMENSIONS:
        raise BadInput("report_only", choices=", ".join(DIMENSIONS))
    current = session()
    packs = current.packs()
    if dimension == "department":
        name = current.spelt(value, "departments")
        current.pack_with(name, "--only")
        return dimension, name
    tables = {"type": ["topics"], "cause": ["causes"]}.get(dimension, [])
    value = current.spelt(value, *tables)
    known: dict[str, Known] = {
        "type": titles_of((name, topic.title) for pack in packs for name, topic in pack.topics.items()),
        "cause": titles_of((name, cause.title) for pack in packs for name, cause in pack.causes.items()),
        "result": titled(("exit",), Exit),
        "procedure": titles_of((pack.ref, pack.title) for pack in packs),
    }
    return dimension, chosen("--only", value, known[dimension], current.lang) if dimension in known else value


def _today(now: datetime, zone: str) -> date:
    from reports.period import local_day

    return local_day(now, zone)


async def _write(
    current: Session,
    kind: Kind,
    setting: "Setting",
    chosen: FormatName,
    out: Path | None,
    figure: Figure,
    group: tuple[str, str] | None,
) -> int:
    from activities.store import at_one_moment
    from reports.catalogue import REPORTS, counted_rows
    from starter.archive import reading

    async with reading(current.settings) as opened:
        database = await at_one_moment(opened)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=current.err, transient=True, disable=not current.err.is_terminal) as progress:
            total = await REPORTS[kind.replace("-", "_")][1](database, setting)
            task = progress.add_task(setting.say("working"), total=total)
            document = _document(database, kind, setting, chosen, figure, group)
            document = counted_rows(document, lambda: progress.advance(task))
            return await write_document(current, document, chosen, out)


def _document(
    database: "AsyncConnection",
    kind: Kind,
    setting: "Setting",
    chosen: FormatName,
    figure: Figure,
    group: tuple[str, str] | None,
) -> "Document":
    from reports.catalogue import Format, built
    from reports.metrics import cases

    if figure or group:
        return cases(database, setting, figure, group)
    return built(database, kind.replace("-", "_"), setting, Format(chosen))
