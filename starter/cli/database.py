"""The database's schema on the command line."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from cyclopts import App

from starter.cli.session import session
from starter.failures import TryAgain

if TYPE_CHECKING:
    from activities.store import Store

db = App(
    name="db",
    help="The database's schema: its version, and leading it to this program's.",
    result_action="return_value",
)


@db.command
async def version() -> int:
    """Print the schema's version, and this program's where that is another."""
    from migrations import HEAD

    async with _store() as store:
        has = await store.version()
    _tell(has, HEAD)
    return 0


@db.command
async def upgrade() -> int:
    """Lead the schema to this program's version: all of it or nothing, harmless again, several at once.

    A worker does so itself when it starts; this is for those who let it happen before. A newer schema stays as it is.
    """
    from migrations import HEAD

    async with _store() as store:
        await store.create()
        has = await store.version()
    _tell(has, HEAD)
    return 0


def _tell(has: str | None, head: str) -> None:
    current = session()
    current.out.print(current.say("schema", version=has or "-", program=None if has == head else head), markup=False)


@asynccontextmanager
async def _store() -> "AsyncIterator[Store]":
    from activities.store import Store, StoreError
    from starter.stackfile import make_home

    settings = session().settings
    if settings.database_url is None:
        make_home(settings.home)
    store = Store(settings.database)
    try:
        yield store
    except StoreError as error:
        raise TryAgain("database", problem=str(error)) from None
    finally:
        await store.close()
