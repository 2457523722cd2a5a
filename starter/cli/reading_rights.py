"""Who may read what: a department its own cases, a party its own statements, some people everything."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar

from models.base import Record
from starter.cli.session import Session
from starter.failures import BadInput, Failure, NotAllowed

if TYPE_CHECKING:
    from models.views import CaseView

Seen = TypeVar("Seen", bound=Record)
Part = Literal["incident", "corrective_action"]
"""What only some procedures have."""


@dataclass(frozen=True)
class Reader:
    """Somebody who reads. `name` is None for the owner of this machine, who has not logged in and reads everything."""

    session: Session
    name: str | None

    @property
    def all(self) -> bool:
        """Whether every case may be read."""
        return self.name is None or self.session.directory.sees_all(self.name)

    @property
    def personal_data(self) -> bool:
        """Whether customers' names, contacts and words may be read."""
        return self.name is None or self.session.directory.needs_personal_data(self.name)

    @cached_property
    def departments(self) -> tuple[str, ...]:
        """Those of the reader."""
        return () if self.name is None else self.session.directory.departments_of(self.name)

    async def everything(self, what: str) -> None:
        """Raises NotAllowed for somebody who may not read every case."""
        if not self.all:
            await self.deny(what)

    async def case(self, number: str, concerned: Iterable[str]) -> None:
        """Raises NotAllowed where the case is none of the reader's departments', now or earlier."""
        if self.all or set(self.departments).intersection(concerned):
            return
        from starter.archive import stored_events

        earlier: set[str | None] = set()
        with suppress(Failure):
            earlier = {event.department for event in await stored_events(self.session.settings, number)}
        if not earlier.intersection(self.departments):
            await self.deny(number)

    async def of(self, departments: Collection[str], subject: str) -> None:
        """Raises NotAllowed for somebody of none of these departments who may not read everything."""
        if not self.all and not set(self.departments).intersection(departments):
            await self.deny(subject)

    async def procedures(self, part: Part, subject: str) -> frozenset[str] | None:
        """By name the procedures with this part of which the reader is; None: every one. Raises NotAllowed for none."""
        if self.all:
            return None
        having = [pack for pack in self.session.packs() if getattr(pack, part)]
        own = frozenset(pack.name for pack in having if set(pack.departments).intersection(self.departments))
        return own or await self.deny(subject)

    async def department(self, asked: str | None) -> str | None:
        """What a list is narrowed to. Raises NotAllowed for another's, BadInput where several are possible."""
        if self.all:
            return asked
        if asked is None and len(self.departments) > 1:
            from starter.cli.actors import titles

            raise BadInput("several", departments=titles(self.session, self.departments))
        if asked is not None and asked not in self.departments:
            await self.deny(f"department:{asked}")
        return asked or next(iter(self.departments), None) or await self.deny("cases")

    async def party(self, party: str, clerks: Collection[str]) -> None:
        """Raises NotAllowed for a statement of somebody else. `clerks`: the departments that settle it."""
        if self.all or set(clerks).intersection(self.departments):
            return
        if self.name is None or party not in self.session.directory.parties_of(self.name):
            await self.deny(party)

    async def discreet(self, number: str, *seen: Seen) -> list[Seen]:
        """What is shown of a case, without the customer's name and contacts where the reader needs none.

        Where the complaint cannot be read, so that nobody knows what to look for, without what people wrote.
        """
        if self.personal_data:
            return list(seen)
        from rules.forgetting import WORDS
        from rules.privacy import Marks
        from starter.archive import stored_complainant

        complainant = None
        with suppress(Failure):
            complainant = await stored_complainant(self.session.settings, number)
        hidden = Marks(complainant).hidden if complainant else partial(_without, WORDS)
        return [type(each).model_validate(hidden(each.model_dump())) for each in seen]

    async def deny(self, subject: str) -> NoReturn:
        """Record it and refuse."""
        await self._record("denied", subject, "read")
        raise NotAllowed("not_yours")

    async def was_denied(self, subject: str, what: str) -> None:
        """Record that somebody who had to log in wanted to do what others may."""
        if self.name is not None:
            await self._record("denied", subject, what)

    async def has_read(self, subject: str, what: str) -> None:
        """Record that somebody who had to log in has read customers' data."""
        if self.name is not None:
            await self._record("read", subject, what)

    async def _record(self, kind: str, subject: str, what: str) -> None:
        from activities.audit import Entry, append
        from activities.clock import wall_clock
        from starter.archive import opened

        entry = Entry(kind, subject, self.name or "", {"what": what})
        # Where there is no database the data is not there either.
        with suppress(Failure):
            async with opened(self.session.settings) as store, store.write() as database:
                await append(database, [entry], wall_clock)


def _without(names: Collection[str], content: Any) -> Any:
    """A JSON value with empty texts under some names, however deep."""
    if isinstance(content, Mapping):
        return {name: "" if name in names else _without(names, value) for name, value in content.items()}
    return type(content)(_without(names, each) for each in content) if isinstance(content, list | tuple) else content


def reader(current: Session) -> Reader:
    """Who reads: whoever has logged in. Raises NotAllowed where nobody has and the service asks for it."""
    from starter.proof import needs_proof
    from starter.reach import target

    settings = current.settings
    if current.login.name is None:
        if needs_proof(settings, target(settings)):
            raise NotAllowed("log_in")
        return Reader(current, None)
    from activities.identity import Denied
    from starter.gate import gate_of

    found = gate_of(settings, target(settings)).holder(current.login.token(None))
    if isinstance(found, Denied):
        raise BadInput("input", problem=found.reason)
    return Reader(current, found.name)


def proven(current: Session, named: str | None) -> str:
    """Who acts where no case judges it: as `acting`, but whoever has logged in or must is whom the token names.

    Raises BadInput, NotAllowed.
    """
    from starter.cli.sending import acting

    name, found = acting(current, named), reader(current)
    if found.name not in (None, name):
        raise NotAllowed("not_you")
    return name


def concerned(view: "CaseView") -> set[str]:
    """The departments a case concerns now."""
    found = {*view.waiting_for.split(","), *(ask.department for ask in view.asks)}
    found |= set(view.task.holders) if view.task else set()
    return found | ({view.ruling.department or ""} if view.ruling else set())
