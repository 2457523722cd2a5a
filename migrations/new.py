"""Writes the migration that leads from the newest version to the models: `python -m migrations.new "what it does"`.

Tables, columns and indexes are found by Alembic; triggers and functions by their text. Read what it wrote.
"""

import io
import re
import subprocess
import sys
from collections.abc import Iterable
from typing import Any, Literal

from alembic import command
from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import MigrateOperation
from sqlalchemy import DDL, create_engine, create_mock_engine
from sqlmodel import AutoString

from migrations import HEAD, HERE, config, upgrade
from models.rows import Json, UtcDateTime
from models.tables import CaseRow

DIALECTS = ("sqlite", "postgresql")


class Guards(MigrateOperation):
    """Statements for one kind of database."""

    def __init__(self, dialect: str, statements: Iterable[str]) -> None:
        self.dialect = dialect
        self.statements = list(statements)


@renderers.dispatch_for(Guards)
def _render(_: AutogenContext, guards: Guards) -> list[str]:
    if not guards.statements:
        return []
    lines = "".join(f'"""{_flat(statement)}""",\n' for statement in guards.statements)
    return [f'on("{guards.dialect}",\n{lines})']


def _flat(statement: str) -> str:
    return " ".join(statement.split())


def wanted(dialect: str) -> list[str]:
    """The triggers and functions the models ask for, in the order of their making."""
    found: list[str] = []

    def seen(element: Any, *_: object, **__: object) -> None:
        if isinstance(element, DDL):
            found.append(_flat(element.statement))

    engine = create_mock_engine(f"{dialect}+{'aiosqlite' if dialect == 'sqlite' else 'asyncpg'}://", seen)
    CaseRow.metadata.create_all(engine, checkfirst=False)
    return list(dict.fromkeys(found))


def made(dialect: str) -> str:
    """What the migrations so far do on such a database, as SQL."""
    script = io.StringIO()
    command.upgrade(config(dialect=dialect, buffer=script), "head", sql=True)
    return _flat(script.getvalue())


def undoing(statement: str) -> str:
    """The statement that takes a trigger or function away."""
    if name := re.match(r"CREATE OR REPLACE FUNCTION (\w+)", statement):
        return f"DROP FUNCTION IF EXISTS {name[1]}()"
    name = re.match(r"CREATE (?:CONSTRAINT )?TRIGGER (\w+)", statement)
    table = re.search(r"\bON (\w+)", statement)
    if name is None or table is None:
        raise ValueError("neither a trigger nor a function")
    on_table = f" ON {table[1]}" if "EXECUTE FUNCTION" in statement else ""
    return f"DROP TRIGGER IF EXISTS {name[1]}{on_table}"


def missing(dialect: str) -> list[str]:
    """What the models ask for and no migration makes yet."""
    before = made(dialect) if HEAD else ""
    return [statement for statement in wanted(dialect) if statement not in before]


def render(kind: str, thing: Any, script: AutogenContext) -> str | Literal[False]:
    """Our column types as plain SQLAlchemy, so that a migration stays what it was when the models move on."""
    if kind != "type":
        return False
    if isinstance(thing, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if isinstance(thing, Json):
        script.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    if isinstance(thing, AutoString):
        return f"sa.String({thing.length or ''})"
    return False


def write(purpose: str) -> str:
    """Write the next migration; its version."""
    number = int(HEAD.partition("_")[0]) + 1 if HEAD else 1
    version = f"{number:04}_{'_'.join(re.findall('[a-z0-9]+', purpose.lower()))}"
    guards = {dialect: missing(dialect) for dialect in DIALECTS}  # Alembic runs one thing at a time: before it begins

    def add_guards(_: object, __: object, directives: list[Any]) -> None:
        script = directives[0]
        for dialect, statements in guards.items():
            script.upgrade_ops.ops.append(Guards(dialect, statements))
            script.downgrade_ops.ops.insert(0, Guards(dialect, map(undoing, reversed(statements))))

    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        if HEAD:
            upgrade(connection)
        settings = config(
            connection=connection,
            target_metadata=CaseRow.metadata,
            render_item=render,
            process_revision_directives=add_guards,
        )
        command.revision(settings, purpose, autogenerate=True, rev_id=version)
    written = HERE / "versions" / f"{version}.py"
    lines = written.read_text(encoding="utf-8").splitlines(keepends=True)
    written.write_text("".join(line for line in lines if "# ###" not in line), encoding="utf-8")
    for tool in (("check", "--fix-only"), ("format",)):
        subprocess.run([sys.executable, "-m", "ruff", *tool, "-q", written], check=True)
    return version


if __name__ == "__main__":
    print(f"migrations/versions/{write(' '.join(sys.argv[1:]) or sys.exit('say what it does'))}.py")  # noqa: T201
