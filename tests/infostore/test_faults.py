"""What goes wrong with a store is said by name, with a way out, and loses no record."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy.exc import InvalidRequestError, OperationalError

from virtcim.infostore import DomainRecord, Infostore, InfostoreError, errors, prepare_directory
from virtcim.infostore.faults import POSTGRESQL, SQLITE, translated
from virtcim.infostore.opening import shown
from virtcim.infostore.store import Store


def opened(path: Path, *, busy_seconds: float = 0.1) -> Store:
    """Open a SQLite store."""
    store = Store(f"sqlite:///{path}", busy_seconds=busy_seconds)
    store.open()
    return store


def filled(path: Path) -> None:
    """Leave a closed store of some pages."""
    store = opened(path)
    store.put("default", {f"domain-{n}": DomainRecord(weight=n) for n in range(500)})
    store.close()


def mode(path: Path) -> int:
    """Give the permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def in_own_mounts(script: str, directory: Path) -> str:
    """Run a script whose mounts only it sees, with our Python as $PYTHON; give its output."""
    maps = [] if os.geteuid() == 0 else ["--map-root-user"]
    ended = subprocess.run(
        ["unshare", *maps, "--mount", "sh", "-euc", script],
        cwd=directory,
        env=os.environ | {"PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.stdout + ended.stderr


def test_a_new_store_is_closed_to_others(tmp_path: Path) -> None:
    """Directory 0700, and file, log and index 0600 whatever the umask says."""
    former = os.umask(0)
    try:
        prepare_directory(tmp_path / "a" / "state")
        store = opened(tmp_path / "a" / "state" / "infostore.db")
    finally:
        os.umask(former)
    assert mode(tmp_path / "a" / "state") == 0o700
    files = sorted((tmp_path / "a" / "state").iterdir())
    assert [file.name.removeprefix("infostore.db") for file in files] == ["", "-shm", "-wal"]
    assert {mode(file) for file in files} == {0o600}
    store.close()


def test_an_open_file_is_tightened(tmp_path: Path) -> None:
    """A store that was copied with a generous umask is closed at the next start."""
    path = tmp_path / "infostore.db"
    filled(path)
    path.chmod(0o644)
    opened(path).close()
    assert mode(path) == 0o600


def test_an_existing_directory_keeps_its_mode(tmp_path: Path) -> None:
    """The operator's choice is not ours to change."""
    directory = tmp_path / "state"
    directory.mkdir(mode=0o750)
    prepare_directory(directory)
    assert mode(directory) == 0o750


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """A file in the way of the state directory is named."""
    (tmp_path / "file").touch()
    with pytest.raises(errors.DirectoryUnusable, match="file/state"):
        prepare_directory(tmp_path / "file" / "state")


def test_a_missing_directory_is_not_made_up(tmp_path: Path) -> None:
    """A mistyped URL must not start an empty store somewhere else."""
    with pytest.raises(errors.DirectoryMissing, match="mkdir"):
        opened(tmp_path / "nowhere" / "infostore.db")
    assert not (tmp_path / "nowhere").exists()


def test_a_directory_is_no_store(tmp_path: Path) -> None:
    """A URL that names a directory is refused as not writable."""
    with pytest.raises(errors.NotWritable):
        opened(tmp_path)


def test_a_read_only_file_system_is_said(tmp_path: Path) -> None:
    """An infostore that cannot be written is found at start."""
    program = (
        "from virtcim.infostore.store import Store\n"
        "try:\n    Store('sqlite:///infostore.db').open()\n"
        "except Exception as error:\n    print(type(error).__name__, error)"
    )
    filled(tmp_path / "infostore.db")
    output = in_own_mounts(
        f'mount --bind . . && mount -o remount,bind,ro . && cd . && exec "$PYTHON" -c "{program}"',
        tmp_path,
    )
    assert output.startswith("NotWritable the infostore infostore.db cannot be opened for writing")


def test_a_file_that_is_no_database_is_damaged(tmp_path: Path) -> None:
    """Rubbish in place of the file is refused and left as it is."""
    path = tmp_path / "infostore.db"
    path.write_bytes(b"rubbish " * 1000)
    with pytest.raises(errors.Damaged, match="backup"):
        opened(path)
    assert path.read_bytes() == b"rubbish " * 1000


def test_a_damaged_page_is_found_at_start(tmp_path: Path) -> None:
    """A page overwritten somewhere in the middle does not wait for the read that meets it."""
    path = tmp_path / "infostore.db"
    filled(path)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(b"\xff" * 4096)
    with pytest.raises(errors.Damaged):
        opened(path)


def test_a_cut_file_is_found_at_start(tmp_path: Path) -> None:
    """A file that lost its tail is damaged, not merely short of records."""
    path = tmp_path / "infostore.db"
    filled(path)
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)
    with pytest.raises(errors.Damaged):
        opened(path)


def test_a_store_locked_by_another_process_is_said(tmp_path: Path) -> None:
    """A held write lock is an error after the time-out, and no more once it is let go."""
    path = tmp_path / "infostore.db"
    store = opened(path)
    store.put("default", {"a": DomainRecord(weight=1)})
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(errors.Locked, match="another process"):
        store.put("default", {"a": DomainRecord(weight=2)})
    with pytest.raises(errors.Locked):
        opened(path)
    other.execute("ROLLBACK")
    other.close()
    assert store.records("default") == {"a": DomainRecord(weight=1)}
    store.put("default", {"a": DomainRecord(weight=3)})
    assert store.records("default") == {"a": DomainRecord(weight=3)}
    store.close()


FULL_DISK = """
import os
from virtcim.infostore import DomainRecord, errors
from virtcim.infostore.store import Store

store = Store("sqlite:///infostore.db")
store.open()
before = {f"domain-{n}": DomainRecord(weight=n) for n in range(100)}
store.put("default", before)
with open("filler", "wb", buffering=0) as filler:
    try:
        while filler.write(bytes(4096)):
            pass
    except OSError:
        pass
failures = 0
for number in range(300):  # the log's last page may still have room for the first ones
    try:
        store.put("default", {"domain-1": DomainRecord(weight=1000 + number)})
        before["domain-1"] = DomainRecord(weight=1000 + number)
    except errors.DiskFull as error:
        failures += 1
        assert "free space" in str(error)
assert failures > 100, failures
assert store.records("default") == before
os.remove("filler")
store.put("default", {"domain-1": DomainRecord(weight=7)})
store.close()
store.open()
assert store.records("default") == before | {"domain-1": DomainRecord(weight=7)}
print("kept")
"""


def test_a_full_disk_fails_the_write_and_keeps_the_former_record(tmp_path: Path) -> None:
    """Nothing is lost on a full file system, and writes go on once there is room."""
    (tmp_path / "program.py").write_text(FULL_DISK)
    output = in_own_mounts(
        "mkdir disk && mount -t tmpfs -o size=512k tmpfs disk && cd disk"
        ' && exec "$PYTHON" ../program.py',
        tmp_path,
    )
    assert output == "kept\n"


def test_a_late_database_is_given_up(tmp_path: Path) -> None:
    """A call past its deadline raises, and the next one is served when the worker is free."""

    async def run() -> None:
        store = Infostore(f"sqlite:///{tmp_path}/infostore.db", deadline_seconds=0.2)
        await store.open()
        released = asyncio.get_running_loop().time() + 0.5
        with pytest.raises(errors.Late, match=r"0\.2 seconds"):
            await store._call(lambda: time.sleep(0.5))
        await asyncio.sleep(released - asyncio.get_running_loop().time())
        await store.put("default", "a", DomainRecord(weight=1))
        assert await store.records("default") == {"a": DomainRecord(weight=1)}
        await store.close()

    asyncio.run(run())


def test_a_failed_open_may_be_tried_again(tmp_path: Path) -> None:
    """Once the operator made the directory, the same infostore opens."""

    async def run() -> None:
        store = Infostore(f"sqlite:///{tmp_path}/later/infostore.db")
        with pytest.raises(errors.DirectoryMissing):
            await store.open()
        (tmp_path / "later").mkdir()
        await store.open()
        await store.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("url", "leaf", "text"),
    [
        ("mysql://user:secret@host/db", errors.UnsupportedDatabase, "sqlite://"),
        ("sqlite://", errors.UnsupportedDatabase, "sqlite://"),
        ("secret", errors.UnsupportedDatabase, "unreadable URL"),
        ("postgresql://user:secret@127.0.0.1:1/db", errors.Unreachable, "start the database"),
    ],
)
def test_a_url_that_leads_nowhere_is_said_without_its_password(
    url: str, leaf: type[InfostoreError], text: str
) -> None:
    """Each is refused with what would be right; the password never shows."""
    with pytest.raises(leaf) as caught:
        Store(url).open()
    assert text in str(caught.value)
    assert "secret" not in str(caught.value) + repr(caught.value) + shown(url)


def test_postgresql_refuses_an_unknown_user(postgresql_url: str) -> None:
    """A wrong user or database is told from a server that is down."""
    for url in (
        postgresql_url.replace("virtcim@", "stranger@"),
        postgresql_url.replace("/test_", "/other_"),
    ):
        with pytest.raises(errors.Refused):
            Store(url).open()


def test_postgresql_locked_by_another_session_is_said(postgresql_url: str) -> None:
    """A row held by somebody else is an error after the time-out."""
    holder = Store(postgresql_url)
    holder.open()
    holder.put("default", {"a": DomainRecord(weight=1)})
    store = Store(postgresql_url, busy_seconds=0.1)
    store.open()
    with holder._engine.begin() as connection:
        connection.exec_driver_sql("SELECT * FROM domain_record FOR UPDATE")
        with pytest.raises(errors.Locked):
            store.put("default", {"a": DomainRecord(weight=2)})
    assert store.records("default") == {"a": DomainRecord(weight=1)}
    store.close()
    holder.close()


def test_a_lost_postgresql_session_is_replaced(postgresql_url: str) -> None:
    """A connection that the server ended between two calls costs none of them."""
    store = Store(postgresql_url)
    store.open()
    other = Store(postgresql_url)
    other.open()
    with other._engine.begin() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    store.put("default", {"a": DomainRecord(weight=1)})
    assert store.records("default") == {"a": DomainRecord(weight=1)}
    other.close()
    store.close()


def _sqlite_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("first line\nsecond line")
    error.sqlite_errorcode = code
    return error


class _ServerError(Exception):
    """An error as psycopg raises it, by its SQLSTATE."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__("text of the server")
        self.sqlstate = sqlstate


def _raise_inside(error: Exception) -> NoReturn:
    with translated("place"):
        raise error
    raise AssertionError


@pytest.mark.parametrize("code", sorted(SQLITE))
def test_every_sqlite_code_has_its_leaf(code: int) -> None:
    """A code and each of its extended codes give the leaf of the table."""
    for extended in (code, code | 5 << 8):
        with pytest.raises(SQLITE[code], match=r"\(first line\)"):
            _raise_inside(OperationalError("secret", {}, _sqlite_error(extended)))


@pytest.mark.parametrize("code", sorted(POSTGRESQL))
def test_every_sqlstate_has_its_leaf(code: str) -> None:
    """A whole code, or any code of a class, gives the leaf of the table."""
    with pytest.raises(POSTGRESQL[code], match="text of the server"):
        _raise_inside(OperationalError("secret", {}, _ServerError(code.ljust(5, "0"))))


def test_what_no_table_knows_is_failing() -> None:
    """An I/O error of the disk, an unknown SQLSTATE and misuse are one leaf."""
    for error in (
        OperationalError("", {}, _sqlite_error(sqlite3.SQLITE_IOERR)),
        OperationalError("", {}, _ServerError("99999")),
        InvalidRequestError("misuse"),
    ):
        with pytest.raises(errors.Failing):
            _raise_inside(error)


def _leaves(base: type[InfostoreError]) -> list[type[InfostoreError]]:
    return [leaf for child in base.__subclasses__() for leaf in (child, *_leaves(child))]


@pytest.mark.parametrize("leaf", _leaves(InfostoreError))
def test_every_error_says_where_what_and_what_to_do(leaf: type[InfostoreError]) -> None:
    """The text has the place, the database's words and the remedy."""
    text = str(leaf("/state/infostore.db", "its words"))
    assert "/state/infostore.db" in text
    assert "(its words)" in text
    assert leaf.remedy in text
