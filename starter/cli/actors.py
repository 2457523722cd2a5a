"""Who acts: the directory knows for which departments; a stranger is told who may."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from models.directory import Directory
from models.procedure import Procedure
from starter.cli.parsing import as_option, options_in
from starter.cli.session import Session
from starter.failures import BadInput, NotAllowed
from texts import values
from texts.reasons import reason as localised


def department_for(session: Session, name: str, actor: str, department: str | None) -> str | None:
    """The department to act for: None where the case can tell by itself.

    Raises NotAllowed for a stranger or somebody of another department, BadInput where several are possible.
    """
    own = session.directory.departments_of(actor)
    pack = _pack_for(session, name)
    if not own:
        raise NotAllowed("stranger", who=who_may(session, pack, name, {}))
    if department is not None and department not in own:
        raise NotAllowed("not_of_department", departments=titles(session, own))
    if department is not None or len(own) == 1:
        return department or own[0]
    fixed = [who for who in pack.authority.get(name, ()) if who in own]
    if len(fixed) == 1 and _CASES_OWN.isdisjoint(pack.authority.get(name, ())):
        return fixed[0]
    raise BadInput("several", departments=titles(session, own))


def titles(session: Session, departments: Collection[str]) -> str:
    """Departments as people read them, each by the first procedure that has it."""
    packs = list(session.default_first())
    having = {name: next((pack for pack in packs if name in pack.departments), packs[0]) for name in departments}
    return session.say("comma").join(values.department(name, pack, session.lang) for name, pack in having.items())


_MAY = re.compile(r"; it may: ([a-z0-9_, ]+)$")
_CASES_OWN = {"asked", "task", "duty"}
"""Who may send a message, where the case must tell which departments these are now."""


def _pack_for(session: Session, name: str) -> Procedure:
    """A procedure that knows the message, the default one first: which one the case runs on is not known here."""
    return next((pack for pack in session.default_first() if name in pack.authority), session.default_pack)


def who_may(session: Session, pack: Procedure, name: str, now: Mapping[str, Collection[str]]) -> str:
    """The departments that may send a message, with their people: "商品部 (耿焰、郑慧娟)".

    `now`: the departments that are asked, have the task, or a duty to report.
    """
    allowed = [
        one for who in pack.authority.get(name, ()) for one in (now.get(who, ()) if who in _CASES_OWN else (who,))
    ]
    own = [who for who in pack.authority.get(name, ()) if who in _CASES_OWN]
    if own and not allowed:
        return session.say(f"may_{own[-1]}")
    shown = [_with_people(session, pack, session.directory, department) for department in dict.fromkeys(allowed)]
    return session.say("between").join(shown) or session.say("nobody")


def may_instead(session: Session, reason: str, packs: Sequence[Procedure]) -> str | None:
    """Who may, where a refusal names departments of one of these procedures as the wire does; else None."""
    found = _MAY.search(reason)
    names = found[1].split(", ") if found else []
    pack = next((pack for pack in packs if names and set(names) <= set(pack.departments)), None)
    if pack is None:
        return None
    shown = (_with_people(session, pack, session.directory, name) for name in names)
    return session.say("may", who=session.say("between").join(shown))


def refusal(
    session: Session, reason: str, pack: Procedure, fields: Iterable[str], called: Callable[[str], str] = as_option
) -> str:
    """A refusal of the service as whoever typed the message reads it: who may, or its fields as they were typed."""
    typed = localised(options_in(reason, fields, called), session.lang)
    return may_instead(session, reason, [pack]) or typed


def _with_people(session: Session, pack: Procedure, directory: Directory, department: str) -> str:
    team = directory.team(department)
    names = [person.name for person in team.owners] + list(team.services) if team else []
    title = values.department(department, pack, session.lang)
    return title + session.say("facts", facts=session.say("comma").join(names)) if names else title
