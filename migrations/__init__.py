"""The database's schema by versions: one chain of migrations for SQLite and PostgreSQL.

The models say what the schema shall be; the files in `versions/` lead there, one after the other.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from sqlalchemy import Connection, inspect, text

if TYPE_CHECKING:
    from alembic.config import Config

HERE = Path(__file__).parent
BASE = "base"
VERSIONS = sorted(file.stem for file in (HERE / "versions").glob("[0-9]*.py"))
HEAD = max(VERSIONS, default="")
"""The newest version; versions are called by their number and purpose, as their files are."""
_TABLE = "schema_version"


class UnknownSchemaError(Exception):
    """The database holds tables that no version accounts for; one line."""


def current(connection: Connection) -> str | None:
    """The version the database has; None for one without any. Needs no right but to look."""
    if not inspect(connection).has_table(_TABLE):
        return None
    version: str | None = connection.execute(text(f"SELECT version_num FROM {_TABLE}")).scalar()  # noqa: S608 - ours
    return version


def known(version: str | None) -> bool:
    """Whether this program has the version; one it lacks was made by a later program."""
    return version is None or version in VERSIONS


def upgrade(connection: Connection, version: str = HEAD) -> None:
    """Lead the database to a version, within the caller's transaction. Raises UnknownSchemaError."""
    from alembic import command

    if current(connection) is None and inspect(connection).has_table("case_row"):
        raise UnknownSchemaError("it holds tables without a schema version, from before 0.1.0; begin with an empty one")
    command.upgrade(config(connection=connection), version)


def downgrade(connection: Connection, version: str) -> None:
    """Lead the database back; what only later versions hold is lost."""
    from alembic import command

    command.downgrade(config(connection=connection), version)


def config(*, buffer: TextIO | None = None, **attributes: Any) -> "Config":
    """Alembic's configuration, which is here and in no file."""
    from alembic.config import Config

    made = Config(output_buffer=buffer, attributes={"version_table": _TABLE, **attributes})
    made.set_main_option("file_template", "%%(rev)s")
    made.set_main_option("script_location", str(HERE).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    return made
