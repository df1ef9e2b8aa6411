"""The first table: one record a domain."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the table of domain records."""
    op.create_table(
        "domain_record",
        sa.Column("host", sa.String(255), primary_key=True),
        sa.Column("uuid", sa.String(36), primary_key=True),
        sa.Column("requested_state", sa.Integer),
        sa.Column("migrating", sa.Boolean, nullable=False),
        sa.Column("weight", sa.BigInteger),
        sa.Column("limit", sa.BigInteger),
    )
