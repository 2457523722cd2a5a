"""What a mail brings with it: written to files when it is sent, once for all readers of a turn."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from activities.outbox import Open
from activities.ports import Enclosure, Printer
from models.language import Language
from models.procedure import Procedure
from models.reporting import ENCLOSED, PERIOD


@dataclass(frozen=True)
class Enclosed:
    """The files of a mail, and the names of what was too large for one."""

    files: tuple[Enclosure, ...] = ()
    too_large: tuple[str, ...] = ()


class Spool:
    """Files of one turn of the mailroom, on disk: a mail's enclosures are read only while it is sent."""

    def __init__(self, printer: Printer) -> None:
        self._print = printer
        self._made: dict[tuple[str, ...], Enclosed] = {}
        self._folder: Path | None = None

    async def enclosed(self, row: Open, pack: Procedure, lang: Language) -> Enclosed:
        """What the mail brings. Readers of one language get the same files. Raises TryAgain."""
        wanted, period = (str(row.mail.values.get(key, "")) for key in (ENCLOSED, PERIOD))
        if not wanted:
            return Enclosed()
        key = (row.mail.number, pack.ref, wanted, period, lang.value)
        if key not in self._made:
            self._folder = self._folder or Path(mkdtemp(prefix="redress-mail-"))
            folder = self._folder / str(len(self._made))
            folder.mkdir()
            files, too_large = await self._print(wanted.split(","), period, pack, lang, folder)
            self._made[key] = Enclosed(tuple(files), tuple(too_large))
        return self._made[key]

    def clear(self) -> None:
        """The turn is over: nothing is kept."""
        self._made = {}
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
