"""Sending one human action: checked here, judged by the case, answered in one line and an exit code."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from models.case import Verdict
from models.commands import COMMANDS, Command
from models.names import Refused
from models.views import CaseView
from starter.cli.actors import department_for, who_may
from starter.cli.parsing import as_option, contract, options_in
from starter.cli.session import Json, Session, case_number, session
from starter.failures import BadInput, NoSuchCase, NotAllowed, TryAgain
from texts.reasons import reason as localised

if TYPE_CHECKING:
    from models.procedure import Procedure
    from starter.cases import Cases

REFUSED = 3
Number = Annotated[str, Parameter(name="NUMBER", help="The case's number.")]


@Parameter(name="*")
@dataclass(frozen=True)
class Sender:
    """Who sends, and how long to wait for the verdict."""

    actor: Annotated[str | None, Parameter(name="--as", help="Your name in the directory; else REDRESS_ACTOR.")] = None
    department: Annotated[str | None, Parameter(help="For whom you act, if you belong to several departments.")] = None
    command_id: Annotated[str | None, Parameter(help="The id of a message to send again.")] = None
    wait: Annotated[float, Parameter(help="Seconds to wait for the verdict.")] = 10.0
    as_json: Json = False


NOBODY = Sender()


def composed(
    current: Session,
    model: type[Command],
    sender: Sender,
    fields: Mapping[str, object],
    *,
    called: Callable[[str], str] = as_option,
    pack: "Procedure | None" = None,
) -> Command:
    """The checked message of a sender, who names himself or is the configured one. Raises BadInput.

    `called`: what whoever typed a field calls it; most are arguments of their command. `pack`: the
    procedure whose departments are meant, where it is known.
    """
    actor = acting(current, sender.actor)
    if not 0 < sender.wait <= 600:
        raise BadInput("bad_wait")
    who = {"actor": actor, "department": sender.department, "command_id": sender.command_id}
    values = {name: _spelt(current, name, value, pack) for name, value in {**fields, **who}.items()}
    return contract(model, values, called)


_NAMES = {"duty": "duties"} | dict.fromkeys(("ask", "department", "members", "of", "owner"), "departments")
"""Fields that name a department or duty, which people may write as they read it."""


def _spelt(current: Session, field: str, value: object, pack: "Procedure | None") -> object:
    kind = _NAMES.get(field)
    if kind and isinstance(value, str):
        return current.choice("--member" if field == "members" else as_option(field), value, kind, pack=pack)
    return [_spelt(current, field, one, pack) for one in value] if kind and isinstance(value, list | tuple) else value


def acting(current: Session, named: str | None) -> str:
    """Who acts: whoever has logged in, else whom `--as` or REDRESS_ACTOR names. Raises BadInput, NotAllowed."""
    own = current.login.name
    actor = named if named is not None else own or current.settings.actor
    actor = actor.strip() if actor is not None else ""
    if not actor:
        raise BadInput("no_actor")
    if own is not None and actor != own:
        raise NotAllowed("not_you")
    return actor


async def act(number: str, name: str, sender: Sender, **fields: object) -> int:
    """Send the command `name` with these fields. Returns the exit code; raises Failure."""
    current = session()
    number = case_number(number)
    checked = composed(current, COMMANDS[name], sender, fields)
    department = department_for(current, name, checked.actor, checked.department)
    async with current.cases() as cases:
        ready = checked.model_copy(update={"department": department})
        verdict = await cases.send(number, name, ready, wait=sender.wait)
        not_theirs = verdict.code in {Refused.WRONG_DEPARTMENT, Refused.UNKNOWN_ACTOR}
        who = await _who(current, cases, number, name) if not_theirs else None
    reason = current.say("may", who=who) if who is not None else None
    if reason is None and not verdict.accepted:
        reason = localised(options_in(verdict.reason, COMMANDS[name].model_fields), current.lang)
    if not_theirs and who is None and not sender.as_json:
        raise NotAllowed("no_such_step", number=number)
    return tell(current, number, verdict, reason=reason, as_json=sender.as_json)


def tell(
    current: Session, about: str, verdict: Verdict, *, as_json: bool, key: str = "number", reason: str | None = None
) -> int:
    """The verdict in one line; the exit code. `reason`: better words than the verdict's; `key`: what `about` is."""
    if as_json:
        current.print_json({key: about, **verdict.model_dump(mode="json")})
    elif verdict.accepted:
        current.out.print(current.say("labelled", name=about, value=current.named("code", verdict.code)), markup=False)
    if verdict.accepted:
        return 0
    what, why = current.named("code", verdict.code), reason or localised(verdict.reason, current.lang)
    told = verdict.code == Refused.CLOSED or why.startswith(what)  # such a reason says itself what refuses it
    line = current.say("refused", number=about, code=None if told else what, reason=why)
    current.err.print(f"redress: {' '.join(line.split())}", markup=False)
    return REFUSED


async def _who(current: Session, cases: "Cases", number: str, name: str) -> str | None:
    """Who may send this; None where the case's procedure has no such step."""
    try:
        view: CaseView | None = await cases.view(number)
    except (NoSuchCase, TryAgain):
        view = None
    pack = current.pack(view.procedure) if view else current.default_pack
    if name not in pack.authority:
        return None
    now: dict[str, list[str]] = {}
    if view is not None:
        now["asked"] = [ask.department for ask in view.asks]
        now["task"] = list(view.task.holders) if view.task else []
        now["duty"] = [work.department for work in view.works if work.state == "waiting"]
    return who_may(current, pack, name, now)
