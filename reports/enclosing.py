"""Reports as files for mails: in a thread of their own, since a large one keeps a processor busy for seconds."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from activities.ports import Enclosure, TryAgain
from activities.store import Store, StoreError, at_one_moment
from models.directory import Directory
from models.language import Language
from models.procedure import Procedure
from reports.catalogue import REPORTS, Format, built, save
from reports.document import Setting
from reports.period import BadPeriod, Period, local_day, period

MOST_ROWS = 20_000
"""Rows of a report that still goes by mail; a larger one is written by `redress report`."""
MOST_BYTES = 8 * 1024 * 1024
"""Of all files of one mail; many mail servers take no more than 10 MB with their encoding."""
KINDS = {
    "xlsx": ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "pdf": ("application", "pdf"),
    "csv": ("text", "csv"),
    "html": ("text", "html"),
}
_FORBIDDEN = '\\/:*?"<>|'


def file_name(title: str, days: str, form: str) -> str:
    """A name every system takes: no character that a path or a shell could read as its own."""
    name = f"{title} {days}".replace("/", "_")
    kept = "".join("_" if mark in _FORBIDDEN or not mark.isprintable() else mark for mark in name)
    return f"{kept.strip(' .')[:80]}.{form}"


class Enclosing:
    """See Printer. Reads the database at `url`; `pack_of` finds the procedure a case runs on, `packs` all."""

    def __init__(
        self,
        url: str,
        pack_of: Callable[[str], Procedure],
        directory: Callable[[], Directory],
        *,
        packs: Callable[[], Iterable[Procedure]] = tuple,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._packs = packs
        self._most_bytes = most_bytes
        self._url = url
        self._pack_of = pack_of
        self._directory = directory

    async def __call__(
        self, wanted: Sequence[str], period_name: str, pack: Procedure, lang: Language, folder: Path, /
    ) -> tuple[list[Enclosure], list[str]]:
        """The files, and the names of those too large for a mail. Raises TryAgain."""
        now = datetime.now(UTC)
        days, directory = _days(period_name, now, pack), self._directory()
        # A mail of a procedure goes to its own departments, whom other procedures' cases do not concern.
        setting = Setting(lang, days, now, self._pack_of, pack, directory, self._packs, only=pack.name)
        try:
            return await asyncio.to_thread(asyncio.run, self._write(wanted, period_name, setting, folder))
        except StoreError:
            raise TryAgain("database") from None
        except OSError:
            raise TryAgain("no_room") from None

    async def _write(
        self, wanted: Sequence[str], period_name: str, setting: Setting, folder: Path
    ) -> tuple[list[Enclosure], list[str]]:
        files: list[Enclosure] = []
        too_large: list[str] = []
        room = self._most_bytes
        store = Store(self._url)
        try:
            async with store.read() as session:
                database = await at_one_moment(session)
                for name in wanted:
                    report, _, form = name.partition(".")
                    called = file_name(setting.say(f"title.{report}"), period_name, form)
                    size = self._most_bytes
                    if await REPORTS[report][1](database, setting) <= MOST_ROWS:
                        await save(built(database, report, setting, Format(form)), Format(form), folder / name)
                        size = (folder / name).stat().st_size
                    if size < room:
                        room -= size
                        files.append(Enclosure(called, *KINDS[form], folder / name))
                    else:
                        too_large.append(called)
        finally:
            await store.close()
        return files, too_large


def _days(name: str, now: datetime, pack: Procedure) -> Period:
    """The days of a week, of a month, or from one day to another. Raises TryAgain for what is none of these."""
    today = local_day(now, pack.time_zone)
    first, _, last = name.partition("/")
    try:
        if last:
            return Period(date.fromisoformat(first), date.fromisoformat(last), pack.time_zone)
        week, month = (name, None) if "W" in name else (None, name)
        return period(first=None, last=None, week=week, month=month, today=today, zone=pack.time_zone)
    except (BadPeriod, ValueError):
        raise TryAgain("no_period") from None
