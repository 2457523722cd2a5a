"""one account of an order."""

from alembic import op

revision = "0006_one_account_of_an_order"
down_revision = "0005_messages_of_ended_cases"
branch_labels = None
depends_on = None

# A case that names another currency than its order's first one was refused a payment already: its account is empty.
EMPTY_BESIDE_ANOTHER = """
DELETE FROM order_account WHERE refunded = 0 AND EXISTS (
  SELECT 1 FROM order_account AS other WHERE other.order_number = order_account.order_number
  AND other.currency <> order_account.currency AND (other.refunded > 0 OR other.currency < order_account.currency))
"""


def upgrade() -> None:
    op.execute(EMPTY_BESIDE_ANOTHER)
    with op.batch_alter_table("order_account", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_order_account_order_number"), ["order_number"], unique=True)


def downgrade() -> None:
    with op.batch_alter_table("order_account", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_order_account_order_number"))
