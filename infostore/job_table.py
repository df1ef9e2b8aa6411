"""Jobs in a database: records to rows and back, and what is written in one transaction."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, select

from virtcim.infostore.jobs import JobKind, JobRecord
from virtcim.infostore.records import DomainRecord
from virtcim.infostore.tables import JOB
from virtcim.infostore.upsert import upsert

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

DomainKey = tuple[str, str]
"""Host and domain UUID."""


@dataclass(frozen=True, slots=True)
class JobWrite:
    """One step of a job, with what must be as durable as the step itself.

    removed: the ids of jobs to be forgotten.
    domains: records of domains that change with the job.
    """

    job: JobRecord | None = None
    removed: tuple[str, ...] = ()
    domains: Mapping[DomainKey, DomainRecord] = field(default_factory=lambda: MappingProxyType({}))


def _microseconds(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _EPOCH + microseconds * _MICROSECOND


def _text(facts: Mapping[str, object]) -> str:
    return json.dumps(dict(facts), separators=(",", ":"))


_Convert = tuple[Callable[[Any], Any], Callable[[Any], Any]]

# How a field becomes a column, and a column the field again; all others are as they are.
_CONVERTED: Mapping[str, _Convert] = {
    "kind":       (str, JobKind),
    "submitted":  (_microseconds, _moment),
    "changed":    (_microseconds, _moment),
    "started":    (_microseconds, _moment),
    "ended":      (_microseconds, _moment),
    "parameters": (_text, json.loads),
    "notes":      (_text, json.loads),
    "details":    (_text, json.loads),
    "result":     (_text, json.loads),
}  # fmt: skip
_FIELDS = tuple(one.name for one in fields(JobRecord))
_AS_IT_IS: _Convert = (lambda value: value, lambda value: value)


def read_jobs(connection: Connection) -> list[JobRecord]:
    """Read every job, the oldest first."""
    query = select(JOB).order_by(JOB.c.submitted, JOB.c.id)
    return [_record(row) for row in connection.execute(query).mappings()]


def write_jobs(connection: Connection, jobs: Iterable[JobRecord], removed: Iterable[str]) -> None:
    """Write the last of the steps of each job, and forget others."""
    rows = {job.id: _row(job) for job in jobs}
    gone = list(removed)
    if rows:
        connection.execute(upsert(connection.dialect.name, JOB), list(rows.values()))
    if gone:
        connection.execute(delete(JOB).where(JOB.c.id.in_(gone)))


def _row(job: JobRecord) -> dict[str, object]:
    return {name: _CONVERTED.get(name, _AS_IT_IS)[0](getattr(job, name)) for name in _FIELDS}


def _record(row: RowMapping) -> JobRecord:
    return JobRecord(**{name: _CONVERTED.get(name, _AS_IT_IS)[1](row[name]) for name in _FIELDS})
