"""What every command shares: language, settings, the directory, a connection, the two outputs."""

import difflib
import json
import re
import sys
import unicodedata
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import CoercionError, Parameter, Token
from rich.console import Console

from models.language import Language
from starter.errors import OperatorError
from starter.failures import BadInput
from texts import named, say

if TYPE_CHECKING:
    from models.commands import Standing
    from models.directory import Directory
    from models.procedure import Procedure
    from starter.cases import Cases
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
_BRACKETS = re.compile(r"\s*[（(].*$")
_OWN_NAME = re.compile(r"[a-z][a-z0-9_]*")
PIPE_WIDTH = 160
"""Columns where the output is no terminal: ids and deadlines must not be cut."""


class Output(Console):
    """A terminal, a file or a pipe: whoever reads a pipe may go (`redress list | head`), which is no failure."""

    def on_broken_pipe(self) -> None:
        """Rich would end the program with 1."""
        raise BrokenPipeError


class Session:
    """One run of the program."""

    def __init__(self, lang: Language | None = None) -> None:
        self._lang = lang
        self.out = Output(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
        self.err = Console(highlight=False, stderr=True, soft_wrap=True)

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
        from procedures import read_directory

        return read_directory(self.settings.directory)

    @cached_property
    def default_pack(self) -> "Procedure":
        """The procedure new complaints run on."""
        from procedures import PACKS, load_packs

        load_packs(*([self.settings.procedures_dir] if self.settings.procedures_dir else []))
        pack = PACKS.newest(self.settings.default_procedure)
        if pack is None:
            raise BadInput("no_procedure", known=_names(PACKS.all()))
        return pack

    def packs(self) -> "list[Procedure]":
        """Every procedure this machine has, by name and version. Raises PackError."""
        from procedures import PACKS

        _ = self.default_pack
        return PACKS.all()

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
        role, packs = party.partition(":")[0], (self.default_pack, *self.packs())
        return next((pack for pack in packs if role in pack.parties), self.default_pack)

    def spelt(self, typed: str, *kinds: str) -> str:
        """The procedure's own name for a department, party, cause or duty typed as people read it; else as typed.

        `kinds` are tables of a procedure: "departments", "parties", "causes", "duties". What a title says in
        brackets may be left out.
        """
        text = typed.strip()
        if _OWN_NAME.fullmatch(text):
            return text
        titles = [
            (name, part.title)
            for pack in (self.default_pack, *self.packs())
            for kind in kinds
            for name, part in getattr(pack, kind).items()
        ]
        said = text.casefold()
        titled = ((name, full.casefold()) for name, title in titles for full in (title.zh, title.en))
        return next((name for name, full in titled if said in (full, _BRACKETS.sub("", full))), text)

    def pack_with(self, department: str, field: str = "DEPARTMENT") -> "Procedure":
        """A procedure that has this department, the default one first. Raises BadInput where none has."""
        packs = (self.default_pack, *self.packs())
        if (found := next((pack for pack in packs if department in pack.departments), None)) is not None:
            return found
        near = difflib.get_close_matches(department, [name for pack in packs for name in pack.departments], n=1)
        titles = {name: part.title for name, part in self.default_pack.departments.items()}
        shown = (f"{name} ({title.zh if self.lang is Language.ZH else title.en})" for name, title in titles.items())
        raise BadInput("no_department", field=field, near=near[0] if near else None, known=", ".join(shown))

    @asynccontextmanager
    async def cases(self) -> "AsyncIterator[Cases]":
        """The facade on the configured service. Raises ConnectFailed."""
        from starter.cases import Cases
        from starter.connection import connect
        from starter.messages import no_standing
        from starter.stackfile import running_stack

        client = await connect(self.settings)
        stack = running_stack(self.settings.home)
        local = stack is not None and client.service_client.config.target_host == stack.address
        yield Cases(
            client,
            task_queue=self.settings.task_queue,
            default_procedure=self.settings.default_procedure,
            local=local,
            tokens=self.login.token,
            # Elsewhere the service may have another directory than this machine.
            standings=self._standing_of if local else no_standing,
        )

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
    """JSON on standard output, without colours or wrapping; escaped where the output is not UTF-8."""
    utf8 = (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    text = json.dumps(_plain(value), ensure_ascii=not utf8, indent=2)
    sys.stdout.write(text.encode("utf-8", "replace").decode() + "\n")


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

    number = unicodedata.normalize("NFKC", text).strip().upper()
    if not NUMBER_PATTERN.fullmatch(number):
        raise BadInput("bad_number")
    return number
