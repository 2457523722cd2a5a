"""What a pack must hold beyond its form, so that no case is ever started on a procedure it cannot finish."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from models.names import COMMAND_NAMES
from models.procedure import Procedure, Remedy, Route
from models.steps import Duty, When


def mistakes(pack: Procedure) -> list[str]:
    """One line per mistake: field, reason, what to do."""
    return [
        *_general(pack),
        *_routes(pack),
        *_duties(pack),
        *_facts(pack),
        *_remedies(pack),
        *_authority(pack),
        *_separation(pack),
    ]


def _general(pack: Procedure) -> Iterator[str]:
    try:
        ZoneInfo(pack.time_zone)
    except (KeyError, ValueError, OSError):
        yield "time_zone: is not known; use a name such as Asia/Shanghai"
    asks = any(route.ask for route in pack.routes)
    if asks and pack.clocks.answer is None:
        yield "clocks.answer: is missing; departments are asked, say how long they have"
    if asks and pack.front_desk not in pack.parties:
        yield "front_desk: must be one of `parties` too, its silence costs it; add it there"


def _routes(pack: Procedure) -> Iterator[str]:
    names = Counter(route.name for route in pack.routes)
    for name, times in names.items():
        if times > 1:
            yield f"routes: {name} is there {times} times; give each route its own name"
    for index, route in enumerate(pack.routes):
        if route.name == "by_hand":
            yield f"routes.{index}.name: by_hand is kept for an agent's correction; choose another"
        yield from _route(pack, f"routes.{index}", route)
        if route.handling == "own" and route.ask != (pack.front_desk,):
            yield f'routes.{index}.ask: with handling "own" it is the front desk; write ["{pack.front_desk}"]'


def _route(pack: Procedure, where: str, route: Route) -> Iterator[str]:
    for key in ("before", "after"):
        names = getattr(route, key)
        yield from _known(f"{where}.{key}", "duty", names, pack.duties)
        if len(set(names)) != len(names):
            yield f"{where}.{key}: names a duty twice; name it once"
    yield from _known(f"{where}.tell", "department", route.tell, pack.departments)
    if route.negotiate and pack.clocks.negotiation is None:
        yield f"{where}.negotiate: needs `clocks.negotiation`; add it"
    if route.handling == "offer":
        yield from _known(f"{where}.offers_by", "department", [route.offers_by or ""], [*pack.departments, "liable"])
        if pack.offers is None:
            yield f'{where}.handling: "offer" needs the table `offers`; add it'
    determining = [name for name in route.before if name in pack.duties and pack.duties[name].determines]
    if route.handling == "found" and not determining:
        yield f'{where}.before: with handling "found" one of the duties must have `determines`; add it'


def _duties(pack: Procedure) -> Iterator[str]:
    for name, duty in pack.duties.items():
        yield from _duty(pack, f"duties.{name}", duty)
    if pack.rework.restart is not None:
        yield from _known("rework.restart", "duty", [pack.rework.restart], pack.duties)
    for index, band in enumerate(pack.approvals):
        where = f"approvals.{index}"
        yield from _known(f"{where}.liable", "party", band.liable, pack.parties)
        yield from _known(f"{where}.by", "department", [band.by] if band.by else [], pack.departments)
        signs = [band.countersign] if band.countersign else []
        yield from _known(f"{where}.countersign", "duty", signs, pack.duties)
        if any(name in pack.duties and not pack.duties[name].aside for name in signs):
            yield f"{where}.countersign: holds the case up; give the duty `aside = true`"
    yield from _bands(pack)
    for name, paper in pack.papers.items():
        yield from _known(f"papers.{name}.duties", "duty", paper.duties, pack.duties)
    yield from _known("ladder", "department", pack.ladder, pack.departments)
    for name, department in pack.departments.items():
        wanted = [department.substitute] if department.substitute else []
        yield from _known(f"departments.{name}.substitute", "department", wanted, pack.departments)
    for name, party in pack.parties.items():
        answers = [party.department] if party.department else []
        yield from _known(f"parties.{name}.department", "department", answers, pack.departments)


def _bands(pack: Procedure) -> Iterator[str]:
    """Whatever somebody else than the customer bears falls into one band: what fell between two would need nobody."""
    wrong: dict[str, str] = {}
    for party in pack.parties:
        numbered = enumerate(pack.approvals)
        own = [
            (index, band) for index, band in numbered if party != pack.customer and party in (band.liable or [party])
        ]
        for (_, below), (index, band) in pairwise(own):
            if below.up_to is None:
                wrong.setdefault(f"approvals.{index}", f"the band before has no `up_to` for {party}; add it there")
            elif band.over != below.up_to:
                end = f"must be {below.up_to} for {party}, where the band before ends; leave no gap and no overlap"
                wrong.setdefault(f"approvals.{index}.over", end)
        if own and own[-1][1].up_to is not None:
            wrong.setdefault(
                f"approvals.{own[-1][0]}.up_to", f"is the last band for {party}; leave it out, or add a band"
            )
    yield from (f"{where}: {reason}" for where, reason in wrong.items())


def _duty(pack: Procedure, where: str, duty: Duty) -> Iterator[str]:
    yield from _known(f"{where}.department", "department", [duty.department], [*pack.departments, "liable"])
    yield from _known(f"{where}.assigns", "duty", [duty.assigns] if duty.assigns else [], pack.duties)
    fields = [field.name for field in duty.form]
    for index, lead in enumerate(duty.leads):
        yield from _known(f"{where}.leads.{index}.field", "field", [lead.field], fields)
        routes = [route.name for route in pack.routes]
        yield from _known(f"{where}.leads.{index}.route", "route", [lead.route] if lead.route else [], routes)
    # What determines, or may lead to a refusal, is told to whoever is refused.
    heard = duty.tells_customer or duty.determines or any(lead.then == "refuse" for lead in duty.leads)
    for field in duty.form:
        if field.told and not heard:
            yield f"{where}.form.{field.name}.told: nobody tells the customer; give the duty `tells_customer = true`"
    if duty.notice is not None and not duty.tells_customer:
        yield f"{where}.notice: nobody tells the customer; give the duty `tells_customer = true`"
    if duty.on_silence == "customer_wins":
        bearer = duty.silence_costs or duty.department
        yield from _known(f"{where}.silence_costs", "party", [bearer], pack.parties)
    if duty.aside and (duty.leads or duty.determines or duty.on_silence == "customer_wins"):
        yield f"{where}.aside: such a duty decides nothing; take away `leads`, `determines`, or `aside`"
    if isinstance(duty.within, timedelta) and any(reminder >= duty.within for reminder in duty.reminders):
        yield f"{where}.reminders: must each be shorter than `within`; shorten them"


def _facts(pack: Procedure) -> Iterator[str]:
    """Conditions name only what there is."""
    for name, topic in pack.topics.items():
        yield from _known(f"topics.{name}.under", "topic", [topic.under] if topic.under else [], pack.topics)
    for name, cause in pack.causes.items():
        yield from _known(f"causes.{name}.topic", "topic", [cause.topic] if cause.topic else [], pack.topics)
        yield from _known(f"causes.{name}.liable", "party", cause.liable, pack.parties)
    if pack.severities and pack.severities[-1].when != When():
        yield "severities: the last must have no `when`; add one for everything else"
    for where, when in _conditions(pack):
        yield from _known(f"{where}.causes", "cause", when.causes, pack.causes)
        yield from _known(f"{where}.topics", "topic", when.topics, pack.topics)
        yield from _known(f"{where}.channels", "channel", when.channels, pack.channels)
        severities = [severity.name for severity in pack.severities]
        yield from _known(f"{where}.severities", "severity", when.severities, severities)
        asked = [field.name for part in pack.intake for field in part.form]
        yield from _known(f"{where}.details", "field", when.details, asked)


def _conditions(pack: Procedure) -> Iterator[tuple[str, When]]:
    for part in ("routes", "severities", "intake", "callback_rules"):
        for index, item in enumerate(getattr(pack, part)):
            yield f"{part}.{index}.when", item.when
    for name, duty in pack.duties.items():
        yield f"duties.{name}.when", duty.when


def _known(where: str, kind: str, used: Iterable[str], known: Collection[str]) -> Iterator[str]:
    if unknown := sorted({name for name in used if name not in known}):
        yield f"{where}: {kind} {', '.join(unknown)} is used but not defined; define it or correct the name"


def _remedies(pack: Procedure) -> Iterator[str]:
    for kind, remedy in pack.remedies.items():
        if bool(remedy.steps) != bool(remedy.workflow):
            yield f"remedies.{kind}.workflow: is needed exactly where there are steps; correct one of them"
        yield from (f"remedies.{kind}.steps: {wrong}" for wrong in _steps(remedy))


def _steps(remedy: Remedy) -> Iterator[str]:
    if len(set(remedy.steps)) != len(remedy.steps):
        yield "names a step twice; name it once"
    if "pay" in remedy.steps[:-1]:
        # What fails after the payment could not be undone.
        yield "has something after pay; put pay last"


def _authority(pack: Procedure) -> Iterator[str]:
    for name in pack.authority:
        if name not in COMMAND_NAMES:
            yield f"authority.{name}: is not a command; use {', '.join(COMMAND_NAMES)}"
    for name in needed_commands(pack):
        if not pack.authority.get(name):
            yield f"authority.{name}: names nobody; add who may send it"


def _separation(pack: Procedure) -> Iterator[str]:
    for name, earlier in pack.separation.items():
        for each in (name, *earlier):
            if each not in COMMAND_NAMES:
                yield f"separation.{name}: {each} is not a command; use {', '.join(COMMAND_NAMES)}"


def needed_commands(pack: Procedure) -> list[str]:
    """The commands a case of this procedure may come to need: those of the parts it has."""
    parts = {
        "record": bool(pack.duties),
        "offer": pack.offers is not None,
        "respond": pack.offers is not None,
        "approve": bool(pack.approvals),
        "extend": pack.extensions is not None,
        "contact": pack.clocks.explanation is not None,
        "confirm": pack.clocks.answer is not None,
        "verify": pack.clocks.verification is not None,
        "negotiated": pack.clocks.negotiation is not None,
    }
    return [name for name in COMMAND_NAMES if parts.get(name, True)]
