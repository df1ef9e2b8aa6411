"""The insert that overwrites: both databases spell it alike, SQLAlchemy twice."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import Table

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgreSQLInsert
    from sqlalchemy.dialects.sqlite import Insert as SQLiteInsert


@cache
def upsert(dialect: str, table: Table) -> "SQLiteInsert | PostgreSQLInsert":
    """Return the statement that writes rows of a table over those with the same key.

    It is made once: to make it, and to find it among compiled ones, costs more than to execute it.
    """
    statement = INSERTS[dialect](table)
    keys = [column.name for column in table.primary_key]
    values = {
        column.name: statement.excluded[column.name]
        for column in table.columns
        if column.name not in keys
    }
    return statement.on_conflict_do_update(index_elements=keys, set_=values)


def _sqlite_insert(table: Table) -> "SQLiteInsert":
    from sqlalchemy.dialects import sqlite  # noqa: PLC0415 (only what the URL asks for)

    return sqlite.insert(table)


def _postgresql_insert(table: Table) -> "PostgreSQLInsert":
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 (two megabytes)

    return postgresql.insert(table)


INSERTS: "Mapping[str, Callable[[Table], SQLiteInsert | PostgreSQLInsert]]" = {
    "sqlite": _sqlite_insert,
    "postgresql": _postgresql_insert,
}
