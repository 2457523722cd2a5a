"""What a case asks of SQL and how many notices it writes, counted exactly."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine
from sqlmodel import col, func, select

from activities.store import Store
from benchmarks.counts import Cost, cost
from benchmarks.paths import Path
from models.tables import MailRow
from tests.support import Office


class Writes(NamedTuple):
    """Of one case with its payments and goods; that its notices are sent is not in it."""

    statements: int
    """As the database gets them, each BEGIN of a write among them."""
    commits: int
    mails: int
    """Rows of the outbox."""


class _Tally:
    statements = 0
    commits = 0


async def spent(path: Path, office: Office) -> tuple[Cost, Writes]:
    """One case on this path: its histories, and what it wrote."""
    with _counted(office.store) as tally:
        case = await path(office)
    mails = select(func.count()).select_from(MailRow).where(col(MailRow.number) == case.number)
    async with office.store.read() as session:
        written = Writes(tally.statements, tally.commits, (await session.exec(mails)).one())
    return cost(await case.histories()), written


@contextmanager
def _counted(store: Store) -> Iterator[_Tally]:
    """Every statement and commit on this database by this process, until the block ends."""
    tally = _Tally()

    def here(connection: Connection) -> bool:
        return connection.engine.url.render_as_string(hide_password=False) == store.url

    def statement(connection: Connection, *_: Any) -> None:
        tally.statements += here(connection)

    def commit(connection: Connection) -> None:
        tally.commits += here(connection)

    event.listen(Engine, "before_cursor_execute", statement)
    event.listen(Engine, "commit", commit)
    try:
        yield tally
    finally:
        event.remove(Engine, "before_cursor_execute", statement)
        event.remove(Engine, "commit", commit)
