"""Why the infostore could not answer, one class a situation.

Every text says what happened, to which store, and what an operator can do. A store is named by
its path or by its URL without the password. An error means that nothing was changed, save for
``Late``, where the change may still happen.
"""

from typing import ClassVar


class InfostoreError(Exception):
    """Base of everything that the infostore raises; ``detail`` is the database's own text."""

    situation: ClassVar[str] = "the infostore {place} failed"
    remedy: ClassVar[str] = "see the detail and the system's log"

    def __init__(self, place: str, detail: str = "") -> None:
        super().__init__(place, detail)
        self.place = place
        self.detail = detail

    def __str__(self) -> str:
        text = self.situation.format(place=self.place)
        detail = f" ({self.detail})" if self.detail else ""
        return f"{text}{detail}: {self.remedy}"


class Damaged(InfostoreError):
    """The file is not a database, or some of its pages are."""

    situation = "the infostore {place} is damaged"
    remedy = (
        "restore it from a backup, or move it and its -wal and -shm files away to start with an "
        "empty one (requested states are lost, domains are not)"
    )


class Locked(InfostoreError):
    """Another process holds the write lock for longer than the busy time-out."""

    situation = "the infostore {place} is locked by another process"
    remedy = "end the other process that writes to it (fuser -v names it), then try again"


class DiskFull(InfostoreError):
    """The file system has no room left; the former records are untouched."""

    situation = "no space is left for the infostore {place}"
    remedy = "free space on its file system; the records before this change are kept"


class NotWritable(InfostoreError):
    """The file, its directory or the database refuses this user's writes."""

    situation = "the infostore {place} cannot be opened for writing"
    remedy = "give the file and its directory to the user that runs virtcim"


class DirectoryUnusable(InfostoreError):
    """The state directory is not there and cannot be made."""

    situation = "the state directory {place} cannot be made"
    remedy = "name one that this user may write with --state-dir or state_dir"


class DirectoryMissing(InfostoreError):
    """The directory that should hold the file is not there."""

    situation = "the directory of the infostore {place} does not exist"
    remedy = "create it (mkdir -m 700), or name another with state_dir or infostore.url"


class NotThere(InfostoreError):
    """There is no store to look at, and looking makes none."""

    situation = "the infostore {place} does not exist"
    remedy = "name the one of the server with --state-dir or --config; its first start makes it"


class Unreachable(InfostoreError):
    """The database server does not answer."""

    situation = "the infostore {place} cannot be reached"
    remedy = "start the database server, or correct infostore.url"


class Refused(InfostoreError):
    """The database server refuses the user, the password or the database."""

    situation = "the infostore {place} refuses the connection"
    remedy = "correct the user, password and database of infostore.url"


class SchemaTooNew(InfostoreError):
    """A later version of the program has migrated the store."""

    situation = "the infostore {place} was written by a newer virtcim"
    remedy = "install that version again, or name another infostore"


class SchemaUnknown(InfostoreError):
    """The database holds tables that are not ours; nothing is written to it."""

    situation = "the database {place} belongs to something else"
    remedy = "name another file or database with infostore.url"


class UnsupportedDatabase(InfostoreError):
    """The URL names a database or a driver that is not there."""

    situation = "the infostore {place} cannot be used"
    remedy = (
        "infostore.url must start with sqlite:// or postgresql://; PostgreSQL needs "
        "pip install 'virtcim[postgresql]'"
    )


class Late(InfostoreError):
    """The deadline of the call passed; the change may still be made."""

    situation = "the infostore {place} did not answer in time"
    remedy = "look for a slow or hanging disk or database server"


class Closed(InfostoreError):
    """The infostore was not opened, or is closed."""

    situation = "the infostore {place} is not open"
    remedy = "this is a defect of virtcim, please report it"


class Failing(InfostoreError):
    """Any other answer of the database: a failing disk, a lost connection."""
