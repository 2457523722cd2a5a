"""The cases as SQL keeps them, for when no worker answers and for reports; how a command opens the database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime
from sqlalchemy.engine import make_url
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from activities.store import Store, StoreError
from models.base import Record
from models.case import Event
from models.commands import Share
from models.complaint import Complaint
from models.tables import CaseRow, EventRow
from starter.failures import TryAgain, database_failed
from starter.settings import Settings


class ArchivedCase(Record):
    """A case's row: as of the last step a worker wrote down. Money in minor units."""

    number: str
    procedure: str
    stage: str
    exit: str | None
    order: str
    customer: str
    cause: str
    demand: str
    amount: int
    currency: str
    refunded: int
    waiting_for: str
    due: AwareDatetime | None
    basis: str | None
    liable: tuple[Share, ...]
    opened_at: AwareDatetime
    closed_at: AwareDatetime | None


async def stored_case(settings: Settings, number: str) -> ArchivedCase | None:
    """The case's row; None where SQL has none. Raises TryAgain when the database cannot be read."""
    async with reading(settings) as session:
        row = await session.get(CaseRow, number)
    if row is None:
        return None
    return ArchivedCase.model_validate(row.model_dump() | {"order": row.order_number})


async def stored_complaint(settings: Settings, number: str) -> Complaint | None:
    """The complaint as filed, with the customer's name and words; None where SQL has none. Raises TryAgain."""
    async with reading(settings) as session:
        row = await session.get(CaseRow, number)
    return Complaint.model_validate(row.complaint) if row else None


async def stored_complainant(settings: Settings, number: str) -> dict[str, Any] | None:
    """Who complained, as filed; None where SQL has no such case. Raises TryAgain."""
    async with reading(settings) as session:
        row = await session.get(CaseRow, number)
    return row.complaint.get("complainant") if row else None


async def stored_events(settings: Settings, number: str) -> list[Event]:
    """The case's whole record. Raises TryAgain."""
    async with reading(settings) as session:
        rows = await session.exec(select(EventRow).where(EventRow.number == number).order_by(col(EventRow.seq)))
        return [Event.model_validate(row.model_dump()) for row in rows]


async def stored_counts(settings: Settings) -> dict[str, int]:
    """How many cases stand at each stage. Raises TryAgain."""
    async with reading(settings) as session:
        rows = await session.exec(select(CaseRow.stage, func.count()).group_by(CaseRow.stage))
        return dict(rows.all())


@asynccontextmanager
async def reading(settings: Settings) -> AsyncIterator[AsyncSession]:
    """A session for looking. Raises TryAgain when the database cannot be read."""
    async with opened(settings) as store, store.read() as session:
        yield session


def no_file_yet(settings: Settings) -> bool:
    """Whether the database is a file that is not there: opening it would make an empty one."""
    address = make_url(settings.database)
    file = address.database if address.get_backend_name() == "sqlite" else None
    return bool(file) and not Path(str(file)).exists()


@asynccontextmanager
async def store_of(settings: Settings) -> AsyncIterator[Store]:
    """The configured store. Raises TryAgain when the database cannot be used."""
    store = Store(settings.database)
    try:
        yield store
    except StoreError as error:
        raise database_failed(str(error)) from None
    finally:
        await store.close()


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Store]:
    """The store of a service that has run before. Raises TryAgain when the database cannot be used."""
    if await asyncio.to_thread(no_file_yet, settings):
        raise TryAgain("no_database")
    async with store_of(settings) as store:
        yield store
