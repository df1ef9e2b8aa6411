"""A store of any released version becomes one of this version, or is left alone."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine

from virtcim.infostore import DomainRecord, errors, opening
from virtcim.infostore.store import Store
from virtcim.infostore.tables import METADATA, REVISIONS, SCHEMA_VERSION


def scripts() -> ScriptDirectory:
    """Read the migrations as Alembic does."""
    config = Config()
    config.set_main_option("script_location", str(Path(opening.__file__).parent / "migrations"))
    return ScriptDirectory.from_config(config)


def execute(url: str, *statements: str) -> None:
    """Change a store behind its back."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def test_the_revisions_are_the_scripts() -> None:
    """The list that decides without Alembic is the one that Alembic knows."""
    walked = [script.revision for script in scripts().walk_revisions()]
    assert tuple(reversed(walked)) == REVISIONS


def test_migrating_from_nothing_gives_the_tables_of_a_new_store(url: str) -> None:
    """The shortcut for new stores and the way through every migration meet."""
    execute(url, "CREATE TABLE virtcim_schema (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        opening.migrate(connection)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_server_default": True, "version_table": "elsewhere"}
        )
        assert compare_metadata(context, METADATA) == []
    engine.dispose()
    store = Store(url)
    store.open()
    store.put("default", {"a": DomainRecord(weight=1)})
    store.close()


def test_an_old_store_is_migrated_at_start(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store at a former revision is brought to the newest when it is opened."""
    execute(
        url,
        "CREATE TABLE virtcim_schema (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
        "INSERT INTO virtcim_schema VALUES ('0000')",
    )
    migrated: list[Connection] = []
    monkeypatch.setattr(opening, "REVISIONS", ("0000", *REVISIONS))
    monkeypatch.setattr(opening, "migrate", migrated.append)
    store = Store(url)
    store.open()
    store.close()
    assert len(migrated) == 1


def test_a_newer_store_is_left_alone(url: str) -> None:
    """A downgraded program says so instead of guessing."""
    store = Store(url)
    store.open()
    store.close()
    execute(url, f"UPDATE {SCHEMA_VERSION.name} SET version_num = '9999'")
    with pytest.raises(errors.SchemaTooNew, match="schema 9999"):
        store.open()


def test_a_foreign_database_is_left_alone(url: str) -> None:
    """Another program's tables are not joined by ours."""
    execute(url, "CREATE TABLE somebody_elses (number INTEGER)")
    with pytest.raises(errors.SchemaUnknown):
        Store(url).open()


def test_a_store_at_head_does_not_load_alembic(tmp_path: Path) -> None:
    """Neither a new store nor a current one costs the memory of the migration machinery."""
    program = (
        "import sys\nfrom virtcim.infostore.store import Store\n"
        "for _ in range(2):\n    s = Store(sys.argv[1])\n    s.open()\n    s.close()\n"
        "print('alembic' in sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, f"sqlite:///{tmp_path}/infostore.db"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert ended.stdout == "False\n"
