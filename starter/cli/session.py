"""What every command shares: language, settings, the directory, a connection, the two outputs."""

import json
import re
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import CoercionError, Parameter, Token

from models.language import Language
from starter.cli.choosing import Known, chosen, half_width, meant, nearest, titles_of
from starter.errors import OperatorError
from starter.failures import BadInput
from texts import named, say

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from models.commands import Standing
    from models.directory import Directory
    from models.procedure import Procedure
    from starter.cases import Cases
    from starter.lists import Lists
    from starter.login import Login
    from starter.settings import Settings


def _whole(kind: object, tokens: Sequence[Token]) -> int:
    """The parser of arguments would round."""
    try:
        return int(tokens[0].value)
    except ValueError:
        raise CoercionError(token=tokens[0], target_type=int) from None


WHOLE = Parameter(converter=_whole)
"""An argument that is a whole number, for one that may be left out too."""
Whole = Annotated[int, WHOLE]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON for programs.")]
Flag = Annotated[bool, Parameter(negative="")]
Many = Annotated[list[str] | None, Parameter(negative="")]
_OWN_NAME = re.compile(r"[a-z][a-z0-9_]*")
_UNSEEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What a terminal acts on instead of showing it; a line's end is none of it."""
PIPE_WIDTH = 160
"""Columns where the output is no terminal: ids and deadlines must not be cut."""


class Session:
    """One run of the program."""

    def __init__(self, lang: Language | None = None) -> None:
        self._lang = lang

    @cached_property
    def out(self) -> "Console":
        """For people."""
        from starter.cli.output import Output

        return Output(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)

    @cached_property
    def err(self) -> "Console":
        """For people, beside the answer."""
        from rich.console import Console

        return Console(highlight=False, stderr=True, soft_wrap=True)

    @cached_property
    def settings(self) -> "Settings":
        """Raises SettingsError with one line."""
        from starter.settings import load_settings

        return load_settings()

    @property
    def lang(self) -> Language:
        """What `--lang` says, else the settings, else the environment."""
        return self._lang if self._lang is not None else self.settings.language

    @property
    def error_lang(self) -> Language:
        """As `lang`, where settings that cannot be read must not hide the first error."""
        try:
            return self.lang
        except OperatorError:
            return Language.EN

    @cached_property
    def login(self) -> "Login":
        """Who has logged in with `redress login`; nobody until then. Raises LoginError."""
        from starter.login import read_login

        return read_login(self.settings)

    @cached_property
    def directory(self) -> "Directory":
        """Who works where. Raises PackError."""
        from procedures.directory import read_directory

        return read_directory(self.settings.directory)

    @cached_property
    def default_pack(self) -> "Procedure":
        """The procedure new complaints run on."""
        from procedures import PACKS, offer_packs

        offer_packs(*self.settings.procedure_folders)
        pack = PACKS.newest(self.settings.default_procedure)
        if pack is None:
            raise BadInput("no_procedure", known=_names(PACKS.all()))
        return pack

    def packs(self) -> "list[Procedure]":
        """Every procedure this machine has, by name and version. Raises PackError."""
        from procedures import PACKS

        _ = self.default_pack
        return PACKS.all()

    def default_first(self) -> "Iterator[Procedure]":
        """Every procedure, those after the default one only read where it does not do."""
        yield self.default_pack
        yield from self.packs()

    def under(self, name: str) -> "Procedure | None":
        """The newest procedure of this name; None where this machine has none."""
        from procedures import PACKS

        _ = self.default_pack
        return PACKS.newest(name)

    def newest(self, typed: str) -> "Procedure":
        """A procedure by its name or title. Raises BadInput."""
        pack = self.under(self.procedure_called(typed))
        if pack is None:
            raise self.no_procedure()
        return pack

    def no_procedure(self) -> BadInput:
        """That a procedure somebody named is not known here."""
        return BadInput("unknown_procedure", known=_names(self.packs()))

    def pack(self, ref: str) -> "Procedure":
        """The procedure a case runs on; the default one where this machine lacks it (only titles depend on it)."""
        from procedures import PACKS

        fallback = self.default_pack
        return PACKS.pinned(ref) if PACKS.has(ref) else fallback

    def pack_of_party(self, party: str) -> "Procedure":
        """A procedure that names this party of the ledger, such as "merchant:M-7"; the default one where none does."""
        role = party.partition(":")[0]
        return next((pack for pack in self.default_first() if role in pack.parties), self.default_pack)

    def spelt(self, typed: str, *kinds: str) -> str:
        """The procedure's own name for a department, party, cause or duty typed as people read it; else as typed.

        `kinds` are tables of a procedure: "departments", "parties", "causes", "duties".
        """
        text = typed.strip()
        if _OWN_NAME.fullmatch(text):
            return text
        return _first_meant(text, (_called(pack, (kind,)) for pack in self.default_first() for kind in kinds))

    def choice(self, field: str, typed: str, *kinds: str, pack: "Procedure | None" = None) -> str:
        """As `spelt`; but raises BadInput, with what the default procedure has, for neither a name nor a title.

        Whether a name is one, the procedure that the case runs on must tell. `pack`: where that is known, its titles.
        """
        if pack is not None and not _OWN_NAME.fullmatch(typed.strip()):
            return chosen(field, typed, _called(pack, kinds), self.lang)
        name = self.spelt(typed, *kinds)
        known = _OWN_NAME.fullmatch(name)
        return name if known else chosen(field, typed, _called(self.default_pack, kinds), self.lang)

    def route(self, typed: str) -> str:
        """A route's name where its title is typed; else as typed."""
        called = (
            titles_of((route.name, route.title) for route in pack.routes if route.title)
            for pack in self.default_first()
        )
        return _first_meant(typed, called)

    def procedure_called(self, typed: str) -> str:
        """A procedure's name where its title is typed; else as typed."""
        return _first_meant(typed, [titles_of((pack.name, pack.title) for pack in self.packs())])

    def pack_with(self, department: str, field: str = "DEPARTMENT") -> "Procedure":
        """A procedure that has this department, the default one first. Raises BadInput where none has."""
        from texts.values import title

        if (found := next((pack for pack in self.default_first() if department in pack.departments), None)) is not None:
            return found
        known = [name for pack in self.default_first() for name in pack.departments]
        titles = {name: part.title for name, part in self.default_pack.departments.items()}
        shown = (f"{name} ({title(called, self.lang)})" for name, called in titles.items())
        raise BadInput("no_department", field=field, near=nearest(department, known), known=", ".join(shown))

    @asynccontextmanager
    async def cases(self) -> "AsyncIterator[Cases]":
        """The facade on the configured service. Raises ConnectFailed."""
        from starter.cases import Cases
        from starter.connection import connect
        from starter.messages import no_standing

        client = await connect(self.settings)
        local = self._is_local(client.service_client.config.target_host)
        yield Cases(
            client,
            task_queue=self.settings.task_queue,
            default_procedure=self.settings.default_procedure,
            local=local,
            tokens=self.login.token,
            # Elsewhere the service may have another directory than this machine.
            standings=self._standing_of if local else no_standing,
        )

    @asynccontextmanager
    async def lists(self) -> "AsyncIterator[Lists]":
        """Lists of cases on the configured service. Raises ConnectFailed."""
        from starter.lists import Lists
        from starter.reach import reach

        reached = await reach(self.settings)
        yield Lists(reached.service, reached.namespace, local=self._is_local(reached.address))

    def _is_local(self, address: str) -> bool:
        from starter.stackfile import running_stack

        stack = running_stack(self.settings.home)
        return stack is not None and stack.address == address

    def _standing_of(self, actor: str) -> "Standing | None":
        return self.directory.standing_of(actor)

    def say(self, key: str, /, **values: object) -> str:
        """A text of the command line in the session's language."""
        return say(f"cli.{key}", self.lang, **values)

    def named(self, group: str, code: object) -> str:
        """The text of a code."""
        return named(group, code, self.lang)

    def print_json(self, value: object) -> None:
        """JSON for programs: one document on standard output."""
        print_json(value)


def print_json(value: object) -> None:
    """JSON on standard output, without colours or wrapping; escaped where the output is not UTF-8.

    So is what a terminal would act on: JSON leaves U+009B as it is, which is to many what ESC [ is.
    """
    utf8 = (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    text = json.dumps(_plain(value), ensure_ascii=not utf8, indent=2)
    text = _UNSEEN.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text)
    sys.stdout.write(text.encode("utf-8", "replace").decode() + "\n")


def lines_of_text(text: str) -> "Text":
    """Text of several lines, with nothing in it that a terminal would act on."""
    from rich.text import Text

    return Text(_UNSEEN.sub(" ", text))


def _first_meant(typed: str, called: "Iterable[Known]") -> str:
    """The name of what is typed in the first of these that has it; else as typed."""
    return next((name for known in called if (name := meant(typed, known)) is not None), typed)


def _called(pack: "Procedure", kinds: Sequence[str]) -> Known:
    return titles_of((name, part.title) for kind in kinds for name, part in getattr(pack, kind).items())


def _names(packs: "list[Procedure]") -> str:
    return ", ".join(dict.fromkeys(pack.name for pack in packs))


def _plain(value: object) -> Any:
    from pydantic import BaseModel

    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value


_SESSION: ContextVar[Session] = ContextVar("session")


def session() -> Session:
    """The running session."""
    try:
        return _SESSION.get()
    except LookupError:
        return begin(None)


def begin(lang: Language | None) -> Session:
    """Begin a session in this context."""
    fresh = Session(lang)
    _SESSION.set(fresh)
    return fresh


def case_number(text: str) -> str:
    """A case number as typed, in capitals and half-width. Raises BadInput."""
    from models.base import NUMBER_PATTERN

    number = half_width(text).strip().upper()
    if not NUMBER_PATTERN.fullmatch(number):
        raise BadInput("bad_number")
    return number
