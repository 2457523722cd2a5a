"""A meeting in words: the agenda its members get before it and the minutes they get after it, in one form."""

from collections.abc import Iterable, Iterator, Sequence

from models.commands import shares_text
from models.language import Language
from models.ledger import Objection
from models.meeting import (
    Action,
    AgendaCase,
    Attendance,
    Cost,
    Decision,
    Item,
    ItemState,
    MeetingStage,
    Minutes,
    Summary,
    Tally,
)
from models.procedure import Procedure
from texts import brief, money, named, say, several, until, when
from texts.values import cause, department, liable, party, remedy

_BEFORE = (MeetingStage.CALLED, MeetingStage.IN_SESSION)


def page(minutes: Minutes, pack: Procedure, lang: Language) -> str:
    """The five items A to E in order, then attendance and actions."""
    return "\n".join(_lines(minutes, pack, lang))


def _lines(minutes: Minutes, pack: Procedure, lang: Language) -> Iterator[str]:
    agenda = minutes.agenda
    yield from _head(minutes, pack, lang)
    yield from _item("A", _cases(minutes, "A", pack, lang), lang)
    changes = [action for action in (*agenda.actions, *minutes.actions) if action.rule_change]
    proposals = [say("meeting.proposal", lang, what=action.what) for action in changes]
    yield from _item("B", [*_summary(agenda.out_of_rule, pack, lang), *proposals], lang)
    objections = [_objection(objection, pack, lang) for objection in agenda.objections]
    yield from _item("C", [*_cases(minutes, "C", pack, lang), *objections], lang)
    yield from _item("D", _summary(agenda.contested, pack, lang), lang)
    yield from _item("E", (_cost(cost, pack, lang) for cost in agenda.costs), lang)
    yield from _section("attendance", [_present(entry, pack, lang) for entry in minutes.attendance], lang)
    yield from _section("actions", [_action(action, pack, lang) for action in minutes.actions], lang)
    yield from _section("open_actions", [_action(action, pack, lang) for action in agenda.actions], lang)
    if minutes.note:
        yield from _section("note", [minutes.note], lang)


def _head(minutes: Minutes, pack: Procedure, lang: Language) -> Iterator[str]:
    yield say("meeting.head", lang, name=title(minutes, lang), stage=named("meeting.stage", minutes.stage, lang))
    yield say("meeting.time", lang, start=when(minutes.starts_at, pack.time_zone, lang), end=_end(minutes, pack, lang))
    if minutes.closed_at is not None:
        yield say("meeting.closed", lang, at=when(minutes.closed_at, pack.time_zone, lang), who=minutes.closed_by)
    if minutes.agenda.left_out:
        yield say("meeting.left_out", lang, n=minutes.agenda.left_out)


def _end(minutes: Minutes, pack: Procedure, lang: Language) -> str | None:
    return when(minutes.ends_at, pack.time_zone, lang) if minutes.stage in _BEFORE else None


def title(minutes: Minutes, lang: Language) -> str:
    """A meeting's name for people: the week, or the case it was called for."""
    if minutes.urgent:
        return say("meeting.urgent", lang, number=minutes.name.split(".")[1])
    return say("meeting.weekly", lang, week=minutes.name)


def _item(letter: str, lines: Iterable[str], lang: Language) -> Iterator[str]:
    yield ""
    yield named("meeting.item", letter, lang)
    yield from list(lines) or [say("meeting.none", lang)]


def _section(name: str, lines: Sequence[str], lang: Language) -> Iterator[str]:
    if lines:
        yield ""
        yield named("meeting.section", name, lang)
        yield from lines


def _cases(minutes: Minutes, section: str, pack: Procedure, lang: Language) -> Iterator[str]:
    for item in minutes.items:
        if item.case.section == section:
            yield _case(item, pack, lang)


def _case(item: Item, pack: Procedure, lang: Language) -> str:
    case, decision = item.case, item.decision
    return say(
        "meeting.case",
        lang,
        number=case.number,
        order=case.order,
        cause=cause(case.cause, pack, lang),
        demand=remedy(case.demand, pack, lang),
        amount=money(case.amount, case.currency, lang),
        since=brief(case.since, pack.time_zone),
        carried=case.carried or None,
        state=named("meeting.state", item.state, lang) if item.state is not ItemState.OPEN else None,
        grant=named("grant", "yes" if decision.grant else "no", lang) if decision else None,
        given=_given(decision, case, pack, lang) if decision else None,
        liable=liable(shares_text(decision.liable), pack, lang) or None if decision else None,
        reason=decision.reason if decision else None,
    )


def _given(decision: Decision, case: AgendaCase, pack: Procedure, lang: Language) -> str | None:
    """What the customer gets where it is not what was asked for."""
    if decision.demand is None:
        return None
    much = decision.demand.amount
    amount = [] if much is None else [money(much, case.currency, lang)]
    return " ".join((remedy(decision.demand.kind, pack, lang), *amount))


def _summary(summary: Summary, pack: Procedure, lang: Language) -> Iterator[str]:
    if not (summary.total.count or summary.total.before):
        return
    yield say("meeting.total", lang, count=summary.total.count, before=summary.total.before)
    causes = [tally.model_copy(update={"key": cause(tally.key, pack, lang)}) for tally in summary.causes]
    for name, tallies in (("causes", causes), ("products", summary.products), ("merchants", summary.merchants)):
        if tallies:
            yield say(f"meeting.{name}", lang, tallies=_tallies(tallies, lang))


def _tallies(tallies: Iterable[Tally], lang: Language) -> str:
    return several((say("meeting.tally", lang, key=t.key, count=t.count, before=t.before) for t in tallies), lang)


def _cost(cost: Cost, pack: Procedure, lang: Language) -> str:
    return say(
        "meeting.cost",
        lang,
        party=party(cost.party, pack, lang),
        department=department(cost.department, pack, lang) if cost.department else None,
        amount=money(cost.amount, cost.currency, lang),
        cases=cost.cases,
    )


def _objection(objection: Objection, pack: Procedure, lang: Language) -> str:
    return say(
        "meeting.objection",
        lang,
        party=party(objection.party, pack, lang),
        name=objection.party,
        month=objection.period,
        line=objection.line,
        number=objection.number,
        amount=money(objection.amount, objection.currency, lang),
        reason=objection.reason,
    )


def _present(entry: Attendance, pack: Procedure, lang: Language) -> str:
    who, mode = department(entry.department, pack, lang), named("meeting.mode", entry.mode, lang)
    return say("meeting.present", lang, department=who, mode=mode, who=entry.noted_by)


def _action(action: Action, pack: Procedure, lang: Language) -> str:
    return say(
        "meeting.action",
        lang,
        number=f"{action.meeting}/{action.number}",
        owner=department(action.owner, pack, lang),
        due_at=until(action.due, pack.time_zone, lang),
        what=action.what,
        report=action.report,
        who=action.reported_by,
    )


def web_details(minutes: Minutes, pack: Procedure) -> str:
    """The meeting in the Temporal Web UI, as Markdown, in the procedure's language."""
    lang = pack.language
    states = [item.state for item in minutes.items]
    waiting = [action for action in minutes.actions if action.open]
    return say(
        "web.meeting",
        lang,
        name=title(minutes, lang),
        stage=named("meeting.stage", minutes.stage, lang),
        start=when(minutes.starts_at, pack.time_zone, lang),
        end=_end(minutes, pack, lang),
        cases=len(states),
        open=states.count(ItemState.OPEN),
        decided=states.count(ItemState.DECIDED) + states.count(ItemState.LEFT),
        carried=states.count(ItemState.CARRIED) or None,
        present=len(minutes.attendance),
        actions=len(waiting) or None,
    )
