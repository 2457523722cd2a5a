"""An 8D report in words: one list of labels and texts for the Web UI, the terminal and the printed report."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from models.corrective import CorrectiveView, Gate, Timer
from models.language import Language
from models.procedure import Procedure
from texts import as_markdown, money, named, say, until, when
from texts.values import department, party

Line = tuple[str, str]
"""Label and text."""


def label(key: str, lang: Language) -> str:
    """A label."""
    return named("corrective.label", key, lang)


def head(report: CorrectiveView, pack: Procedure, lang: Language) -> list[Line]:
    """The complaint as received (S2-16), and where the report stands."""
    complaint = report.complaint
    done, planned = report.completion
    facts: dict[str, Any] = {
        "stage": named("corrective.stage", report.stage, lang),
        **complaint.model_dump(exclude={"procedure", "channel", "severity", "evidence", "lots", "contracts", "special",
                                        "similar", "urgent", "substance", "claim", "on_site", "answer_hours"}),
        "channel": named("corrective.channel", complaint.channel, lang),
        "severity": named("corrective.severity", complaint.severity, lang),
        "similar": named("corrective.yes_no", "yes" if complaint.similar else "no", lang),
        "lots": ", ".join(complaint.lots),
        "contracts": ", ".join(complaint.contracts),
        "evidence": ", ".join(complaint.evidence),
        "nature": ", ".join(named("corrective.nature", word, lang) for word in natures(report)),
        "customer_limit": f"{complaint.answer_hours} h" if complaint.answer_hours else "",
        "completion": f"{done}/{planned}" if planned else "",
        "rounds": len(report.rounds) + 1 if report.rounds else "",
        "trace": trace(report, lang),
    }  # fmt: skip
    return lines_of(facts, lang)


def natures(report: CorrectiveView) -> list[str]:
    """What makes it special, as codes."""
    complaint = report.complaint
    flags = [name for name in ("urgent", "substance", "claim", "on_site") if getattr(complaint, name)]
    return [*flags, *([complaint.special] if complaint.special else [])]


def trace(report: CorrectiveView, lang: Language) -> str:
    """Where the lots are named."""
    found = report.trace
    if not found.lots:
        return ""
    counts = found.model_dump(include={"cases", "orders", "customers"})
    return say("corrective.trace", lang, lots=", ".join(found.lots), **counts)


def timers(report: CorrectiveView, pack: Procedure, lang: Language) -> list[Line]:
    """Every clock, and whether it was met."""
    return [(named("corrective.timer", timer.name, lang), _timer(timer, pack, lang)) for timer in report.timers]


def _timer(timer: Timer, pack: Procedure, lang: Language) -> str:
    state = "open" if timer.met_at is None else "in_time" if timer.in_time else "late"
    state = "missed" if state == "open" and timer.missed else state
    return say(
        f"corrective.clock.{state}",
        lang,
        due=until(timer.due, pack.time_zone, lang),
        at=when(timer.met_at, pack.time_zone, lang) if timer.met_at else None,
        source=timer.source,
    )


def gate(name: str, report: CorrectiveView, pack: Procedure, lang: Language) -> list[Line]:
    """What a gate holds; empty while it is open."""
    content = getattr(report, name, None) if name != "d6" else None
    lines = list(_GATES[name](report, pack, lang)) if content is not None or name == "d6" else []
    said = report.said.get(name)
    if lines and said is not None:
        who = f"{said.actor}, {department(said.department, pack, lang)}, {when(said.at, pack.time_zone, lang)}"
        lines.append((label("said", lang), who))
    return lines


def _d1(report: CorrectiveView, pack: Procedure, lang: Language) -> Iterator[Line]:
    if report.d1 is not None:
        yield label("leader", lang), report.d1.leader
        for member in report.d1.members:
            side = f" ({named('corrective.side', member.side, lang)})" if member.side != "own" else ""
            yield label("member", lang), f"{member.name}{side}: {member.duty}"


def _d2(report: CorrectiveView, pack: Procedure, lang: Language) -> Iterator[Line]:
    if report.d2 is not None:
        facts = report.d2.model_dump(exclude={"actor", "department", "command_id", "lots", "first_time"})
        yield from lines_of(facts, lang)
        yield label("lots", lang), ", ".join(report.d2.lots)
        yield label("first_time", lang), named("corrective.yes_no", "yes" if report.d2.first_time else "no", lang)


def _d3(report: CorrectiveView, pack: Procedure, lang: Language) -> Iterator[Line]:
    if report.d3 is not None:
        yield label("stock", lang), report.d3.stock
        for measure in report.d3.measures:
            yield (
                label("measure", lang),
                say("corrective.measure", lang, **measure.model_dump(exclude={"for_customer"})),
            )
        yield label("short_term", lang), report.d3.short_term


def _d4(report: CorrectiveView, pack: Procedure, lang: Language) -> Iterator[Line]:
    if report.d4 is not None:
        for place, cause in enumerate(report.d4.causes, 1):
            for number, why in enumerate(cause.whys, 1):
                yield f"{place}. {label('why_chain', lang)} {number}", why
            category = named("corrective.category", cause.category, lang)
            origin = f" · {party(_supplier(pack), pack, lang)} {cause.supplier}" if cause.supplier else ""
            yield f"{place}. {label('root', lang)} ({category}{origin})", cause.root
            yield f"{place}. {label('evidence', lang)}", cause.evidence
        yield label("reach", lang), report.d4.reach


def _supplier(pack: Procedure) -> str:
    return pack.corrective_action.supplier if pack.corrective_action else "supplier"


def _d5(report: CorrectiveView, pack: Procedure, lang: Language) -> Iterator[Line]:
    if report.d5 is not None:
        for place, step in enumerate(report.d5.steps, 1):
            yield f"{label('step', lang)} {place}", say("corrective.step", lang, **step.model_dump())


def _d6(report: CorrectiveView, pack: Procedure, lang: Language) -> Iterator[Line]:
    for done in sorted(report.done, key=lambda each: each.step):
        yield f"{label('step', lang)} {done.step}", f"{done.on}: {done.evidence}"
    if report.check is not None:
        reached = named("corrective.reached", "yes" if report.check.reached else "no", lang)
        facts = report.check.model_dump(include={"inspected", "defective", "note"})
        yield label("effect", lang), say("corrective.effect", lang, reached=reached, **facts)


def _d7(report: CorrectiveView, pack: Procedure, lang: Language) -> Iterator[Line]:
    if report.d7 is not None:
        for update in report.d7.updates:
            yield named("corrective.document", update.kind, lang), f"{update.reference} {update.version}"
        for measure in report.d7.measures:
            yield label("prevention", lang), measure


def _d8(report: CorrectiveView, pack: Procedure, lang: Language) -> Iterator[Line]:
    if report.d8 is not None:
        for share in report.d8.liability:
            yield label("liable", lang), f"{party(share.party, pack, lang)} {share.percent}%"
        for cost in report.d8.costs:
            yield label("cost", lang), f"{cost.supplier}: {money(cost.amount, cost.currency, lang)}, {cost.what}"
        yield label("note", lang), report.d8.note


_GATES = {"d1": _d1, "d2": _d2, "d3": _d3, "d4": _d4, "d5": _d5, "d6": _d6, "d7": _d7, "d8": _d8}


def ending(report: CorrectiveView, pack: Procedure, lang: Language) -> list[Line]:
    """Approval, replies, recall, and the analyses that did not hold."""
    zone, lines = pack.time_zone, []
    if report.recall is not None:
        answer = named("corrective.yes_no", "yes" if report.recall.recall else "no", lang)
        lines.append((label("recall", lang), f"{answer}: {', '.join(report.recall.lots)}, {report.recall.reason}"))
    if report.approved is not None:
        lines.append((label("approved", lang), f"{report.approved.actor}, {when(report.approved.at, zone, lang)}"))
    for said, reply in report.replies:
        kind = named("corrective.reply", reply.kind, lang)
        lines.append((kind, f"{when(said.at, zone, lang)}, {said.actor}: {reply.note}"))
    for place, past in enumerate(report.rounds, 1):
        roots = "; ".join(cause.root for cause in past.causes.causes)
        lines.append((f"{label('past', lang)} {place}", f"{roots} – {past.reason}"))
    return lines


def lines_of(facts: dict[str, Any], lang: Language) -> list[Line]:
    """Labelled facts; empty ones are left out."""
    return [
        (label(key, lang), value.isoformat() if isinstance(value, date) else str(value))
        for key, value in facts.items()
        if value not in (None, "")
    ]


def web_details(report: CorrectiveView, pack: Procedure) -> str:
    """The action in the Temporal Web UI, as Markdown, in the procedure's language."""
    lang = pack.language
    lines = [*head(report, pack, lang)[:6], *timers(report, pack, lang)]
    shown = [f"- {key}: {as_markdown(text)}" for key, text in lines]
    waits = named("corrective.stage", report.stage if report.stage is not Gate.CLOSED else "closed", lang)
    return "\n".join((f"**{report.number}** · {waits}", "", *shown))
