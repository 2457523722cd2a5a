"""Batch incidents: opened, verified, decided once for all cases, watched, reported, closed (S2-01 to S2-05)."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from models.incident import ReportForm
from starter.cli.choosing import by_title
from starter.cli.dossiers import Named
from starter.cli.incidents import begin, paper, report_on, send, show_incident, table, watch_incident
from starter.cli.parsing import Remedy, currency_known, demand, nothing_beside, one_of, shares
from starter.cli.reporting import FormatName, format_of, write_document
from starter.cli.sending import NOBODY, Sender
from starter.cli.session import WHOLE, Flag, Json, Many, Whole, session
from starter.failures import BadInput

incident = App(
    name="incident",
    help="Batch incidents: one plan and one decision for many complaints.",
    result_action="return_value",
)
Which = Annotated[str, Parameter(name="NUMBER", help="The incident's number, such as IN20261125001.")]


@incident.command(name="open")
async def open_incident(
    *,
    product: str | None = None,
    lot: str | None = None,
    merchant: str | None = None,
    cause: str | None = None,
    reason: str,
    procedure: Named = None,
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
    return await begin(session(), scope, reason, procedure, by, None)


@incident.command(name="drill")
async def drill(
    *,
    product: str = "DRILL",
    cases: Whole = 20,
    reason: str = "drill",
    procedure: Named = None,
    by: Sender = NOBODY,
) -> int:
    """Drill the plan with made-up cases: every step is taken, no case is touched, no money moves.

    :param product: What the made-up cases have in common.
    :param cases: How many there are.
    :param reason: Why it is drilled now.
    """
    return await begin(session(), {"product": product}, reason, procedure, by, cases)


@incident.command(name="list")
async def list_incidents(*, limit: Whole = 20, as_json: Json = False) -> int:
    """Incidents, the latest first.

    :param limit: At most so many.
    """
    return await table(session(), limit, as_json=as_json)


@incident.command(name="show")
async def show(number: Which, /, *, cases: Flag = False, as_json: Json = False) -> int:
    """Where an incident stands.

    :param cases: Its cases too, and what the decision did to each.
    """
    return await show_incident(session(), number, with_cases=cases, as_json=as_json)


@incident.command(name="watch")
async def watch(number: Which, /, *, every: float = 1.0) -> int:
    """How far the decision has come, kept up to date until every case has it.

    :param every: Seconds between looks.
    """
    if not 0.1 <= every <= 3600:
        raise BadInput("bad_every")
    return await watch_incident(session(), number, every)


@incident.command(name="verify")
async def verify(
    number: Which,
    /,
    *,
    confirmed: Flag = False,
    unconfirmed: Flag = False,
    defect: str,
    inspected: Whole = 0,
    defective: Whole = 0,
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
    return await send(number, "verify", by, **fields)


@incident.command(name="decide")
async def decide(
    number: Which,
    /,
    *,
    grant: Flag = False,
    refuse: Flag = False,
    reason: str,
    remedy: Remedy = None,
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
    if not granted:
        nothing_beside("--refuse", {"--remedy": remedy, "--amount": amount})
    wanted = demand(remedy, amount, [], currency_known("--currency", currency))
    borne = shares("--liable", liable or [])
    return await send(number, "decide", by, grant=granted, reason=reason, demand=wanted, liable=borne)


@incident.command(name="situation")
async def situation(number: Which, /, *, note: str, by: Sender = NOBODY) -> int:
    """Send the leading group a situation report at once.

    :param note: How it goes.
    """
    return await send(number, "situation", by, note=note)


@incident.command(name="evaluate")
async def evaluate(
    number: Which,
    /,
    *,
    adequate: Flag = False,
    inadequate: Flag = False,
    note: str,
    at_once: Annotated[int | None, WHOLE] = None,
    report_hours: Annotated[int | None, WHOLE] = None,
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
    return await send(number, "evaluate", by, adequate=good, note=note, at_once=at_once, report_hours=report_hours)


@incident.command(name="close")
async def close(number: Which, /, *, causes: str, improvements: str, by: Sender = NOBODY) -> int:
    """Sum the incident up and close it.

    :param causes: What caused it.
    :param improvements: What will be done better, and by whom.
    """
    return await send(number, "close", by, causes=causes, improvements=improvements)


@incident.command(name="report")
async def report(
    number: Annotated[str | None, Parameter(name="NUMBER", help="The incident; none: the plan itself.")] = None,
    /,
    *,
    form: Annotated[ReportForm, by_title("incident.paper")] = "incident",
    write_as: Annotated[FormatName | None, Parameter(name="--format")] = None,
    out: Path | None = None,
    procedure: Named = None,
    as_json: Json = False,
) -> int:
    """The plan's attachments: incident and summary report of an incident; flow chart, standard and drill plan.

    :param form: Which of them.
    :param write_as: How to write it; none: as the file is called, else a table.
    :param out: The file to write.
    """
    current = session()
    chosen = format_of(write_as, out, as_json=as_json)
    if form not in ("incident", "summary"):
        document = await paper(current, form, procedure, number)
    elif number is None:
        raise BadInput("bad_incident")
    else:
        document = await report_on(current, form, number)
    return await write_document(current, document, chosen, out)
