"""What a migration does beside Alembic's own operations."""

from alembic import op
from sqlalchemy import text


def on(dialect: str, *statements: str) -> None:
    """Statements for one kind of database only: its triggers and functions."""
    if op.get_context().dialect.name == dialect:
        for statement in statements:
            op.execute(text(statement.replace(":", r"\:")))
