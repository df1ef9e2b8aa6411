"""Jobs are looked at from another process: nothing is written, and nobody waits."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from virtcim.infostore.errors import (
    Damaged,
    NotThere,
    SchemaTooNew,
    SchemaUnknown,
    UnsupportedDatabase,
)
from virtcim.infostore.job_table import JobWrite
from virtcim.infostore.jobs import JobKind, JobRecord
from virtcim.infostore.looking import JobWindow
from virtcim.infostore.store import Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
JOB = JobRecord(
    id="1", host="h", kind=JobKind.SNAPSHOT, domain=None, domain_name="a", name="Snapshot",
    method="CreateSnapshot", owner="anna", state=4, status="Running", submitted=NOW, changed=NOW,
    parameters={"a": [1]}, notes={}, details={}, result={},
)  # fmt: skip


def test_jobs_are_seen_while_they_are_written(url: str) -> None:
    """Each look has what was written before it; a writer in the middle of it does not matter."""
    store = Store(url)
    store.open()
    window = JobWindow(url)
    try:
        assert window.jobs() == []
        store.write_jobs([JobWrite(JOB)])
        assert window.jobs() == [JOB]
        with store._engine.begin() as connection:  # holds the lock of a writer
            connection.execute(text("UPDATE job SET percent = 50"))
            assert window.jobs() == [JOB]
        assert window.jobs()[0].percent == 50
    finally:
        window.close()
        store.close()


def test_jobs_are_seen_when_nobody_writes(url: str) -> None:
    """The server is down."""
    store = Store(url)
    store.open()
    store.write_jobs([JobWrite(JOB)])
    store.close()
    window = JobWindow(url)
    assert window.jobs() == [JOB]
    window.close()


def test_a_window_cannot_write(url: str) -> None:
    """Whatever is asked of it."""
    store = Store(url)
    store.open()
    window = JobWindow(url)
    with pytest.raises(Exception, match=r"read-?only"), window._engine.connect() as connection:
        connection.execute(text("DELETE FROM job"))
    window.close()
    store.close()


def test_looking_makes_no_store(tmp_path: Path) -> None:
    """A misspelt name stays one."""
    with pytest.raises(NotThere, match="does not exist"):
        JobWindow(f"sqlite:///{tmp_path}/infostore.db")
    assert list(tmp_path.iterdir()) == []


def test_a_store_of_before_jobs_has_none(tmp_path: Path) -> None:
    """It is not migrated either; nor is an empty file made into one."""
    path = tmp_path / "infostore.db"
    path.touch()
    window = JobWindow(f"sqlite:///{path}")
    assert window.jobs() == []
    _fill(path, "CREATE TABLE virtcim_schema (version_num TEXT)")
    _fill(path, "INSERT INTO virtcim_schema VALUES ('0001')")
    assert window.jobs() == []
    _fill(path, "UPDATE virtcim_schema SET version_num = '9999'")
    with pytest.raises(SchemaTooNew):
        window.jobs()
    window.close()


def test_what_is_no_store(tmp_path: Path) -> None:
    """Each is told by its own error."""
    with pytest.raises(UnsupportedDatabase):
        JobWindow("mysql://x/y")
    foreign, rubbish = tmp_path / "foreign.db", tmp_path / "rubbish.db"
    _fill(foreign, "CREATE TABLE other (a TEXT)")
    rubbish.write_text("rubbish " * 1000)
    for path, error in ((foreign, SchemaUnknown), (rubbish, Damaged)):
        window = JobWindow(f"sqlite:///{path}")
        with pytest.raises(error):
            window.jobs()
        window.close()


def _fill(path: Path, statement: str) -> None:
    engine = create_engine(f"sqlite+pysqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()
