"""Looking at jobs from another process than the server's, whether that runs or not.

The rule: nothing is written, created or migrated, and no lock is taken that a writer would wait
for.
"""

import sqlite3
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.engine import URL

from virtcim.infostore.errors import NotThere, SchemaTooNew, SchemaUnknown
from virtcim.infostore.faults import translated
from virtcim.infostore.job_table import read_jobs
from virtcim.infostore.jobs import JobRecord
from virtcim.infostore.opening import engine_of, shown, supported
from virtcim.infostore.tables import JOB, REVISIONS, SCHEMA_VERSION


class JobWindow:
    """The jobs behind one URL; `place` names the store for people."""

    def __init__(self, url: str) -> None:
        self.place = shown(url)
        self._engine = _looking(supported(url), self.place)

    def jobs(self) -> list[JobRecord]:
        """Read every job, the oldest first; a store that had none yet has none.

        Raises a leaf of InfostoreError.
        """
        with translated(self.place), self._engine.connect() as connection:
            return read_jobs(connection) if _has_jobs(connection, self.place) else []

    def close(self) -> None:
        """Give the connection back."""
        self._engine.dispose()


def _looking(url: URL, place: str) -> Engine:
    if url.get_backend_name() != "sqlite":
        engine = engine_of(url, place)
        event.listen(engine, "begin", _only_read)
        return engine
    path = Path(url.database or "")
    if not path.exists():
        raise NotThere(place)
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    return create_engine("sqlite+pysqlite://", creator=lambda: sqlite3.connect(address, uri=True))


def _only_read(connection: Connection) -> None:
    connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def _has_jobs(connection: Connection, place: str) -> bool:
    tables = inspect(connection).get_table_names()
    if not tables:
        return False
    if SCHEMA_VERSION.name not in tables:
        raise SchemaUnknown(place)
    revision = connection.execute(SCHEMA_VERSION.select()).scalar()
    if revision not in REVISIONS:
        raise SchemaTooNew(place, f"schema {revision}")
    return JOB.name in tables
