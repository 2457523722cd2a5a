"""objections decided."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.steps import on

revision = "0002_objections_decided"
down_revision = "0001_baseline"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "objection_ruling",
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("liable", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_objection_ruling_ruling_with_reason")),
        sa.ForeignKeyConstraint(
            ["party", "period", "line"],
            ["statement_word.party", "statement_word.period", "statement_word.line"],
            name=op.f("fk_objection_ruling_party_period_line"),
        ),
        sa.PrimaryKeyConstraint("party", "period", "line", name=op.f("pk_objection_ruling")),
    )
    on(
        "sqlite",
        """CREATE TRIGGER objection_ruling_no_UPDATE BEFORE UPDATE ON objection_ruling BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END""",
        """CREATE TRIGGER objection_ruling_no_DELETE BEFORE DELETE ON objection_ruling BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END""",
    )
    on(
        "postgresql",
        """CREATE TRIGGER objection_ruling_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON objection_ruling FOR EACH STATEMENT EXECUTE FUNCTION redress_append_only()""",
    )


def downgrade() -> None:
    on(
        "postgresql",
        """DROP TRIGGER IF EXISTS objection_ruling_append_only ON objection_ruling""",
    )
    on(
        "sqlite",
        """DROP TRIGGER IF EXISTS objection_ruling_no_DELETE""",
        """DROP TRIGGER IF EXISTS objection_ruling_no_UPDATE""",
    )
    op.drop_table("objection_ruling")
