"""A procedure as a table: what it sets, to what, and the clause each comes from."""

from collections.abc import Iterator

from pydantic import BaseModel

from models.currency import figure
from models.procedure import Procedure
from models.span import span_text
from models.steps import Band
from starter.cli.session import Session
from texts import values

Row = tuple[str, str, str]
"""What, value, source."""


def rows(current: Session, pack: Procedure) -> Iterator[Row]:
    """Parameters, return rules, the way of a case, every clock, who authorises, and the papers."""
    yield from _way(current, pack)
    yield from _clocks("", pack.clocks)
    yield from _afterwards(pack)
    if pack.approvals:
        yield "approvals", current.say("procedure.amounts"), ""
    for band in pack.approvals:
        who = values.department(band.by, pack, current.lang) if band.by else current.say("procedure.alone")
        parties = ", ".join(values.party(name, pack, current.lang) for name in band.liable)
        yield parties or "*", f"{_range(current, band)}: {who}", band.source
    yield from _quality(pack)
    for name, paper in pack.papers.items():
        yield f"papers.{name}", values.title(paper.title, current.lang), paper.source


def _range(current: Session, band: Band) -> str:
    """The amounts of a band, in whatever currency the order has."""
    limits = {name: figure(limit) for name in ("over", "up_to") if (limit := getattr(band, name)) is not None}
    return current.say(f"procedure.amount_{'_'.join(limits) or 'any'}", **limits)


def _way(current: Session, pack: Procedure) -> Iterator[Row]:
    for parameter in pack.parameters.values():
        yield values.title(parameter.title, current.lang), str(parameter.value), parameter.source
    for rule in pack.in_rules:
        causes = ", ".join(values.cause(name, pack, current.lang) for name in rule.causes)
        remedies = ", ".join(values.remedy(kind, pack, current.lang) for kind in rule.demands)
        within = span_text(rule.within) if rule.within else ""
        yield "in_rules", " · ".join(filter(None, (causes or "*", remedies, within))), rule.source
    for route in pack.routes:
        steps = " → ".join((*route.before, current.named("handling", route.handling), *route.after))
        name = values.route(route.name, pack, current.lang)
        yield route.name if name == route.name else f"{route.name}: {name}", steps, route.source
    for name, duty in pack.duties.items():
        whose = current.say("procedure.liable_one") if duty.department == "liable" else None
        whose = whose or values.department(duty.department, pack, current.lang)
        yield f"{name}: {values.title(duty.title, current.lang)}", f"{span_text(duty.within)} · {whose}", duty.source


def _quality(pack: Procedure) -> Iterator[Row]:
    """The clocks of incidents and corrective actions, and what opens an incident."""
    for name in ("incident", "corrective_action"):
        if (section := getattr(pack, name)) is not None:
            yield from _clocks(f"{name}.", section)
    for threshold in pack.incident.thresholds if pack.incident else ():
        marks, span = " + ".join(threshold.by), span_text(threshold.within)
        yield "incident.thresholds", f"{marks}: {threshold.cases} / {span}", threshold.source


def _clocks(prefix: str, section: BaseModel) -> Iterator[Row]:
    for name in type(section).model_fields:
        clock = getattr(section, name)
        if hasattr(clock, "within") and hasattr(clock, "source"):
            yield f"{prefix}{name}", span_text(clock.within), clock.source


def _afterwards(pack: Procedure) -> Iterator[Row]:
    """Offers, call-backs, rework and extensions, by their keys in the file."""
    if (offers := pack.offers) is not None:
        yield "offers.make", span_text(offers.make), offers.source
        yield "offers.answer", span_text(offers.answer), offers.source
        yield "offers.rounds", str(offers.rounds), offers.source
    calls = pack.callbacks
    yield "callbacks", f"{calls.times} × {span_text(calls.every)}", calls.source
    if calls.desk is not None:
        yield "callbacks.desk", span_text(calls.desk), calls.source
    yield "rework", str(pack.rework.times), pack.rework.source
    if pack.extensions is not None:
        yield "extensions", f"{pack.extensions.times} × {span_text(pack.extensions.up_to)}", pack.extensions.source
