"""What the verbs of incidents and corrective actions share: the procedure, sending, telling the verdict."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, TypeVar

from cyclopts import Parameter

from models.commands import Command
from models.procedure import Procedure
from starter.cli.actors import refusal
from starter.cli.sending import Sender, composed, tell
from starter.cli.session import Session
from starter.failures import NotAllowed
from texts import values

if TYPE_CHECKING:
    from models.tables import CorrectiveRow, IncidentRow
    from starter.dossiers import Dossiers

Named = Annotated[str | None, Parameter(name="--procedure", help="The procedure; none: the configured one.")]
NUMBERED = 15.0
"""How long the number of what has just been started is waited for (seconds)."""
Row = TypeVar("Row")


@asynccontextmanager
async def dossiers(current: Session) -> "AsyncIterator[Dossiers]":
    """The configured service. Raises ConnectFailed."""
    from starter.connection import connect
    from starter.dossiers import Dossiers

    yield Dossiers(await connect(current.settings), task_queue=current.settings.task_queue, tokens=current.login.token)


def pack_named(current: Session, name: str | None) -> Procedure:
    """The procedure of a name, the default one without. Raises BadInput."""
    return current.newest(name) if name is not None else current.default_pack


def known_actor(current: Session, pack: Procedure, actor: str, allowed: Collection[str]) -> None:
    """Raises NotAllowed for a stranger, and for somebody of none of these departments."""
    own = current.directory.departments_of(actor)
    if not set(own) & set(allowed):
        who = ", ".join(values.department(name, pack, current.lang) for name in dict.fromkeys(allowed))
        if own:
            raise NotAllowed("other_people", who=who)
        raise NotAllowed("stranger", who=who)


async def numbered(look: Callable[[], Awaitable[Row | None]], written: Callable[[Row], bool]) -> Row | None:
    """The row of what has just been started, once its first page is `written`; what there is by then."""
    row, waited = await look(), 0.0
    while (row is None or not written(row)) and waited < NUMBERED:
        await asyncio.sleep(0.1)
        waited += 0.1
        row = await look()
    return row


async def act(
    current: Session,
    pack: Procedure,
    row: "IncidentRow | CorrectiveRow",
    message: tuple[str, type[Command]],
    sender: Sender,
    called: Callable[[str], str],
    **fields: object,
) -> int:
    """Send a message to what a row is of; `called` as in `composed`. Returns the exit code; raises Failure."""
    name, model = message
    checked = composed(current, model, sender, fields, called=called, pack=pack)
    if set(current.directory.departments_of(checked.actor)).isdisjoint(pack.departments):
        raise NotAllowed("no_part", name=pack.name)
    if row.closed_at is not None:
        from activities.verdicts import ended

        # Not to be sent: under the id of what is closed, the next one of the same scope may be open.
        return tell(current, row.number, ended(row.workflow_id), as_json=sender.as_json)
    async with dossiers(current) as service:
        verdict = await service.send(row.workflow_id, row.number, name, checked, wait=sender.wait)
    reason = refusal(current, verdict.reason, pack, model.model_fields, called)
    return tell(current, row.number, verdict, reason=reason, as_json=sender.as_json)
