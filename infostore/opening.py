"""Opening a store: where it is, who may read it, which schema it has.

A store is opened completely or not at all: the checks here are what makes a damaged, foreign or
newer store an error at start instead of a surprise later.
"""

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError

from virtcim.infostore.errors import (
    Damaged,
    DirectoryMissing,
    DirectoryUnusable,
    NotWritable,
    SchemaTooNew,
    SchemaUnknown,
    UnsupportedDatabase,
)
from virtcim.infostore.faults import translated
from virtcim.infostore.tables import METADATA, REVISIONS, SCHEMA_VERSION

DRIVERS: Mapping[str, str] = {
    "sqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+psycopg",
}

# Any number that no other program on the database server uses for the same purpose.
POSTGRESQL_MIGRATION_LOCK = 0x76697274


def prepare_directory(directory: Path) -> None:
    """Create the state directory, closed to others, when it is not there yet.

    Raises DirectoryUnusable. A directory that exists keeps its mode: it is the operator's.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DirectoryUnusable(str(directory), error.strerror or str(error)) from error


def shown(url: str) -> str:
    """Name the store of a URL for people: the path of a file, or the URL without password."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return "(unreadable URL)"
    if parsed.get_backend_name() == "sqlite":
        return parsed.database or "(no file)"
    return parsed.render_as_string(hide_password=True)


def open_engine(url: str, *, busy_seconds: float) -> Engine:
    """Open the store at ``url``, bring its schema to the newest revision, check it.

    ``busy_seconds`` is how long a write waits for another process's lock. Raises a leaf of
    InfostoreError.
    """
    place = shown(url)
    parsed = supported(url)
    if parsed.get_backend_name() == "sqlite":
        _prepare_file(place, Path(parsed.database or ""))
    with translated(place):
        engine = _engine(parsed, place, busy_seconds)
        try:
            with engine.begin() as connection:
                _check_pages(connection, place)
                _bring_to_head(connection, place)
        except BaseException:
            engine.dispose()
            raise
    return engine


def supported(url: str) -> URL:
    """Return the URL with the driver that we use; raises UnsupportedDatabase."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UnsupportedDatabase(shown(url)) from error
    backend = parsed.get_backend_name()
    if backend not in DRIVERS or (backend == "sqlite" and not parsed.database):
        raise UnsupportedDatabase(shown(url))
    return parsed.set(drivername=DRIVERS[backend])


def _prepare_file(place: str, path: Path) -> None:
    """Create the file with mode 0600 before SQLite would with the umask's, or tighten it."""
    new = not path.exists()
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
        if new and os.geteuid() == 0:
            # Root prepares the store of a service that runs as another user.
            owner = path.parent.stat()
            os.chown(path, owner.st_uid, owner.st_gid)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DirectoryMissing(place) from error
    except OSError as error:
        raise NotWritable(place, error.strerror or str(error)) from error


def engine_of(url: URL, place: str) -> Engine:
    """Return an engine with one connection, which is all that a thread ever needs."""
    try:
        return create_engine(url, pool_size=1, max_overflow=0, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise UnsupportedDatabase(place, f"no module {error.name}") from error


def _engine(url: URL, place: str, busy_seconds: float) -> Engine:
    engine = engine_of(url, place)
    prepare, begin = SESSIONS[url.get_backend_name()]
    milliseconds = int(busy_seconds * 1000)

    @event.listens_for(engine, "connect")
    def _connected(connection: "_RawConnection", _record: object) -> None:
        prepare(connection, milliseconds)

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        if begin:
            connection.exec_driver_sql(begin)

    return engine


class _RawConnection(Protocol):
    """What the two database drivers share."""

    def cursor(self) -> "_RawCursor": ...


class _RawCursor(Protocol):
    def execute(self, statement: str, /) -> object: ...
    def close(self) -> None: ...


def _prepare_sqlite(connection: _RawConnection, milliseconds: int) -> None:
    """Set what makes an acknowledged commit survive a power cut; WAL alone does not."""
    if isinstance(connection, sqlite3.Connection):
        # The module's own idea of when to begin would leave DDL outside the transaction.
        connection.isolation_level = None
    _execute(
        connection,
        f"PRAGMA busy_timeout = {milliseconds}",
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
    )


def _prepare_postgresql(connection: _RawConnection, milliseconds: int) -> None:
    """The same promise on a server whose administrator may have relaxed it."""
    _execute(
        connection,
        "SET synchronous_commit = on",
        f"SET lock_timeout = {milliseconds}",
        "SET application_name = 'virtcim'",
        "COMMIT",
    )


def _execute(connection: _RawConnection, *statements: str) -> None:
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()


# How a connection is prepared, and how a transaction begins. SQLite takes the write lock at once:
# a lock that another process holds is then found before anything was done.
SESSIONS = {
    "sqlite": (_prepare_sqlite, "BEGIN IMMEDIATE"),
    "postgresql": (_prepare_postgresql, ""),
}


def _check_pages(connection: Connection, place: str) -> None:
    """Read every page of a SQLite file once: a few milliseconds for ten thousand records."""
    if connection.dialect.name != "sqlite":
        return
    verdict = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if verdict != "ok":
        raise Damaged(place, str(verdict).partition("\n")[0])


def _bring_to_head(connection: Connection, place: str) -> None:
    if connection.dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(:number)")
        connection.execute(lock, {"number": POSTGRESQL_MIGRATION_LOCK})
    tables = inspect(connection).get_table_names()
    if not tables:
        METADATA.create_all(connection)
        connection.execute(SCHEMA_VERSION.insert().values(version_num=REVISIONS[-1]))
        return
    if SCHEMA_VERSION.name not in tables:
        raise SchemaUnknown(place)
    revision = connection.execute(SCHEMA_VERSION.select()).scalar()
    if revision not in REVISIONS:
        raise SchemaTooNew(place, f"schema {revision}")
    if revision != REVISIONS[-1]:
        migrate(connection)


def migrate(connection: Connection) -> None:
    """Run the migrations that the store lacks, inside the connection's transaction."""
    # Twelve megabytes and a third of a second that a store at head does not pay.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    command.upgrade(config, REVISIONS[-1])
