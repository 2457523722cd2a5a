"""What a database holds by our doing, and whether the migrations lead to the models."""

from collections.abc import Iterator

from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Inspector, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

import migrations
from models.tables import CaseRow

WHAT_TO_DO = """
The models and the migrations differ.
  make migration DOES="what your change does"     writes the step that is missing; read it
  .venv/bin/pytest tests/activities/test_migrations.py
A migration that has been released is never changed; one that has not may be deleted and written again.
"""
TWO_HEADS = """
Two migrations follow the same one; after a rebase yours must come last:
  git rm migrations/versions/YOURS.py && make migration DOES="what your change does"
"""


def shape(connection: Connection) -> set[str]:
    """Everything a database holds by our doing, a line for each, however it came about."""
    look = inspect(connection)
    tables = [name for name in look.get_table_names() if name != "schema_version"]
    return statements(connection) | {f"table {name}, {line}" for name in tables for line in parts(look, name)}


def parts(look: Inspector, table: str) -> Iterator[str]:
    yield f"primary key {look.get_pk_constraint(table)}"
    for column in look.get_columns(table):
        yield f"column {column['name']} {column['type']!s} null={column['nullable']} default={column['default']}"
    yield from (f"foreign key {found}" for found in look.get_foreign_keys(table))
    yield from (f"unique {found}" for found in look.get_unique_constraints(table))
    yield from (f"check {found}" for found in look.get_check_constraints(table))


def statements(connection: Connection) -> set[str]:
    """Indexes, triggers and functions as the database tells them."""
    if connection.dialect.name == "sqlite":
        found = connection.execute(text("SELECT sql FROM sqlite_master WHERE type <> 'table' AND sql <> ''")).scalars()
    else:
        found = connection.execute(
            text(
                "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' "
                "AND tablename <> 'schema_version' UNION ALL "
                "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal UNION ALL "
                "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            )
        ).scalars()
    return {" ".join(statement.split()) for statement in found}


async def assert_equal_to_the_models(connection: AsyncConnection) -> None:
    """On an empty database, which is left at the newest version."""
    await connection.run_sync(CaseRow.metadata.create_all)
    asked = await connection.run_sync(shape)
    await connection.rollback()
    await connection.run_sync(CaseRow.metadata.drop_all)
    await connection.rollback()
    await connection.run_sync(migrations.upgrade)
    made = await connection.run_sync(shape)
    missing, left_over = "\n".join(sorted(asked - made)), "\n".join(sorted(made - asked))
    assert asked == made, f"\nasked for by the models:\n{missing}\nmade by the migrations:\n{left_over}\n{WHAT_TO_DO}"


def chain() -> list[str]:
    """The versions from the first to the newest; fails where they are not one chain whose names count up."""
    script = ScriptDirectory.from_config(migrations.config())
    heads = script.get_heads()
    assert len(heads) == 1, f"{heads}{TWO_HEADS}"
    versions = [step.revision for step in script.walk_revisions()][::-1]
    assert versions == sorted(versions), f"{versions}{TWO_HEADS}"
    assert versions[-1] == migrations.HEAD
    return versions
