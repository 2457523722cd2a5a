"""How Alembic runs a migration: on the connection it is given, in the transaction that is open on it.

It knows no model: what is run on a company's database are the files in `versions/` alone.
"""

from alembic import context

settings = context.config.attributes
context.configure(
    connection=settings.get("connection"),
    dialect_name=settings.get("dialect"),
    version_table=settings["version_table"],
    target_metadata=settings.get("target_metadata"),
    render_item=settings.get("render_item"),
    process_revision_directives=settings.get("process_revision_directives"),
    render_as_batch=True,
    literal_binds=context.is_offline_mode(),
)
with context.begin_transaction():
    context.run_migrations()
