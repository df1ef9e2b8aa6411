"""Domain records in a database: plain blocking calls, one transaction each.

Used from one thread at a time; ``facade.Infostore`` sees to that. A method that returns has
committed, and a method that raises has changed nothing.
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Engine, RowMapping, delete, select

from virtcim.infostore.errors import Closed
from virtcim.infostore.faults import translated
from virtcim.infostore.job_table import JobWrite, read_jobs, write_jobs
from virtcim.infostore.jobs import JobRecord
from virtcim.infostore.object_table import read_objects, write_objects
from virtcim.infostore.objects import CIMObject, ObjectKey
from virtcim.infostore.opening import open_engine, shown
from virtcim.infostore.records import DomainRecord
from virtcim.infostore.tables import DOMAIN_RECORD
from virtcim.infostore.upsert import upsert

VALUES = ("requested_state", "migrating", "weight", "limit")


class Store:
    """The records behind one URL; ``place`` names it for people."""

    def __init__(self, url: str, *, busy_seconds: float = 5.0) -> None:
        self.place = shown(url)
        self._url = url
        self._busy_seconds = busy_seconds
        self._opened: Engine | None = None

    def open(self) -> None:
        """Open the store, creating or migrating it; raises a leaf of InfostoreError."""
        self._opened = open_engine(self._url, busy_seconds=self._busy_seconds)

    def close(self) -> None:
        """Give the connection back; a closed store may be closed again."""
        if self._opened is not None:
            self._opened.dispose()
            self._opened = None

    def records(self, host: str) -> Mapping[str, DomainRecord]:
        """Read every record of a host, by domain UUID."""
        query = select(DOMAIN_RECORD).where(DOMAIN_RECORD.c.host == host)
        with translated(self.place), self._engine.begin() as connection:
            rows = connection.execute(query).mappings().all()
        return {row["uuid"]: _record(row) for row in rows}

    def put(self, host: str, records: Mapping[str, DomainRecord]) -> None:
        """Write records by domain UUID over the former ones: all of them, or none."""
        if not records:
            return
        rows = [_row(host, uuid, record) for uuid, record in records.items()]
        with translated(self.place), self._engine.begin() as connection:
            connection.execute(upsert(connection.dialect.name, DOMAIN_RECORD), rows)

    def remove(self, host: str, uuids: Iterable[str]) -> None:
        """Forget the records of these domains; one that has none is no error."""
        gone = delete(DOMAIN_RECORD).where(
            DOMAIN_RECORD.c.host == host, DOMAIN_RECORD.c.uuid.in_(list(uuids))
        )
        with translated(self.place), self._engine.begin() as connection:
            connection.execute(gone)

    def jobs(self) -> list[JobRecord]:
        """Read every job, the oldest first."""
        with translated(self.place), self._engine.begin() as connection:
            return read_jobs(connection)

    def write_jobs(self, writes: Sequence[JobWrite]) -> None:
        """Write steps of jobs in their order, with what changes with them: all, or none."""
        domains = {key: record for write in writes for key, record in write.domains.items()}
        rows = [_row(host, uuid, record) for (host, uuid), record in domains.items()]
        with translated(self.place), self._engine.begin() as connection:
            write_jobs(
                connection,
                (write.job for write in writes if write.job is not None),
                (id_ for write in writes for id_ in write.removed),
            )
            if rows:
                connection.execute(upsert(connection.dialect.name, DOMAIN_RECORD), rows)

    def objects(self) -> list[CIMObject]:
        """Read every CIM object that clients made, in the order of making."""
        with translated(self.place), self._engine.begin() as connection:
            return read_objects(connection)

    def write_objects(self, made: Iterable[CIMObject], removed: Iterable[ObjectKey]) -> None:
        """Remove CIM objects, then write others: all, or none."""
        with translated(self.place), self._engine.begin() as connection:
            write_objects(connection, made, removed)

    @property
    def _engine(self) -> Engine:
        if self._opened is None:
            raise Closed(self.place)
        return self._opened


def _row(host: str, uuid: str, record: DomainRecord) -> dict[str, object]:
    return {"host": host, "uuid": uuid} | {name: getattr(record, name) for name in VALUES}


def _record(row: RowMapping) -> DomainRecord:
    return DomainRecord(**{name: row[name] for name in VALUES})
