"""A change of the models has its migration, and migrations follow one another."""

from sqlalchemy.ext.asyncio import create_async_engine

from tests.schema import assert_equal_to_the_models, chain


async def test_the_migrations_make_what_the_models_ask_for() -> None:
    engine = create_async_engine("sqlite+aiosqlite://")
    async with engine.connect() as connection:
        await assert_equal_to_the_models(connection)
    await engine.dispose()


def test_there_is_one_chain_of_migrations() -> None:
    assert chain()[0] == "0001_baseline"
