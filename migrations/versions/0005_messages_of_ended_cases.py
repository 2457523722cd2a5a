"""messages of ended cases."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005_messages_of_ended_cases"
down_revision = "0004_audit_trail"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("case_row", schema=None) as batch_op:
        batch_op.add_column(sa.Column("seen", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("case_row", schema=None) as batch_op:
        batch_op.drop_column("seen")
