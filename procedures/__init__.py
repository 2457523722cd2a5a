"""Procedure packs as data, and the one register that holds them.

The register is content a running case may rely on: a pack is never changed under its `ref`, so looking one up is
the same on every replay. A worker that lacks a pack cannot go on with its cases, and says which one it lacks.
"""

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from models.base import spelt, toml_problems
from models.procedure import Procedure
from procedures.checks import mistakes

if TYPE_CHECKING:
    from models.trial import Trials

HERE = Path(__file__).parent
SUFFIX = ".procedure.toml"
DIRECTORY = HERE
"""The packaged directory: an example, one file for each pack's own departments."""


class PackError(Exception):
    """A procedure or directory file that cannot be used; the text is one line per mistake."""


def shown(file: Path) -> str:
    """A file's name as an error may repeat it: one that is not called like ours could hold anything."""
    return file.name if _OURS.fullmatch(file.name) else "(file)"


_OURS = re.compile(r"[a-z][\w.-]{0,60}\.toml")


class Packs:
    """The packs this process knows, by ref and, newest first, by name. Our own may wait until they are asked for."""

    def __init__(self) -> None:
        self._by_ref: dict[str, Procedure] = {}
        self._ours: set[str] = set()
        self._unread: dict[str, Path] = {}

    def leave(self, name: str, file: Path) -> None:
        """Have our own pack of this name wait until it is asked for; one that has been read stays."""
        if name not in self._ours:
            self._ours.add(name)
            self._unread[name] = file

    def _read(self, *names: str) -> None:
        for name in names:
            if (file := self._unread.pop(name, None)) is not None:
                self.add(read_pack(file))

    def add(self, pack: Procedure) -> None:
        """Raises PackError when another pack already has this name and version."""
        self._read(pack.name)
        known = self._by_ref.get(pack.ref)
        if known is not None and known != pack:
            raise PackError(f"{pack.ref}: differs from the pack of the same version; give the change a new `version`")
        self._by_ref[pack.ref] = pack

    def pinned(self, ref: str) -> Procedure:
        """The pack a case runs on. Raises PackError where this worker lacks it: the case waits, it does not guess."""
        if not self.has(ref):
            raise PackError(f"{ref}: this worker does not have the procedure; add its file to the procedures folder")
        return self._by_ref[ref]

    def has(self, ref: str) -> bool:
        """Whether this process knows the pack."""
        self._read(ref.partition(".")[0])
        return ref in self._by_ref

    def newest(self, name: str) -> Procedure | None:
        """The highest version under a name; None for an unknown name."""
        self._read(name)
        return max((p for p in self._by_ref.values() if p.name == name), key=lambda p: p.version, default=None)

    def called(self, ref: str) -> Procedure | None:
        """A pack by its ref, `marketplace.1`, or the newest under a name. Raises PackError for a ref not known here."""
        return self.pinned(ref) if "." in ref else self.newest(ref)

    def newest_of_each(self) -> list[Procedure]:
        """The highest version under every name, by name."""
        return list({pack.name: pack for pack in self.all()}.values())

    def all(self) -> list[Procedure]:
        """Every pack, by name and version."""
        self._read(*self._unread)
        return sorted(self._by_ref.values(), key=lambda p: (p.name, p.version))


PACKS = Packs()
"""The process's register. Filled before a worker starts, never changed under a running case."""


def read_pack(file: Path) -> Procedure:
    """A pack from its TOML file. Raises PackError with one line per mistake."""
    try:
        pack = Procedure.model_validate(read_toml(file))
    except ValidationError as error:
        raise _refused(file, error) from None
    if wrong := mistakes(pack):
        raise PackError("\n".join(f"{shown(file)}: {line}" for line in wrong))
    return pack


def _refused(file: Path, error: ValidationError) -> PackError:
    """One line per mistake, under the author's own names: a pack's keys are nobody's personal data."""
    found = toml_problems(error, spell=lambda part: str(part) if str(part).isprintable() else spelt(part))
    return PackError("\n".join(f"{shown(file)}: {problem.line()}" for problem in found))


def load_packs(*folders: Path) -> Packs:
    """Fill the process's register from our own folder and the company's. Raises PackError."""
    offer_packs(*folders)
    PACKS.all()  # now, not amid a step of a case
    return PACKS


def offer_packs(*folders: Path) -> Packs:
    """As `load_packs`, but of our own, which are in order, each is read once it is asked for: a command needs one."""
    for file in HERE.glob(f"*{SUFFIX}"):
        PACKS.leave(file.name.removesuffix(SUFFIX), file)
    for folder in folders:
        if not folder.is_dir():
            raise PackError("procedures_dir: is not a folder; correct the setting")
        for file in sorted(folder.glob(f"*{SUFFIX}")):
            PACKS.add(read_pack(file))
    return PACKS


def read_toml(file: Path) -> dict[str, object]:
    """Raises PackError with one line."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise PackError(f"{shown(file)}: is not a text in UTF-8; save it as UTF-8") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PackError(f"{shown(file)}: is not valid TOML; {str(error)[:200]}") from None
    except OSError as error:
        raise PackError(f"{shown(file)}: cannot be read; {error.strerror}") from None


def read_trials(file: Path) -> "Trials":
    """A pack's own test cases. Raises PackError with one line per mistake."""
    from models.trial import Trials

    try:
        found = Trials.model_validate(read_toml(file))
    except ValidationError as error:
        raise _refused(file, error) from None
    cases = [trial.model_copy(update={"details": found.details | trial.details}) for trial in found.cases]
    return found.model_copy(update={"cases": tuple(cases)})
