"""The book of jobs: every job as everyone may see it.

The rule: a step is durable before it is seen. How far a job is, is seen at once and kept now and
then, since nobody decides anything by it.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Protocol

import structlog

from virtcim.infostore.errors import InfostoreError
from virtcim.infostore.job_table import DomainKey, JobWrite
from virtcim.infostore.jobs import JobRecord
from virtcim.infostore.records import DomainRecord
from virtcim.inventory.telling import tell

log = structlog.get_logger("virtcim.jobs")

KEEP_EVERY = timedelta(seconds=2)
"""How often progress is written while nothing else is."""

JobListener = Callable[["Job | None", "Job | None"], None]
"""Told the old and the new job; None means that it was not, or is no more."""

NO_DOMAINS: Mapping[DomainKey, DomainRecord] = MappingProxyType({})


class NoSuchJob(Exception):
    """There is no job with this id (any more)."""


class JobStore(Protocol):
    """The infostore, as far as jobs need it; what returned is durable."""

    async def jobs(self) -> Sequence[JobRecord]:
        """Every job, the oldest first."""

    async def write_job(self, write: JobWrite) -> None:
        """Write one step with what changes with it; steps take effect in the order of asking."""

    async def records(self, host: str) -> Mapping[str, DomainRecord]:
        """Every record of a host, by domain UUID."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is seen; `seen` is when it was last heard of, in UTC."""

    record: JobRecord
    seen: datetime


class Book:
    """All jobs; `now` gives the time in UTC."""

    def __init__(self, store: JobStore, now: Callable[[], datetime]) -> None:
        self.listeners: list[JobListener] = []
        self._store = store
        self._now = now
        self._jobs: dict[str, Job] = {}
        self._by_host: dict[str, tuple[Job, ...]] = {}
        self._kept: dict[str, datetime] = {}
        self._keeping: set[asyncio.Task[None]] = set()
        self._turns: dict[str, asyncio.Lock] = {}

    async def load(self) -> list[JobRecord]:
        """Read what the last run of the server left."""
        records = list(await self._store.jobs())
        self._jobs = {one.id: Job(one, one.ended or one.changed) for one in records}
        return records

    def of(self, host: str) -> tuple[Job, ...]:
        """Return the jobs of a host, the oldest first; the same object until one changes."""
        if host not in self._by_host:
            self._by_host[host] = tuple(
                job for job in self._jobs.values() if job.record.host == host
            )
        return self._by_host[host]

    def all(self) -> Collection[JobRecord]:
        """Return every job."""
        return [job.record for job in self._jobs.values()]

    async def add(
        self, record: JobRecord, domains: Mapping[DomainKey, DomainRecord] = NO_DOMAINS
    ) -> None:
        """Make a new job durable, then visible; raises InfostoreError, then there is none."""
        await self._store.write_job(JobWrite(record, domains=domains))
        self._kept[record.id] = self._now()
        self._publish(record)

    async def change(
        self,
        job_id: str,
        make: Callable[[JobRecord], JobRecord],
        domains: Mapping[DomainKey, DomainRecord] = NO_DOMAINS,
    ) -> JobRecord:
        """Make a step durable, then visible; one after the other, each of what the last has left.

        Raises InfostoreError, then nothing has changed, NoSuchJob, and what `make` raises.
        """
        async with self._turns.setdefault(job_id, asyncio.Lock()):
            record = make(self.record(job_id))
            await self._store.write_job(JobWrite(record, domains=domains))
            self._kept[job_id] = self._now()
            shown = self.record(job_id)  # progress may have been shown meanwhile
            record = replace(
                record,
                percent=max(record.percent, shown.percent),
                details={**record.details, **shown.details},
            )
            self._publish(record)
            return record

    def record(self, job_id: str) -> JobRecord:
        """Return a job; raises NoSuchJob."""
        job = self._jobs.get(job_id)
        if job is None:
            raise NoSuchJob(job_id)
        return job.record

    async def remove(self, ids: Sequence[str]) -> None:
        """Forget jobs; raises InfostoreError."""
        async with AsyncExitStack() as turns:
            for job_id in ids:  # a step that is being written must not bring a job back
                await turns.enter_async_context(self._turns.setdefault(job_id, asyncio.Lock()))
            await self._store.write_job(JobWrite(removed=tuple(ids)))
        for job_id in ids:
            old = self._jobs.pop(job_id, None)
            self._kept.pop(job_id, None)
            self._turns.pop(job_id, None)
            if old is not None:
                self._by_host.pop(old.record.host, None)
                tell(self.listeners, old, None)

    def take_back(self, job_id: str, domains: Mapping[DomainKey, DomainRecord]) -> None:
        """Undo a first step that was given up and may still be written: behind it."""
        self._begin(self._store.write_job(JobWrite(removed=(job_id,), domains=domains)))

    def show(self, record: JobRecord) -> None:
        """Make progress visible, and durable when it has not been for a while."""
        self._publish(record)
        if self._now() - self._kept.get(record.id, self._now()) >= KEEP_EVERY:
            self._kept[record.id] = self._now()
            self._begin(self._keep(record.id))

    def _begin(self, writing: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(_written(writing))
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)

    async def _keep(self, job_id: str) -> None:
        with suppress(NoSuchJob):
            await self.change(job_id, lambda record: record)

    def _publish(self, record: JobRecord) -> None:
        old = self._jobs.get(record.id)
        new = self._jobs[record.id] = Job(record, self._now())
        self._by_host.pop(record.host, None)
        tell(self.listeners, old, new)


async def _written(writing: Coroutine[Any, Any, object]) -> None:
    try:
        await writing
    except InfostoreError as error:  # the next step, or the next start, says whether it matters
        log.warning("progress_not_written", error=str(error))
