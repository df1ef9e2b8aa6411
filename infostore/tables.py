"""The tables of the infostore, as the newest migration leaves them.

``migrations/`` brings older stores here; a test proves that both ways give the same tables. A
change of a table is therefore two changes: here, and a migration whose revision is added last.
"""

from sqlalchemy import BigInteger, Boolean, Column, Integer, MetaData, String, Table

# Every revision that a store may be at, oldest first; the last is what these tables describe.
REVISIONS = ("0001",)

METADATA = MetaData()

# One row: the revision. Alembic's own table under our name, so that a database that other
# programs migrate with Alembic too does not confuse either.
SCHEMA_VERSION = Table(
    "virtcim_schema",
    METADATA,
    Column("version_num", String(32), primary_key=True),
)

DOMAIN_RECORD = Table(
    "domain_record",
    METADATA,
    Column("host", String(255), primary_key=True),
    Column("uuid", String(36), primary_key=True),
    Column("requested_state", Integer),
    Column("migrating", Boolean, nullable=False),
    Column("weight", BigInteger),
    Column("limit", BigInteger),
)
