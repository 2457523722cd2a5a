"""Numbers such as 8D20170331001: a prefix, the day, a serial of that day without gap or double (S2-29)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from activities.store import insert_into
from models.tables import NumberSeries, Row

SERIES = Row.metadata.tables["number_series"]


async def next_number(session: AsyncSession, prefix: str, at: datetime, zone: str) -> str:
    """The next number, taken in the caller's transaction: given back where that fails; others wait for it."""
    series = f"{prefix}{at.astimezone(ZoneInfo(zone)):%Y%m%d}"
    insert = insert_into(NumberSeries, session.get_bind().dialect.name)
    taken = insert.values(series=series, last=1).on_conflict_do_update(
        index_elements=["series"], set_={"last": SERIES.c.last + 1}
    )
    serial = (await (await session.connection()).execute(taken.returning(SERIES.c.last))).scalar_one()
    return f"{series}{serial:03}"
