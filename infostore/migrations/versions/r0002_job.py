"""The table of jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create it."""
    op.create_table(
        "job",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("domain", sa.String(36)),
        sa.Column("domain_name", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("method", sa.String(64), nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("state", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("submitted", sa.BigInteger, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("started", sa.BigInteger),
        sa.Column("ended", sa.BigInteger),
        sa.Column("percent", sa.Integer, nullable=False),
        sa.Column("priority", sa.BigInteger),
        sa.Column("notify", sa.Text),
        sa.Column("error_code", sa.Integer, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("delete_on_completion", sa.Boolean, nullable=False),
        sa.Column("removal_seconds", sa.BigInteger, nullable=False),
        sa.Column("parameters", sa.Text, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
    )
