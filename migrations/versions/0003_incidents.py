"""incidents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003_incidents"
down_revision = "0002_objections_decided"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_goods",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("lot", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", "product", "lot", name=op.f("pk_case_goods")),
    )
    with op.batch_alter_table("case_goods", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_goods_lot_number"), ["lot", "number"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_goods_product_number"), ["product", "number"], unique=False)

    op.create_table(
        "corrective_row",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("workflow_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("procedure", sa.String(), nullable=False),
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("report", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_corrective_row")),
        sa.UniqueConstraint("run_id", name=op.f("uq_corrective_row_run_id")),
    )
    with op.batch_alter_table("corrective_row", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_corrective_row_procedure_closed_at"), ["procedure", "closed_at"], unique=False
        )

    op.create_table(
        "incident_case",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("incident", sa.String(), nullable=False),
        sa.Column("fate", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_incident_case")),
    )
    with op.batch_alter_table("incident_case", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_incident_case_incident_fate"), ["incident", "fate"], unique=False)

    op.create_table(
        "incident_report_row",
        sa.Column("incident", sa.String(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("report", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("incident", "serial", name=op.f("pk_incident_report_row")),
    )
    op.create_table(
        "incident_row",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("workflow_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("procedure", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=True),
        sa.Column("lot", sa.String(), nullable=True),
        sa.Column("merchant", sa.String(), nullable=True),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("drill", sa.Boolean(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stirred", sa.Boolean(), nullable=False),
        sa.Column("incident", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_incident_row")),
        sa.UniqueConstraint("run_id", name=op.f("uq_incident_row_run_id")),
    )
    with op.batch_alter_table("incident_row", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_incident_row_procedure_closed_at"), ["procedure", "closed_at"], unique=False
        )

    op.create_table(
        "number_series",
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series", name=op.f("pk_number_series")),
    )


def downgrade() -> None:
    op.drop_table("number_series")
    with op.batch_alter_table("incident_row", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_incident_row_procedure_closed_at"))

    op.drop_table("incident_row")
    op.drop_table("incident_report_row")
    with op.batch_alter_table("incident_case", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_incident_case_incident_fate"))

    op.drop_table("incident_case")
    with op.batch_alter_table("corrective_row", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_corrective_row_procedure_closed_at"))

    op.drop_table("corrective_row")
    with op.batch_alter_table("case_goods", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_case_goods_product_number"))
        batch_op.drop_index(batch_op.f("ix_case_goods_lot_number"))

    op.drop_table("case_goods")
