"""Databases for the infostore's tests: a SQLite file, and a PostgreSQL server of their own."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

UNPRIVILEGED = "postgres"


def _as_postgres() -> dict[str, object]:
    """PostgreSQL refuses to run as root, and Debian's package brings the user."""
    if os.geteuid() != 0:
        return {}
    return {"user": UNPRIVILEGED, "group": UNPRIVILEGED, "extra_groups": []}


def _binaries() -> Path:
    """Debian keeps the server's programs out of PATH, one directory a version."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


def _start(directory: Path) -> "subprocess.Popen[bytes]":
    data = directory / "data"
    initialise = [_binaries() / "initdb", "-D", data, "-U", "virtcim", "-A", "trust", "-N"]
    subprocess.run(  # type: ignore[call-overload]
        initialise, check=True, capture_output=True, **_as_postgres()
    )
    serve = [_binaries() / "postgres", "-D", data, "-k", directory, "-c", "listen_addresses="]
    with (directory / "log").open("wb") as log:
        return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
            serve, stdout=log, stderr=log, **_as_postgres()
        )


def _connect(directory: Path) -> psycopg.Connection[tuple[object, ...]]:
    deadline = time.monotonic() + 30
    while True:
        try:
            return psycopg.connect(
                host=str(directory), user="virtcim", dbname="postgres", autocommit=True
            )
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@pytest.fixture(scope="session")
def postgresql_directory() -> Iterator[Path]:
    """Run a PostgreSQL server on a socket in this directory."""
    directory = Path(tempfile.mkdtemp(prefix="virtcim-postgresql-"))
    if os.geteuid() == 0:
        user = pwd.getpwnam(UNPRIVILEGED)
        os.chown(directory, user.pw_uid, user.pw_gid)
    server = _start(directory)
    try:
        _connect(directory).close()
        yield directory
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(directory)


@pytest.fixture
def postgresql_url(postgresql_directory: Path) -> str:
    """Name an empty database on that server."""
    name = f"test_{uuid4().hex}"
    with _connect(postgresql_directory) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"postgresql://virtcim@/{name}?host={postgresql_directory}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Name an empty store of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/infostore.db"
    named: str = request.getfixturevalue("postgresql_url")
    return named
