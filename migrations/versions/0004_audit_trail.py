"""audit trail."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.steps import on

revision = "0004_audit_trail"
down_revision = "0003_incidents"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_row",
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("data", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("prev", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_row")),
        sa.UniqueConstraint("key", name=op.f("uq_audit_row_key")),
    )
    with op.batch_alter_table("audit_row", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_row_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_row_subject"), ["subject"], unique=False)

    on(
        "sqlite",
        """CREATE TRIGGER audit_row_no_UPDATE BEFORE UPDATE ON audit_row BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END""",
        """CREATE TRIGGER audit_row_no_DELETE BEFORE DELETE ON audit_row BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END""",
        """CREATE TRIGGER audit_row_chained BEFORE INSERT ON audit_row WHEN NEW.seq <> 1 + (SELECT coalesce(max(seq), 0) FROM audit_row) OR NEW.prev <> coalesce((SELECT hash FROM audit_row WHERE seq = NEW.seq - 1), '') BEGIN SELECT RAISE(ABORT, 'the row does not follow the last one'); END""",
    )
    on(
        "postgresql",
        """CREATE TRIGGER audit_row_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_row FOR EACH STATEMENT EXECUTE FUNCTION redress_append_only()""",
        """CREATE OR REPLACE FUNCTION redress_audit_row_chained() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.seq <> 1 + (SELECT coalesce(max(seq), 0) FROM audit_row) OR NEW.prev <> coalesce((SELECT hash FROM audit_row WHERE seq = NEW.seq - 1), '') THEN RAISE EXCEPTION 'the row does not follow the last one'; END IF; RETURN NEW; END $$""",
        """CREATE TRIGGER audit_row_chained BEFORE INSERT ON audit_row FOR EACH ROW EXECUTE FUNCTION redress_audit_row_chained()""",
    )


def downgrade() -> None:
    on(
        "postgresql",
        """DROP TRIGGER IF EXISTS audit_row_chained ON audit_row""",
        """DROP FUNCTION IF EXISTS redress_audit_row_chained()""",
        """DROP TRIGGER IF EXISTS audit_row_append_only ON audit_row""",
    )
    on(
        "sqlite",
        """DROP TRIGGER IF EXISTS audit_row_chained""",
        """DROP TRIGGER IF EXISTS audit_row_no_DELETE""",
        """DROP TRIGGER IF EXISTS audit_row_no_UPDATE""",
    )
    with op.batch_alter_table("audit_row", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_row_subject"))
        batch_op.drop_index(batch_op.f("ix_audit_row_kind"))

    op.drop_table("audit_row")
