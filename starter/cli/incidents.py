"""What the verbs of an incident share: opening, finding, showing, watching, its papers."""

import asyncio
import re
from functools import partial
from typing import TYPE_CHECKING

from rich.live import Live
from rich.table import Table
from rich.text import Text

from models.incident import INCIDENT_COMMANDS, IncidentStage, IncidentView, OpenIncident, Scope
from models.names import BATCH_RETURN
from models.procedure import Procedure
from starter.cli.choosing import chosen, half_width, titles_of
from starter.cli.dossiers import act, dossiers, known_actor, numbered, pack_named
from starter.cli.lists import checked_limit
from starter.cli.parsing import as_option, contract
from starter.cli.reading_rights import reader
from starter.cli.sending import Sender, acting
from starter.cli.session import Session, lines_of_text, session
from starter.failures import BadInput, NoSuchCase
from texts import brief
from texts.incident import facts, progress_text, scope_text

if TYPE_CHECKING:
    from models.tables import IncidentRow
    from reports.document import Document


async def begin(
    current: Session, scope: dict[str, str | None], reason: str, name: str | None, by: Sender, cases: int | None
) -> int:
    """Start an incident, or a drill of so many cases; tell its number. Raises Failure."""
    pack = pack_named(current, name)
    if pack.incident is None:
        raise BadInput("no_plan", name=pack.name)
    if (cause := scope.get("cause")) is not None:
        causes = titles_of((name, known.title) for name, known in pack.causes.items())
        scope = scope | {"cause": chosen("--cause", cause, causes, current.lang)}
    actor = acting(current, by.actor)
    known_actor(current, pack, actor, (*pack.incident.handling.departments, *pack.incident.leading.departments))
    wish = contract(
        OpenIncident,
        {
            "procedure": pack.ref,
            "scope": {key: value for key, value in scope.items() if value is not None},
            "reason": reason,
            "opened_by": actor,
            "drill": cases,
        },
        _as_typed,
    )
    async with dossiers(current) as service:
        run = await service.start(BATCH_RETURN, wish.workflow_id, wish, again=True)
    return await _tell_number(current, wish.workflow_id, run, as_json=by.as_json)


def _as_typed(field: str) -> str:
    """A field of an incident's start by the option that says it."""
    return {"opened_by": "--as", "drill": "--cases"}.get(field) or as_option(field.removeprefix("scope."))


async def _tell_number(current: Session, workflow_id: str, run: str | None, *, as_json: bool) -> int:
    """The number of what was opened; of the one that was open already without a `run`."""
    from starter.incident_archive import by_run, open_one

    look = partial(open_one, current.settings, workflow_id) if run is None else partial(by_run, current.settings, run)
    row = await numbered(look, lambda row: row.incident is not None)
    if as_json:
        current.print_json({"number": row.number if row else None, "new": run is not None})
    elif run is None:
        current.err.print(current.say("incident_there", number=row.number if row else None), markup=False)
    elif row is None or row.incident is None:
        current.out.print(current.say("incident_opening"), markup=False)
    else:
        seen = IncidentView.model_validate(row.incident)
        current.out.print(current.say("incident_opened", number=row.number, cases=seen.progress.cases), markup=False)
    return 0


async def table(current: Session, limit: int, *, as_json: bool) -> int:
    """Incidents as a table."""
    from starter.incident_archive import incidents

    of = await reader(current).procedures("incident", "incidents")
    found = await incidents(current.settings, checked_limit(limit), of)
    if as_json:
        current.print_json(found)
        return 0
    if not found:
        current.out.print(current.say("no_incidents"))
        return 0
    shown = Table(header_style="bold", box=None, pad_edge=False)
    for label in ("incident", "stage", "scope", "opened", "cases"):
        shown.add_column(current.named("incident.label", label), overflow="fold")
    for line in found:
        scope = Scope(product=line.product, lot=line.lot, merchant=line.merchant, cause=line.cause)
        stage = current.named("incident.stage", line.stage)
        drilled = f"{stage} · {current.named('incident.label', 'drill')}" if line.drill else stage
        opened = brief(line.opened_at, current.default_pack.time_zone)
        cells = (
            line.number,
            drilled,
            scope_text(scope, _pack(current, line.procedure), current.lang),
            opened,
            "–" if line.drill else str(line.cases),
        )
        shown.add_row(*(Text(cell) for cell in cells))
    current.out.print(shown)
    return 0


def _pack(current: Session, name: str) -> Procedure:
    """The procedure an incident is of; the default one where this machine lacks it (only titles depend on it)."""
    return current.under(name) or current.default_pack


async def show_incident(current: Session, number: str, *, with_cases: bool, as_json: bool) -> int:
    """Where an incident stands, with its cases where wanted. Raises NoSuchCase."""
    from starter.incident_archive import cases as cases_of
    from starter.incident_archive import situations

    row, seen = await _found(current, number)
    lines = [line async for line in cases_of(current.settings, row.number)] if with_cases else []
    if as_json:
        reports = await situations(current.settings, row.number)
        current.print_json({"incident": seen, "situations": reports, **({"cases": lines} if with_cases else {})})
        return 0
    current.out.print(lines_of_text(_page(current, seen)))
    for line in lines:
        fate = current.named("incident.fate", line.fate)
        told = f" · {current.named('code', line.code)}" if line.code else ""
        current.out.print(Text(f"  {line.number}  {fate}{told} · {current.named('stage', line.stage)}"))
    return 0


async def watch_incident(current: Session, number: str, every: float) -> int:
    """How far the decision has come, until every case has it. Raises NoSuchCase."""
    _, seen = await _found(current, number)
    with Live(lines_of_text(_page(current, seen)), console=current.out, auto_refresh=False) as live:
        while seen.stage is not IncidentStage.CLOSED and not (seen.decision and seen.progress.handed_out):
            await asyncio.sleep(every)
            _, seen = await _found(current, number)
            live.update(lines_of_text(_page(current, seen)), refresh=True)
    if not current.out.is_terminal:
        current.out.line()  # the last picture ends in no line of its own there
    current.out.print(Text(progress_text(seen.progress, current.pack(seen.procedure), current.lang)))
    return 0


async def report_on(current: Session, form: str, number: str) -> "Document":
    """An incident's report. Raises NoSuchCase."""
    from reports.incident import report_of
    from starter.incident_archive import cases, situations

    row, seen = await _found(current, number)
    told = await situations(current.settings, row.number)
    pack = current.pack(seen.procedure)
    return report_of(form, seen, told, lambda: cases(current.settings, row.number), pack, current.lang)


async def paper(current: Session, form: str, procedure: str | None, number: str | None) -> "Document":
    """One of the plan's own papers; an incident's number says whose plan. Raises BadInput, NoSuchCase."""
    from reports.incident import plan_paper
    from starter.incident_archive import last_drill

    pack = current.pack((await _found(current, number))[1].procedure) if number else pack_named(current, procedure)
    if pack.incident is None:
        raise BadInput("no_plan", name=pack.name)
    return plan_paper(form, pack, pack.incident, await last_drill(current.settings, pack.name), current.lang)


def _number(text: str) -> str:
    number = half_width(text).strip().upper()
    if not re.fullmatch(r"IN\d{11,14}", number):
        raise BadInput("bad_incident")
    return number


async def _row(current: Session, text: str) -> "IncidentRow":
    from starter.incident_archive import find

    number = _number(text)
    row = await find(current.settings, number)
    if row is None:
        raise NoSuchCase("no_incident", name=number)
    return row


async def _found(current: Session, text: str) -> "tuple[IncidentRow, IncidentView]":
    from starter.incident_archive import stored_view

    row = await _row(current, text)
    seen = await stored_view(current.settings, row)
    if seen is None:
        raise NoSuchCase("no_incident", name=row.number)
    await reader(current).of(current.pack(seen.procedure).departments, row.number)
    return row, seen


async def send(number: str, name: str, sender: Sender, **fields: object) -> int:
    """Send a message to an incident. Returns the exit code; raises Failure."""
    current = session()
    row = await _row(current, number)
    message = (name, INCIDENT_COMMANDS[name])
    return await act(current, pack_named(current, row.procedure), row, message, sender, called=as_option, **fields)


def _page(current: Session, seen: IncidentView) -> str:
    pack = current.pack(seen.procedure)
    lines = [
        current.say("labelled", name=current.named("incident.label", key), value=text)
        for key, text in facts(seen, pack, current.lang)
    ]
    return "\n".join((seen.number, *lines))
