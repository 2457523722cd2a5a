"""G5: many refunds of one order at once, on SQLite and PostgreSQL: never more than was paid, none refused that fits.

python -m tests.lanes.races --seed 7 --n 150 [--database postgresql]
"""

import argparse
import asyncio
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from activities.embedded import EmbeddedCarrier, EmbeddedGateway, EmbeddedWarehouse
from activities.remedies import Remedies
from activities.store import Store
from tests.activities.cluster import cluster
from tests.lanes.common import Lane, main, options
from tests.lanes.gateway import order
from verify.books import book_breaches


async def races(given: argparse.Namespace) -> Lane:
    """The lane."""
    lane = Lane("races", given.seed, given.n)
    with tempfile.TemporaryDirectory(prefix="redress-races-") as folder, ExitStack() as closing:
        if "sqlite" in given.database:
            await _race(lane, f"sqlite:///{Path(folder) / 'redress.db'}")
        if "postgresql" in given.database:
            place = closing.enter_context(cluster())
            await _race(lane, await _database(place))
    return lane


async def _database(place: str) -> str:
    engine = create_async_engine(f"postgresql+asyncpg://postgres@{place}/postgres", isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text("CREATE DATABASE races TEMPLATE template0"))
    await engine.dispose()
    return f"postgresql://postgres@{place}/races"


async def _race(lane: Lane, url: str) -> None:
    store = Store(url)
    await store.create()
    remedies = Remedies(store, EmbeddedGateway(store), EmbeddedWarehouse(store), EmbeddedCarrier(store))
    for index in range(lane.n):
        await _one(lane, remedies, f"{store.dialect}-{index}")
    async with store.read() as session:
        await lane.ask(book_breaches(session, store.dialect))
    await store.close()


async def _one(lane: Lane, remedies: Remedies, name: str) -> None:
    """Six to sixty-four cases about one order of 10.00, each due 4.00; some are asked twice at the same moment."""
    cases = [order(f"R-{name.upper()}-{i}").model_copy(update={"order": name}) for i in range(lane.dice.randint(6, 64))]
    twice = [case for case in cases if lane.dice.random() < 0.3]
    results = await asyncio.gather(*(remedies.pay(case) for case in (*cases, *twice)))
    ends = Counter("paid" if result.failure is None else result.failure for result in results[: len(cases)])
    lane.counts["refunds asked"] += len(results)
    lane.counts["paid"] += ends["paid"]
    lane.must(ends["paid"] == 2, f"{name}: {dict(ends)}; two fit")
    lane.must(set(ends) <= {"paid", "exceeds_paid"}, f"{name}: {dict(ends)}")


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--database", nargs="*", default=["sqlite", "postgresql"])


if __name__ == "__main__":
    main(races(options("races", 150, _options)))
