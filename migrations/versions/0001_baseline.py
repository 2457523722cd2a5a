"""baseline."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.steps import on

revision = "0001_baseline"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "action_row",
        sa.Column("meeting", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("procedure", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("action", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("meeting", "number", name=op.f("pk_action_row")),
    )
    with op.batch_alter_table("action_row", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_action_row_owner"), ["owner"], unique=False)
        batch_op.create_index(batch_op.f("ix_action_row_procedure"), ["procedure"], unique=False)
        batch_op.create_index(batch_op.f("ix_action_row_reported_at"), ["reported_at"], unique=False)

    op.create_table(
        "case_row",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("workflow_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("procedure", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("complaint", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("order_number", sa.String(), nullable=False),
        sa.Column("order_kind", sa.String(), nullable=False),
        sa.Column("merchant", sa.String(), nullable=True),
        sa.Column("carrier", sa.String(), nullable=True),
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("exit", sa.String(), nullable=True),
        sa.Column("waiting_for", sa.String(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("direct", sa.Boolean(), nullable=False),
        sa.Column("out_of_rule", sa.Boolean(), nullable=False),
        sa.Column("contested", sa.Boolean(), nullable=False),
        sa.Column("cost_held", sa.Boolean(), nullable=False),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("demand", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("basis", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("liable", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("ruled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_case_row")),
    )
    with op.batch_alter_table("case_row", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_row_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_row_customer"), ["customer"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_row_due"), ["due"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_row_merchant"), ["merchant"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_row_opened_at"), ["opened_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_row_order_number"), ["order_number"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_row_stage"), ["stage"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_row_waiting_for"), ["waiting_for"], unique=False)

    op.create_table(
        "closed_period",
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("period", name=op.f("pk_closed_period")),
    )
    op.create_table(
        "event_row",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=True),
        sa.Column("department", sa.String(), nullable=True),
        sa.Column("data", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("number", "seq", name=op.f("pk_event_row")),
    )
    with op.batch_alter_table("event_row", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_event_row_department"), ["department"], unique=False)
        batch_op.create_index(batch_op.f("ix_event_row_kind_at"), ["kind", "at"], unique=False)

    op.create_table(
        "gateway_entry",
        sa.Column("txn", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("txn", "account", name=op.f("pk_gateway_entry")),
    )
    op.create_table(
        "gateway_refund",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("our_reference", sa.String(), nullable=False),
        sa.Column("order_number", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_gateway_refund")),
        sa.UniqueConstraint("reference", name=op.f("uq_gateway_refund_reference")),
    )
    with op.batch_alter_table("gateway_refund", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_gateway_refund_our_reference"), ["our_reference"], unique=False)

    op.create_table(
        "ledger_txn",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("order_number", sa.String(), nullable=False),
        sa.Column("decision", sa.Integer(), nullable=False),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ground", sa.String(), nullable=False),
        sa.Column("clause", sa.String(), nullable=False),
        sa.Column("contested", sa.Boolean(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("reverses", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["reverses"], ["ledger_txn.id"], name=op.f("fk_ledger_txn_reverses")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_txn")),
        sa.UniqueConstraint("reverses", name=op.f("uq_ledger_txn_reverses")),
    )
    with op.batch_alter_table("ledger_txn", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ledger_txn_number"), ["number"], unique=False)
        batch_op.create_index(batch_op.f("ix_ledger_txn_period_number"), ["period", "number"], unique=False)

    op.create_table(
        "mail_row",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("procedure", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("to", sa.String(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("values", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("ask", sa.String(), nullable=True),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("owed", sa.String(), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recovered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_row")),
    )
    with op.batch_alter_table("mail_row", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mail_row_number"), ["number"], unique=False)
        batch_op.create_index(
            "ix_mail_row_open",
            ["next_try_at"],
            unique=False,
            sqlite_where=sa.text("next_try_at IS NOT NULL"),
            postgresql_where=sa.text("next_try_at IS NOT NULL"),
        )

    op.create_table(
        "meeting_item_row",
        sa.Column("meeting", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("section", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("carried", sa.Integer(), nullable=False),
        sa.Column("item", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("meeting", "number", name=op.f("pk_meeting_item_row")),
    )
    with op.batch_alter_table("meeting_item_row", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_meeting_item_row_number"), ["number"], unique=False)
        batch_op.create_index(batch_op.f("ix_meeting_item_row_state"), ["state"], unique=False)

    op.create_table(
        "meeting_row",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("procedure", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_row")),
    )
    with op.batch_alter_table("meeting_row", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_meeting_row_procedure"), ["procedure"], unique=False)
        batch_op.create_index(batch_op.f("ix_meeting_row_stage"), ["stage"], unique=False)
        batch_op.create_index(batch_op.f("ix_meeting_row_starts_at"), ["starts_at"], unique=False)

    op.create_table(
        "order_account",
        sa.Column("order_number", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("paid", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("refunded >= 0 AND refunded <= paid", name=op.f("ck_order_account_refunded_within_paid")),
        sa.PrimaryKeyConstraint("order_number", "currency", name=op.f("pk_order_account")),
    )
    op.create_table(
        "parcel",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("order_number", sa.String(), nullable=False),
        sa.Column("lines", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_parcel")),
    )
    op.create_table(
        "refund_intent",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("order_number", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspect", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_refund_intent")),
    )
    with op.batch_alter_table("refund_intent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_refund_intent_number"), ["number"], unique=False)
        batch_op.create_index(
            "ix_refund_intent_open",
            ["number"],
            unique=False,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )
        batch_op.create_index(batch_op.f("ix_refund_intent_order_number"), ["order_number"], unique=False)

    op.create_table(
        "ledger_entry",
        sa.Column("txn", sa.String(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(account = 'cost') = (party <> '')", name=op.f("ck_ledger_entry_party_where_cost")),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_ledger_entry_amount_not_zero")),
        sa.ForeignKeyConstraint(
            ["txn"], ["ledger_txn.id"], name=op.f("fk_ledger_entry_txn"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("txn", "line", name=op.f("pk_ledger_entry")),
    )
    with op.batch_alter_table("ledger_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ledger_entry_party_txn"), ["party", "txn"], unique=False)

    op.create_table(
        "statement_line",
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("txn", sa.String(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["period"],
            ["closed_period.period"],
            name=op.f("fk_statement_line_period"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["txn"], ["ledger_txn.id"], name=op.f("fk_statement_line_txn")),
        sa.PrimaryKeyConstraint("party", "period", "line", name=op.f("pk_statement_line")),
        sa.UniqueConstraint("txn", "entry", name=op.f("uq_statement_line_txn_entry")),
    )
    op.create_table(
        "statement_row",
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["period"],
            ["closed_period.period"],
            name=op.f("fk_statement_row_period"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("party", "period", "currency", name=op.f("pk_statement_row")),
    )
    op.create_table(
        "statement_word",
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("confirms", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("confirms OR reason <> ''", name=op.f("ck_statement_word_objection_with_reason")),
        sa.ForeignKeyConstraint(
            ["party", "period", "line"],
            ["statement_line.party", "statement_line.period", "statement_line.line"],
            name=op.f("fk_statement_word_party_period_line"),
        ),
        sa.PrimaryKeyConstraint("party", "period", "line", name=op.f("pk_statement_word")),
    )
    on(
        "sqlite",
        """CREATE TRIGGER ledger_txn_no_UPDATE BEFORE UPDATE ON ledger_txn BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END""",
        """CREATE TRIGGER ledger_txn_no_DELETE BEFORE DELETE ON ledger_txn BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END""",
        """CREATE TRIGGER ledger_txn_once BEFORE INSERT ON ledger_txn WHEN EXISTS (SELECT 1 FROM ledger_txn WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'the transaction is there already'); END""",
        """CREATE TRIGGER ledger_txn_balanced BEFORE INSERT ON ledger_txn WHEN (SELECT count(*) < 2 OR sum(amount) <> 0 FROM ledger_entry WHERE txn = NEW.id) BEGIN SELECT RAISE(ABORT, 'the transaction does not balance'); END""",
        """CREATE TRIGGER ledger_txn_open BEFORE INSERT ON ledger_txn WHEN EXISTS (SELECT 1 FROM closed_period WHERE period = NEW.period) BEGIN SELECT RAISE(ABORT, 'the period is closed'); END""",
        """CREATE TRIGGER closed_period_no_UPDATE BEFORE UPDATE ON closed_period BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END""",
        """CREATE TRIGGER closed_period_no_DELETE BEFORE DELETE ON closed_period BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END""",
        """CREATE TRIGGER gateway_refund_no_UPDATE BEFORE UPDATE ON gateway_refund BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END""",
        """CREATE TRIGGER gateway_refund_no_DELETE BEFORE DELETE ON gateway_refund BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END""",
        """CREATE TRIGGER gateway_entry_no_UPDATE BEFORE UPDATE ON gateway_entry BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END""",
        """CREATE TRIGGER gateway_entry_no_DELETE BEFORE DELETE ON gateway_entry BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END""",
        """CREATE TRIGGER gateway_entry_balanced AFTER INSERT ON gateway_entry WHEN (SELECT count(*) > 1 AND sum(amount) <> 0 FROM gateway_entry WHERE txn = NEW.txn) BEGIN SELECT RAISE(ABORT, 'the transaction does not balance'); END""",
        """CREATE TRIGGER ledger_entry_no_UPDATE BEFORE UPDATE ON ledger_entry BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END""",
        """CREATE TRIGGER ledger_entry_no_DELETE BEFORE DELETE ON ledger_entry BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END""",
        """CREATE TRIGGER ledger_entry_sealed BEFORE INSERT ON ledger_entry WHEN EXISTS (SELECT 1 FROM ledger_txn WHERE id = NEW.txn) BEGIN SELECT RAISE(ABORT, 'the transaction is closed'); END""",
        """CREATE TRIGGER statement_row_no_UPDATE BEFORE UPDATE ON statement_row BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END""",
        """CREATE TRIGGER statement_row_no_DELETE BEFORE DELETE ON statement_row BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END""",
        """CREATE TRIGGER statement_row_open BEFORE INSERT ON statement_row WHEN EXISTS (SELECT 1 FROM closed_period WHERE period = NEW.period) BEGIN SELECT RAISE(ABORT, 'the period is closed'); END""",
        """CREATE TRIGGER statement_line_no_UPDATE BEFORE UPDATE ON statement_line BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END""",
        """CREATE TRIGGER statement_line_no_DELETE BEFORE DELETE ON statement_line BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END""",
        """CREATE TRIGGER statement_line_open BEFORE INSERT ON statement_line WHEN EXISTS (SELECT 1 FROM closed_period WHERE period = NEW.period) BEGIN SELECT RAISE(ABORT, 'the period is closed'); END""",
        """CREATE TRIGGER statement_word_no_UPDATE BEFORE UPDATE ON statement_word BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END""",
        """CREATE TRIGGER statement_word_no_DELETE BEFORE DELETE ON statement_word BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END""",
    )
    on(
        "postgresql",
        """CREATE OR REPLACE FUNCTION redress_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the books are append-only'; END $$""",
        """CREATE TRIGGER ledger_txn_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_txn FOR EACH STATEMENT EXECUTE FUNCTION redress_append_only()""",
        """CREATE OR REPLACE FUNCTION redress_ledger_txn_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM ledger_txn WHERE id = NEW.id) THEN RAISE EXCEPTION 'the transaction is there already'; END IF; RETURN NEW; END $$""",
        """CREATE TRIGGER ledger_txn_once BEFORE INSERT ON ledger_txn FOR EACH ROW EXECUTE FUNCTION redress_ledger_txn_once()""",
        """CREATE OR REPLACE FUNCTION redress_ledger_txn_balanced() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (SELECT count(*) < 2 OR sum(amount) <> 0 FROM ledger_entry WHERE txn = NEW.id) THEN RAISE EXCEPTION 'the transaction does not balance'; END IF; RETURN NEW; END $$""",
        """CREATE TRIGGER ledger_txn_balanced BEFORE INSERT ON ledger_txn FOR EACH ROW EXECUTE FUNCTION redress_ledger_txn_balanced()""",
        """CREATE OR REPLACE FUNCTION redress_ledger_txn_open() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM closed_period WHERE period = NEW.period) THEN RAISE EXCEPTION 'the period is closed'; END IF; RETURN NEW; END $$""",
        """CREATE TRIGGER ledger_txn_open BEFORE INSERT ON ledger_txn FOR EACH ROW EXECUTE FUNCTION redress_ledger_txn_open()""",
        """CREATE TRIGGER closed_period_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON closed_period FOR EACH STATEMENT EXECUTE FUNCTION redress_append_only()""",
        """CREATE TRIGGER gateway_refund_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gateway_refund FOR EACH STATEMENT EXECUTE FUNCTION redress_append_only()""",
        """CREATE TRIGGER gateway_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gateway_entry FOR EACH STATEMENT EXECUTE FUNCTION redress_append_only()""",
        """CREATE OR REPLACE FUNCTION redress_balanced() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (SELECT sum(amount) <> 0 FROM gateway_entry WHERE txn = NEW.txn) THEN RAISE EXCEPTION 'the transaction does not balance'; END IF; RETURN NULL; END $$""",
        """CREATE CONSTRAINT TRIGGER gateway_entry_balanced AFTER INSERT ON gateway_entry DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION redress_balanced()""",
        """CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION redress_append_only()""",
        """CREATE OR REPLACE FUNCTION redress_ledger_entry_sealed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM ledger_txn WHERE id = NEW.txn) THEN RAISE EXCEPTION 'the transaction is closed'; END IF; RETURN NEW; END $$""",
        """CREATE TRIGGER ledger_entry_sealed BEFORE INSERT ON ledger_entry FOR EACH ROW EXECUTE FUNCTION redress_ledger_entry_sealed()""",
        """CREATE OR REPLACE FUNCTION redress_ledger_balanced() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (SELECT sum(amount) <> 0 FROM ledger_entry WHERE txn = NEW.txn) THEN RAISE EXCEPTION 'the transaction does not balance'; END IF; RETURN NULL; END $$""",
        """CREATE CONSTRAINT TRIGGER ledger_entry_balanced AFTER INSERT ON ledger_entry DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION redress_ledger_balanced()""",
        """CREATE TRIGGER statement_row_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON statement_row FOR EACH STATEMENT EXECUTE FUNCTION redress_append_only()""",
        """CREATE OR REPLACE FUNCTION redress_statement_row_open() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM closed_period WHERE period = NEW.period) THEN RAISE EXCEPTION 'the period is closed'; END IF; RETURN NEW; END $$""",
        """CREATE TRIGGER statement_row_open BEFORE INSERT ON statement_row FOR EACH ROW EXECUTE FUNCTION redress_statement_row_open()""",
        """CREATE TRIGGER statement_line_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON statement_line FOR EACH STATEMENT EXECUTE FUNCTION redress_append_only()""",
        """CREATE OR REPLACE FUNCTION redress_statement_line_open() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF EXISTS (SELECT 1 FROM closed_period WHERE period = NEW.period) THEN RAISE EXCEPTION 'the period is closed'; END IF; RETURN NEW; END $$""",
        """CREATE TRIGGER statement_line_open BEFORE INSERT ON statement_line FOR EACH ROW EXECUTE FUNCTION redress_statement_line_open()""",
        """CREATE TRIGGER statement_word_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON statement_word FOR EACH STATEMENT EXECUTE FUNCTION redress_append_only()""",
    )


def downgrade() -> None:
    on(
        "postgresql",
        """DROP TRIGGER IF EXISTS statement_word_append_only ON statement_word""",
        """DROP TRIGGER IF EXISTS statement_line_open ON statement_line""",
        """DROP FUNCTION IF EXISTS redress_statement_line_open()""",
        """DROP TRIGGER IF EXISTS statement_line_append_only ON statement_line""",
        """DROP TRIGGER IF EXISTS statement_row_open ON statement_row""",
        """DROP FUNCTION IF EXISTS redress_statement_row_open()""",
        """DROP TRIGGER IF EXISTS statement_row_append_only ON statement_row""",
        """DROP TRIGGER IF EXISTS ledger_entry_balanced ON ledger_entry""",
        """DROP FUNCTION IF EXISTS redress_ledger_balanced()""",
        """DROP TRIGGER IF EXISTS ledger_entry_sealed ON ledger_entry""",
        """DROP FUNCTION IF EXISTS redress_ledger_entry_sealed()""",
        """DROP TRIGGER IF EXISTS ledger_entry_append_only ON ledger_entry""",
        """DROP TRIGGER IF EXISTS gateway_entry_balanced ON gateway_entry""",
        """DROP FUNCTION IF EXISTS redress_balanced()""",
        """DROP TRIGGER IF EXISTS gateway_entry_append_only ON gateway_entry""",
        """DROP TRIGGER IF EXISTS gateway_refund_append_only ON gateway_refund""",
        """DROP TRIGGER IF EXISTS closed_period_append_only ON closed_period""",
        """DROP TRIGGER IF EXISTS ledger_txn_open ON ledger_txn""",
        """DROP FUNCTION IF EXISTS redress_ledger_txn_open()""",
        """DROP TRIGGER IF EXISTS ledger_txn_balanced ON ledger_txn""",
        """DROP FUNCTION IF EXISTS redress_ledger_txn_balanced()""",
        """DROP TRIGGER IF EXISTS ledger_txn_once ON ledger_txn""",
        """DROP FUNCTION IF EXISTS redress_ledger_txn_once()""",
        """DROP TRIGGER IF EXISTS ledger_txn_append_only ON ledger_txn""",
        """DROP FUNCTION IF EXISTS redress_append_only()""",
    )
    on(
        "sqlite",
        """DROP TRIGGER IF EXISTS statement_word_no_DELETE""",
        """DROP TRIGGER IF EXISTS statement_word_no_UPDATE""",
        """DROP TRIGGER IF EXISTS statement_line_open""",
        """DROP TRIGGER IF EXISTS statement_line_no_DELETE""",
        """DROP TRIGGER IF EXISTS statement_line_no_UPDATE""",
        """DROP TRIGGER IF EXISTS statement_row_open""",
        """DROP TRIGGER IF EXISTS statement_row_no_DELETE""",
        """DROP TRIGGER IF EXISTS statement_row_no_UPDATE""",
        """DROP TRIGGER IF EXISTS ledger_entry_sealed""",
        """DROP TRIGGER IF EXISTS ledger_entry_no_DELETE""",
        """DROP TRIGGER IF EXISTS ledger_entry_no_UPDATE""",
        """DROP TRIGGER IF EXISTS gateway_entry_balanced""",
        """DROP TRIGGER IF EXISTS gateway_entry_no_DELETE""",
        """DROP TRIGGER IF EXISTS gateway_entry_no_UPDATE""",
        """DROP TRIGGER IF EXISTS gateway_refund_no_DELETE""",
        """DROP TRIGGER IF EXISTS gateway_refund_no_UPDATE""",
        """DROP TRIGGER IF EXISTS closed_period_no_DELETE""",
        """DROP TRIGGER IF EXISTS closed_period_no_UPDATE""",
        """DROP TRIGGER IF EXISTS ledger_txn_open""",
        """DROP TRIGGER IF EXISTS ledger_txn_balanced""",
        """DROP TRIGGER IF EXISTS ledger_txn_once""",
        """DROP TRIGGER IF EXISTS ledger_txn_no_DELETE""",
        """DROP TRIGGER IF EXISTS ledger_txn_no_UPDATE""",
    )
    op.drop_table("statement_word")
    op.drop_table("statement_row")
    op.drop_table("statement_line")
    with op.batch_alter_table("ledger_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_entry_party_txn"))

    op.drop_table("ledger_entry")
    with op.batch_alter_table("refund_intent", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_refund_intent_order_number"))
        batch_op.drop_index(
            "ix_refund_intent_open", sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'")
        )
        batch_op.drop_index(batch_op.f("ix_refund_intent_number"))

    op.drop_table("refund_intent")
    op.drop_table("parcel")
    op.drop_table("order_account")
    with op.batch_alter_table("meeting_row", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_meeting_row_starts_at"))
        batch_op.drop_index(batch_op.f("ix_meeting_row_stage"))
        batch_op.drop_index(batch_op.f("ix_meeting_row_procedure"))

    op.drop_table("meeting_row")
    with op.batch_alter_table("meeting_item_row", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_meeting_item_row_state"))
        batch_op.drop_index(batch_op.f("ix_meeting_item_row_number"))

    op.drop_table("meeting_item_row")
    with op.batch_alter_table("mail_row", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_mail_row_open",
            sqlite_where=sa.text("next_try_at IS NOT NULL"),
            postgresql_where=sa.text("next_try_at IS NOT NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_mail_row_number"))

    op.drop_table("mail_row")
    with op.batch_alter_table("ledger_txn", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_txn_period_number"))
        batch_op.drop_index(batch_op.f("ix_ledger_txn_number"))

    op.drop_table("ledger_txn")
    with op.batch_alter_table("gateway_refund", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_gateway_refund_our_reference"))

    op.drop_table("gateway_refund")
    op.drop_table("gateway_entry")
    with op.batch_alter_table("event_row", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_event_row_kind_at"))
        batch_op.drop_index(batch_op.f("ix_event_row_department"))

    op.drop_table("event_row")
    op.drop_table("closed_period")
    with op.batch_alter_table("case_row", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_case_row_waiting_for"))
        batch_op.drop_index(batch_op.f("ix_case_row_stage"))
        batch_op.drop_index(batch_op.f("ix_case_row_order_number"))
        batch_op.drop_index(batch_op.f("ix_case_row_opened_at"))
        batch_op.drop_index(batch_op.f("ix_case_row_merchant"))
        batch_op.drop_index(batch_op.f("ix_case_row_due"))
        batch_op.drop_index(batch_op.f("ix_case_row_customer"))
        batch_op.drop_index(batch_op.f("ix_case_row_closed_at"))

    op.drop_table("case_row")
    with op.batch_alter_table("action_row", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_action_row_reported_at"))
        batch_op.drop_index(batch_op.f("ix_action_row_procedure"))
        batch_op.drop_index(batch_op.f("ix_action_row_owner"))

    op.drop_table("action_row")
