"""A batch incident in words: for the Web UI, the terminal and the mails."""

from models.commands import shares_text
from models.currency import figure
from models.incident import IncidentView, Progress, Scope
from models.language import Language
from models.procedure import Procedure
from texts import as_markdown, named, say, several, span, until, when
from texts.values import cause, department, liable, remedy, sums


def scope_text(scope: Scope, pack: Procedure, lang: Language) -> str:
    """What its cases have in common."""
    words = (
        f"{named('incident.mark', mark, lang)} {cause(value, pack, lang) if mark == 'cause' else value}"
        for mark, value in scope.marks().items()
    )
    return several(words, lang)


def progress_text(progress: Progress, pack: Procedure, lang: Language) -> str:
    """How far the decision has come, in one line."""
    money = ",".join(f"{currency}={amount}" for currency, amount in sorted(progress.refunded.items()))
    done = progress.cases - progress.linked
    percent = 100 * done // progress.cases if progress.cases else 0
    figures = {key: value or None for key, value in progress.model_dump(exclude={"refunded"}).items()}
    return say("incident.progress", lang, **(figures | {"cases": progress.cases, "done": done, "percent": percent}),
               sums=sums(money, pack, lang))  # fmt: skip


def decision_text(incident: IncidentView, pack: Procedure, lang: Language) -> str:
    """The one decision, in one line; empty before there is one."""
    decision = incident.decision
    if decision is None:
        return ""
    return say(
        "incident.decision",
        lang,
        grant=named("grant", "yes" if decision.grant else "no", lang),
        remedy=remedy(decision.demand.kind, pack, lang) if decision.demand else None,
        amount=figure(asked) if decision.demand and (asked := decision.demand.amount) is not None else None,
        liable=liable(shares_text(decision.liable), pack, lang) or None,
        reason=decision.reason,
        who=decision.actor,
        department=department(decision.department, pack, lang),
        at=when(decision.at, pack.time_zone, lang),
    )


def facts(incident: IncidentView, pack: Procedure, lang: Language) -> list[tuple[str, str]]:
    """Label and text of everything an incident says of itself."""
    zone, finding = pack.time_zone, incident.finding
    found = say(
        "incident.finding",
        lang,
        confirmed=named("confirmed", "yes" if finding.confirmed else "no", lang),
        defect=finding.defect,
        inspected=finding.inspected,
        defective=finding.defective,
        who=finding.actor,
    ) if finding else ""  # fmt: skip
    lines = [
        ("stage", named("incident.stage", incident.stage, lang)),
        ("scope", scope_text(incident.scope, pack, lang)),
        ("drill", say("incident.drill", lang, cases=incident.drill) if incident.drill else ""),
        ("reason", incident.reason),
        ("opened", f"{when(incident.opened_at, zone, lang)}, {incident.opened_by}"),
        ("due", until(incident.due, zone, lang) if incident.due else ""),
        ("late", ", ".join(named("incident.stage", stage, lang) for stage in incident.late)),
        ("finding", found),
        ("decision", decision_text(incident, pack, lang)),
        ("progress", progress_text(incident.progress, pack, lang)),
        ("plan", say("incident.plan", lang, ref=incident.procedure, plan=incident.plan, at_once=incident.at_once,
                     every=span(incident.report_every, lang))),
        ("situations", str(incident.situations)),
        *(("evaluation", f"{when(e.at, zone, lang)}, {e.actor}: {e.note}") for e in incident.evaluations),
        ("closed", f"{when(incident.closed_at, zone, lang)}, {incident.closed_by}" if incident.closed_at else ""),
        ("causes", incident.causes or ""),
        ("improvements", incident.improvements or ""),
    ]  # fmt: skip
    return [(key, text) for key, text in lines if text]


def web_details(incident: IncidentView, pack: Procedure) -> str:
    """The incident in the Temporal Web UI, as Markdown, in the procedure's language."""
    lang = pack.language
    shown = dict(facts(incident, pack, lang))
    wanted = ("scope", "drill", "due", "finding", "decision", "progress", "causes", "improvements")
    lines = [f"- {named('incident.label', key, lang)}: {as_markdown(shown[key])}" for key in wanted if key in shown]
    return "\n".join((f"**{incident.number}** · {shown['stage']}", "", *lines))
