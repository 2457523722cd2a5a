"""What a pack must hold beyond its form, so that no case is ever started on a procedure it cannot finish."""

from collections import Counter
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from models.commands import COMMANDS
from models.procedure import Procedure, Remedy


def mistakes(pack: Procedure) -> list[str]:
    """One line per mistake: field, reason, what to do."""
    return [*_general(pack), *_routes(pack), *_remedies(pack), *_authority(pack), *_separation(pack)]


def _general(pack: Procedure) -> Iterator[str]:
    try:
        ZoneInfo(pack.time_zone)
    except (KeyError, ValueError, OSError):
        yield "time_zone: is not known; use a name such as Asia/Shanghai"
    if pack.front_desk not in pack.parties:
        yield "front_desk: must be one of `parties` too, its silence costs it; add it there"


def _routes(pack: Procedure) -> Iterator[str]:
    names = Counter(route.name for route in pack.routes)
    for name, times in names.items():
        if times > 1:
            yield f"routes: {name} is there {times} times; give each route its own name"
    for index, route in enumerate(pack.routes):
        if route.name == "by_hand":
            yield f"routes.{index}.name: by_hand is kept for an agent's correction; choose another"
        if route.handling == "own" and route.ask != (pack.front_desk,):
            yield f'routes.{index}.ask: with handling "own" it is the front desk; write ["{pack.front_desk}"]'


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
        if name not in COMMANDS:
            yield f"authority.{name}: is not a command; use {', '.join(COMMANDS)}"
    for name in COMMANDS:
        if not pack.authority.get(name):
            yield f"authority.{name}: names nobody; add who may send it"


def _separation(pack: Procedure) -> Iterator[str]:
    for name, earlier in pack.separation.items():
        for each in (name, *earlier):
            if each not in COMMANDS:
                yield f"separation.{name}: {each} is not a command; use {', '.join(COMMANDS)}"
