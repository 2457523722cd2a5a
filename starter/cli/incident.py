"""Batch incidents: opened, verified, decided once for all cases, watched, reported, closed (S2-01 to S2-05)."""

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from rich.live import Live
from rich.table import Table
from rich.text import Text

from models.complaint import DemandKind
from models.incident import INCIDENT_COMMANDS, IncidentStage, IncidentView, OpenIncident, ReportForm, Scope
from models.names import BATCH_RETURN, incident_id
from models.procedure import Procedure
from starter.cli.actions import Flag, Many
from starter.cli.dossiers import act, dossiers, known_actor, pack_named
from starter.cli.lists import checked_limit
from starter.cli.parsing import contract, demand, one_of, shares
from starter.cli.reporting import FormatName, format_of, write_document
from starter.cli.sending import NOBODY, Sender, acting
from starter.cli.session import Json, Session, session
from starter.failures import BadInput, NoSuchCase
from texts import brief
from texts.incident import facts, progress_text

if TYPE_CHECKING:
    from models.tables import IncidentRow

incident = App(
    name="incident",
    help="Batch incidents: one plan and one decision for many complaints.",
    result_action="return_value",
)
Which = Annotated[str, Parameter(name="NUMBER", help="The incident's number, such as IN20261125001.")]
Name = Annotated[str | None, Parameter(name="--procedure", help="The procedure; none: the configured one.")]
NUMBERED = 15.0
"""How long a new incident's number is waited for (seconds)."""


@incident.command(name="open")
async def open_incident(
    *,
    product: str | None = None,
    lot: str | None = None,
    merchant: str | None = None,
    cause: str | None = None,
    reason: str,
    procedure: Name = None,
    by: Sender = NOBODY,
) -> int:
    """Start the emergency plan by hand; a scope has one open incident.

    :param product: The SKU its cases have in common.
    :param lot: Their production lot.
    :param merchant: Their merchant.
    :param cause: Their reason.
    :param reason: Why the plan starts.
    """
    scope = {"product": product, "lot": lot, "merchant": merchant, "cause": cause}
    return await _begin(session(), scope, reason, procedure, by, None)


@incident.command(name="drill")
async def drill(
    *,
    product: str = "DRILL",
    cases: int = 20,
    reason: str = "drill",
    procedure: Name = None,
    by: Sender = NOBODY,
) -> int:
    """Drill the plan with made-up cases: every step is taken, no case is touched, no money moves.

    :param product: What the made-up cases have in common.
    :param cases: How many there are.
    :param reason: Why it is drilled now.
    """
    return await _begin(session(), {"product": product}, reason, procedure, by, cases)


async def _begin(
    current: Session, scope: dict[str, str | None], reason: str, name: str | None, by: Sender, cases: int | None
) -> int:
    pack = pack_named(current, name)
    if pack.incident is None:
        raise BadInput("no_plan", name=pack.name)
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
    )
    workflow_id = incident_id(pack.name, wish.scope.key, drill=cases is not None)
    async with dossiers(current) as service:
        run = await service.start(BATCH_RETURN, workflow_id, wish, again=True)
    return await _tell_number(current, run, as_json=by.as_json)


async def _tell_number(current: Session, run: str | None, *, as_json: bool) -> int:
    from starter.incident_archive import by_run

    if run is None:
        current.err.print(current.say("incident_there"), markup=False)
        return 0
    row, waited = await by_run(current.settings, run), 0.0
    while (row is None or row.incident is None) and waited < NUMBERED:
        await asyncio.sleep(0.1)
        waited += 0.1
        row = await by_run(current.settings, run)
    if as_json:
        current.print_json({"number": row.number if row else None})
    elif row is None or row.incident is None:
        current.out.print(current.say("incident_opening"), markup=False)
    else:
        seen = IncidentView.model_validate(row.incident)
        current.out.print(current.say("incident_opened", number=row.number, cases=seen.progress.cases), markup=False)
    return 0


@incident.command(name="list")
async def list_incidents(*, limit: int = 20, as_json: Json = False) -> int:
    """Incidents, the latest first.

    :param limit: At most so many.
    """
    from starter.incident_archive import incidents

    current = session()
    found = await incidents(current.settings, checked_limit(limit))
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
        cells = (line.number, drilled, ", ".join(scope.marks().values()), opened, str(line.cases))
        shown.add_row(*(Text(cell) for cell in cells))
    current.out.print(shown)
    return 0


@incident.command(name="show")
async def show(number: Which, /, *, cases: Flag = False, as_json: Json = False) -> int:
    """Where an incident stands.

    :param cases: Its cases too, and what the decision did to each.
    """
    from starter.incident_archive import cases as cases_of
    from starter.incident_archive import situations

    current = session()
    row, seen = await _found(current, number)
    lines = [line async for line in cases_of(current.settings, row.number)] if cases else []
    if as_json:
        reports = await situations(current.settings, row.number)
        current.print_json({"incident": seen, "situations": reports, **({"cases": lines} if cases else {})})
        return 0
    current.out.print(Text(_page(current, seen)))
    for line in lines:
        fate = current.named("incident.fate", line.fate)
        told = f" · {current.named('code', line.code)}" if line.code else ""
        current.out.print(Text(f"  {line.number}  {fate}{told} · {current.named('stage', line.stage)}"))
    return 0


@incident.command(name="watch")
async def watch(number: Which, /, *, every: float = 1.0) -> int:
    """How far the decision has come, kept up to date until every case has it.

    :param every: Seconds between looks.
    """
    if not 0.1 <= every <= 3600:
        raise BadInput("bad_every")
    current = session()
    _, seen = await _found(current, number)
    with Live(Text(_page(current, seen)), console=current.out, auto_refresh=False) as live:
        while seen.stage is not IncidentStage.CLOSED and not (seen.decision and seen.progress.handed_out):
            await asyncio.sleep(every)
            _, seen = await _found(current, number)
            live.update(Text(_page(current, seen)), refresh=True)
    current.out.print(Text(progress_text(seen.progress, current.pack(seen.procedure), current.lang)))
    return 0


@incident.command(name="verify")
async def verify(
    number: Which,
    /,
    *,
    confirmed: Flag = False,
    unconfirmed: Flag = False,
    defect: str,
    inspected: int = 0,
    defective: int = 0,
    by: Sender = NOBODY,
) -> int:
    """Report what quality control found on the goods.

    :param confirmed: They have the problem.
    :param unconfirmed: They do not.
    :param defect: What was found.
    :param inspected: How many were inspected.
    :param defective: How many of them are defective.
    """
    found = one_of({"confirmed": confirmed, "unconfirmed": unconfirmed}) == "confirmed"
    fields = {"confirmed": found, "defect": defect, "inspected": inspected, "defective": defective}
    return await _act(number, "verify", by, **fields)


@incident.command(name="decide")
async def decide(
    number: Which,
    /,
    *,
    grant: Flag = False,
    refuse: Flag = False,
    reason: str,
    remedy: DemandKind | None = None,
    amount: str | None = None,
    currency: str = "CNY",
    liable: Many = None,
    by: Sender = NOBODY,
) -> int:
    """Give the one decision for every case; cases with a ruling of their own keep it.

    :param grant: For the customers.
    :param refuse: Against them.
    :param reason: Why; the customers read it in a refusal.
    :param remedy: What each customer gets instead of what was asked for.
    :param amount: How much of it, such as 12.50.
    :param currency: The amount's currency.
    :param liable: Who bears the cost, as in confirm.
    """
    granted = one_of({"grant": grant, "refuse": refuse}) == "grant"
    wanted, borne = demand(remedy, amount, [], currency), shares("--liable", liable or [])
    return await _act(number, "decide", by, grant=granted, reason=reason, demand=wanted, liable=borne)


@incident.command(name="situation")
async def situation(number: Which, /, *, note: str, by: Sender = NOBODY) -> int:
    """Send the leading group a situation report at once.

    :param note: How it goes.
    """
    return await _act(number, "situation", by, note=note)


@incident.command(name="evaluate")
async def evaluate(
    number: Which,
    /,
    *,
    adequate: Flag = False,
    inadequate: Flag = False,
    note: str,
    at_once: int | None = None,
    report_hours: int | None = None,
    by: Sender = NOBODY,
) -> int:
    """Evaluate the plan as leading group, and adjust it where needed.

    :param adequate: It works.
    :param inadequate: It does not.
    :param note: What was found.
    :param at_once: So many cases at once from now on.
    :param report_hours: A situation report every so many hours from now on.
    """
    good = one_of({"adequate": adequate, "inadequate": inadequate}) == "adequate"
    return await _act(number, "evaluate", by, adequate=good, note=note, at_once=at_once, report_hours=report_hours)


@incident.command(name="close")
async def close(number: Which, /, *, causes: str, improvements: str, by: Sender = NOBODY) -> int:
    """Sum the incident up and close it.

    :param causes: What caused it.
    :param improvements: What will be done better, and by whom.
    """
    return await _act(number, "close", by, causes=causes, improvements=improvements)


@incident.command(name="report")
async def report(
    number: Annotated[str | None, Parameter(name="NUMBER", help="The incident; none: the plan itself.")] = None,
    /,
    *,
    form: ReportForm = "incident",
    write_as: Annotated[FormatName | None, Parameter(name="--format")] = None,
    out: Path | None = None,
    procedure: Name = None,
    as_json: Json = False,
) -> int:
    """The plan's attachments: incident and summary report of an incident; flow chart, standard and drill plan.

    :param form: Which of them.
    :param write_as: How to write it; none: as the file is called, else a table.
    :param out: The file to write.
    """
    from reports.incident import plan_paper, report_of
    from starter.incident_archive import cases as cases_of
    from starter.incident_archive import last_drill, situations

    current = session()
    chosen = format_of(write_as, out, as_json=as_json)
    if form in ("incident", "summary"):
        if number is None:
            raise BadInput("bad_incident")
        row, seen = await _found(current, number)
        told = await situations(current.settings, row.number)
        document = report_of(
            form, seen, told, lambda: cases_of(current.settings, row.number), current.pack(seen.procedure), current.lang
        )
    else:
        pack = pack_named(current, procedure)
        if pack.incident is None:
            raise BadInput("no_plan", name=pack.name)
        document = plan_paper(form, pack, pack.incident, await last_drill(current.settings, pack.name), current.lang)
    return await write_document(current, document, chosen, out)


def _number(text: str) -> str:
    number = text.strip().upper()
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
    return row, seen


async def _act(number: str, name: str, sender: Sender, **fields: object) -> int:
    current = session()
    row = await _row(current, number)
    message = (name, INCIDENT_COMMANDS[name])
    return await act(current, _pack(current, row), row.workflow_id, row.number, message, sender, **fields)


def _pack(current: Session, row: "IncidentRow") -> Procedure:
    return pack_named(current, row.procedure)


def _page(current: Session, seen: IncidentView) -> str:
    pack = current.pack(seen.procedure)
    lines = [f"{current.named('incident.label', key)}: {text}" for key, text in facts(seen, pack, current.lang)]
    return "\n".join((seen.number, *lines))
