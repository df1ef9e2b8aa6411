"""Runs the migrations on the connection, and in the transaction, that the opener hands over."""

from alembic import context

from virtcim.infostore.tables import SCHEMA_VERSION

context.configure(
    connection=context.config.attributes["connection"],
    version_table=SCHEMA_VERSION.name,
)
context.run_migrations()
