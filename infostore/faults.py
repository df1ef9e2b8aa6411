"""The database's errors as ours: the only place that knows their numbers.

Tables over SQLite's primary result codes and PostgreSQL's SQLSTATE, whose first two letters are a
class; the whole code is looked up before the class.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from virtcim.infostore.errors import (
    Damaged,
    DiskFull,
    Failing,
    InfostoreError,
    Locked,
    NotWritable,
    Refused,
    Unreachable,
)

# https://www.sqlite.org/rescode.html
SQLITE: Mapping[int, type[InfostoreError]] = {
    sqlite3.SQLITE_PERM: NotWritable,
    sqlite3.SQLITE_BUSY: Locked,
    sqlite3.SQLITE_LOCKED: Locked,
    sqlite3.SQLITE_READONLY: NotWritable,
    sqlite3.SQLITE_CORRUPT: Damaged,
    sqlite3.SQLITE_FULL: DiskFull,
    sqlite3.SQLITE_CANTOPEN: NotWritable,
    sqlite3.SQLITE_NOTADB: Damaged,
}

# PostgreSQL's documentation, appendix A.
POSTGRESQL: Mapping[str, type[InfostoreError]] = {
    "08": Unreachable,     # connection exceptions
    "25006": NotWritable,  # read-only transaction
    "28": Refused,         # invalid authorization
    "3D": Refused,         # no such database
    "42501": NotWritable,  # insufficient privilege
    "53100": DiskFull,
    "53300": Unreachable,  # too many connections
    "55P03": Locked,       # lock not available
    "57014": Locked,       # statement time-out
    "57P": Unreachable,    # shutting down, crashed, starting up
    "XX001": Damaged,      # data corrupted
    "XX002": Damaged,      # index corrupted
}  # fmt: skip


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Raise what the database raises inside as the leaf of InfostoreError that fits."""
    try:
        yield
    except DBAPIError as error:
        raise _leaf(error)(place, _detail(error)) from error
    except SQLAlchemyError as error:
        raise Failing(place, type(error).__name__) from error


def _leaf(error: DBAPIError) -> type[InfostoreError]:
    if isinstance(error.orig, sqlite3.Error):
        # The low byte is the primary code, the rest says in which of its ways.
        return SQLITE.get(getattr(error.orig, "sqlite_errorcode", 0) & 0xFF, Failing)
    state = getattr(error.orig, "sqlstate", None)
    if state is None:  # libpq never got to speak with a server, or lost it
        return _unreachable_or_refused(str(error.orig))
    codes = (state, state[:3], state[:2])
    return next((POSTGRESQL[code] for code in codes if code in POSTGRESQL), Failing)


def _unreachable_or_refused(text: str) -> type[InfostoreError]:
    """Tell a refusal at connect time, for which libpq keeps no SQLSTATE, from silence."""
    return Refused if "FATAL:" in text else Unreachable


def _detail(error: DBAPIError) -> str:
    """Give the first line of the database's text; statement and parameters stay out of it."""
    return str(error.orig).strip().partition("\n")[0]
