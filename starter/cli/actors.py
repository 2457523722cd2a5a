"""Who acts: the directory knows for which departments; a stranger is told who may."""

from models.directory import Directory
from models.procedure import Procedure
from starter.cli.session import Session
from starter.failures import BadInput, NotAllowed
from texts import values


def department_for(session: Session, name: str, actor: str, department: str | None) -> str | None:
    """The department to act for: None where the case can tell by itself.

    Raises NotAllowed for a stranger or somebody of another department, BadInput where several are possible.
    """
    own = session.directory.departments_of(actor)
    pack = session.default_pack
    if not own:
        raise NotAllowed("stranger", who=who_may(session, pack, name, (), ()))
    if department is not None and department not in own:
        raise NotAllowed("not_of_department", departments=", ".join(own))
    if department is not None or len(own) == 1:
        return department or own[0]
    fixed = [who for who in pack.authority.get(name, ()) if who in own]
    if len(fixed) == 1 and not _depends_on_the_case(pack, name):
        return fixed[0]
    raise BadInput("several", departments=", ".join(own))


def _depends_on_the_case(pack: Procedure, name: str) -> bool:
    return not {"asked", "task"}.isdisjoint(pack.authority.get(name, ()))


def who_may(session: Session, pack: Procedure, name: str, asked: tuple[str, ...], task: tuple[str, ...]) -> str:
    """The departments that may send a command, with their people: "商品部 (耿焰、郑慧娟)"."""
    allowed: list[str] = []
    for who in pack.authority.get(name, ()):
        allowed += asked if who == "asked" else task if who == "task" else [who]
    if _depends_on_the_case(pack, name) and not allowed:
        return session.say(f"may_{'task' if 'task' in pack.authority[name] else 'asked'}")
    shown = [_with_people(session, pack, session.directory, department) for department in dict.fromkeys(allowed)]
    return "; ".join(shown) or session.say("nobody")


def _with_people(session: Session, pack: Procedure, directory: Directory, department: str) -> str:
    team = directory.team(department)
    names = [person.name for person in team.owners] + list(team.services) if team else []
    title = values.department(department, pack, session.lang)
    return f"{title} ({', '.join(names)})" if names else title
