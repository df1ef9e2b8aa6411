"""The tables of the infostore, as the newest migration leaves them.

``migrations/`` brings older stores here; a test proves that both ways give the same tables. A
change of a table is therefore two changes: here, and a migration whose revision is added last.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text

# Every revision that a store may be at, oldest first; the last is what these tables describe.
REVISIONS = ("0001", "0002", "0003")

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

# Times are microseconds since 1970 in UTC; what is a mapping in a record is JSON here.
JOB = Table(
    "job",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("host", String(255), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("domain", String(36)),
    Column("domain_name", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("method", String(64), nullable=False),
    Column("owner", Text, nullable=False),
    Column("state", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("submitted", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("started", BigInteger),
    Column("ended", BigInteger),
    Column("percent", Integer, nullable=False),
    Column("priority", BigInteger),
    Column("notify", Text),
    Column("error_code", Integer, nullable=False),
    Column("error", Text),
    Column("delete_on_completion", Boolean, nullable=False),
    Column("removal_seconds", BigInteger, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("result", Text, nullable=False),
)

# What clients made of a namespace; name is what is unique there, place the order of making.
CIM_OBJECT = Table(
    "cim_object",
    METADATA,
    Column("namespace", String(255), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("place", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Index("cim_object_place", "place"),
)
